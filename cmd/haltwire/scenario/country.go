package scenario

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

//go:embed rules
var rules embed.FS

// staff are the people of every desk: two supervisors, and two officers.
func staff() map[string]caselog.Role {
	return map[string]caselog.Role{"O1": caselog.RoleSupervisor, "O2": caselog.RoleSupervisor, "O3": caselog.RoleOfficer, "O4": caselog.RoleOfficer}
}

// Country is one haltwire with its people.
type Country struct {
	Code   string
	Dir    string
	App    *app.App
	Config *config.Config
	// Road leads to it.
	Road *Road

	clock  *Clock
	desk   net.Listener
	door   net.Listener
	people map[string]*api.Client
	log    *os.File
	stop   context.CancelFunc
	ended  chan error
}

func newCountry(dir, code string, clock *Clock) (*Country, error) {
	c := &Country{Code: code, Dir: filepath.Join(dir, code), clock: clock, people: map[string]*api.Client{}}
	if err := errors.Join(os.MkdirAll(filepath.Join(c.Dir, "bank", "out"), 0o700), os.MkdirAll(filepath.Join(c.Dir, "bank", "in"), 0o700)); err != nil {
		return nil, fmt.Errorf("make %s: %w", code, err)
	}
	if err := c.listen(); err != nil {
		return nil, err
	}
	if _, err := app.NewSigningKey(c.file("keys", "fiu.jwk"), strings.ToLower(code)+"-fiu-1"); err != nil {
		return nil, err
	}
	if err := app.NewLogKey(c.file("keys", "log.jwk")); err != nil {
		return nil, err
	}
	texts, err := fs.Sub(rules, "rules")
	if err != nil {
		return nil, err
	}
	err = errors.Join(os.CopyFS(c.file("rules"), texts), os.WriteFile(c.file("rates.csv"), []byte(rates), 0o600), os.WriteFile(c.file("subscriptions.csv"), []byte(subscriptions), 0o600))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", code, err)
	}
	return c, c.employ()
}

// listen opens the ports of the country; its road leads to them from then on.
func (c *Country) listen() error {
	for _, l := range []*net.Listener{&c.desk, &c.door} {
		address := "127.0.0.1:0"
		if *l != nil {
			address = (*l).Addr().String()
		}
		var err error
		if *l, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("listen for %s: %w", c.Code, err)
		}
	}
	return nil
}

func (c *Country) file(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}

// employ writes the users file and gives everybody a token.
func (c *Country) employ() error {
	var f register.File
	for id, role := range staff() {
		bearer, hash := register.NewToken()
		f.People = append(f.People, register.Person{ID: id, Name: id, Roles: []caselog.Role{role}})
		f.Tokens = append(f.Tokens, register.Token{Name: "of-" + strings.ToLower(id), Person: id, SHA256: hash, Scopes: []string{"read", "act"}, Expires: time.Now().AddDate(0, 1, 0).UTC().Truncate(time.Second)})
		c.people[id] = api.NewClient(c.desk.Addr().String(), conn.Secret(bearer))
	}
	path := c.file("keys", "people.yaml")
	return register.Update(path, func(into *register.File) error { *into = f; return nil })
}

// configure writes the configuration with these parties.
func (c *Country) configure(name, parties string) error {
	text := strings.NewReplacer("{CODE}", c.Code, "{NAME}", name).Replace(common + parties)
	return os.WriteFile(c.file(config.FileName), []byte(text), 0o600)
}

// Start runs the haltwire, and returns when it is ready.
func (c *Country) Start(ctx context.Context) error {
	var err error
	if c.App != nil {
		if err := c.listen(); err != nil {
			return err
		}
	}
	if c.Config, err = config.Load(c.file(config.FileName)); err != nil {
		return err
	}
	if c.log, err = os.OpenFile(c.file("haltwire.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("start %s: %w", c.Code, err)
	}
	c.App, err = app.New(c.Config, app.Options{Log: c.log, DeskListener: c.desk, PartnerListener: c.door, Now: c.clock.Now})
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Code, err)
	}
	var running context.Context
	running, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	c.ended = make(chan error, 1)
	go func() { c.ended <- c.App.Run(running) }()
	select {
	case <-c.App.Ready():
		return nil
	case err := <-c.ended:
		c.stop()
		c.stop = nil
		return fmt.Errorf("start %s: %w", c.Code, err)
	case <-ctx.Done():
		return errors.Join(ctx.Err(), c.Stop())
	}
}

