package taxii_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

func TestResources(t *testing.T) {
	w := newWorld(t, func(o *taxii.Options) { o.Config.URL = "https://taxii.in.example/" })
	for path, want := range map[string]string{
		"/taxii2/": `{"title":"Freeze desk of IN","default":"https://taxii.in.example/taxii2/freeze/","api_roots":["https://taxii.in.example/taxii2/freeze/"]}`,
		"/taxii2":  `"api_roots":`,
		root:       `{"title":"Freeze desk of IN","versions":["application/taxii+json;version=2.1"],"max_content_length":1048576}`,
		root + "collections/": `{"collections":[{"id":"` + taxii.CollectionID("GB-FIU", "live") + `","title":"Freeze messages for GB-FIU (live)",` +
			`"description":"Requests to hold money and what followed them, as STIX 2.1 with the extension haltwire.freeze/1.","alias":"GB-FIU-live",` +
			`"can_read":true,"can_write":false,"media_types":["application/stix+json;version=2.1"]},{"id":"` + taxii.CollectionID("GB-FIU", "test"),
		root + "collections/GB-FIU-test/":             `{"id":"` + taxii.CollectionID("GB-FIU", "test") + `"`,
		inTest(""):                                    `{"id":"` + taxii.CollectionID("GB-FIU", "test") + `"`,
		root + "collections/GB-FIU-test/objects":      "{}",
		inTest("manifest/"):                           "{}",
		inTest("objects/?match[type]=x&unknown=1"):    "{}",
		inTest("objects/?limit=18446744073709551615"): "",
	} {
		r := w.get(path)
		if strings.Contains(path, "1844") {
			if r.Code != http.StatusBadRequest {
				t.Errorf("%s: %d", path, r.Code)
			}
			continue
		}
		if r.Code != http.StatusOK || r.Header().Get("Content-Type") != taxii.MediaType || !strings.Contains(r.Body.String(), want) {
			t.Errorf("%s: %d %s\n%s\nwant\n%s", path, r.Code, r.Header(), r.Body, want)
		}
		if r.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", path)
		}
	}
}

