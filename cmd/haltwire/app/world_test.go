package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
)

// world is one haltwire in this process with its own broker on disk and no
// ClickHouse: everything here must work while that is away.
type world struct {
	t    *testing.T
	dir  string
	log  *safeBuffer
	app  *app.App
	stop func()

	reports int
}

const worldConfig = `environment: test
party: {id: IN-FIU, name: FIU of India, kind: fiu, country: IN, contact: {desk: Freeze desk, hours: 24x7}}
keys: {signing: keys/in.jwk, log: keys/log.jwk}
listen:
  desk: {address: "127.0.0.1:0", token_file: keys/desk.token}
  partner: {address: "127.0.0.1:0"}
kafka:
  group: haltwire
  topics: [{name: bank.reports, codec: json}, {name: telecom.reports, codec: json}]
  own: {prefix: haltwire, case_partitions: 2, replication: 1}
clickhouse: {addresses: ["127.0.0.1:1"], password_file: keys/desk.token}
rules: {dir: rules, max_age: 24h}
rates: {base_currency: USD, file: rates.csv}
lists: {watched: {file: watched.csv}}
officers: [O1, O2]
telemetry: {prometheus: {address: ""}, log: {level: info, format: text}}
embedded: {kafka: {enabled: true, dir: kafka}}
`

func newWorld(t *testing.T, rules map[string]string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), log: &safeBuffer{}}
	if _, err := app.NewSigningKey(w.path("keys", "in.jwk"), "in-1"); err != nil {
		t.Fatal(err)
	}
	if err := app.NewLogKey(w.path("keys", "log.jwk")); err != nil {
		t.Fatal(err)
	}
	if err := app.NewToken(w.path("keys", "desk.token")); err != nil {
		t.Fatal(err)
	}
	w.write("haltwire.yaml", worldConfig)
	w.write("rates.csv", "valid_from,currency,rate\n2020-01-01,GBP,1.30\n")
	w.write("watched.csv", "value\nMULE\n")
	for name, text := range rules {
		w.write(filepath.Join("rules", name+".yaml"), text)
	}
	t.Cleanup(func() {
		w.end()
		if t.Failed() {
			t.Logf("log:\n%s", w.log)
		}
	})
	return w
}

func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

func (w *world) write(name, text string) {
	w.t.Helper()
	path := w.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// begin starts haltwire and waits until it runs.
func (w *world) begin() {
	w.t.Helper()
	if err := w.start(); err != nil {
		w.t.Fatal(err)
	}
}

// start starts haltwire and returns the error if it ends before it runs.
func (w *world) start() error {
	c, err := config.Load(w.path("haltwire.yaml"))
	if err != nil {
		return err
	}
	a, err := app.New(c, app.Options{Log: w.log, Look: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	select {
	case <-a.Ready():
	case err := <-ended:
		cancel()
		return err
	}
	w.app = a
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("run: %v", err)
		}
	}
	return nil
}

// end stops haltwire as SIGTERM does.
func (w *world) end() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// report publishes a report that occurred some time ago, and returns its id.
func (w *world) report(kind string, ago time.Duration, fields map[string]any) string {
	w.t.Helper()
	w.reports++
	id := fmt.Sprintf("R%03d", w.reports)
	topic, _, _ := strings.Cut(kind, ".")
	r := map[string]any{"report_id": id, "reporter": "HWBIINBB", "kind": kind, "occurred_at": time.Now().Add(-ago).UTC().Format("2006-01-02T15:04:05.000Z")}
	maps.Copy(r, fields)
	value, err := json.Marshal(r)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := conn.Config{Brokers: w.app.Brokers()}.Sarama()
	if err != nil {
		w.t.Fatal(err)
	}
	c.Producer.Return.Successes = true
	p, err := sarama.NewSyncProducer(w.app.Brokers(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	defer p.Close()
	if _, _, err := p.SendMessage(&sarama.ProducerMessage{Topic: topic + ".reports", Value: sarama.ByteEncoder(value)}); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// said is an event about a hit that cannot alert.
type said struct {
	Type caselog.Type
	caselog.HitData
}

// String names the hit as tests expect it.
func (s said) String() string {
	out := s.Rule + " " + s.ReportID
	for _, flag := range []struct {
		name string
		on   bool
	}{{"late", s.Late}, {"cold", s.Cold}, {"cut", s.Cut}} {
		if flag.on {
			out += " " + flag.name
		}
	}
	return out
}

// events returns what stands on the topic of hits, oldest first.
func (w *world) events() []said {
	w.t.Helper()
	c, err := conn.Config{Brokers: w.app.Brokers()}.Sarama()
	if err != nil {
		w.t.Fatal(err)
	}
	client, err := sarama.NewClient(w.app.Brokers(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		w.t.Fatal(err)
	}
	defer consumer.Close()
	partitions, err := client.Partitions("haltwire.hits")
	if err != nil {
		w.t.Fatal(err)
	}
	var out []said
	for _, p := range partitions {
		end, err := client.GetOffset("haltwire.hits", p, sarama.OffsetNewest)
		if err != nil {
			w.t.Fatal(err)
		}
		if end == 0 {
			continue
		}
		from, err := consumer.ConsumePartition("haltwire.hits", p, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for m := range from.Messages() {
			var e struct {
				Type caselog.Type    `json:"type"`
				Data caselog.HitData `json:"data"`
			}
			if err := json.Unmarshal(m.Value, &e); err != nil {
				w.t.Fatalf("%v: %s", err, m.Value)
			}
			out = append(out, said{e.Type, e.Data})
			if m.Offset+1 >= end {
				break
			}
		}
		_ = from.Close()
	}
	return out
}

// expect waits until exactly these hits stand on the topic of hits.
func (w *world) expect(want ...string) []said {
	w.t.Helper()
	slices.Sort(want)
	var all []said
	w.eventually("hits "+strings.Join(want, ", "), func() string {
		first, standing := map[string]said{}, map[string]said{}
		for _, e := range w.events() { // those of one report and rule are in order
			key := e.Rule + " " + e.ReportID
			if strings.HasSuffix(string(e.Type), "hit.overturned") {
				delete(standing, key)
				continue
			}
			if _, known := first[key]; !known { // after a start things are said again
				first[key] = e
			}
			standing[key] = first[key]
		}
		all = slices.SortedFunc(maps.Values(standing), func(a, b said) int { return strings.Compare(a.String(), b.String()) })
		var got []string
		for _, e := range all {
			got = append(got, e.String())
		}
		if slices.Equal(got, want) {
			return ""
		}
		return "there are " + strings.Join(got, ", ")
	})
	return all
}

// judged waits until the detect loop has read n reports since it began.
func (w *world) judged(n uint64) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d reports are judged", n), func() string {
		if c := w.app.Counts(); c.Reports < n {
			return fmt.Sprint(c.Reports)
		}
		return ""
	})
}

// ready waits until /readyz says what ok wants to read.
func (w *world) ready(what string, ok func(app.Readiness) bool) app.Readiness {
	w.t.Helper()
	var r app.Readiness
	w.eventually(what, func() string {
		if r = w.app.Readiness(); ok(r) {
			return ""
		}
		return fmt.Sprintf("%+v", r)
	})
	return r
}

// eventually polls ok until it returns "", at most 20 s.
func (w *world) eventually(what string, ok func() string) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(20 * time.Second)
	for wrong := ok(); wrong != ""; wrong = ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not within 20s: %s", what, wrong)
		}
		<-tick.C
	}
}

// safeBuffer is a buffer that many write and one reads.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
