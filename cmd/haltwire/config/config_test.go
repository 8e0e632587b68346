package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/event"
)

func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExampleIsValid(t *testing.T) {
	c, err := config.Load("example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	if c.Keys.Signing != filepath.Join(dir, "keys", "signing.jwk") || c.Parties[0].Keys.File != filepath.Join(dir, "keys", "gb-fiu.jwks") {
		t.Errorf("paths do not start at the file: %s, %s", c.Keys.Signing, c.Parties[0].Keys.File)
	}
	if c.Kafka.Fetch.Buffered != 64<<20 || c.Rules.MaxAge.Std().Hours() != 24 || c.Kafka.Brokers[0] != "127.0.0.1:9092" {
		t.Errorf("values are not what stands in the file: %+v", c.Kafka)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for name, change := range map[string]struct{ from, to, want string }{
		"unknown key":       {"officers: [O1, O2]", "oficers: [O1, O2]", "field oficers not found"},
		"one officer":       {"officers: [O1, O2]", "officers: [O1]", "name at least two"},
		"officer twice":     {"officers: [O1, O2]", "officers: [O1, O1]", "\"O1\" stands twice"},
		"officer no name":   {"officers: [O1, O2]", "officers: [O1, O2, \" \"]", "no name"},
		"our country":       {"country: IN                           #", "country: XX #", "party.country: \"XX\""},
		"our kind":          {"kind: fiu                             #", "kind: foo #", "party.kind: \"foo\""},
		"their country":     {"country: GB\n", "country: UK\n", "did you mean GB?"},
		"country of topic":  {"reporter_country: IN, strict", "reporter_country: India, strict", "reporter_country: \"India\""},
		"environment":       {"environment: test", "environment: prod", "neither live nor test"},
		"desk beyond loop":  {"address: 127.0.0.1:8080", "address: 0.0.0.0:8080", "not a loopback address"},
		"partner needs TLS": {"address: 127.0.0.1:8443", "address: 0.0.0.0:8443", "listen.partner.tls"},
		"codec":             {"codec: json, reporter_country: IN, strict", "codec: xml, reporter_country: IN, strict", "this version reads json"},
		"no topic":          {"- {name: telecom.reports", "- {name: bank.reports", "stands twice"},
		"duration":          {"max_age: 24h", "max_age: 24 hours", "not a duration"},
		"size":              {"bytes: 1MiB", "bytes: 1 megabyte", "not a size"},
		"twice the party":   {"id: BANK-IN ", "id: GB-FIU ", "named twice"},
		"live on embedded":  {"environment: test", "environment: live", "embedded.kafka: refused"},
		"field type":        {"fields: []", "fields: [{name: a, type: blob, path: a}]", "type \"blob\""},
		"field name taken":  {"fields: []", "fields: [{name: kind, type: text, path: a}]", "the name is taken"},
		"broker":            {"brokers: [127.0.0.1:9092]", "brokers: [localhost]", "kafka.brokers"},
		"log level":         {"level: info", "level: loud", "telemetry.log.level"},
		"snapshots seldom":  {"every: 10s  ", "every: 10d  ", "state: want every"},
		"snapshots whole":   {"piece: 4MiB", "piece: 0MiB", "state: want every"},
		"second document":   {"officers: [O1, O2]", "officers: [O1, O2]\n---\na: 1\n", "more than one YAML document"},
		"list in live":      {"environment: test", "environment: live", "officers: refused in environment live"},
		"list and people":   {"file: \"\"                              #", "file: keys/people.yaml #", "drop the list"},
		"desk half TLS":     {"tls: {cert: \"\", key: \"\"}\n  partner", "tls: {cert: a, key: \"\"}\n  partner", "listen.desk.tls: cert and key"},
		"raw":               {"raw: dead_only", "raw: some", "clickhouse.raw"},
	} {
		t.Run(name, func(t *testing.T) {
			text := example(t)
			if !strings.Contains(text, change.from) {
				t.Fatalf("the example lacks %q", change.from)
			}
			text = strings.Replace(text, change.from, change.to, 1)
			if name == "live on embedded" {
				text = strings.Replace(text, "kafka: {enabled: false", "kafka: {enabled: true", 1)
			}
			path := filepath.Join(t.TempDir(), "haltwire.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path)
			if err == nil || !strings.Contains(err.Error(), change.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("error = %v, want one that names the file and has %q", err, change.want)
			}
		})
	}
}

// TestPeopleInsteadOfAList reads the forms in which people have logins.
func TestPeopleInsteadOfAList(t *testing.T) {
	for name, c := range map[string]struct {
		lines string
		want  string // "" = valid
	}{
		"users file":            {"people: {file: keys/people.yaml}\nenvironment: live", ""},
		"provider":              {"people: {oidc: {issuer: https://id.example, client_id: a, redirect_url: https://desk.example/auth/oidc/callback, role_claim: groups, roles: {a: head}}}", ""},
		"beyond loopback":       {"people: {file: p.yaml}\nlisten: {desk: {address: 0.0.0.0:8080, tls: {cert: c.pem, key: k.pem}}}", ""},
		"beyond without TLS":    {"people: {file: p.yaml}\nlisten: {desk: {address: 0.0.0.0:8080}}", "not a loopback address"},
		"beyond without people": {"officers: [O1, O2]\nlisten: {desk: {address: 0.0.0.0:8080, token_file: t, tls: {cert: c.pem, key: k.pem}}}", "not a loopback address"},
		"neither":               {"environment: test", "officers: name at least two"},
		"issuer without TLS":    {"people: {oidc: {issuer: http://id.example, client_id: a, redirect_url: https://d.example/x, role_claim: g, roles: {a: head}}}", "people.oidc.issuer"},
		"strange role":          {"people: {oidc: {issuer: https://id.example, client_id: a, redirect_url: https://d.example/x, role_claim: g, roles: {a: root}}}", "people.oidc.roles: a"},
		"no groups":             {"people: {oidc: {issuer: https://id.example, client_id: a, redirect_url: https://d.example/x}}", "role_claim"},
		"session for ever":      {"people: {file: p.yaml, session: {longest: 30d}}", "people.session"},
		"no lock-out":           {"people: {file: p.yaml, lockout: {after: 0}}", "people.lockout"},
		"origin with a path":    {"people: {file: p.yaml, origin: https://desk.example/a}", "people.origin"},
		"origin without TLS":    {"people: {file: p.yaml, origin: http://desk.example}", "people.origin"},
		"forwarded by nobody":   {"people: {file: p.yaml, forwarded: true}", "people.forwarded"},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := config.Parse([]byte(c.lines), "haltwire.yaml")
			if err != nil {
				t.Fatal(err)
			}
			said := fmt.Sprint(parsed.Validate()) // the rest of the file is missing, which is said too
			if c.want != "" && !strings.Contains(said, c.want) {
				t.Errorf("error = %s, want %q in it", said, c.want)
			}
			for _, word := range []string{"people", "officers:", "listen.desk"} {
				if c.want == "" && strings.Contains(said, word) {
					t.Errorf("error = %s", said)
				}
			}
			if f := parsed.People.File; f != "" && !filepath.IsAbs(f) {
				t.Errorf("the users file is at %q", f)
			}
		})
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "a", "b")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if path, ok := config.Find(deep); ok && strings.HasPrefix(path, root) {
		t.Fatalf("found %s where there is none", path)
	}
	want := filepath.Join(root, config.FileName)
	if err := os.WriteFile(want, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if path, ok := config.Find(deep); !ok || path != want {
		t.Errorf("Find = %q, %v", path, ok)
	}
	if _, err := config.Load(filepath.Join(root, "absent.yaml")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("absent file: %v", err)
	}
}

func TestFieldsBecomeColumns(t *testing.T) {
	c, err := config.Parse([]byte("fields: [{name: branch.city, type: symbol, path: extra.city}]"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Schema()
	if err != nil {
		t.Fatal(err)
	}
	i, ok := s.Index("branch.city")
	if !ok || s.Columns[i].Type != event.Symbol || s.Columns[i].Path != "extra.city" {
		t.Errorf("column %+v, %v", s.Columns[i], ok)
	}
}
