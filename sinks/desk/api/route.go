package api

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

// route is one operation: what the server serves and what openapi.json says, both
// from here.
type route struct {
	method, path string
	name         string       // operationId
	about        string       // one sentence
	scope        people.Scope // "" = anybody
	known        bool         // somebody known, whatever he may
	query        []param
	headers      []param
	body         reflect.Type // nil = none
	answer       reflect.Type // nil with a media type = no JSON
	media        string       // "" = application/json
	tagged       bool         // has an ETag
	refusals     []int        // beside those that follow from the above
	serve        func(*server, http.ResponseWriter, *http.Request, call)
	login        *login // of those that package people serves
}

// param is a parameter and what it may be. Path parameters stand in places.
type param struct {
	name, about string
	pattern     string
	enum        []string
	most        int  // characters
	number      bool // an integer between min and max
	min, max    int64
	standard    string // when it is absent
	example     string
}

// check says what is wrong with a value, or nothing.
func (p param) check(v string) string {
	if p.number {
		if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < p.min || n > p.max || strconv.FormatInt(n, 10) != v {
			return fmt.Sprintf("want a whole number between %d and %d", p.min, p.max)
		}
		return ""
	}
	for _, e := range p.enum {
		if v == e {
			return ""
		}
	}
	switch {
	case p.enum != nil:
		return fmt.Sprintf("want one of %v", p.enum)
	case !utf8.ValidString(v) || utf8.RuneCountInString(v) > p.most:
		return fmt.Sprintf("want at most %d characters", p.most)
	case !regexp.MustCompile(p.pattern).MatchString(v):
		return "want " + p.pattern
	}
	return ""
}

// The path parameters.
func places() map[string]param {
	return map[string]param{
		"id":  {name: "id", about: "The alert's id, or the beginning of it where that names one alert.", pattern: `^[A-Z2-7]{2,26}$`, most: 26, example: "U3A5VHP66CSQRGMDHUPYCP5QKM"},
		"act": {name: "act", about: "What is done. Which acts are possible depends on the direction and the state of the alert.", enum: desk.Acts()},
	}
}

const (
	word      = `^[a-z0-9_./]{1,40}$`
	partyForm = `^[A-Za-z0-9.][A-Za-z0-9._-]{0,63}$|^-$`
	maxPage   = 500
)

func limit(standard string) param {
	return param{name: "limit", about: "At most so many.", number: true, min: 1, max: maxPage, standard: standard}
}

func listQuery() []param {
	return []param{
		{name: "direction", about: "in: a partner asks us; out: we ask.", enum: []string{"in", "out"}},
		{name: "state", about: "Alerts in this state.", pattern: word, most: 40, example: "proposed"},
		{name: "party", about: "Alerts with this party.", pattern: partyForm, most: 64, example: "GB-FIU"},
		{name: "severity", about: "Alerts of this severity.", enum: []string{"critical", "high", "medium", "low", "info"}},
		{name: "task", about: "Alerts with an open task of this kind; any = with any.", pattern: word, most: 40, example: "any"},
		{name: "since", about: "Alerts opened then or later, Unix milliseconds.", number: true, min: 0, max: 253402300799999},
		limit("50"),
		{name: "after", about: "The member next of the page before.", pattern: `^[0-9]{1,15}\.(in|out)\.[A-Za-z0-9._-]{1,64}\.[A-Z2-7]{2,26}$`, most: 110},
	}
}

// routes are all that there is.
func routes() []route { return append(deskRoutes(), loginRoutes()...) }

