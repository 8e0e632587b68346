package people_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "correct horse battery"

// clock is the time of a world.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// world is a desk with people: O1 and O2 officers, H1 head, A1 auditor, X1 admin.
type world struct {
	t       *testing.T
	clock   *clock
	file    string
	root    *caselog.Root
	config  people.Config
	secrets map[string]string // of one-time codes
	log     *bytes.Buffer
	people  *people.People
	server  *httptest.Server
}

func newWorld(t *testing.T, change func(*people.Config)) *world {
	t.Helper()
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, clock: &clock{at: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)}, file: filepath.Join(t.TempDir(), "people.yaml"), root: root,
		secrets: map[string]string{}, log: &bytes.Buffer{}, config: people.Defaults(),
	}
	w.config.File = w.file
	w.enrol()
	if change != nil {
		change(&w.config)
	}
	w.start()
	w.clock.pass(register.Step) // no code of the step of the start is taken
	return w
}

func (w *world) enrol() {
	vault, err := register.NewVault(w.root)
	if err != nil {
		w.t.Fatal(err)
	}
	hash := register.Hash(password, register.Cost{Memory: 19 << 10, Passes: 1, Threads: 1})
	w.change(func(f *register.File) {
		for id, role := range map[string]caselog.Role{"O1": caselog.RoleOfficer, "O2": caselog.RoleOfficer, "H1": caselog.RoleHead, "A1": caselog.RoleAuditor, "X1": caselog.RoleAdmin} {
			sealed, uri := vault.Enrol(id, "haltwire")
			u, _ := url.Parse(uri)
			w.secrets[id] = u.Query().Get("secret")
			f.People = append(f.People, register.Person{ID: id, Name: "Duty " + id, Roles: []caselog.Role{role}, Password: hash, TOTP: sealed})
		}
		f.People = append(f.People, register.Person{ID: "N1", Name: "New", Roles: []caselog.Role{caselog.RoleOfficer}, Password: hash})
	})
}

func (w *world) change(do func(*register.File)) {
	w.t.Helper()
	if err := register.Update(w.file, func(f *register.File) error { do(f); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

// start starts the process; a second time it is another process.
func (w *world) start() {
	w.t.Helper()
	p, err := people.New(people.Options{Config: w.config, Root: w.root, Now: w.clock.now, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.people = p
	if w.server == nil {
		w.server = httptest.NewServer(http.HandlerFunc(w.serve))
		w.t.Cleanup(w.server.Close)
		w.t.Cleanup(http.DefaultClient.CloseIdleConnections)
	}
}

// serve is the desk's API: /x tells who asks.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/x" {
		w.people.Handler().ServeHTTP(rw, r)
		return
	}
	i, err := w.people.Identify(r)
	if err != nil {
		status, code := people.Status(err)
		http.Error(rw, code, status)
		return
	}
	_, _ = fmt.Fprintf(rw, "%s %s", i.Person.ID, i.How)
}

// reply is an answer that was read.
type reply struct {
	status int
	body   string
	header http.Header
	cookie *http.Cookie // set by it; nil = none
}

// ask sends a request; with holds headers and "Cookie".
func (w *world) ask(method, path, body string, with map[string]string) reply {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range with {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := reply{resp.StatusCode, string(text), resp.Header, nil}
	if all := resp.Cookies(); len(all) > 0 {
		out.cookie = all[len(all)-1]
	}
	return out
}

// code is the code that a person's app shows now.
func (w *world) code(id string) string {
	w.t.Helper()
	code, err := register.Code(w.secrets[id], register.StepOf(w.clock.now()))
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func body(id, password, code string) string {
	text, err := json.Marshal(map[string]string{"id": id, "password": password, "code": code})
	if err != nil {
		panic(err) // invariant: texts are JSON
	}
	return string(text)
}

// browser is somebody who logged in.
type browser struct {
	w      *world
	cookie string
	csrf   string
}

func (w *world) login(id string) browser {
	w.t.Helper()
	w.clock.pass(register.Step)
	got := w.ask("POST", "/api/v1/login", body(id, password, w.code(id)), nil)
	if got.status != http.StatusOK || got.cookie == nil {
		w.t.Fatalf("login of %s: %d %s", id, got.status, got.body)
	}
	return w.browser(got)
}

func (w *world) browser(got reply) browser {
	w.t.Helper()
	var view struct {
		CSRF string `json:"csrf"`
	}
	b := browser{w: w, cookie: got.cookie.Name + "=" + got.cookie.Value}
	if err := json.Unmarshal([]byte(b.get("/api/v1/session").body), &view); err != nil || view.CSRF == "" {
		w.t.Fatalf("session: %v", err)
	}
	b.csrf = view.CSRF
	return b
}

func (b browser) get(path string) reply {
	b.w.t.Helper()
	return b.w.ask("GET", path, "", map[string]string{"Cookie": b.cookie})
}

func (b browser) post(path string, with map[string]string) reply {
	b.w.t.Helper()
	all := map[string]string{"Cookie": b.cookie, people.CSRFHeader: b.csrf}
	for name, value := range with {
		all[name] = value
	}
	return b.w.ask("POST", path, "{}", all)
}

func (b browser) want(t *testing.T, when string, status int) {
	t.Helper()
	if got := b.get("/x"); got.status != status {
		t.Errorf("%s: %d %s, want %d", when, got.status, got.body, status)
	}
}
