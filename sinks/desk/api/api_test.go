package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/live"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

func TestMain(m *testing.M) {
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true //nolint:forcetypeassert // it is one
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// The meter of go-metrics, which sarama counts with, ticks as long as the process.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

const alert = "U3A5VHP66CSQRGMDHUPYCP5QKM"

// one is a desk with one alert.
type one struct {
	last   desk.Action
	paper  desk.Paper
	filter desk.Filter
	feed   *live.Feed
	hang   bool
}

func (o *one) Browse(f desk.Filter) (desk.Page, error) {
	o.filter = f
	switch {
	case f.State != "" && f.State != "received":
		return desk.Page{Alerts: []desk.View{}}, nil
	case f.After == "" && f.Party == "TWO":
		return desk.Page{Alerts: []desk.View{{ID: "A1"}}, Next: "1.out.TWO.A222"}, nil
	}
	return desk.Page{Alerts: []desk.View{{ID: alert, State: "received"}}}, nil
}

func (o *one) Show(_ context.Context, id string) (*desk.Detail, error) {
	if !strings.HasPrefix(alert, id) {
		return nil, desk.ErrNoAlert
	}
	return &desk.Detail{View: desk.View{ID: alert}}, nil
}

func (o *one) Events(_ context.Context, _ string, after int64, limit int) ([]desk.EventView, error) {
	var out []desk.EventView
	for i := after + 1; i < 700 && len(out) < limit; i++ {
		out = append(out, desk.EventView{Offset: i})
	}
	return out, nil
}

func (o *one) Preview(context.Context, string) (desk.Preview, error) {
	return desk.Preview{AlertID: alert, Message: json.RawMessage(`{"type":"request"}`)}, nil
}

func (o *one) Act(ctx context.Context, _ string, a desk.Action) (desk.View, error) {
	o.last = a
	switch {
	case o.hang:
		<-ctx.Done()
		return desk.View{}, fmt.Errorf("read back event: %w", ctx.Err())
	case a.As != "O1":
		return desk.View{}, desk.ErrOfficer
	case a.Do == "release":
		return desk.View{}, desk.ErrRefused
	}
	return desk.View{ID: alert, Confirmed: true}, nil
}

func (o *one) Receive(_ context.Context, p desk.Paper) (desk.View, error) {
	o.paper = p
	switch {
	case p.As != "O1":
		return desk.View{}, desk.ErrOfficer
	case p.Party == "XX-FIU":
		return desk.View{}, desk.ErrRefused
	}
	return desk.View{ID: alert, Direction: "in", State: "received"}, nil
}

func (o *one) Tasks(int) []desk.TaskView {
	return []desk.TaskView{{AlertID: alert, Task: apply.Task{ID: "T1", Kind: "gap"}}}
}

func (o *one) Parties() []desk.PartyView { return []desk.PartyView{{ID: "GB-FIU"}} }

func (o *one) Listen(last string) (*live.Client, error) { return o.feed.Listen(last) }

func (o *one) NameOf(c live.Change) string { return o.feed.Name(c) }

func (o *one) Latest() string { return o.feed.Now() }

func serve(t *testing.T, change func(*api.Options)) (*one, *httptest.Server, *api.Client) {
	t.Helper()
	d := &one{feed: live.New(2)}
	opt := api.Options{Desk: d, Token: "secret", Heartbeat: 20 * time.Millisecond, Act: time.Second, Body: time.Second}
	if change != nil {
		change(&opt)
	}
	h, err := api.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	t.Cleanup(h.EndStreams)
	c := api.NewClient(strings.TrimPrefix(s.URL, "http://"), "secret")
	t.Cleanup(c.Close)
	return d, s, c
}

// ask makes a request; headers are pairs.
func ask(t *testing.T, s *httptest.Server, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// problem checks an error and its code.
func problem(t *testing.T, resp *http.Response, text string, status int, code string) {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(text), &p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("no problem: %s %q", resp.Header.Get("Content-Type"), text)
	}
	if resp.StatusCode != status || p.Status != status || p.Code != code || p.Detail == "" || p.Title == "" || p.Type != "about:blank" {
		t.Errorf("%s %s: %d %+v, want %d %s", resp.Request.Method, resp.Request.URL, resp.StatusCode, p, status, code)
	}
}

func TestTokenIsNeeded(t *testing.T) {
	_, s, _ := serve(t, nil)
	for _, path := range []string{"/api/v1/alerts", "/api/v1/alerts/" + alert, "/api/v1/me", "/api/v1/stream", "/api/v1/tasks", "/api/v1/parties"} {
		for _, header := range []string{"", "Bearer wrong", "secret", "Bearer "} {
			resp, text := ask(t, s, http.MethodGet, path, "", "Authorization", header)
			problem(t, resp, text, 401, "anonymous")
			if resp.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Error("the way to authenticate is not said")
			}
		}
	}
	if _, err := api.New(api.Options{Desk: &one{}}); err == nil {
		t.Error("an API without a token was made")
	}
}

