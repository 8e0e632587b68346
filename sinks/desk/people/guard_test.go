package people_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

// TestFixation plants a session and hopes that the victim logs in into it.
func TestFixation(t *testing.T) {
	w := newWorld(t, nil)
	attacker := w.login("O2")
	w.clock.pass(register.Step)
	for _, planted := range []string{"haltwire=" + strings.Repeat("A", 43), attacker.cookie} {
		w.clock.pass(register.Step)
		got := w.ask("POST", "/api/v1/login", body("O1", password, w.code("O1")), map[string]string{"Cookie": planted})
		if got.status != 200 || got.cookie.Name+"="+got.cookie.Value == planted {
			t.Fatalf("%d, cookie %v", got.status, got.cookie)
		}
		if x := w.ask("GET", "/x", "", map[string]string{"Cookie": planted}); x.status != 401 {
			t.Errorf("the planted session is %s", x.body)
		}
	}
	one := w.login("O1")
	if x := w.ask("GET", "/x", "", map[string]string{"Cookie": one.cookie + "; haltwire=planted"}); x.status != 401 {
		t.Errorf("two cookies: %d %s", x.status, x.body)
	}
	if again := w.login("O1"); again.cookie == one.cookie || again.csrf == one.csrf {
		t.Error("two logins have one session")
	}
	one.want(t, "another browser's login", 200)
}

