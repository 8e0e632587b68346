package world

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// rules are those of every haltwire of a world.
//
//go:embed rules
var rules embed.FS

// Options say what a World is made of.
type Options struct {
	Binary   string        // haltwire, from Build
	Session  time.Duration // of the consumer groups; 0 = 2 s
	Partners []string      // countries with an FIU; nil = GB
	// Unkept leaves it to the test to bring ClickHouse back when it has ended.
	Unkept bool
}

// World is everything around one or more haltwires of the Indian FIU.
type World struct {
	Kafka    *kafkatest.Server
	Database embedded.Address
	Partners map[string]*Partner // by country

	t       testing.TB
	dir     string
	options Options
	engine  engine
}

// Topics of reports and their partitions.
const (
	bankPartitions    = 3
	telecomPartitions = 2
	// CasePartitions is how many partitions the case log has.
	CasePartitions = 6
)

// Build builds the haltwire binary into dir and returns its path.
func Build(dir string) (string, error) {
	path := filepath.Join(dir, "haltwire")
	output, err := exec.Command("go", "build", "-o", path, "github.com/haltwire/haltwire/cmd/haltwire").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build haltwire: %w: %s", err, output)
	}
	return path, nil
}

// New starts Kafka, ClickHouse and the partners; the test's end stops them.
func New(t testing.TB, o Options) *World {
	t.Helper()
	if o.Session == 0 {
		o.Session = 2 * time.Second
	}
	if o.Partners == nil {
		o.Partners = []string{"GB"}
	}
	w := &World{t: t, dir: t.TempDir(), options: o, Partners: map[string]*Partner{}}
	w.Kafka = kafkatest.Start(t)
	w.Kafka.CreateTopic(t, bankTopic, bankPartitions, nil)
	w.Kafka.CreateTopic(t, telecomTopic, telecomPartitions, nil)
	w.engine.server, w.Database = enginetest.Server(t, filepath.Join(w.dir, "clickhouse"))
	if !o.Unkept {
		t.Cleanup(w.keepEngine())
	}
	w.must(w.prepare())
	for _, country := range o.Partners {
		w.Partners[country] = w.newPartner(country)
	}
	return w
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *World) file(name ...string) string {
	return filepath.Join(append([]string{w.dir}, name...)...)
}

// RulesDir is the folder of rules of every haltwire of this world.
func (w *World) RulesDir() string { return w.file("rules") }

// prepare writes keys, rules and rates.
func (w *World) prepare() error {
	if _, err := app.NewSigningKey(w.file("keys", "in.jwk"), "in-fiu-1"); err != nil {
		return err
	}
	if err := app.NewLogKey(w.file("keys", "log.jwk")); err != nil {
		return err
	}
	if err := app.NewToken(w.file("keys", "desk.token")); err != nil {
		return err
	}
	if err := os.CopyFS(w.dir, rules); err != nil {
		return err
	}
	if err := os.WriteFile(w.file("keys", "clickhouse"), []byte(w.Database.Password.Reveal()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(w.file("rates.csv"), []byte(rates), 0o600)
}

const rates = "valid_from,currency,rate\n2020-01-01,USD,1\n2020-01-01,GBP,1.30\n2020-01-01,INR,0.0116\n2020-01-01,EUR,1.10\n2020-01-01,AED,0.2723\n"

// publicKeys returns the keys that haltwire signs with.
func (w *World) publicKeys() signature.Set {
	set, err := signature.LoadSet(w.file("keys", "in.jwks"))
	w.must(err)
	return set
}

// configure writes the configuration of the instance name. Every instance has
// ports of its own to the partners, so that they can tell them apart.
func (w *World) configure(name, deskAddress, partnerAddress string) string {
	parties := ""
	for _, country := range w.options.Partners {
		parties += strings.NewReplacer("{C}", country, "{KEYS}", w.file("keys", country+".jwks"),
			"{URL}", w.Partners[country].listen(name)).Replace(partySettings)
	}
	text := strings.NewReplacer("{DIR}", w.dir, "{NAME}", name, "{DESK}", deskAddress, "{PARTNER}", partnerAddress,
		"{KAFKA}", w.Kafka.Address(), "{SESSION}", w.options.Session.String(), "{PARTITIONS}", fmt.Sprint(CasePartitions),
		"{CLICKHOUSE}", w.Database.Native, "{USER}", w.Database.User, "{PARTIES}", parties).Replace(settings)
	path := w.file(name + ".yaml")
	w.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

const settings = `environment: test
party: {id: IN-FIU, name: FIU of India, kind: fiu, country: IN, contact: {desk: Freeze desk, hours: 24x7}}
keys: {signing: "{DIR}/keys/in.jwk", log: "{DIR}/keys/log.jwk"}
state: {dir: "{DIR}/state-{NAME}", every: 400ms, piece: 256KiB}
listen:
  desk: {address: "{DESK}", token_file: "{DIR}/keys/desk.token"}
  partner: {address: "{PARTNER}"}
kafka:
  brokers: ["{KAFKA}"]
  group: haltwire
  session: {SESSION}
  topics: [{name: bank.reports, codec: json}, {name: telecom.reports, codec: json}]
  own: {prefix: haltwire, case_partitions: {PARTITIONS}, replication: 1}
clickhouse:
  addresses: ["{CLICKHOUSE}"]
  user: {USER}
  password_file: "{DIR}/keys/clickhouse"
  block: {rows: 50000, every: 500ms}
rules: {dir: "{DIR}/rules", max_age: 24h, windows: {per_key: 1000000}}
rates: {base_currency: USD, file: "{DIR}/rates.csv"}
officers: [O1, O2]
telemetry: {log: {level: info, format: text}}
parties:
{PARTIES}`

const partySettings = `  - id: {C}-FIU
    name: FIU of {C}
    kind: fiu
    country: {C}
    keys: {file: "{KEYS}"}
    channels: [{kind: webhook, url: "{URL}", allow_private: true}]
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
`

// freeAddress returns host:port of a port that is free now. It is below the ports
// from which connections are made (32768 on Linux): whoever dials an address
// where nobody listens must not take it.
func (w *World) freeAddress() string {
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			w.must(l.Close())
			return l.Addr().String()
		}
	}
	w.t.Fatal("no free port")
	return ""
}

// Eventually polls ok until it returns "" and fails the test with its last
// answer, which says what is still wrong, when it does not within d.
func Eventually(t testing.TB, d time.Duration, what string, ok func() string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(d)
	for {
		wrong := ok()
		if wrong == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s: %s", what, d, wrong)
		}
		<-tick.C
	}
}
