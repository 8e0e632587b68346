package clickhouse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
)

// What is stored of the original bytes of reports.
const (
	RawAll      = "all"       // beside every report
	RawDeadOnly = "dead_only" // of dead letters alone
)

// Config is the clickhouse section of the configuration.
type Config struct {
	// Addresses are host:port pairs of the native protocol; the first that
	// answers is used.
	Addresses    []string `yaml:"addresses"`
	Database     string   `yaml:"database"`
	User         string   `yaml:"user"`
	PasswordFile string   `yaml:"password_file"`
	TLS          conn.TLS `yaml:"tls"`
	// Raw is all or dead_only: whether the original bytes of each report are
	// kept. They cost a third of the server's work and about 33 bytes a row.
	Raw   string `yaml:"raw"`
	Block Block  `yaml:"block"`
	TTL   TTL    `yaml:"ttl"`
}

// Block says when a block is written: full or old, whichever comes first.
type Block struct {
	Rows  int           `yaml:"rows"`
	Every conn.Duration `yaml:"every"`
}

// TTL says how long rows are kept after they were written; 0 is for ever.
type TTL struct {
	Reports     conn.Duration `yaml:"reports"`
	DeadLetters conn.Duration `yaml:"dead_letters"`
}

// Defaults returns the settings of a configuration that says nothing.
func Defaults() Config {
	return Config{
		Addresses: []string{"127.0.0.1:9000"},
		Database:  "haltwire",
		User:      "default",
		Raw:       RawDeadOnly,
		Block:     Block{Rows: 50_000, Every: conn.Duration(time.Second)},
		TTL: TTL{
			Reports:     conn.Duration(730 * 24 * time.Hour),
			DeadLetters: conn.Duration(90 * 24 * time.Hour),
		},
	}
}

// maxBlockRows is what one INSERT carries at the most: 1 M rows of 150 bytes
// are already more than a partition's worth of memory on the server.
const maxBlockRows = 1_000_000

// Validate reports settings that are missing or contradict one another. It
// opens no file and no connection.
func (c Config) Validate() error {
	if len(c.Addresses) == 0 {
		return errors.New("clickhouse.addresses: give at least one host:port")
	}
	for _, a := range c.Addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return fmt.Errorf("clickhouse.addresses: %q is not host:port: %w", a, err)
		}
	}
	if c.Database == "" {
		return errors.New("clickhouse.database: give a name")
	}
	if c.Raw != RawAll && c.Raw != RawDeadOnly {
		return fmt.Errorf("clickhouse.raw: %q is unknown: write all or dead_only", c.Raw)
	}
	if c.Block.Rows < 1 || c.Block.Rows > maxBlockRows {
		return fmt.Errorf("clickhouse.block.rows: %d is not within 1 and %d", c.Block.Rows, maxBlockRows)
	}
	if c.Block.Every <= 0 {
		return errors.New("clickhouse.block.every: give a duration above 0, such as 1s")
	}
	if err := c.TLS.Validate(); err != nil {
		return fmt.Errorf("clickhouse.%w", err)
	}
	return nil
}

// Under returns the settings with relative paths resolved against dir.
func (c Config) Under(dir string) Config {
	c.TLS = c.TLS.Under(dir)
	if c.PasswordFile != "" && !filepath.IsAbs(c.PasswordFile) {
		c.PasswordFile = filepath.Join(dir, c.PasswordFile)
	}
	return c
}

// access is what a connection needs to know, with the files read.
type access struct {
	addresses []string
	database  string
	user      string
	password  conn.Secret
	tls       *tls.Config
	compress  bool // between machines; on loopback it only costs
}

func (c Config) access() (access, error) {
	if err := c.Validate(); err != nil {
		return access{}, err
	}
	a := access{addresses: c.Addresses, database: c.Database, user: c.User}
	var err error
	if c.PasswordFile != "" {
		if a.password, err = conn.ReadSecret(c.PasswordFile); err != nil {
			return access{}, fmt.Errorf("clickhouse.password_file: %w", err)
		}
	}
	if a.tls, err = c.TLS.Client(); err != nil {
		return access{}, fmt.Errorf("clickhouse: %w", err)
	}
	for _, address := range c.Addresses {
		host, _, _ := net.SplitHostPort(address)
		ip := net.ParseIP(host)
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			a.compress = true
		}
	}
	return a, nil
}
