package people_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

func TestLoginAndLogout(t *testing.T) {
	w := newWorld(t, nil)
	got := w.ask("POST", "/api/v1/login", body("o1", password, w.code("O1")), nil)
	if got.status != 200 || !strings.Contains(got.body, `"id":"O1"`) || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	b := w.browser(got)
	if x := b.get("/x"); x.body != "O1 session" {
		t.Errorf("who: %d %s", x.status, x.body)
	}
	if x := b.post("/x", nil); x.body != "O1 session" {
		t.Errorf("who, by POST: %d %s", x.status, x.body)
	}
	out := b.post("/api/v1/logout", nil)
	if out.status != 204 || out.cookie == nil || out.cookie.MaxAge >= 0 || out.cookie.Value != "" {
		t.Errorf("logout: %d, cookie %v", out.status, out.cookie)
	}
	b.want(t, "after logout", 401)
	if role, ok := w.people.Role("O1"); role != caselog.RoleOfficer || !ok {
		t.Errorf("role %q, %v", role, ok)
	}
	if _, ok := w.people.Role("Z9"); ok {
		t.Error("somebody unknown has a role")
	}
}

// TestRefusalsAreAlike holds that an answer tells nothing about what was wrong.
func TestRefusalsAreAlike(t *testing.T) {
	w := newWorld(t, func(c *people.Config) { c.Lockout.After = 50 })
	w.change(func(f *register.File) { f.Person("O2").Locked = true })
	w.login("H1")
	var hashes []string
	w.people.CountVerify(func(encoded string) { hashes = append(hashes, strings.Join(strings.Split(encoded, "$")[:4], "$")) })
	right := w.code("O1")
	var first reply
	for n, c := range []struct{ what, body string }{
		{"password", body("O1", "wrong horse battery", right)},
		{"code", body("O1", password, "000000")},
		{"no code", body("O1", password, "")},
		{"unknown", body("Z9", password, right)},
		{"unknown, empty", body("", "", "")},
		{"long password", body("O1", strings.Repeat("x", 2000), right)},
		{"locked", body("O2", password, w.code("O2"))},
		{"not enrolled", body("N1", password, right)},
		{"code of another", body("O1", password, w.code("O2"))},
		{"code used before", body("H1", password, w.code("H1"))},
		{"lines in the id", body("O1\nlevel=INFO msg=login person=H1", password, right)},
	} {
		got := w.ask("POST", "/api/v1/login", c.body, nil)
		if n == 0 {
			first = got
		}
		if got.status != 401 || got.body != first.body || got.cookie != nil || len(got.header) != len(first.header) {
			t.Errorf("%s: %d %s %v", c.what, got.status, got.body, got.cookie)
		}
		if len(hashes) != n+1 {
			t.Fatalf("%s: %d passwords tried by %d logins: the time tells who exists", c.what, len(hashes), n+1)
		}
	}
	if hashes = slices.Compact(hashes); len(hashes) != 1 {
		t.Errorf("tries cost differently: %v", hashes)
	}
	if got := w.ask("POST", "/api/v1/login", body("O1", password, right), nil); got.status != 200 {
		t.Errorf("then the right ones: %d %s", got.status, got.body)
	}
	if got := w.ask("POST", "/api/v1/login", body("O1", password, right), nil); got.status != 401 {
		t.Errorf("the same code again: %d", got.status)
	}
}

func TestCodesOfAProcessBeforeAreNotTaken(t *testing.T) {
	w := newWorld(t, nil)
	code := body("O1", password, w.code("O1"))
	if got := w.ask("POST", "/api/v1/login", code, nil); got.status != 200 {
		t.Fatalf("%d", got.status)
	}
	w.start()
	if got := w.ask("POST", "/api/v1/login", code, nil); got.status != 401 {
		t.Errorf("a code is used twice over a restart: %d", got.status)
	}
	w.login("O1")
}