func TestCSRF(t *testing.T) {
	w := newWorld(t, nil)
	b, other := w.login("O1"), w.login("O2")
	for what, c := range map[string]struct {
		with   map[string]string
		status int
	}{
		"own page":            {map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": w.server.URL}, 200},
		"no browser":          {nil, 200},
		"own page, older":     {map[string]string{"Origin": w.server.URL}, 200},
		"no token":            {map[string]string{people.CSRFHeader: ""}, 403},
		"wrong token":         {map[string]string{people.CSRFHeader: strings.Repeat("A", 43)}, 403},
		"token of another":    {map[string]string{people.CSRFHeader: other.csrf}, 403},
		"another site":        {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		"another of our site": {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"another site, older": {map[string]string{"Origin": "https://evil.example"}, 403},
		"sandbox":             {map[string]string{"Origin": "null"}, 403},
	} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			all := map[string]string{"Cookie": b.cookie, people.CSRFHeader: b.csrf}
			for name, value := range c.with {
				all[name] = value
			}
			if got := w.ask(method, "/x", "{}", all); got.status != c.status {
				t.Errorf("%s, %s: %d %s, want %d", what, method, got.status, got.body, c.status)
			}
		}
	}
	if got := b.post("/api/v1/logout", map[string]string{people.CSRFHeader: ""}); got.status != 403 {
		t.Errorf("logout without token: %d", got.status)
	}
	b.want(t, "after attempts to forge", 200)
	for what, with := range map[string]map[string]string{
		"another site": {"Sec-Fetch-Site": "cross-site"}, "another site, older": {"Origin": "https://evil.example"},
	} {
		if got := w.ask("POST", "/api/v1/login", body("O2", password, w.code("O2")), with); got.status != 403 {
			t.Errorf("login from %s: %d", what, got.status)
		}
	}
}

// TestRebinding asks a loopback address under another site's name.
func TestRebinding(t *testing.T) {
	w := newWorld(t, nil)
	b := w.login("O1")
	for host, ok := range map[string]bool{"evil.example": false, "localhost.evil.example": false, "127.0.0.1.evil.example:80": false, "": true, "localhost:8080": true, "[::1]:8080": true} {
		if got := w.ask("GET", "/x", "", map[string]string{"Cookie": b.cookie, "Host": host}); (got.status == 200) != ok {
			t.Errorf("as %q: %d", host, got.status)
		}
		w.clock.pass(register.Step)
		if got := w.ask("POST", "/api/v1/login", body("O2", password, w.code("O2")), map[string]string{"Host": host}); (got.status == 200) != ok {
			t.Errorf("login at %q: %d", host, got.status)
		}
	}
}

// TestRebindingBehindProxy asks past the proxy under another site's name.
func TestRebindingBehindProxy(t *testing.T) {
	w := newWorld(t, func(c *people.Config) { c.Origin = "https://desk.example" })
	for host, ok := range map[string]bool{"evil.example": false, "desk.example.evil.example": false, "desk.example:81": false, "desk.example": true, "": true} {
		w.clock.pass(register.Step)
		if got := w.ask("POST", "/api/v1/login", body("O1", password, w.code("O1")), map[string]string{"Host": host}); (got.status == 200) != ok {
			t.Errorf("login at %q: %d", host, got.status)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	w := newWorld(t, nil)
	locked, changed, gone, moved := w.login("O1"), w.login("O2"), w.login("A1"), w.login("H1")
	w.change(func(f *register.File) {
		f.Person("O1").Locked = true
		f.Person("O2").Password = register.Hash("another horse battery", register.Cost{Memory: 19 << 10, Passes: 1, Threads: 1})
		f.Person("A1").ID = "A2"
		f.Person("H1").Roles = []caselog.Role{caselog.RoleOfficer}
	})
	locked.want(t, "locked", 403)
	locked.want(t, "locked, again", 401) // the session is gone
	changed.want(t, "another password", 401)
	gone.want(t, "not in the file", 401)
	if got := moved.get("/api/v1/session"); got.status != 200 || !strings.Contains(got.body, `"roles":["officer"]`) {
		t.Errorf("another role: %d %s", got.status, got.body)
	}
	if _, ok := w.people.Role("O1"); ok {
		t.Error("who is locked may decide")
	}
	idle := w.login("X1")
	w.clock.pass(15 * time.Minute)
	idle.want(t, "idle", 401)
	used := w.login("X1")
	for range 6 * 12 {
		w.clock.pass(10 * time.Minute)
		used.get("/x")
	}
	used.want(t, "after 12 hours of use", 401)
	before := w.login("X1")
	w.start()
	before.want(t, "after a restart", 401)
}

func TestTokens(t *testing.T) {
	w := newWorld(t, nil)
	session := w.login("O2")
	bearers := map[string]string{}
	add := func(name, person string, scopes ...string) {
		bearer, hash := register.NewToken()
		bearers[name] = bearer
		w.change(func(f *register.File) {
			f.Tokens = append(f.Tokens, register.Token{Name: name, Person: person, Machine: person == "", Scopes: scopes, SHA256: hash, Expires: w.clock.now().Add(time.Hour)})
		})
	}
	add("console", "O1", "read", "act")
	add("looker", "O1", "read")
	add("admin", "X1", "reload", "act")
	add("machine", "", "read", "reload")
	for name, c := range map[string]struct {
		who               string
		read, act, reload bool
	}{
		"console": {"O1", true, true, false}, "looker": {"O1", true, false, false},
		"admin": {"X1", false, false, true}, "machine": {"machine", true, false, true},
	} {
		r, err := http.NewRequest("POST", "/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearers[name])
		i, err := w.people.Identify(r) // no CSRF token: there is no cookie
		if err != nil || i.Person.ID != c.who || i.Machine != (name == "machine") || i.How != people.HowToken ||
			i.May(people.ScopeRead) != c.read || i.May(people.ScopeAct) != c.act || i.May(people.ScopeReload) != c.reload {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
	}
	for what, header := range map[string]string{
		"wrong": "Bearer hwt_" + strings.Repeat("A", 43), "empty": "Bearer ", "basic": "Basic TzE6eA==", "no scheme": bearers["console"],
		"small letters": "bearer " + bearers["console"], "blank after": "Bearer  " + bearers["console"],
	} {
		if got := w.ask("GET", "/x", "", map[string]string{"Authorization": header, "Cookie": session.cookie}); got.status != 401 {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	bearer := map[string]string{"Authorization": "Bearer " + bearers["console"]}
	if got := w.ask("POST", "/api/v1/logout", "", bearer); got.status != 204 {
		t.Errorf("logout with a token: %d", got.status)
	}
	w.change(func(f *register.File) { f.Person("O1").Locked = true })
	if got := w.ask("GET", "/x", "", bearer); got.status != 403 {
		t.Errorf("token of who is locked: %d", got.status)
	}
	w.clock.pass(time.Hour)
	if got := w.ask("GET", "/x", "", map[string]string{"Authorization": "Bearer " + bearers["machine"]}); got.status != 401 || !strings.Contains(got.body, "expired") {
		t.Errorf("old token: %d %s", got.status, got.body)
	}
	w.change(func(f *register.File) { f.Tokens = nil })
	if got := w.ask("GET", "/x", "", bearer); got.status != 401 || !strings.Contains(got.body, "anonymous") {
		t.Errorf("token taken back: %d %s", got.status, got.body)
	}
}

func TestMay(t *testing.T) {
	for role, want := range map[caselog.Role]string{
		caselog.RoleOfficer: "read act", caselog.RoleSupervisor: "read act", caselog.RoleHead: "read act",
		caselog.RoleAuditor: "read", caselog.RoleAdmin: "reload", "": "", "root": "",
	} {
		var got []string
		i := people.Identity{How: people.HowSession, Person: people.Person{Roles: []caselog.Role{role}}}
		for _, s := range []people.Scope{people.ScopeRead, people.ScopeAct, people.ScopeReload, "all"} {
			if i.May(s) {
				got = append(got, string(s))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s may %v, want %s", role, got, want)
		}
	}
	if (people.Identity{How: people.HowToken, Machine: true, Scopes: []people.Scope{people.ScopeAct}}).May(people.ScopeAct) {
		t.Error("a machine decides")
	}
	if (people.Person{Roles: []caselog.Role{caselog.RoleOfficer, caselog.RoleHead}}).Role() != caselog.RoleHead {
		t.Error("the highest rank does not decide")
	}
	if _, err := people.New(people.Options{Config: people.Defaults()}); err == nil {
		t.Error("people of nothing")
	}
}
