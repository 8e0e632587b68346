package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

const aPassword = "correct horse battery"

// office is a folder with a config that names a users file.
type office struct {
	t   *testing.T
	dir string
}

func newOffice(t *testing.T) office {
	t.Helper()
	o := office{t, t.TempDir()}
	text := "party: {id: IN-FIU}\nkeys: {log: keys/log.jwk}\npeople: {file: keys/people.yaml}\n"
	if err := os.WriteFile(filepath.Join(o.dir, "haltwire.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.NewLogKey(filepath.Join(o.dir, "keys", "log.jwk")); err != nil {
		t.Fatal(err)
	}
	return o
}

// people runs `haltwire people` and returns what it says and its exit code.
func (o office) people(in string, args ...string) (out string, code int) {
	o.t.Helper()
	root := rootCmd()
	var said bytes.Buffer
	root.SetOut(&said)
	root.SetErr(&bytes.Buffer{})
	root.SetIn(strings.NewReader(in))
	root.SetArgs(append([]string{"people", "-c", filepath.Join(o.dir, "haltwire.yaml")}, args...))
	err := root.ExecuteContext(o.t.Context())
	var e *exitError
	switch {
	case err == nil:
		return said.String(), 0
	case errors.As(err, &e):
		return said.String() + err.Error(), e.code
	}
	return err.Error(), 2
}

// TestPeople makes a person and logs in with what the command showed.
func TestPeople(t *testing.T) {
	o := newOffice(t)
	uri, code := o.people(aPassword+"\n", "add", "O1", "--name", "Duty officer", "--role", "officer", "--password-stdin")
	if code != 0 {
		t.Fatalf("%d %s", code, uri)
	}
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil || u.Query().Get("issuer") != "haltwire IN-FIU" {
		t.Fatalf("%s: %v", uri, err)
	}
	if got := o.login("O1", aPassword, u.Query().Get("secret")); got != 200 {
		t.Errorf("login: %d", got)
	}
	for _, args := range [][]string{{"passwd", "O1", "--password-stdin"}, {"lock", "O1"}, {"lock", "O1", "--off"}} {
		if said, code := o.people("another horse battery", args...); code != 0 {
			t.Fatalf("%v: %d %s", args, code, said)
		}
		if args[0] == "lock" && len(args) == 2 {
			if list, _ := o.people("", "list"); !strings.Contains(list, "O1  Duty officer  officer  locked") {
				t.Errorf("%s", list)
			}
		}
	}
	if got := o.login("O1", aPassword, u.Query().Get("secret")); got != 401 {
		t.Errorf("login with the old password: %d", got)
	}
	other, code := o.people("", "totp", "O1")
	if code != 0 || other == uri {
		t.Fatalf("%d %s", code, other)
	}
	if u, err = url.Parse(strings.TrimSpace(other)); err != nil {
		t.Fatal(err)
	}
	if got := o.login("O1", "another horse battery", u.Query().Get("secret")); got != 200 {
		t.Errorf("login with what is new: %d", got)
	}
	list, _ := o.people("", "list")
	if !strings.Contains(list, "O1  Duty officer  officer  password and code") || strings.Contains(list, "argon2") || strings.Contains(list, "GCM") {
		t.Errorf("%s", list)
	}
	info, err := os.Stat(filepath.Join(o.dir, "keys", "people.yaml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// desk starts the people of the office at a time.
func (o office) desk(now func() time.Time) *people.People {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, "keys", "log.jwk"))
	if err != nil {
		o.t.Fatal(err)
	}
	root, err := caselog.ParseRoot(text)
	if err != nil {
		o.t.Fatal(err)
	}
	c := people.Defaults()
	c.File = filepath.Join(o.dir, "keys", "people.yaml")
	p, err := people.New(people.Options{Config: c, Root: root, Now: now})
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func (o office) login(id, password, secret string) int {
	o.t.Helper()
	at := time.Now()
	p := o.desk(func() time.Time { return at })
	at = at.Add(register.Step)
	code, err := register.Code(secret, register.StepOf(at))
	if err != nil {
		o.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://localhost/api/v1/login", strings.NewReader(`{"id":"`+id+`","password":"`+password+`","code":"`+code+`"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	return w.Code
}

func TestPeopleToken(t *testing.T) {
	o := newOffice(t)
	if said, code := o.people(aPassword, "add", "O1", "--name", "Duty officer", "--password-stdin"); code != 0 {
		t.Fatalf("%d %s", code, said)
	}
	who := func(bearer string, later time.Duration) (people.Identity, error) {
		r := httptest.NewRequest("POST", "http://localhost/", nil)
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(bearer))
		return o.desk(func() time.Time { return time.Now().Add(later) }).Identify(r)
	}
	bearer, code := o.people("", "token", "console-o1", "--person", "O1", "--scope", "read,act", "--for", "1d")
	if i, err := who(bearer, 0); code != 0 || err != nil || i.Person.ID != "O1" || !i.May(people.ScopeAct) {
		t.Errorf("%d, %+v, %v", code, i, err)
	}
	if _, err := who(bearer, 25*time.Hour); !errors.Is(err, people.ErrExpired) {
		t.Errorf("a day later: %v", err)
	}
	file := filepath.Join(o.dir, "probe.token")
	if said, code := o.people("", "token", "probe", "--machine", "--out", file); code != 0 || said != "" {
		t.Errorf("%d %s", code, said)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := who(string(text), 0); err != nil || !i.Machine || i.May(people.ScopeAct) || !i.May(people.ScopeRead) {
		t.Errorf("%+v, %v", i, err)
	}
	if said, code := o.people("", "token", "probe", "--revoke"); code != 0 {
		t.Errorf("%d %s", code, said)
	}
	if _, err := who(string(text), 0); !errors.Is(err, people.ErrAnonymous) {
		t.Errorf("after it was taken back: %v", err)
	}
	if list, _ := o.people("", "list"); !strings.Contains(list, "console-o1  O1  read, act") || strings.Contains(list, "probe") || strings.Contains(list, "hwt_") {
		t.Errorf("%s", list)
	}
}

func TestPeopleRefuses(t *testing.T) {
	o := newOffice(t)
	if said, code := o.people(aPassword, "add", "O1", "--name", "Duty officer", "--password-stdin"); code != 0 {
		t.Fatalf("%d %s", code, said)
	}
	taken := filepath.Join(o.dir, "haltwire.yaml")
	for _, c := range []struct {
		in   string
		args []string
		code int
		want string
	}{
		{aPassword, []string{"add", "o1", "--name", "A", "--password-stdin"}, 1, "stands twice"},
		{aPassword, []string{"add", "../x", "--name", "A", "--password-stdin"}, 1, "id: want"},
		{aPassword, []string{"add", "O2", "--name", "a\x1b[2J", "--password-stdin"}, 1, "cannot be printed"},
		{aPassword, []string{"add", "O2", "--name", "A", "--role", "root", "--password-stdin"}, 1, "root"},
		{"short", []string{"add", "O2", "--name", "A", "--password-stdin"}, 1, "fewer than 12"},
		{"", []string{"add", "O2", "--name", "A", "--password-stdin"}, 2, "read password"},
		{aPassword, []string{"add", "O2", "--name", "A"}, 2, "no terminal"},
		{aPassword, []string{"passwd", "O9", "--password-stdin"}, 1, "nobody has the id"},
		{"", []string{"totp", "O9"}, 1, "nobody has the id"},
		{"", []string{"lock", "O9"}, 1, "nobody has the id"},
		{"", []string{"token", "a", "--person", "O9"}, 1, "nobody is called"},
		{"", []string{"token", "a"}, 1, "either person or machine"},
		{"", []string{"token", "a", "--machine", "--scope", "act"}, 1, "decides nothing"},
		{"", []string{"token", "a", "--machine", "--for", "10y"}, 1, "--for"},
		{"", []string{"token", "a", "--machine", "--for", "400d"}, 1, "--for"},
		{"", []string{"token", "a", "--machine", "--out", taken}, 2, "exists"},
		{"", []string{"token", "a", "--revoke"}, 1, "no token"},
	} {
		if said, code := o.people(c.in, c.args...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%v: %d %s, want %d %q", c.args, code, said, c.code, c.want)
		}
	}
	out := filepath.Join(o.dir, "left.token")
	o.people("", "token", "a", "--person", "O9", "--out", out)
	if _, err := os.Stat(out); err == nil {
		t.Error("a token that was refused is left in its file")
	}
	if err := os.WriteFile(taken, []byte("party: {id: A}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, code := o.people("", "list"); code != 2 || !strings.Contains(said, "people.file") {
		t.Errorf("no users file in the config: %d %s", code, said)
	}
}