func TestCookieFlags(t *testing.T) {
	plain := newWorld(t, nil)
	behind := newWorld(t, func(c *people.Config) { c.Origin = "https://desk.example" })
	own := newWorld(t, nil)
	own.server.Close()
	own.server = httptest.NewTLSServer(http.HandlerFunc(own.serve))
	t.Cleanup(own.server.Close)
	client := own.server.Client()
	r, err := http.NewRequest("POST", own.server.URL+"/api/v1/login", strings.NewReader(body("O1", password, own.code("O1"))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Host = "desk.example" // over TLS the certificate says who we are
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	client.CloseIdleConnections()
	for what, c := range map[string]struct {
		cookie *http.Cookie
		name   string
		secure bool
	}{
		"loopback": {plain.ask("POST", "/api/v1/login", body("O1", password, plain.code("O1")), nil).cookie, "haltwire", false},
		"proxy":    {behind.ask("POST", "/api/v1/login", body("O1", password, behind.code("O1")), map[string]string{"Host": "desk.example", "Origin": "https://desk.example"}).cookie, "__Host-haltwire", true},
		"TLS":      {resp.Cookies()[0], "__Host-haltwire", true},
	} {
		k := c.cookie
		if k == nil || k.Name != c.name || k.Secure != c.secure || !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.Path != "/" || k.Domain != "" || len(k.Value) != 43 {
			t.Errorf("%s: %+v", what, k)
		}
	}
}

func TestBodies(t *testing.T) {
	w := newWorld(t, nil)
	good := body("O1", password, w.code("O1"))
	for what, c := range map[string]struct {
		body, media string
		status      int
	}{
		"form":         {"id=O1&password=x&code=1", "application/x-www-form-urlencoded", 415},
		"text":         {good, "text/plain", 415},
		"no JSON":      {"{", "application/json", 400},
		"more members": {`{"id":"O1","password":"x","code":"1","role":"head"}`, "application/json", 400},
		"more after":   {good + good, "application/json", 400},
		"large":        {`{"id":"` + strings.Repeat("x", 5000) + `"}`, "application/json", 413},
		"array":        {"[]", "application/json", 400},
	} {
		if got := w.ask("POST", "/api/v1/login", c.body, map[string]string{"Content-Type": c.media}); got.status != c.status {
			t.Errorf("%s: %d %s, want %d", what, got.status, got.body, c.status)
		}
	}
	if got := w.ask("GET", "/api/v1/login", "", nil); got.status != 405 {
		t.Errorf("GET: %d", got.status)
	}
	if got := w.ask("GET", "/auth/oidc/start", "", nil); got.status != 404 {
		t.Errorf("no provider: %d", got.status)
	}
}

func TestAccountsLock(t *testing.T) {
	w := newWorld(t, nil)
	wrong := func(id string) reply {
		return w.ask("POST", "/api/v1/login", body(id, "wrong horse battery", "000000"), nil)
	}
	right := func() reply { return w.ask("POST", "/api/v1/login", body("O1", password, w.code("O1")), nil) }
	wait := 15 * time.Minute
	for round := range 3 {
		for n := range 5 {
			id := []string{"O1", "o1"}[n%2] // one account
			if got := wrong(id); got.status != 401 {
				t.Fatalf("round %d, try %d: %d %s", round, n, got.status, got.body)
			}
		}
		locked, unknown := right(), reply{}
		if locked.status != 429 || locked.header.Get("Retry-After") != fmt.Sprint(int(wait.Seconds())) {
			t.Fatalf("round %d: %d, Retry-After %s, want %v", round, locked.status, locked.header.Get("Retry-After"), wait)
		}
		name := fmt.Sprint("nobody", round)
		for range 6 {
			unknown = wrong(name)
		}
		if unknown.status != 429 || unknown.body != locked.body {
			t.Errorf("who does not exist is not locked like who does: %d %s", unknown.status, unknown.body)
		}
		if round == 0 {
			w.login("O2") // others work
		}
		w.clock.pass(wait)
		wait *= 2
	}
	if got := right(); got.status != 200 {
		t.Errorf("after the lock: %d", got.status)
	}
	for range 4 {
		wrong("O1")
	}
	w.login("O1") // four failures after a success lock nobody
}

func TestAddressesLock(t *testing.T) {
	w := newWorld(t, func(c *people.Config) { c.Origin, c.Forwarded = "https://desk.example", true })
	from := func(id, hops string) int {
		return w.ask("POST", "/api/v1/login", body(id, "spring 2026 spring", "000000"), map[string]string{"X-Forwarded-For": hops}).status
	}
	for n := range 50 { // one password, many accounts, a lie about the address
		if got := from(fmt.Sprint("S", n), fmt.Sprintf("10.0.0.%d, 192.0.2.7", n)); got != 401 {
			t.Fatalf("try %d: %d", n, got)
		}
	}
	for hops, want := range map[string]int{"192.0.2.7": 429, "10.0.0.1,192.0.2.7": 429, "::ffff:192.0.2.7": 429, "192.0.2.8": 401} {
		if got := from("S99", hops); got != want {
			t.Errorf("from %s: %d, want %d", hops, got, want)
		}
	}
	for n := range 50 {
		from(fmt.Sprint("T", n), fmt.Sprintf("2001:db8::%x", n))
	}
	if got := from("T99", "2001:db8::ffff"); got != 429 {
		t.Errorf("another address of the same /64: %d", got)
	}
	if got := from("T99", "2001:db8:0:1::1"); got != 401 {
		t.Errorf("another network: %d", got)
	}
}

// TestManyPeopleOfOneAddress logs in more often than an address may fail.
func TestManyPeopleOfOneAddress(t *testing.T) {
	w := newWorld(t, func(c *people.Config) { c.Lockout.After = 1 })
	for range 12 {
		w.login("O1")
	}
}

func TestGuessesSideBySide(t *testing.T) {
	w := newWorld(t, nil)
	counts := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			got := w.ask("POST", "/api/v1/login", body("O1", fmt.Sprint("wrong horse battery", n), "000000"), nil)
			mu.Lock()
			defer mu.Unlock()
			counts[got.status]++
		})
	}
	all.Wait()
	if counts[401] != 5 || counts[429] != 15 {
		t.Errorf("answers %v: want 5 tries and 15 refusals", counts)
	}
}

