package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

// FileName is the name that Find looks for.
const FileName = "haltwire.yaml"

// maxFile is 4 MiB: a configuration with ten thousand parties.
const maxFile = 4 << 20

// Find returns the path of haltwire.yaml in dir or the nearest of its parents,
// and false where there is none.
func Find(dir string) (string, bool) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	for {
		path := filepath.Join(dir, FileName)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// Load reads, completes and validates the file at path for `haltwire run`.
func Load(path string) (*Config, error) {
	c, err := Read(path)
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Read reads and completes the file at path without demanding what only `run`
// needs (brokers, keys): the tools of rule authors use it.
func Read(path string) (*Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file; copy the commented example of the README, or name yours with -c", path)
	} else if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: larger than 4 MiB", path)
	}
	return Parse(text, path)
}

// Parse reads the text of a configuration that stands at path.
func Parse(text []byte, path string) (*Config, error) {
	c := Default()
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document; keep one", path)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find folder of %s: %w", path, err)
	}
	c.resolve(dir)
	return c, nil
}

// Default returns the settings that hold where the file is silent.
func Default() *Config {
	c := &Config{Environment: "test"}
	c.State = State{Dir: "var", Every: conn.Duration(10 * time.Second), Piece: 4 << 20}
	c.Listen.Desk.Address = "127.0.0.1:8080"
	c.Listen.Partner.Address = "127.0.0.1:8443"
	c.Kafka.Group, c.Kafka.Session = "haltwire", conn.Duration(10*time.Second)
	c.Kafka.Fetch = Fetch{Bytes: 1 << 20, Decompressed: 16 << 20, Buffered: 64 << 20}
	c.Kafka.Own = Own{Prefix: "haltwire", CasePartitions: 12, Replication: 1}
	c.ClickHouse = clickhouse.Defaults()
	c.Rules.Dir, c.Rules.Watch, c.Rules.Tests = "rules", true, TestsRequired
	c.Rules.Windows = Windows{Bytes: 2 << 30, Keys: 10_000_000, PerKey: 10_000, Evidence: 1 << 30, Warm: WarmKafka}
	c.Rules.Lateness = conn.Duration(7 * 24 * time.Hour)
	c.Rules.MaxAge = conn.Duration(24 * time.Hour)
	c.Rates.BaseCurrency = "USD"
	c.Budgets.Onward = 100
	c.People = people.Defaults()
	c.Embedded.Kafka.Dir = "var/kafka"
	c.Embedded.ClickHouse = Engine{Dir: "var/clickhouse", Memory: 1500 << 20}
	return c
}

// resolve makes every path of c absolute, starting at dir.
func (c *Config) resolve(dir string) {
	c.Dir = dir
	paths := []*string{
		&c.Keys.Signing, &c.Keys.Log, &c.State.Dir, &c.Listen.Desk.TokenFile,
		&c.Listen.Partner.TLS.Cert, &c.Listen.Partner.TLS.Key, &c.Listen.Desk.TLS.Cert, &c.Listen.Desk.TLS.Key,
		&c.Rules.Dir, &c.Rates.File, &c.Calendars.Dir, &c.Embedded.Kafka.Dir, &c.Embedded.ClickHouse.Dir,
	}
	for i := range c.Kafka.Topics {
		paths = append(paths, &c.Kafka.Topics[i].Subscriptions)
	}
	for i := range c.Parties {
		paths = append(paths, &c.Parties[i].Keys.File)
		for j := range c.Parties[i].Channels {
			paths = append(paths, &c.Parties[i].Channels[j].CA)
		}
	}
	for _, p := range paths {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	c.Kafka.Config = c.Kafka.Under(dir)
	c.ClickHouse = c.ClickHouse.Under(dir)
	c.People = c.People.Under(dir)
}