// Addresses are where the desk and the partner endpoint are.
func (c *Country) Addresses() (desk, partner string) {
	return c.desk.Addr().String(), c.door.Addr().String()
}

// Stop ends the haltwire as SIGTERM does. It may be called twice.
func (c *Country) Stop() error {
	if c.stop == nil {
		return nil
	}
	c.stop()
	c.stop = nil
	err := errors.Join(<-c.ended, c.log.Close())
	for _, p := range c.people {
		p.Close()
	}
	return err
}

// As returns the API as one of the people has it.
func (c *Country) As(person string) *api.Client { return c.people[person] }

// Act has people do the same about an alert, one after the other.
func (c *Country) Act(ctx context.Context, id string, a desk.Action, people ...string) error {
	for _, p := range people {
		if _, err := c.people[p].Act(ctx, id, a); err != nil {
			return fmt.Errorf("%s: %s does %s: %w", c.Code, p, a.Do, err)
		}
	}
	return nil
}

// Show returns an alert.
func (c *Country) Show(ctx context.Context, id string) (*desk.Detail, error) {
	return c.people["O1"].Show(ctx, id)
}

// Find returns the newest alert that the filter lets through and match likes; the zero
// View is that there is none.
func (c *Country) Find(ctx context.Context, f desk.Filter, match func(desk.View) bool) (desk.View, error) {
	all, err := c.people["O1"].List(ctx, f)
	if err != nil {
		return desk.View{}, err
	}
	for _, v := range all {
		if match == nil || match(v) {
			return v, nil
		}
	}
	return desk.View{}, nil
}

// Report publishes one report at the time of the story.
func (c *Country) Report(ctx context.Context, topic string, report any) error {
	value, raw := report.([]byte)
	if !raw {
		var err error
		if value, err = json.Marshal(report); err != nil {
			return fmt.Errorf("report to %s: %w", c.Code, err)
		}
	}
	settings, err := conn.Config{Brokers: c.App.Brokers()}.Sarama()
	if err != nil {
		return err
	}
	settings.Producer.Return.Successes = true
	p, err := sarama.NewSyncProducer(c.App.Brokers(), settings)
	if err != nil {
		return fmt.Errorf("report to %s: %w", c.Code, err)
	}
	_, _, err = p.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(value), Timestamp: c.clock.Now()})
	if err = errors.Join(err, p.Close()); err != nil {
		return fmt.Errorf("report to %s: %w", c.Code, err)
	}
	return ctx.Err()
}

// patience bounds the wait for what follows from a step.
const patience = 45 * time.Second

// await polls until ok, and says what for when it does not come.
func await(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		done, err := ok()
		if done && err == nil {
			return nil
		}
		if fault.Sleep(ctx, 10*time.Millisecond) != nil {
			return fmt.Errorf("wait until %s: %w", what, errors.Join(ctx.Err(), err))
		}
	}
}

// Reaches waits until an alert is in one of the states.
func (c *Country) Reaches(ctx context.Context, id string, states ...string) error {
	last := ""
	err := await(ctx, fmt.Sprintf("alert %s of %s is %s", id, c.Code, strings.Join(states, " or ")), func() (bool, error) {
		v, err := c.Show(ctx, id)
		if err != nil {
			return false, err
		}
		last = v.State
		return contains(states, v.State), nil
	})
	if err != nil {
		return fmt.Errorf("%w (it is %s)", err, last)
	}
	return nil
}

