package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

// TestPeopleAtTheDesk runs a haltwire whose people have logins, over TLS: the
// development form's token opens nothing, and what one may do is what the role and
// the token say.
func TestPeopleAtTheDesk(t *testing.T) {
	w := newWorld(t, map[string]string{"listed": listed})
	text := strings.Replace(worldConfig, "officers: [O1, O2]", "people: {file: keys/people.yaml}", 1)
	w.write("haltwire.yaml", strings.Replace(text, `token_file: keys/desk.token}`, `tls: {cert: keys/desk.pem, key: keys/desk.key}}`, 1))
	pool := w.certify()
	bearers := w.employ(map[string]caselog.Role{"O1": caselog.RoleOfficer, "A1": caselog.RoleAuditor, "X1": caselog.RoleAdmin})
	w.begin()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, Timeout: 20 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	old, err := os.ReadFile(w.path("keys", "desk.token"))
	if err != nil {
		t.Fatal(err)
	}
	bearers["old"] = strings.TrimSpace(string(old))
	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"", "GET", "/readyz", "", 200},
		{"", "GET", "/api/v1/alerts", "", 401},
		{"old", "GET", "/api/v1/alerts", "", 401},
		{"O1", "GET", "/api/v1/alerts", "", 200},
		{"A1", "GET", "/api/v1/alerts", "", 200},
		{"X1", "GET", "/api/v1/alerts", "", 403},
		{"machine", "GET", "/api/v1/alerts", "", 200},
		{"O1", "POST", "/api/v1/alerts/AAAA/approve", "{}", 404},
		{"O1", "POST", "/api/v1/alerts/AAAA/approve", `{"as":"A1"}`, 403},
		{"A1", "POST", "/api/v1/alerts/AAAA/approve", "{}", 403},
		{"machine", "POST", "/api/v1/alerts/AAAA/approve", "{}", 403},
		{"O1", "POST", "/-/reload", "", 403},
		{"X1", "POST", "/-/reload", "", 200},
		{"O1", "GET", "/api/v1/session", "", 200},
		{"", "POST", "/api/v1/login", `{"id":"O1","password":"a","code":"1"}`, 401},
		{"", "GET", "/auth/oidc/start", "", 404},
	} {
		r, err := http.NewRequest(c.method, "https://"+w.app.DeskAddress()+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if c.who != "" {
			r.Header.Set("Authorization", "Bearer "+bearers[c.who])
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %s as %q: %d %s, want %d", c.method, c.path, c.who, resp.StatusCode, said, c.status)
		}
	}
	w.console(bearers["O1"])
	for who, bearer := range bearers {
		if strings.Contains(w.log.String(), bearer) {
			t.Errorf("the log has the token of %s", who)
		}
	}
}

// console asks as the command line does: the desk must show its own certificate.
func (w *world) console(bearer string) {
	w.t.Helper()
	own, err := os.ReadFile(w.path("keys", "desk.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.certify() // another one
	other, err := os.ReadFile(w.path("keys", "desk.pem"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range []struct {
		chain []byte
		ok    bool
	}{{own, true}, {other, false}} {
		client, err := api.NewTLSClient(w.app.DeskAddress(), conn.Secret(bearer), c.chain)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err = client.List(w.t.Context(), desk.Filter{}); (err == nil) != c.ok {
			w.t.Errorf("list with the right certificate %t: %v", c.ok, err)
		}
		client.Close()
	}
	if _, err := api.NewTLSClient(w.app.DeskAddress(), conn.Secret(bearer), []byte("no PEM")); err == nil {
		w.t.Error("a client without a certificate")
	}
}

// employ writes a users file with a token for each person and one for a machine.
func (w *world) employ(roles map[string]caselog.Role) (bearers map[string]string) {
	w.t.Helper()
	bearers = map[string]string{}
	err := register.Update(w.path("keys", "people.yaml"), func(f *register.File) error {
		add := func(name, person string, scopes ...string) {
			bearer, hash := register.NewToken()
			bearers[name] = bearer
			f.Tokens = append(f.Tokens, register.Token{Name: name, Person: person, Machine: person == "", Scopes: scopes, SHA256: hash, Expires: time.Now().Add(time.Hour)})
		}
		for id, role := range roles {
			f.People = append(f.People, register.Person{ID: id, Name: id, Roles: []caselog.Role{role}})
			add(id, id, "read", "act", "reload")
		}
		add("machine", "", "read")
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return bearers
}

// certify writes a certificate of 127.0.0.1 for the desk.
func (w *world) certify() *x509.CertPool {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	w.write("keys/desk.pem", string(cert))
	w.write("keys/desk.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}