func TestClientAndServerAgree(t *testing.T) {
	d, _, c := serve(t, nil)
	ctx := t.Context()
	list, err := c.List(ctx, desk.Filter{State: "received", Limit: 3, Severity: "high", Task: "any", Since: 7, Direction: "out"})
	if err != nil || len(list) != 1 || d.filter != (desk.Filter{State: "received", Limit: 3, Severity: "high", Task: "any", Since: 7, Direction: "out"}) {
		t.Errorf("list: %v %v %+v", list, err, d.filter)
	}
	if empty, err := c.List(ctx, desk.Filter{State: "closed"}); err != nil || len(empty) != 0 {
		t.Errorf("list of closed: %v %v", empty, err)
	}
	if all, err := c.List(ctx, desk.Filter{Party: "TWO"}); err != nil || len(all) != 2 || d.filter.After != "1.out.TWO.A222" {
		t.Errorf("list of two pages: %v %v", all, err)
	}
	if v, err := c.Show(ctx, alert[:4]); err != nil || v.ID != alert {
		t.Errorf("show: %v %v", v, err)
	}
	v, err := c.Act(ctx, alert, desk.Action{Do: "confirm", As: "O1", Reason: "seen"})
	if err != nil || !v.Confirmed || d.last.Do != "confirm" || d.last.Reason != "seen" {
		t.Errorf("act: %v %v %v", v, err, d.last)
	}
	if events, err := c.Events(ctx, alert); err != nil || len(events) != 700 || events[699].Offset != 699 {
		t.Errorf("events: %d %v", len(events), err)
	}
	if p, err := c.Preview(ctx, alert); err != nil || string(p.Message) != `{"type":"request"}` {
		t.Errorf("preview: %v %v", p, err)
	}
	if tasks, err := c.Tasks(ctx, 10); err != nil || len(tasks) != 1 || tasks[0].Kind != "gap" {
		t.Errorf("tasks: %v %v", tasks, err)
	}
	if parties, err := c.Parties(ctx); err != nil || len(parties) != 1 {
		t.Errorf("parties: %v %v", parties, err)
	}
	if me, err := c.Me(ctx); err != nil || !me.Development || len(me.Scopes) != 3 {
		t.Errorf("me: %+v %v", me, err)
	}
}

func TestErrorsHaveTheirStatus(t *testing.T) {
	d, s, c := serve(t, nil)
	_, missing := c.Show(t.Context(), "BB")
	_, officer := c.Act(t.Context(), alert, desk.Action{Do: "confirm", As: "X"})
	_, nobody := c.Act(t.Context(), alert, desk.Action{Do: "confirm"})
	_, state := c.Act(t.Context(), alert, desk.Action{Do: "release", As: "O1"})
	_, act := c.Act(t.Context(), alert, desk.Action{Do: "burn", As: "O1"})
	for want, err := range map[string]error{"404 no_alert": missing, "403 not_an_officer": officer, "403 as": nobody, "409 refused": state, "404 unknown_act": act} {
		var refused *api.Refused
		if !errors.As(err, &refused) || fmt.Sprint(refused.Status, " ", refused.Code) != want {
			t.Errorf("want %s: %v %+v", want, err, refused)
		}
	}
	d.hang = true
	resp, text := ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", `{"as":"O1"}`, "Content-Type", "application/json")
	problem(t, resp, text, 503, "late")
	if resp.Header.Get("Retry-After") == "" {
		t.Error("when to try again is not said")
	}
}

