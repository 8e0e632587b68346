package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// postbox takes every message and says nothing about it.
type postbox struct{}

func (postbox) Send(context.Context, delivery.Attempt) delivery.Result {
	return delivery.Result{Verdict: delivery.Delivered, Status: 200, Awaiting: true}
}

// real is a running desk behind its API.
type real struct {
	desk   *desk.Desk
	server *httptest.Server
	client *api.Client
}

func newReal(t *testing.T, change ...func(*api.Options)) *real {
	t.Helper()
	self := policy.Self{ID: "IN-FIU", Name: "FIU of India", Kind: "fiu", Country: "IN"}
	party := policy.Party{ID: "GB-FIU", Name: "FIU of the UK", Kind: "fiu", Country: "GB", Policy: policy.Policy{
		Profile: "bilateral", Asks: []string{"hold_amount", "trace"},
		Texts: policy.Texts{RequesterBasis: policy.Basis{Code: "MOU", Text: "Memorandum, article 4"}, Reason: "fraud", Nexus: "the money went there", IntendedUse: "to hold it"},
	}}
	book, err := policy.NewBook(self, []policy.Party{party})
	must(t, err)
	key, err := signature.NewKey(self.ID)
	must(t, err)
	root, err := caselog.NewRoot(bytes.Repeat([]byte("k"), 32))
	must(t, err)
	d, err := desk.New(desk.Options{
		Environment: "test", Book: book, Kafka: conn.Config{Brokers: kafkatest.Fake(t, 1).ListenAddrs()}, Group: "haltwire",
		Layout: topic.Layout{Names: topic.NamesOf("haltwire"), Partitions: 2, Replication: 1}, Root: root, Key: key,
		Channels: map[string][]desk.Channel{"GB-FIU": {{Kind: "webhook", Sender: postbox{}}}}, Backoff: 20 * time.Millisecond,
		Role: func(id string) (caselog.Role, bool) { return caselog.RoleHead, id == "O1" || id == "O2" },
	})
	must(t, err)
	must(t, d.Start(t.Context()))
	opt := api.Options{Desk: d, Token: "secret", Reload: func(context.Context) error { return nil }}
	for _, f := range change {
		f(&opt)
	}
	h, err := api.New(opt)
	must(t, err)
	r := &real{desk: d, server: httptest.NewServer(h)}
	r.client = api.NewClient(strings.TrimPrefix(r.server.URL, "http://"), "secret")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	var once sync.Once
	t.Cleanup(func() {
		once.Do(func() {
			h.EndStreams()
			r.client.Close()
			r.server.Close()
			cancel()
			if err := errors.Join(<-done, d.Stop(context.Background())); err != nil {
				t.Error(err)
			}
		})
	})
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pay reports a payment of which two people have to approve the request.
func (r *real) pay(t *testing.T, id, account string) {
	t.Helper()
	now := time.Now().UnixMilli()
	amount, err := decimal.Parse([]byte("18000.00"))
	must(t, err)
	money := &hit.Money{Amount: amount, Currency: "GBP"}
	h := &hit.Hit{
		Rule: "sim-swap-then-abroad", Version: 4, Status: hit.Live, Title: "SIM swap, then money abroad", Case: "freeze", Severity: "critical",
		Reporter: "HWBIINBB", ReportID: id, Kind: "bank.transfer", OccurredAt: now, RecordTime: now, Ask: []string{"hold_amount", "trace"}, Approval: "two_person",
		PredicateOffence: "computer_fraud", Facts: "SIM change before the payment.",
		Alerts: []hit.Alert{{
			Subject: hit.Subject{UID: account, Scheme: "iban", Account: account, BIC: "HWBAGB2L", Country: "GB", Name: "A Holder"},
			Payments: []hit.Payment{{
				Key: "K" + id, Amount: money, Credited: money, Refs: hit.References{UETR: fmt.Sprintf("6513270e-269e-4d37-b2a7-%012s", strings.TrimPrefix(id, "TX-"))},
				ExecutedAt: now, Rail: "swift", Authorisation: "unauthorised", ReportedAt: now,
				Debtor: hit.Subject{Account: "000000000042", Scheme: "bban", ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN", Name: "V. Victim"},
			}},
		}},
	}
	h.ID = hit.ID(h.Rule, h.Version, h.Reporter, h.ReportID, 0, h.Hash)
	must(t, r.desk.Append(t.Context(), []*hit.Hit{h}))
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// TestARealDeskAnswersAsTheDocumentSays takes one alert through its life and holds
// every answer against openapi.json.
func TestARealDeskAnswersAsTheDocumentSays(t *testing.T) {
	r, doc := newReal(t), openDocument(t)
	r.pay(t, "TX-1", "GB52HWBA00000000000101")
	r.pay(t, "TX-2", "GB65HWBB00000000000202")
	eventually(t, "two alerts", func() bool { return len(r.desk.List(desk.Filter{State: "proposed"})) == 2 })
	id := r.desk.List(desk.Filter{})[0].ID
	get := func(path, operation string) string {
		resp, text := ask(t, r.server, "GET", path, "")
		doc.check(t, operation, resp.StatusCode, resp.Header.Get("Content-Type"), text)
		return text
	}
	act := func(do, body string, status int) {
		t.Helper()
		resp, text := ask(t, r.server, "POST", "/api/v1/alerts/"+id+"/"+do, body, "Content-Type", "application/json")
		doc.check(t, "act", resp.StatusCode, resp.Header.Get("Content-Type"), text)
		if resp.StatusCode != status {
			t.Errorf("%s: %d %s", do, resp.StatusCode, text)
		}
	}
	look := func() {
		for path, operation := range map[string]string{
			"/api/v1/alerts": "listAlerts", "/api/v1/alerts/" + id: "showAlert", "/api/v1/alerts/" + id[:6] + "/events": "listEvents", "/api/v1/tasks": "listTasks",
			"/api/v1/parties": "listParties", "/api/v1/me": "me", "/healthz": "healthz", "/readyz": "readyz", "/api/v1/alerts/" + id + "/preview": "previewAlert",
		} {
			get(path, operation)
		}
	}
	look()
	checkPages(t, r)
	checkPreview(t, r, id)
	act("approve", `{"as":"X1"}`, 403)
	act("approve", `{"as":"O1","reason":"looked at"}`, 200)
	act("approve", `{"as":"O1"}`, 409)
	act("approve", `{"as":"O2","digest":"`+strings.Repeat("0", 64)+`"}`, 409)
	act("approve", `{"as":"O2"}`, 200)
	eventually(t, "the request is on its way", func() bool { d, err := r.client.Show(t.Context(), id); return err == nil && len(d.Messages) == 1 })
	act("withdraw", `{"as":"O1","reason":"the victim was mistaken"}`, 200)
	look()
	checkEvents(t, r, id)
	get("/api/v1/alerts/ABCDEF", "showAlert")
	get("/api/v1/alerts?limit=0", "listAlerts")
}

func checkPages(t *testing.T, r *real) {
	t.Helper()
	first, err := r.client.Browse(t.Context(), desk.Filter{Limit: 1, Direction: "out", Party: "GB-FIU", Severity: "critical"})
	must(t, err)
	second, err := r.client.Browse(t.Context(), desk.Filter{Limit: 1, After: first.Next})
	must(t, err)
	if len(first.Alerts) != 1 || len(second.Alerts) != 1 || first.Next == "" || second.Next != "" || first.Alerts[0].ID == second.Alerts[0].ID {
		t.Errorf("pages %+v %+v", first, second)
	}
	if old, err := r.client.List(t.Context(), desk.Filter{Since: time.Now().Add(time.Hour).UnixMilli()}); err != nil || len(old) != 0 {
		t.Errorf("opened in an hour: %v %v", old, err)
	}
	_, err = r.client.Browse(t.Context(), desk.Filter{After: "1.up.GB-FIU.AAAA"})
	var refused *api.Refused
	if !errors.As(err, &refused) || refused.Code != "after" {
		t.Errorf("a wrong place: %v", err)
	}
}

func checkPreview(t *testing.T, r *real, id string) {
	t.Helper()
	p, err := r.client.Preview(t.Context(), id)
	must(t, err)
	m, err := freeze.Parse(p.Message)
	must(t, err)
	request, _ := m.(*freeze.Request)
	shown, err := r.client.Show(t.Context(), id)
	must(t, err)
	if request == nil || request.AlertID != id || request.Approval.ContentDigest != p.Content || p.Content != shown.Content || p.Type != "request" || strings.Contains(string(p.Message), "Victim") {
		t.Errorf("preview %+v\n%s", p, p.Message)
	}
}

// checkEvents reads the history of an alert in pages and looks for what is sealed.
func checkEvents(t *testing.T, r *real, id string) {
	t.Helper()
	all, err := r.client.Events(t.Context(), id)
	must(t, err)
	var types []string
	for _, e := range all {
		types = append(types, e.Type)
	}
	for _, want := range []string{"hit", "approval.given", "message.queued", "attempt", "delivered", "withdrawn"} {
		if !strings.Contains(strings.Join(types, " "), want) {
			t.Errorf("no %s in %v", want, types)
		}
	}
	text, err := json.Marshal(all)
	must(t, err)
	for _, never := range []string{"personal", "Victim", "GB52HWBA", "Holder", "ciphertext"} {
		if bytes.Contains(text, []byte(never)) {
			t.Errorf("%s in the events: %s", never, text)
		}
	}
	if all[0].Offset >= all[1].Offset || all[1].By != "O1" {
		t.Errorf("%+v", all[:2])
	}
	rest, err := r.desk.Events(t.Context(), id, all[0].Offset, 2)
	if err != nil || len(rest) != 2 || rest[0].ID != all[1].ID {
		t.Errorf("behind the first: %+v %v", rest, err)
	}
}

func TestARealDeskTellsWhatChanges(t *testing.T) {
	r := newReal(t)
	stream := lines(t, r.server, "")
	next(t, stream)
	r.pay(t, "TX-1", "GB52HWBA00000000000101")
	if got := next(t, stream); !strings.Contains(got, `"party":"GB-FIU","state":"proposed","version":`) {
		t.Errorf("told %q", got)
	}
	id := r.desk.List(desk.Filter{})[0].ID
	_, err := r.client.Act(t.Context(), id, desk.Action{Do: "approve", As: "O1"})
	must(t, err)
	if got := next(t, stream); !strings.Contains(got, id) {
		t.Errorf("told %q", got)
	}
	parties, err := r.client.Parties(t.Context())
	if err != nil || len(parties) != 1 || parties[0].Channels[0] != "webhook" || parties[0].Profile != "bilateral" {
		t.Errorf("parties %+v %v", parties, err)
	}
}
