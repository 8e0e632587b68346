package config

import (
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded"
)

// Config is the whole of haltwire.yaml.
type Config struct {
	Environment string            `yaml:"environment"` // live | test
	Party       policy.Self       `yaml:"party"`
	Keys        Keys              `yaml:"keys"`
	State       State             `yaml:"state"`
	Listen      Listen            `yaml:"listen"`
	Kafka       Kafka             `yaml:"kafka"`
	ClickHouse  clickhouse.Config `yaml:"clickhouse"`
	Fields      []Field           `yaml:"fields"`
	Kinds       []string          `yaml:"kinds"`
	Rules       Rules             `yaml:"rules"`
	Rates       Rates             `yaml:"rates"`
	Calendars   Calendars         `yaml:"calendars"`
	Zones       map[string]string `yaml:"zones"`
	Lists       map[string]List   `yaml:"lists"`
	Tables      map[string]Table  `yaml:"tables"`
	Officers    []string          `yaml:"officers"` // development: whoever has the desk's token is any of them
	People      people.Config     `yaml:"people"`   // logins; with them there is no list of officers
	Parties     []policy.Party    `yaml:"parties"`
	Guard       []policy.Guard    `yaml:"guard"`
	Taxii       taxii.Config      `yaml:"taxii"` // of channels of kind taxii
	Budgets     desk.Budgets      `yaml:"budgets"`
	Telemetry   telemetry.Config  `yaml:"telemetry"`
	Embedded    Embedded          `yaml:"embedded"`

	// Dir is the folder of the file, from which relative paths start.
	Dir string `yaml:"-"`
}

// Keys are the files of our own keys.
type Keys struct {
	Signing string `yaml:"signing"` // Ed25519 JWK; `haltwire keys new`
	Log     string `yaml:"log"`     // octet JWK: HMAC and wrapping key of the case log
}

// State is where snapshots of the windows are; losing it costs time only.
type State struct {
	Dir   string        `yaml:"dir"`   // a folder an instance
	Every conn.Duration `yaml:"every"` // a snapshot is begun so long after the one before it counts
	Piece conn.Size     `yaml:"piece"` // of windows written between two batches
}

// Listen says where we answer.
type Listen struct {
	Desk    Desk    `yaml:"desk"`
	Partner Partner `yaml:"partner"`
}

// Desk is the endpoint of our own people and probes. Beyond loopback it takes TLS
// and logins.
type Desk struct {
	Address   string  `yaml:"address"`
	TokenFile string  `yaml:"token_file"` // of the development form
	TLS       KeyPair `yaml:"tls"`
}

// Partner is the endpoint of other parties.
type Partner struct {
	Address string `yaml:"address"`
	// Names are the host names, with port where it is not the usual one, under
	// which partners reach us; a request signed for another is refused. Empty
	// refuses none.
	Names []string `yaml:"names"`
	TLS   KeyPair  `yaml:"tls"`
}

// KeyPair is a certificate and its key, PEM files.
type KeyPair struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Kafka is how reports come in and where our own topics are.
type Kafka struct {
	conn.Config `yaml:",inline"`
	Group       string        `yaml:"group"`
	Session     conn.Duration `yaml:"session"` // a silent instance loses its partitions after it
	Fetch       Fetch         `yaml:"fetch"`
	Topics      []Topic       `yaml:"topics"`
	Own         Own           `yaml:"own"`
}

// Fetch bounds what a reader holds.
type Fetch struct {
	Bytes        conn.Size `yaml:"bytes"`        // of one partition in one response
	Decompressed conn.Size `yaml:"decompressed"` // of one record batch
	Buffered     conn.Size `yaml:"buffered"`     // read and not yet done, per loop
}

// Topic is one topic of reports.
type Topic struct {
	Name            string `yaml:"name"`
	Codec           string `yaml:"codec"` // json | camara
	ReporterCountry string `yaml:"reporter_country"`
	Strict          bool   `yaml:"strict"`   // json
	Reporter        string `yaml:"reporter"` // camara: of every report; "" = the source of the event
	// Subscriptions is the CSV of the phones of subscriptions, of camara; "" = events
	// without a phone number are dead letters. It is read at the start.
	Subscriptions string `yaml:"subscriptions"`
}

// Own are our own topics.
type Own struct {
	Prefix         string `yaml:"prefix"`
	CasePartitions int32  `yaml:"case_partitions"`
	Replication    int16  `yaml:"replication"`
}

// Field is a column that the config adds to every report.
type Field struct {
	Name string `yaml:"name"`
	Type string `yaml:"type"`
	Path string `yaml:"path"`
}

// Rules says where the rules are and how long hits may act.
type Rules struct {
	Dir      string        `yaml:"dir"`
	Watch    bool          `yaml:"watch"` // read rules, lists, tables and rates again when a file of them changes
	Tests    string        `yaml:"tests"` // required | off: whether the tests in rule files must pass before a set is put in force
	Lateness conn.Duration `yaml:"lateness"`
	MaxAge   conn.Duration `yaml:"max_age"`
	Windows  Windows       `yaml:"windows"`
}

// What Rules.Tests and Windows.Warm may say.
const (
	TestsRequired  = "required"
	TestsOff       = "off"
	WarmKafka      = "kafka"
	WarmClickHouse = "clickhouse"
	WarmNone       = "none"
)

// Windows bounds window state.
type Windows struct {
	Bytes  conn.Size `yaml:"bytes"`   // of all windows; the newest stay, and check refuses rules that need more at rates
	Keys   int       `yaml:"keys"`    // of all windows together
	PerKey int       `yaml:"per_key"` // entries of a key; the newest stay
	// Evidence bounds the reports that later evidence may change, and those that
	// alerts of others may be about.
	Evidence conn.Size `yaml:"evidence"`
	Warm     string    `yaml:"warm"` // kafka | clickhouse | none: where the past of a new window is read from

	Rates map[string]float64 `yaml:"rates"` // kind → reports a second, by which check judges what windows will keep
}

// Rates is the file of exchange rates.
type Rates struct {
	BaseCurrency string `yaml:"base_currency"`
	File         string `yaml:"file"`
}

// Calendars is the folder of working-day calendars, a file CC.csv a country.
type Calendars struct {
	Dir string `yaml:"dir"`
}

// Embedded are the parts that haltwire can bring itself.
type Embedded struct {
	Kafka      embedded.Config `yaml:"kafka"`
	ClickHouse Engine          `yaml:"clickhouse"`
}

// Engine is the embedded ClickHouse.
type Engine struct {
	Enabled bool      `yaml:"enabled"`
	Dir     string    `yaml:"dir"`
	Memory  conn.Size `yaml:"memory"`
}
