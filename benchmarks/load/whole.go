package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

// whole runs haltwire over all reports with rule sets of four sizes.
func (w *world) whole(ctx context.Context, r *results) error {
	for _, n := range []int{0, 100, 1000, 10_000} {
		m, err := w.haltwire(ctx, n)
		if err != nil {
			return fmt.Errorf("%d rules: %w", n, err)
		}
		r.Whole = append(r.Whole, m)
		note("haltwire, %d rules: %s", n, m)
		if n == 1000 {
			w.capacity = float64(w.options.reports) / m.Wall
		}
	}
	return nil
}

// haltwire runs the whole path once. What starting costs is measured by a run on
// topics without reports and left out.
func (w *world) haltwire(ctx context.Context, rules int) (wholeRun, error) {
	start, _, err := w.once(ctx, rules, empty, 0, "")
	if err != nil {
		return wholeRun{}, fmt.Errorf("start: %w", err)
	}
	used, m, err := w.once(ctx, rules, full, w.options.reports, "")
	if err != nil {
		return wholeRun{}, err
	}
	m.Rules, m.StartCPU = rules, start.CPU().Seconds()
	s := shareOf(used.Sub(start), 0, w.options.reports)
	m.Micros, m.User, m.System, m.Peak = s.Micros, s.User, s.System, s.Peak
	return m, nil
}

// once runs haltwire on the topics of prefix until so many reports are through
// both loops, and returns what its process used.
func (w *world) once(ctx context.Context, rules int, prefix string, reports int, profile string) (meter.Usage, wholeRun, error) {
	var m wholeRun
	server, err := meter.Of(w.engine.Pid())
	if err != nil {
		return meter.Usage{}, m, err
	}
	p, err := w.launch(ctx, rules, prefix, profile)
	if err != nil {
		return meter.Usage{}, m, err
	}
	defer p.kill()
	if err := p.wait(ctx, func() (bool, error) { return p.through(reports) }); err != nil {
		return meter.Usage{}, m, err
	}
	wall := time.Since(p.began)
	if reports == 0 { // what a start leaves behind for a moment
		if err := fault.Sleep(ctx, time.Second); err != nil {
			return meter.Usage{}, m, err
		}
	}
	used, err := meter.Of(p.command.Process.Pid)
	if err != nil {
		return used, m, err
	}
	if reports > 0 {
		m.Wall = wall.Seconds()
		if err := w.after(ctx, p, &m, server); err != nil {
			return used, m, err
		}
	}
	if err := p.stop(); err != nil {
		return used, m, err
	}
	return used, m, w.drop(ctx, p.name)
}

// after counts what is stored and what the server used for it.
func (w *world) after(ctx context.Context, p *process, m *wholeRun, before meter.Usage) error {
	db, err := clickhouse.Dial(w.store(p.name))
	if err != nil {
		return err
	}
	defer db.Close()
	var rows, hits uint64
	if err := db.QueryRow(ctx, "SELECT count() FROM reports").Scan(&rows); err != nil {
		return err
	}
	if err := db.QueryRow(ctx, "SELECT count() FROM hits").Scan(&hits); err != nil {
		return err
	}
	if int(rows) < w.options.reports { //nolint:gosec // a count of rows
		return fmt.Errorf("%d rows are stored of %d reports", rows, w.options.reports)
	}
	m.Hits = hits
	if err := w.quiet(ctx); err != nil {
		return err
	}
	after, err := meter.Of(w.engine.Pid())
	if err != nil {
		return err
	}
	s := after.Sub(before)
	m.ServerMicros, m.ServerPeak = micros(s.CPU(), w.options.reports), s.Peak
	return nil
}

// process is one running haltwire.
type process struct {
	world   *world
	name    string // of its group, topics, database and folder
	topics  []string
	command *exec.Cmd
	desk    string
	began   time.Time
	ended   chan struct{}
	err     error
	log     string
}