// Until waits until an alert is as the story goes on with.
func (c *Country) Until(ctx context.Context, id, what string, ok func(*desk.Detail) bool) error {
	return await(ctx, c.Code+": "+what, func() (bool, error) {
		v, err := c.Show(ctx, id)
		return err == nil && ok(v), err
	})
}

// environment of everybody: a test message never reaches a bank's gateway, and the
// story is about what does. Nothing leaves this machine.
const environment = "live"

// rates are base units (USD) for one of a currency; 112 rupees make a pound.
const rates = "valid_from,currency,rate\n2020-01-01,USD,1\n2020-01-01,GBP,1.30\n2020-01-01,INR,0.0116071\n2020-01-01,EUR,1.10\n2020-01-01,AED,0.2723\n"

// subscriptions of the operator whose events name no number.
const subscriptions = "subscription_id,phone\nsub-042,+910000000001\n"

// common is the configuration that all three countries have; {PARTIES} follows.
const common = `environment: live
party: {id: {CODE}-FIU, name: "{NAME}", kind: fiu, country: {CODE}, contact: {desk: Freeze desk, hours: 24x7}}
keys: {signing: keys/fiu.jwk, log: keys/log.jwk}
state: {dir: var}
listen:
  desk: {address: "127.0.0.1:0"}
  partner: {address: "127.0.0.1:0"}
kafka:
  group: haltwire
  topics:
    - {name: bank.reports, codec: json, reporter_country: {CODE}}
    - {name: telecom.camara, codec: camara, reporter_country: {CODE}, reporter: {CODE}-OPERATOR, subscriptions: subscriptions.csv}
  own: {prefix: haltwire, case_partitions: 4, replication: 1}
clickhouse: {database: haltwire, block: {rows: 5000, every: 200ms}, ttl: {reports: 3650d, dead_letters: 3650d}}
rules: {dir: rules, max_age: 24h}
rates: {base_currency: USD, file: rates.csv}
people: {file: keys/people.yaml}
guard: [{kind: pooled, account: "GB65HWBB*"}]
telemetry: {prometheus: {address: ""}, log: {level: info, format: text}}
embedded:
  kafka: {enabled: true, dir: kafka, allow_production: true}
  clickhouse: {enabled: true, dir: clickhouse, memory: 1GiB}
parties:
`

// abroad is a party of another country, under Egmont's principles.
const abroad = `  - id: {ID}-FIU
    name: "FIU of {ID}"
    kind: fiu
    country: {ID}
    contact: {desk: Freeze desk, hours: 24x7}
    keys: {file: "{KEYS}"}
    channels: [{kind: webhook, url: "{URL}/partner/v1/messages", allow_private: true}]
    policy:
      profile: egmont
      texts:
        requester_basis: {code: EGMONT, text: "Principles for information exchange, 2013"}
        background: Fraud reported by the bank of the victim.
        reason: The account received money of a fraud.
        nexus: The account is kept in your country.
        intended_use: To keep the money for whom it was taken from.
`

// ownBank is a bank of the country itself, over the same protocol.
const ownBank = `  - id: {ID}
    name: "{ID}"
    kind: bank
    country: {CODE}
    keys: {file: "{KEYS}"}
    servicers: [{bic: {BIC}}]
    channels: [{kind: webhook, url: "{URL}/partner/v1/messages", allow_private: true}]
    policy: {profile: own_bank, texts: {requester_basis: {code: ORDER, text: "Order of the FIU"}}}
`

// victimBank is the bank of the victim: it takes drafts of camt.056 in a folder, and
// answers in another.
const victimBank = `  - id: BANK-IN
    name: Bank of the victim
    kind: bank
    country: IN
    servicers: [{clearing_system: INFSC, clearing_id_prefix: HWBI}]
    channels: [{kind: camt056, out: bank/out, in: bank/in, version: "08", scheme: "{SCHEME}", agent: {bic: HWBIINBB}}]
    policy: {profile: own_bank, texts: {requester_basis: {code: ORDER, text: "Order of the authority"}}}
`
