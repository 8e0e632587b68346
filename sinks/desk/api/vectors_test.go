//go:build vectors

package api_test

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

// head is one person with a token for everything.
type head struct{}

func (head) Identify(r *http.Request) (people.Identity, error) {
	if r.Header.Get("Authorization") != "Bearer secret" {
		return people.Identity{}, people.ErrAnonymous
	}
	return people.Identity{
		Person: people.Person{ID: "O1", Name: "Officer one", Roles: []caselog.Role{caselog.RoleHead, caselog.RoleAdmin}}, How: people.HowToken,
		Scopes: []people.Scope{people.ScopeRead, people.ScopeAct},
	}, nil
}

// TestVectorSchemathesis lets schemathesis ask a running desk whatever the document
// allows and forbids, logins too: it must find nothing. The stream, which does not end, has tests
// of its own.
func TestVectorSchemathesis(t *testing.T) {
	python := os.Getenv("HALTWIRE_PYTHON")
	tool := filepath.Join(filepath.Dir(python), "schemathesis")
	if _, err := os.Stat(tool); python == "" || err != nil {
		t.Fatal("set HALTWIRE_PYTHON to a Python with schemathesis (make vectors does)")
	}
	people := newStaff(t)
	r := newReal(t, people.into, func(o *api.Options) { o.Guard = head{} })
	for i := range 3 {
		r.pay(t, fmt.Sprintf("TX-%d", i), fmt.Sprintf("GB52HWBA0000000000010%d", i))
	}
	eventually(t, "three alerts", func() bool { return len(r.desk.List(desk.Filter{})) == 3 })
	dir := t.TempDir()
	config, err := os.ReadFile("testdata/schemathesis.toml")
	must(t, err)
	text := strings.ReplaceAll(string(config), "ALERT", r.desk.List(desk.Filter{})[0].ID)
	must(t, os.WriteFile(filepath.Join(dir, "schemathesis.toml"), []byte(text), 0o600))
	run := exec.CommandContext(t.Context(), tool, "--config-file", filepath.Join(dir, "schemathesis.toml"), "run", r.server.URL+"/api/v1/openapi.json",
		"--exclude-operation-id", "stream", "--max-examples", cmp.Or(os.Getenv("HALTWIRE_EXAMPLES"), "30"), "--generation-deterministic", "--no-color")
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), " passed") || strings.Contains(string(out), "❌") {
		t.Errorf("schemathesis says something new:\n%s", out)
	}
	t.Logf("%s", out[bytes.LastIndex(out, []byte("Test cases:")):])
}