// launch starts haltwire and returns when it is ready.
//
// With profile it runs in a process of this program that writes one there.
func (w *world) launch(ctx context.Context, rules int, prefix, profile string) (*process, error) {
	w.runs++
	p := &process{world: w, name: fmt.Sprintf("run%d", w.runs), topics: topics(prefix), ended: make(chan struct{})}
	dir := w.path(p.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var ports [2]string
	for i := range ports {
		l, err := listen()
		if err != nil {
			return nil, err
		}
		ports[i] = l.Addr().String()
		_ = l.Close() // haltwire listens there next
	}
	p.desk, p.log = ports[0], filepath.Join(dir, "log")
	c := w.store(p.name)
	text := strings.NewReplacer("{DIR}", w.dir, "{NAME}", p.name, "{BROKER}", w.broker.Address(), "{DESK}", ports[0], "{PARTNER}", ports[1],
		"{BANK}", p.topics[0], "{TELECOM}", p.topics[1], "{CLICKHOUSE}", c.Addresses[0], "{USER}", c.User, "{RULES}", w.rules[rules],
		"{GB}", w.partner.address).Replace(settings)
	if err := os.WriteFile(filepath.Join(dir, "haltwire.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if p.command, err = w.command(filepath.Join(dir, "haltwire.yaml"), profile); err != nil {
		return nil, err
	}
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.command.Wait()
		close(p.ended)
	}()
	if err := p.wait(ctx, p.ready); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (w *world) command(config, profile string) (*exec.Cmd, error) {
	if profile == "" {
		return exec.Command(w.options.binary, "run", "-c", config), nil
	}
	order, err := json.Marshal(stage{Name: "run", Config: config, Profile: profile})
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	return exec.Command(self, stageCommand, string(order)), err
}

// settings is the configuration of a measured haltwire.
const settings = `environment: test
party: {id: IN-FIU, name: FIU of India, kind: fiu, country: IN, contact: {desk: Freeze desk, hours: 24x7}}
keys: {signing: {DIR}/in-fiu-1.jwk, log: {DIR}/log.jwk}
listen:
  desk: {address: "{DESK}", token_file: {DIR}/desk.token}
  partner: {address: "{PARTNER}"}
kafka:
  brokers: ["{BROKER}"]
  group: {NAME}
  topics: [{name: {BANK}, codec: json, reporter_country: IN}, {name: {TELECOM}, codec: json, reporter_country: IN}]
  own: {prefix: {NAME}, case_partitions: 4, replication: 1}
clickhouse: {addresses: ["{CLICKHOUSE}"], database: {NAME}, user: {USER}, password_file: {DIR}/clickhouse.password, raw: dead_only, block: {rows: 50000, every: 1s}}
rules: {dir: {RULES}, max_age: 24h}
rates: {base_currency: USD, file: {DIR}/rates.csv}
officers: [O1, O2]
parties:
  - id: GB-FIU
    name: FIU of the United Kingdom
    kind: fiu
    country: GB
    keys: {file: {DIR}/gb-fiu-1.jwks}
    channels: [{kind: webhook, url: "http://{GB}/partner/v1/messages", allow_private: true}]
    policy:
      profile: bilateral
      asks: [hold_amount, trace]
      auto_provisional: [hold_amount]
      texts:
        requester_basis: {code: MOU, text: "Memorandum of understanding, article 4"}
        background: Fraud reported to us by the bank of the victim.
        reason: The account received the money of the victim.
        nexus: The account is kept in your country.
        intended_use: Intelligence only.
telemetry: {log: {level: info, format: text}}
`

// patience bounds every wait for a process.
const patience = 5 * time.Minute

// wait asks done every 20 ms until it is true.
func (p *process) wait(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return fmt.Errorf("haltwire ended: %w\n%s", errors.Join(p.err, errors.New("too early")), p.tail())
		case <-ctx.Done():
			return fmt.Errorf("wait for haltwire: %w\n%s", ctx.Err(), p.tail())
		}
	}
}

// ready reports whether every part of haltwire runs.
func (p *process) ready() (bool, error) {
	if p.began.IsZero() {
		// The reading begins when the log says that a partition is owned.
		if text, err := os.ReadFile(p.log); err == nil && strings.Contains(string(text), "own partition") {
			p.began = time.Now()
		}
	}
	answer, err := http.Get("http://" + p.desk + "/readyz")
	if err != nil {
		return false, nil //nolint:nilerr // not yet
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK && !p.began.IsZero(), nil
}

// through reports whether so many reports are behind both cursors.
func (p *process) through(reports int) (bool, error) {
	for _, group := range []string{p.name, p.name + ".archive"} {
		asked := map[string][]int32{}
		for _, t := range p.topics {
			for i := range int32(partitions) {
				asked[t] = append(asked[t], i)
			}
		}
		at, err := p.world.admin.ListConsumerGroupOffsets(group, asked)
		if err != nil {
			return false, err
		}
		sum := 0
		for _, parts := range at.Blocks {
			for _, b := range parts {
				sum += int(max(0, b.Offset))
			}
		}
		if sum < reports {
			return false, nil
		}
	}
	return true, nil
}

// stop ends haltwire in order.
func (p *process) stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
		return p.err
	case <-time.After(time.Minute):
		return fmt.Errorf("haltwire does not stop\n%s", p.tail())
	}
}

func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4096):])
}

// quiet waits until the engine has merged what it merges now.
func (w *world) quiet(ctx context.Context) error {
	db, err := w.dial()
	if err != nil {
		return err
	}
	defer db.Close()
	for still := 0; still < 3; {
		var merges uint64
		if err := db.QueryRow(ctx, "SELECT count() FROM system.merges").Scan(&merges); err != nil {
			return err
		}
		still++
		if merges > 0 {
			still = 0
		}
		if err := fault.Sleep(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// dial connects to the engine's own database.
func (w *world) dial() (driver.Conn, error) { return clickhouse.Dial(w.store("default")) }

func (w *world) drop(ctx context.Context, database string) error {
	db, err := w.dial()
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Exec(ctx, "DROP DATABASE IF EXISTS "+database+" SYNC")
}

func (w *world) engineVersion(ctx context.Context) (v string, err error) {
	db, err := w.dial()
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRow(ctx, "SELECT version()").Scan(&v)
	return "ClickHouse " + v + " (embedded)", err
}
