package clickhouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

func TestConfig(t *testing.T) {
	const text = `
addresses: [127.0.0.1:9000, "[::1]:9000"]
database: haltwire
user: haltwire
password_file: secrets/clickhouse
tls: {enabled: true, ca: ca.pem}
raw: all
block: {rows: 100000, every: 500ms}
ttl: {reports: 730d, dead_letters: 90d}
`
	c := clickhouse.Defaults()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	c = c.Under("/etc/haltwire")
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Block.Rows != 100_000 || c.Block.Every.Std() != 500*time.Millisecond || c.TTL.Reports.Std() != 730*24*time.Hour || c.Raw != clickhouse.RawAll {
		t.Errorf("read as %+v", c)
	}
	if c.PasswordFile != "/etc/haltwire/secrets/clickhouse" || c.TLS.CA != "/etc/haltwire/ca.pem" {
		t.Errorf("paths are %s and %s", c.PasswordFile, c.TLS.CA)
	}
}

func TestConfigErrors(t *testing.T) {
	for want, change := range map[string]func(*clickhouse.Config){
		"addresses: give":  func(c *clickhouse.Config) { c.Addresses = nil },
		"not host:port":    func(c *clickhouse.Config) { c.Addresses = []string{"localhost"} },
		"database":         func(c *clickhouse.Config) { c.Database = "" },
		"all or dead_only": func(c *clickhouse.Config) { c.Raw = "some" },
		"block.rows":       func(c *clickhouse.Config) { c.Block.Rows = 0 },
		"block.every":      func(c *clickhouse.Config) { c.Block.Every = 0 },
		"enabled: true":    func(c *clickhouse.Config) { c.TLS.CA = "ca.pem" },
	} {
		c := clickhouse.Defaults()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if _, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default()}); err == nil {
			t.Errorf("New takes what Validate refuses for %q", want)
		}
	}
	c := clickhouse.Defaults()
	c.PasswordFile = filepath.Join(t.TempDir(), "none")
	if _, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default()}); err == nil || !strings.Contains(err.Error(), "password_file") {
		t.Errorf("a missing password file gave %v", err)
	}
	if err := os.WriteFile(c.PasswordFile, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if text := fmt.Sprintf("%+v %v", c, conn.Secret("hush")); strings.Contains(text, "hush") {
		t.Errorf("the password shows in %s", text)
	}
}