// TestRefusals: status and error message of everything that is refused.
func TestRefusals(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "request", 1))
	report := stix.ReportID("test", alert, 0)
	theirs := root + "collections/" + taxii.CollectionID("AE-FIU", "test") + "/"
	for _, c := range []struct {
		name, method, path, user, secret string
		header                           []string
		status                           int
	}{
		{"no account", "GET", "/taxii2/", "", "", nil, 401},
		{"another secret", "GET", "/taxii2/", "gb", aeSecret, nil, 401},
		{"another user", "GET", "/taxii2/", "ae", gbSecret, nil, 401},
		{"no secret", "GET", "/taxii2/", "gb", "", nil, 401},
		{"a long secret", "GET", "/taxii2/", "gb", strings.Repeat(gbSecret, 100), nil, 401},
		{"an unknown scheme", "GET", "/taxii2/", "", "", []string{"Authorization", "Digest x"}, 401},
		{"a wrong token", "GET", "/taxii2/", "", "", []string{"Authorization", "Bearer " + gbSecret + "x"}, 401},
		{"unknown, unknown to strangers", "GET", "/taxii2/x/", "", "", nil, 401},
		{"another root", "GET", "/taxii2/x/", "gb", gbSecret, nil, 404},
		{"status", "GET", root + "status/1/", "gb", gbSecret, nil, 404},
		{"an unknown collection", "GET", root + "collections/x/objects/", "gb", gbSecret, nil, 404},
		{"another's collection", "GET", theirs, "gb", gbSecret, nil, 404},
		{"another's objects", "GET", theirs + "objects/", "gb", gbSecret, nil, 404},
		{"another's alias", "GET", root + "collections/AE-FIU-test/objects/", "gb", gbSecret, nil, 404},
		{"writing to another's", "POST", theirs + "objects/", "gb", gbSecret, nil, 404},
		{"no such part", "GET", inTest("things/"), "gb", gbSecret, nil, 404},
		{"an empty part", "GET", inTest("objects//versions/"), "gb", gbSecret, nil, 404},
		{"too deep", "GET", inTest("objects/x/versions/y/"), "gb", gbSecret, nil, 404},
		{"no such part of an object", "GET", inTest("objects/" + report + "/things/"), "gb", gbSecret, nil, 404},
		{"no such object", "GET", inTest("objects/report--1/"), "gb", gbSecret, nil, 404},
		{"no such object's versions", "GET", inTest("objects/report--1/versions/"), "gb", gbSecret, nil, 404},
		{"adding", "POST", inTest("objects/"), "gb", gbSecret, nil, 403},
		{"deleting", "DELETE", inTest("objects/" + report + "/"), "gb", gbSecret, nil, 403},
		{"putting", "PUT", inTest("objects/" + report + "/"), "gb", gbSecret, nil, 405},
		{"deleting all", "DELETE", inTest("objects/"), "gb", gbSecret, nil, 405},
		{"posting elsewhere", "POST", "/taxii2/", "gb", gbSecret, nil, 405},
		{"an older version", "GET", "/taxii2/", "gb", gbSecret, []string{"Accept", "application/taxii+json;version=2.0"}, 406},
		{"STIX", "GET", inTest("objects/"), "gb", gbSecret, []string{"Accept", "application/stix+json;version=2.1"}, 406},
		{"a refused type", "GET", "/taxii2/", "gb", gbSecret, []string{"Accept", "application/taxii+json;version=2.1;q=0.0, text/html"}, 406},
	} {
		r := w.do(c.method, c.path, c.user, c.secret, c.header...)
		var e struct {
			Title      string
			HTTPStatus string `json:"http_status"`
		}
		if err := json.Unmarshal(r.Body.Bytes(), &e); err != nil || r.Code != c.status || e.Title == "" || e.HTTPStatus != http.StatusText(0)+itoa(c.status) || r.Header().Get("Content-Type") != taxii.MediaType {
			t.Errorf("%s: %d %s %s", c.name, r.Code, r.Header(), r.Body)
		}
		if h := r.Header(); (c.status == 401) != (h.Get("WWW-Authenticate") != "") || (c.status == 405) != (h.Get("Allow") != "") {
			t.Errorf("%s: %s", c.name, h)
		}
		if strings.Contains(r.Body.String(), gbSecret) {
			t.Errorf("%s: tells the secret", c.name)
		}
	}
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

func TestAccepted(t *testing.T) {
	w := newWorld(t, nil)
	for _, accept := range []string{"", "*/*", "application/*", "application/taxii+json", "application/taxii+json; version=2.1", `application/taxii+json;version="2.1"`,
		"text/html, application/taxii+json;version=2.1;q=0.5", "application/taxii+json;version=2.0, application/taxii+json;version=2.1", "Application/TAXII+json;version=2.1"} {
		if r := w.get("/taxii2/", "Accept", accept); r.Code != http.StatusOK {
			t.Errorf("%q: %d", accept, r.Code)
		}
	}
	if r := w.do(http.MethodGet, "/taxii2/", "", "", "Authorization", "bearer "+aeSecret); r.Code != http.StatusOK {
		t.Errorf("a token: %d", r.Code)
	}
	if r := w.do(http.MethodHead, "/taxii2/", "gb", gbSecret); r.Code != http.StatusOK {
		t.Errorf("HEAD: %d", r.Code)
	}
}

