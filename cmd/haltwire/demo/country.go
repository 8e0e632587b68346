package demo

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/rules/pack"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
)

// country is one of the two haltwires with everybody around it.
type country struct {
	code, dir string
	desk      net.Listener // of the desk's API
	partner   net.Listener // of the partner endpoint
	bankDoor  net.Listener // of the bank's endpoint
	config    *config.Config
	app       *app.App
	bank      *Bank
	feeder    feeder
	officers  *api.Client
	log       *os.File
	lastCount uint64 // of the live view
}

// plan says how much a country reports.
type plan struct {
	code, name string
	rate       int     // reports a second
	fraud      float64 // share of them that begins a story
}

func newCountry(dir string, p plan) (*country, error) {
	c := &country{code: p.code, dir: filepath.Join(dir, p.code)}
	c.feeder = feeder{rate: p.rate, gen: generator.New(generator.Options{Seed: uint64(time.Now().UnixNano()), Country: p.code, Fraud: p.fraud})}
	for _, l := range []*net.Listener{&c.desk, &c.partner, &c.bankDoor} {
		var err error
		if *l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	if err := c.makeKeys(); err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(c.dir, "rules"), pack.Files()); err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	var err error
	c.log, err = os.Create(filepath.Join(c.dir, "haltwire.log"))
	return c, err
}

func (c *country) key(name string) string { return filepath.Join(c.dir, "keys", name) }

func (c *country) makeKeys() error {
	for _, who := range []string{"fiu", "bank"} {
		if _, err := app.NewSigningKey(c.key(who+".jwk"), strings.ToLower(c.code)+"-"+who+"-1"); err != nil {
			return err
		}
	}
	if err := app.NewLogKey(c.key("log.jwk")); err != nil {
		return err
	}
	if err := app.NewToken(c.key("desk.token")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir, "rates.csv"), []byte(rates), 0o600)
}

// rates are base units (USD) for one of a currency.
const rates = "valid_from,currency,rate\n2020-01-01,USD,1\n2020-01-01,GBP,1.30\n2020-01-01,INR,0.0116\n2020-01-01,EUR,1.10\n2020-01-01,AED,0.2723\n"

// configure writes the country's configuration, with other as its partner.
func (c *country) configure(p plan, other *country, otherName string) error {
	text := strings.NewReplacer(
		"{CODE}", c.code, "{DESK}", c.desk.Addr().String(), "{PARTNER}", c.partner.Addr().String(), "{NAME}", p.name, "{TOPICS}", reportTopics(c.code), "{SERVICERS}", servicers(c.code),
		"{OTHER}", other.code, "{OTHER_NAME}", otherName, "{OTHER_KEYS}", other.key("fiu.jwks"), "{OTHER_ADDRESS}", other.partner.Addr().String(),
		"{BANK_KEYS}", c.key("bank.jwks"), "{BANK_ADDRESS}", c.bankDoor.Addr().String(),
	).Replace(settings)
	path := filepath.Join(c.dir, config.FileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	var err error
	if c.config, err = config.Load(path); err != nil {
		return err
	}
	c.app, err = app.New(c.config, app.Options{Log: c.log, DeskListener: c.desk, PartnerListener: c.partner})
	if err != nil {
		return err
	}
	token, err := conn.ReadSecret(c.key("desk.token"))
	if err != nil {
		return err
	}
	c.officers = api.NewClient(c.desk.Addr().String(), token)
	return c.openBank()
}

// openBank starts the bank that this country's FIU instructs.
func (c *country) openBank() error {
	key, err := signature.LoadKey(c.key("bank.jwk"))
	if err != nil {
		return err
	}
	fiu, err := signature.LoadSet(c.key("fiu.jwks"))
	if err != nil {
		return err
	}
	bank := policy.Party{ID: "BANK-" + c.code, Name: "Bank of " + c.code, Kind: "bank", Country: c.code}
	if c.bank, err = NewBank(bank.Party(), c.config.Party.Party(), key, fiu); err != nil {
		return err
	}
	return c.bank.Start(c.bankDoor, "http://"+c.partner.Addr().String()+"/partner/v1/messages")
}

// close ends what newCountry and configure opened; the app is stopped by its own
// Run.
func (c *country) close(ctx context.Context) {
	if c.bank != nil {
		_ = c.bank.Stop(ctx)
	}
	if c.officers != nil {
		c.officers.Close()
	}
	for _, l := range []net.Listener{c.desk, c.partner, c.bankDoor} {
		if l != nil {
			_ = l.Close() // closed already by whoever served it
		}
	}
	if c.log != nil {
		_ = c.log.Close()
	}
}

func reportTopics(code string) string {
	return fmt.Sprintf("[{name: %s, codec: json, reporter_country: %s}, {name: %s, codec: json, reporter_country: %s}]",
		generator.Bank, code, generator.Telecom, code)
}

func servicers(code string) string {
	if code == "IN" {
		return "[{bic: HWBIINBB}, {bic: HWBJINBB}, {clearing_system: INFSC, clearing_id_prefix: HWB}]"
	}
	return "[{bic: HWBAGB2L}, {bic: HWBBGB2L}]"
}

// settings is the configuration of one country of the demo.
const settings = `environment: test
party: {id: {CODE}-FIU, name: {NAME}, kind: fiu, country: {CODE}, contact: {desk: Freeze desk, hours: 24x7}}
keys: {signing: keys/fiu.jwk, log: keys/log.jwk}
listen:
  desk: {address: "{DESK}", token_file: keys/desk.token}
  partner: {address: "{PARTNER}"}
kafka:
  group: haltwire
  topics: {TOPICS}
  own: {prefix: haltwire, case_partitions: 4, replication: 1}
clickhouse: {database: haltwire, block: {rows: 50000, every: 1s}}
rules: {dir: rules, max_age: 24h}
rates: {base_currency: USD, file: rates.csv}
officers: [O1, O2, O3]
parties:
  - id: {OTHER}-FIU
    name: {OTHER_NAME}
    kind: fiu
    country: {OTHER}
    keys: {file: {OTHER_KEYS}}
    channels: [{kind: webhook, url: "http://{OTHER_ADDRESS}/partner/v1/messages", allow_private: true}]
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
  - id: BANK-{CODE}
    name: Bank of {CODE}
    kind: bank
    country: {CODE}
    keys: {file: {BANK_KEYS}}
    servicers: {SERVICERS}
    channels: [{kind: webhook, url: "http://{BANK_ADDRESS}/partner/v1/messages", allow_private: true}]
    policy: {profile: own_bank}
telemetry: {log: {level: info, format: text}}
embedded:
  kafka: {enabled: true, dir: kafka}
  clickhouse: {enabled: true, dir: clickhouse, memory: 1500MiB}
`
