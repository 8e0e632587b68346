package conn_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/conn"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	secret := conn.Secret("hunter2")
	asJSON, err := json.Marshal(map[string]any{"s": secret})
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(map[string]any{"s": secret})
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "s", secret)
	all := fmt.Sprintf("%s %v %q %x %#v %+v %s %s", secret, secret, secret, secret, secret,
		struct{ S conn.Secret }{secret}, asJSON, asYAML) + logged.String()
	if strings.Contains(all, "hunter2") || strings.Contains(all, "68756e74") {
		t.Fatalf("secret leaked: %s", all)
	}
	if secret.Reveal() != "hunter2" {
		t.Fatal("Reveal changed the secret")
	}
}

func TestReadSecret(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "p", "s3cret \r\n")
	secret, err := conn.ReadSecret(path)
	if err != nil || secret.Reveal() != "s3cret " {
		t.Fatalf("got %q, %v", secret.Reveal(), err)
	}
	for _, bad := range []string{"", filepath.Join(dir, "absent"), write(t, dir, "e", "\n")} {
		if _, err := conn.ReadSecret(bad); err == nil {
			t.Errorf("ReadSecret(%q) gave no error", bad)
		}
	}
}

func TestConfigFromYAML(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pw", "s3cret\n")
	text := `
brokers: [127.0.0.1:9092]
tls: {enabled: false}
sasl: {mechanism: scram-sha-512, user: u, password_file: pw}
`
	var config conn.Config
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&config); err != nil {
		t.Fatal(err)
	}
	s, err := config.Under(dir).Sarama()
	if err != nil {
		t.Fatal(err)
	}
	if s.Net.SASL.Mechanism != sarama.SASLTypeSCRAMSHA512 || s.Net.SASL.Password != "s3cret" {
		t.Errorf("sasl = %+v", s.Net.SASL.Mechanism)
	}
	conn.Idempotent(s)
	if err := s.Validate(); err != nil {
		t.Errorf("sarama refuses the settings: %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	brokers := []string{"127.0.0.1:1"}
	cases := map[string]struct {
		config conn.Config
		want   string
	}{
		"no broker":         {conn.Config{}, "kafka.brokers"},
		"no port":           {conn.Config{Brokers: []string{"a"}}, "host:port"},
		"unknown mechanism": {conn.Config{Brokers: brokers, SASL: conn.SASL{Mechanism: "gssapi"}}, "scram-sha-256"},
		"no user":           {conn.Config{Brokers: brokers, SASL: conn.SASL{Mechanism: "plain"}}, "password_file"},
		"user without mechanism": {
			conn.Config{Brokers: brokers, SASL: conn.SASL{User: "u"}}, "without a mechanism"},
		"absent password": {conn.Config{Brokers: brokers,
			SASL: conn.SASL{Mechanism: "plain", User: "u", PasswordFile: "absent"}}, "absent"},
		"cert alone": {conn.Config{Brokers: brokers, TLS: conn.TLS{Enabled: true, Cert: "c"}}, "belong together"},
		"ca unused":  {conn.Config{Brokers: brokers, TLS: conn.TLS{CA: "c"}}, "enabled: true"},
		"ca absent":  {conn.Config{Brokers: brokers, TLS: conn.TLS{Enabled: true, CA: "absent"}}, "absent"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := c.config.Under(t.TempDir()).Sarama()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestTLSRefusesWhatIsNoCertificate(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "ca.pem", "nonsense")
	if _, err := (conn.TLS{Enabled: true, CA: path}).Client(); err == nil {
		t.Error("a file without certificates is accepted as ca")
	}
	if _, err := (conn.TLS{Enabled: true, Cert: path, Key: path}).Client(); err == nil {
		t.Error("a file without certificates is accepted as cert")
	}
	config, err := conn.TLS{}.Client()
	if config != nil || err != nil {
		t.Errorf("disabled: got %v, %v", config, err)
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