// TestPagesOfObjects walks a collection in every way there is.
func TestPagesOfObjects(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "request", 1))
	w.publish(t, message(t, "amendment", 2))
	all := w.page(t, inTest("objects/"))
	if got := byType(all); got != "identity 4, extension-definition 1, marking-definition 3, location 2, relationship 5, incident 1, bank-account 1, "+
		"course-of-action 2, x-haltwire-payment 2, observed-data 2, note 2, report 1" {
		t.Error(got)
	}
	walk := func(path, by string) []string {
		var ids []string
		next := ""
		for range 100 {
			r := w.get(path + next)
			p := decode(t, r)
			for _, o := range p.Objects {
				ids = append(ids, o.ID)
			}
			first, last := r.Header().Get("X-TAXII-Date-Added-First"), r.Header().Get("X-TAXII-Date-Added-Last")
			if len(p.Objects) > 0 && (len(first) != len("2026-03-02T12:00:00.000000Z") || last < first) {
				t.Fatalf("headers %q %q", first, last)
			}
			if !p.More {
				if p.Next != "" {
					t.Error("a next page of the last one")
				}
				return ids
			}
			if next = "&next=" + p.Next; by == "added_after" {
				next = "&added_after=" + last
			}
		}
		t.Fatal("no end")
		return nil
	}
	var want []string
	for _, o := range all.Objects {
		want = append(want, o.ID)
	}
	for _, by := range []string{"next", "added_after"} {
		same(t, walk(inTest("objects/?limit=7"), by), want...)
		same(t, walk(inTest("manifest/?limit=7"), by), want...)
	}
	report := stix.ReportID("test", alert, 0)
	r := w.page(t, inTest("objects/"+report+"/"))
	if len(r.Objects) != 1 || r.Objects[0].ID != report || r.Objects[0].Modified != "2026-03-02T04:41:00.000Z" || r.Objects[0].Created != "2026-03-02T04:21:00.000Z" {
		t.Errorf("%s", r.raw)
	}
	v := w.page(t, inTest("objects/"+report+"/versions/"))
	same(t, v.Versions, "2026-03-02T04:21:00.000Z", "2026-03-02T04:41:00.000Z")
	old := w.page(t, inTest("objects/"+report+"/?match[version]="+v.Versions[0]))
	if len(old.Objects) != 1 || old.Objects[0].Modified != v.Versions[0] {
		t.Errorf("%s", old.raw)
	}
	if n := len(w.page(t, inTest("objects/"+report+"/?match[version]=first,last")).Objects); n != 2 {
		t.Errorf("%d versions", n)
	}
	if e := w.page(t, inTest("objects/"+report+"/?added_after=2030-01-01T00:00:00Z")); e.raw != "{}" {
		t.Errorf("an object that was not added since: %s", e.raw)
	}
	if n := len(w.page(t, inTest("objects/?match[type]=report,note&match[spec_version]=2.1")).Objects); n != 3 {
		t.Errorf("%d reports and notes", n)
	}
	if e := w.page(t, inTest("objects/?match[spec_version]=2.0")); e.raw != "{}" {
		t.Error(e.raw)
	}
	m := w.page(t, inTest("manifest/?match[type]=bank-account"))
	if o := m.Objects[0]; o.Version != o.DateAdded || o.MediaType != "application/stix+json;version=2.1" || !strings.HasPrefix(o.ID, "bank-account--") {
		t.Errorf("an object without versions: %+v", o)
	}
	v = w.page(t, inTest("objects/"+m.Objects[0].ID+"/versions/?limit=1"))
	same(t, v.Versions, m.Objects[0].DateAdded)
}

// TestTheLargestRequest has 500 payments, each from an account of its own, and
// is read in pages of bounded length.
func TestTheLargestRequest(t *testing.T) {
	w := newWorld(t, nil)
	r := message(t, "request", 1).(*freeze.Request)
	one := r.Payments[0]
	r.Payments = nil
	for n := range 500 {
		p := one
		p.ItemID = freeze.ItemID(alert, n+1)
		p.Debtor.Account = &freeze.Account{Scheme: "bban", ID: "000" + itoa(n), Type: "unknown"}
		p.FurtherCredit = strings.Repeat("x", 140)
		r.Payments = append(r.Payments, p)
	}
	r.Totals = freeze.TotalsOf(r.Payments)
	w.publish(t, r)
	counts, next := map[string]int{}, ""
	for pages := 1; ; pages++ {
		e := w.page(t, inTest("objects/?limit=600"+next))
		for _, o := range e.Objects {
			counts[o.Type]++
			if o.Type == "report" && len(e.raw) > 9<<20 {
				t.Errorf("page %d of %d bytes", pages, len(e.raw))
			}
		}
		if !e.More {
			break
		}
		next = "&next=" + e.Next
	}
	if counts["x-haltwire-payment"] != 500 || counts["observed-data"] != 500 || counts["bank-account"] != 501 || counts["report"] != 1 {
		t.Error(counts)
	}
	same(t, w.told(t, "GB-FIU", "test", shelf.Versions{}), "report:Q001")
}

func TestQueriesThatAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "request", 1))
	next := w.page(t, inTest("objects/?limit=3&match[version]=all")).Next
	for _, q := range []string{
		"limit=0", "limit=-20", "limit=x", "limit=", "limit=1&limit=2", "added_after=yesterday", "added_after=", "match[version]=newest", "match[version]=",
		"match[id]=a&match[id]=b", "match[type]=" + strings.Repeat("a,", 100) + "a", "next=x", "next=AAAA", "next=" + next + "A", "%zz",
		"match[version]=first&next=" + next, "next=" + next, "match[version]=all&match[type]=report&next=" + next, "x=" + strings.Repeat("x", 17000),
	} {
		if r := w.get(inTest("objects/?" + q)); r.Code != http.StatusBadRequest {
			t.Errorf("%.80s: %d", q, r.Code)
		}
	}
	if r := w.get(inTest("manifest/?match[version]=all&next=" + next)); r.Code != http.StatusBadRequest {
		t.Errorf("a cursor of objects in the manifest: %d", r.Code)
	}
	for _, q := range []string{"limit=9&match[version]=all&next=" + next, "added_after=2026-01-01T00:00:00Z&match[version]=all&next=" + next} {
		if r := w.get(inTest("objects/?" + q)); r.Code != http.StatusOK {
			t.Errorf("%s: %d", q, r.Code)
		}
	}
}

func TestReadingsAreTold(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "status_request", 1))
	for _, path := range []string{"/taxii2/", inTest("manifest/"), inTest("objects/?match[type]=x")} {
		w.get(path)
	}
	w.do(http.MethodHead, inTest("objects/"), "gb", gbSecret)
	if len(w.reads) > 0 {
		t.Fatalf("nothing was read: %+v", w.reads)
	}
	w.get(inTest("objects/?match[type]=note"))
	if len(w.reads) != 1 {
		t.Fatalf("%+v", w.reads)
	}
	if r := w.reads[0]; r.Party != "GB-FIU" || r.Environment != "test" || r.Objects != 1 || !r.From.Equal(r.To) || r.From.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestPartiesThatAskTooMuchWait(t *testing.T) {
	w := newWorld(t, func(o *taxii.Options) { o.Config.PerSecond, o.Config.Burst = 0.1, 2 })
	for range 2 {
		if r := w.get("/taxii2/"); r.Code != http.StatusOK {
			t.Fatal(r.Code)
		}
	}
	r := w.get("/taxii2/")
	if r.Code != http.StatusTooManyRequests || r.Header().Get("Retry-After") != "10" {
		t.Errorf("%d %s", r.Code, r.Header())
	}
	if r := w.do(http.MethodGet, "/taxii2/", "ae", aeSecret); r.Code != http.StatusOK {
		t.Errorf("the other party: %d", r.Code)
	}
	w.now = w.now.Add(10 * time.Second)
	if r := w.get("/taxii2/"); r.Code != http.StatusOK {
		t.Errorf("later: %d", r.Code)
	}
}

func TestNotReady(t *testing.T) {
	w := newWorld(t, nil)
	w.unready = true
	if r := w.get(inTest("objects/")); r.Code != http.StatusServiceUnavailable || r.Header().Get("Retry-After") != "5" {
		t.Errorf("%d %s", r.Code, r.Header())
	}
	if r := w.get(root + "collections/"); r.Code != http.StatusOK {
		t.Errorf("%d", r.Code)
	}
}

// broken is a store that cannot read.
type broken struct{ taxii.Store }