func TestProbesAndReload(t *testing.T) {
	reloaded := false
	_, s, _ := serve(t, func(o *api.Options) {
		o.Ready = func() error { return errors.New("the log is being read") }
		o.Reload = func(context.Context) error { reloaded = true; return nil }
	})
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503} {
		if resp, text := ask(t, s, "GET", path, "", "Authorization", ""); resp.StatusCode != want {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	if resp, _ := ask(t, s, "POST", "/-/reload", ""); resp.StatusCode != 200 || !reloaded {
		t.Errorf("reload: %d, reloaded %v", resp.StatusCode, reloaded)
	}
	_, bare, _ := serve(t, nil)
	resp, text := ask(t, bare, "POST", "/-/reload", "")
	problem(t, resp, text, 404, "no_route")
	if resp, _ := ask(t, bare, "GET", "/readyz", ""); resp.StatusCode != 200 {
		t.Errorf("ready: %d", resp.StatusCode)
	}
}

// guard is whoever it is told.
type guard struct {
	who people.Identity
	err error
}

func (g *guard) Identify(*http.Request) (people.Identity, error) { return g.who, g.err }

func TestRolesDecideWhatIsAllowed(t *testing.T) {
	g := &guard{}
	d, s, _ := serve(t, func(o *api.Options) {
		o.Guard, o.Token = g, ""
		o.Reload = func(context.Context) error { return nil }
		o.Login = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	})
	person := func(id string, how string, roles ...caselog.Role) people.Identity {
		return people.Identity{Person: people.Person{ID: id, Roles: roles}, How: how, CSRF: "c"}
	}
	machine := people.Identity{Person: people.Person{ID: "scraper"}, How: people.HowToken, Machine: true, Scopes: []people.Scope{people.ScopeRead, people.ScopeAct, people.ScopeReload}}
	reader := person("O1", people.HowToken, caselog.RoleHead)
	reader.Scopes = []people.Scope{people.ScopeRead}
	for name, c := range map[string]struct {
		who               people.Identity
		read, act, reload int
	}{
		"officer": {person("O1", people.HowSession, caselog.RoleOfficer), 200, 200, 403}, "auditor": {person("A1", people.HowSession, caselog.RoleAuditor), 200, 403, 403},
		"admin": {person("K1", people.HowOIDC, caselog.RoleAdmin), 403, 403, 200}, "machine": {machine, 200, 403, 200}, "token to read": {reader, 200, 403, 403},
		"nobody": {person("X", people.HowSession), 403, 403, 403},
	} {
		g.who = c.who
		read, _ := ask(t, s, "GET", "/api/v1/alerts", "")
		act, _ := ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", `{}`, "Content-Type", "application/json")
		reload, _ := ask(t, s, "POST", "/-/reload", "")
		me, _ := ask(t, s, "GET", "/api/v1/me", "")
		if read.StatusCode != c.read || act.StatusCode != c.act || reload.StatusCode != c.reload || me.StatusCode != 200 {
			t.Errorf("%s: reads %d, acts %d, reloads %d, me %d", name, read.StatusCode, act.StatusCode, reload.StatusCode, me.StatusCode)
		}
	}
	g.who = person("O1", people.HowSession, caselog.RoleOfficer)
	ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", `{}`, "Content-Type", "application/json")
	if d.last.As != "O1" {
		t.Errorf("decided as %q", d.last.As)
	}
	resp, text := ask(t, s, "POST", "/api/v1/alerts/"+alert+"/confirm", `{"as":"O2"}`, "Content-Type", "application/json")
	problem(t, resp, text, 403, "as")
	if resp, _ := ask(t, s, "POST", "/api/v1/login", ""); resp.StatusCode != http.StatusTeapot {
		t.Errorf("login: %d", resp.StatusCode)
	}
	for err, want := range map[error]int{people.ErrAnonymous: 401, people.ErrExpired: 401, people.ErrCSRF: 403, people.ErrLocked: 403} {
		g.err = err
		_, code := people.Status(err)
		resp, text := ask(t, s, "GET", "/api/v1/alerts", "")
		problem(t, resp, text, want, code)
	}
}