func deskRoutes() []route {
	none := []param{{name: "If-None-Match", about: "The ETag of what the caller has: 304 if it still holds.", pattern: `^[ -~]*$`, most: 200}}
	busy := []int{http.StatusServiceUnavailable}
	return []route{
		{method: "GET", path: "/healthz", name: "healthz", about: "Whether the process lives.", answer: reflect.TypeFor[Status](), serve: (*server).health},
		{method: "GET", path: "/readyz", name: "readyz", about: "Whether it does its work; the process adds details.", answer: reflect.TypeFor[Readiness](), refusals: busy, serve: (*server).ready},
		{method: "POST", path: "/-/reload", name: "reload", about: "Puts changed rules, lists and rates in force.", scope: people.ScopeReload, answer: reflect.TypeFor[Status](), refusals: []int{http.StatusNotFound, http.StatusBadRequest, http.StatusServiceUnavailable}, serve: (*server).reload},
		{method: "GET", path: "/api/v1/openapi.json", name: "openapi", about: "This description.", media: mediaJSON, serve: (*server).openapi},
		{method: "GET", path: "/api/v1/me", name: "me", about: "Who the caller is and what he may do.", known: true, answer: reflect.TypeFor[Me](), serve: (*server).me},
		{method: "GET", path: "/api/v1/alerts", name: "listAlerts", about: "Alerts, newest first, without personal data.", scope: people.ScopeRead, query: listQuery(), headers: none, tagged: true, answer: reflect.TypeFor[desk.Page](), serve: (*server).list},
		{method: "POST", path: "/api/v1/alerts", name: "receiveRequest", about: "Opens or amends an inbound alert from what a partner asks on paper, as an officer typed it in.", scope: people.ScopeAct, body: reflect.TypeFor[desk.Paper](), answer: reflect.TypeFor[desk.View](), refusals: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}, serve: (*server).receive},
		{method: "GET", path: "/api/v1/alerts/{id}", name: "showAlert", about: "One alert with its payments, messages and everything that is known; with personal data.", scope: people.ScopeRead, headers: none, tagged: true, answer: reflect.TypeFor[desk.Detail](), refusals: []int{http.StatusNotFound, http.StatusServiceUnavailable}, serve: (*server).show},
		{method: "GET", path: "/api/v1/alerts/{id}/events", name: "listEvents", about: "What happened to an alert, oldest first, without what is sealed.", scope: people.ScopeRead, query: []param{
			limit("200"), {name: "after", about: "The offset of the last event that the caller has.", number: true, min: -1, max: 1<<53 - 1, standard: "-1"},
		}, answer: reflect.TypeFor[Events](), refusals: []int{http.StatusNotFound, http.StatusServiceUnavailable}, serve: (*server).events},
		{method: "GET", path: "/api/v1/alerts/{id}/preview", name: "previewAlert", about: "The request as it would go out now, and the digest that an approval is given to.", scope: people.ScopeRead, answer: reflect.TypeFor[desk.Preview](), refusals: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}, serve: (*server).preview},
		{method: "POST", path: "/api/v1/alerts/{id}/{act}", name: "act", about: "Does what an officer decided, and returns the alert after it.", scope: people.ScopeAct, body: reflect.TypeFor[desk.Action](), answer: reflect.TypeFor[desk.View](), refusals: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable}, serve: (*server).act},
		{method: "GET", path: "/api/v1/tasks", name: "listTasks", about: "The open tasks of all alerts, those of the oldest alert first.", scope: people.ScopeRead, query: []param{limit("200")}, headers: none, tagged: true, answer: reflect.TypeFor[Tasks](), serve: (*server).tasks},
		{method: "GET", path: "/api/v1/parties", name: "listParties", about: "The parties, the ways to them and when they were last heard.", scope: people.ScopeRead, answer: reflect.TypeFor[Parties](), serve: (*server).parties},
		{method: "GET", path: "/api/v1/stream", name: "stream", about: "Server-sent events: alert (data is a Change), reset (list everything anew), and a comment every 15 s.", scope: people.ScopeRead, headers: []param{
			{name: "Last-Event-ID", about: "The id of the last event that the caller has: the stream goes on behind it, or begins with reset.", pattern: `^[a-z0-9-]*$`, most: 60},
		}, media: mediaEvents, refusals: busy, serve: (*server).stream},
	}
}

// checked returns the query of a request. The error is that of a parameter that is
// unknown, given twice, or not what it may be.
func (x *route) checked(r *http.Request) (url.Values, *Problem) {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault(http.StatusBadRequest, "query", "query: "+err.Error())
	}
	known := map[string]param{}
	for _, p := range x.query {
		known[p.name] = p
		if p.standard != "" && !given.Has(p.name) {
			given.Set(p.name, p.standard)
		}
	}
	for name, values := range given {
		p, ok := known[name]
		switch {
		case !ok:
			return nil, fault(http.StatusBadRequest, "query", fmt.Sprintf("query: no parameter %.40q here", name))
		case len(values) != 1:
			return nil, fault(http.StatusBadRequest, name, name+": given twice")
		}
		if why := p.check(values[0]); why != "" {
			return nil, fault(http.StatusBadRequest, name, name+": "+why)
		}
	}
	return given, x.checkPlaces(r)
}

func (x *route) checkPlaces(r *http.Request) *Problem {
	for name, p := range places() {
		v := r.PathValue(name)
		if v == "" {
			continue
		}
		if why := p.check(v); why != "" {
			code := map[string]string{"id": "no_alert", "act": "unknown_act"}[name]
			return fault(http.StatusNotFound, code, name+": "+why)
		}
	}
	for _, p := range x.headers {
		if v := r.Header.Get(p.name); v != "" && p.check(v) != "" {
			return fault(http.StatusBadRequest, "header", p.name+": "+p.check(v))
		}
	}
	return nil
}