// TestFullHouse logs in while all places are taken: who cannot wait is told so, and
// it counts as no failure.
func TestFullHouse(t *testing.T) {
	w := newWorld(t, nil)
	release := w.people.Occupy()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 10 {
		r := httptest.NewRequestWithContext(gone, "POST", "http://localhost/api/v1/login", strings.NewReader(body("O1", password, w.code("O1"))))
		r.Header.Set("Content-Type", "application/json")
		got := httptest.NewRecorder()
		w.people.Handler().ServeHTTP(got, r)
		if got.Code != 503 || got.Header().Get("Retry-After") == "" {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
	}
	release()
	w.login("O1")
}

// TestLogTellsNoSecret reads the whole log of logins of all kinds.
func TestLogTellsNoSecret(t *testing.T) {
	w := newWorld(t, nil)
	b := w.login("O1")
	b.post("/api/v1/logout", nil)
	w.clock.pass(register.Step)
	code := w.code("O1")
	for _, id := range []string{"O1", "my-password-in-the-wrong-field", "x\nlevel=ERROR msg=forged", "\x1b[2J", "O1\" person=\"H1"} {
		w.ask("POST", "/api/v1/login", body(id, "wrong horse battery", code), nil)
	}
	text := w.log.String()
	for _, secret := range []string{password, "wrong horse", code, "my-password", "forged", "\x1b", "H1", b.csrf, strings.SplitN(b.cookie, "=", 2)[1], w.secrets["O1"]} {
		if strings.Contains(text, secret) {
			t.Errorf("the log has %q:\n%s", secret, text)
		}
	}
	if strings.Count(text, "\n") != strings.Count(text, "time=") || strings.Count(text, "login refused") != 5 {
		t.Errorf("the log:\n%s", text)
	}
}