func (broken) Page(context.Context, string, shelf.Query) (shelf.Page, error) {
	return shelf.Page{}, errors.New("disk on fire at /secret/path")
}

func TestAStoreThatCannotRead(t *testing.T) {
	feed, err := taxii.NewFeed(taxii.FeedOptions{Store: broken{shelf.New(shelf.Bounds{})}, Parties: []string{"GB-FIU"}})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *taxii.Options) { o.Feed = feed })
	r := w.get(inTest("objects/"))
	if r.Code != http.StatusServiceUnavailable || strings.Contains(r.Body.String(), "fire") {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

// slow is a reader that does not read on until it is told to.
type slow struct {
	http.ResponseWriter
	reached, goOn chan struct{}
}

func (s slow) Write(b []byte) (int, error) {
	s.reached <- struct{}{}
	<-s.goOn
	return len(b), nil
}

func (s slow) Header() http.Header { return http.Header{} }
func (s slow) WriteHeader(int)     {}

func TestPagesAtATimeAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "status_request", 1))
	s := slow{reached: make(chan struct{}), goOn: make(chan struct{})}
	done := make(chan struct{})
	for range 4 {
		go func() {
			r, _ := http.NewRequest(http.MethodGet, inTest("objects/"), http.NoBody)
			r.SetBasicAuth("gb", gbSecret)
			w.handler.ServeHTTP(s, r)
			done <- struct{}{}
		}()
		<-s.reached
	}
	if r := w.get(inTest("objects/")); r.Code != http.StatusTooManyRequests {
		t.Errorf("a fifth page: %d", r.Code)
	}
	theirs := root + "collections/AE-FIU-test/objects/"
	if r := w.do(http.MethodGet, theirs, "ae", aeSecret); r.Code != http.StatusOK {
		t.Errorf("the other party: %d", r.Code)
	}
	for range 4 {
		s.goOn <- struct{}{}
		<-done
	}
}

func TestNewRefuses(t *testing.T) {
	feed := newWorld(t, nil).feed
	good := taxii.Account{Party: "GB-FIU", User: "gb", Secret: gbSecret}
	for name, o := range map[string]taxii.Options{
		"no feed":        {},
		"short secret":   {Feed: feed, Accounts: []taxii.Account{{Party: "GB-FIU", User: "gb", Secret: "short"}}},
		"no user":        {Feed: feed, Accounts: []taxii.Account{{Party: "GB-FIU", Secret: gbSecret}}},
		"colon":          {Feed: feed, Accounts: []taxii.Account{{Party: "GB-FIU", User: "g:b", Secret: gbSecret}}},
		"no party":       {Feed: feed, Accounts: []taxii.Account{{User: "gb", Secret: gbSecret}}},
		"same user":      {Feed: feed, Accounts: []taxii.Account{good, {Party: "AE-FIU", User: "gb", Secret: aeSecret}}},
		"same secret":    {Feed: feed, Accounts: []taxii.Account{good, {Party: "AE-FIU", User: "ae", Secret: gbSecret}}},
		"http":           {Feed: feed, Config: taxii.Config{URL: "http://taxii.example"}},
		"a path":         {Feed: feed, Config: taxii.Config{URL: "https://taxii.example/x"}},
		"long settle":    {Feed: feed, Config: taxii.Config{Settle: conn.Duration(time.Hour)}},
		"long page":      {Feed: feed, Config: taxii.Config{Page: 1 << 20}},
		"negative limit": {Feed: feed, Config: taxii.Config{Burst: -1}},
	} {
		_, err := taxii.New(o)
		if err == nil {
			t.Errorf("%s: made", name)
		} else if strings.Contains(err.Error(), gbSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := taxii.NewFeed(taxii.FeedOptions{}); err == nil {
		t.Error("a feed into nothing")
	}
	if _, err := taxii.NewFeed(taxii.FeedOptions{Config: taxii.Config{Page: -1}}); err == nil {
		t.Error("a feed with a bad config")
	}
}
