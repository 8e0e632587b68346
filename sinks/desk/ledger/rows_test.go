package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/ledger"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

const key = caselog.Key("out/GB-FIU/S")

// log feeds events to a maker and keeps the rows.
type log struct {
	t      *testing.T
	maker  ledger.Maker
	offset int64
	alert  string
	sealed map[string]string // what Open finds; a text that is not there is erased
}

func newLog(t *testing.T) *log {
	t.Helper()
	root, err := caselog.NewRoot(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	book, err := policy.NewBook(policy.Self{ID: "IN-FIU", Country: "IN"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &log{t: t, alert: root.AlertID(key, 1), sealed: map[string]string{}}
	l.maker = ledger.Maker{Machine: apply.Machine{Root: root}, Book: book, Open: func(personal string, into any) error {
		text, ok := l.sealed[personal]
		if !ok {
			return errors.New("erased")
		}
		return json.Unmarshal([]byte(text), into)
	}}
	return l
}

func (l *log) add(kind caselog.Type, data any) ledger.Rows {
	l.t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		l.t.Fatal(err)
	}
	at := 1772424000000 + l.offset*1000
	l.maker.Event(apply.Record{Event: caselog.Event{ID: "E", Type: kind, Key: key, Time: time.UnixMilli(at), Data: text}, Offset: l.offset, Appended: at}, true)
	l.offset++
	return l.maker.Take()
}

func (l *log) hit(kind caselog.Type) ledger.Rows {
	return l.add(kind, caselog.HitData{
		HitID: "H", Evidence: "E", Rule: "r", Score: "80", Severity: "high", Ask: []string{"hold_amount"}, Personal: "p", Hash: "00ff",
		Values:   map[string]any{"n": 1},
		Payments: []caselog.PaymentMark{{Key: "K", Amount: &freeze.Money{Amount: "5.50", Currency: "GBP"}}},
	})
}

func (l *log) request() ledger.Rows {
	return l.add(caselog.MessageQueued, caselog.QueuedData{
		AlertID: l.alert, MessageID: l.alert + "-Q001", Sequence: 1, Type: freeze.TypeRequest, Party: "GB-FIU", Digest: freeze.Digest{Value: "d"}, Personal: "body",
		Approval: &caselog.ApprovalData{Mode: "none", ContentDigest: "c", By: []string{}},
	})
}

func TestErasedPersonsLeaveRowsWithoutNames(t *testing.T) {
	l := newLog(t)
	l.sealed["p"] = `{"subject":{"account":{"scheme":"iban","id":"GB1"},"account_country":"GB"},"values":{"who":"V"},"payments":[{"refs":{"uetr":"u"}}]}`
	rows := l.hit(caselog.Hit)
	if rows.Hits[0].SubjectID != "GB1" || rows.Payments[0].UETR != "u" || rows.Alerts[0].SubjectID != "GB1" || !strings.Contains(rows.Hits[0].ValuesJSON, `"who":"V"`) {
		t.Errorf("rows %+v", rows)
	}
	delete(l.sealed, "p")
	rows = l.hit(caselog.HitOverturned)
	if len(rows.Hits) != 0 || len(rows.Overturns) != 1 || rows.Overturns[0].Hash[1] != 0xff || rows.Overturns[0].EvidenceKey != "E" || rows.Overturns[0].Version != 2 {
		t.Errorf("an overturned hit keeps its row: %+v %+v", rows.Hits, rows.Overturns)
	}
	if a := rows.Alerts[0]; a.SubjectID != "" || a.State != "closed" || a.Hits != 0 {
		t.Errorf("alert after erasure %+v", a)
	}
}

// TestManyPaymentsInOneTake: a call of Take makes one row an item and opens a hit
// once for its items, however many hits came since the last call; afterwards there
// is nothing new.
func TestManyPaymentsInOneTake(t *testing.T) {
	l := newLog(t)
	opened, open := 0, l.maker.Open
	l.maker.Open = func(personal string, into any) error {
		if strings.HasPrefix(personal, "item") {
			opened++
		}
		return open(personal, into)
	}
	const n = 50
	for i := range n {
		name := fmt.Sprint("item", i)
		l.sealed[name] = fmt.Sprintf(`{"payments":[{"refs":{"uetr":"u%d"}},{"refs":{"uetr":"v%d"}}]}`, i, i)
		text, err := json.Marshal(caselog.HitData{
			HitID: "H" + name, Evidence: name, Rule: "r", Score: "1", Severity: "high", Ask: []string{"trace"}, Personal: name, Hash: "00ff",
			Payments: []caselog.PaymentMark{{Key: name, Amount: &freeze.Money{Amount: "5.50", Currency: "GBP"}}, {Key: name + "b", Amount: &freeze.Money{Amount: "6.50", Currency: "GBP"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		l.maker.Event(apply.Record{Event: caselog.Event{ID: name, Type: caselog.Hit, Key: key, Time: time.UnixMilli(1772424000000), Data: text}, Offset: int64(i)}, true)
	}
	rows := l.maker.Take()
	if len(rows.Hits) != n || len(rows.Payments) != 2*n || len(rows.Alerts) != 1 {
		t.Fatalf("%d hits, %d payments, %d alerts", len(rows.Hits), len(rows.Payments), len(rows.Alerts))
	}
	for i, p := range rows.Payments {
		key, uetr := fmt.Sprint("item", i/2, []string{"", "b"}[i%2]), fmt.Sprint([]string{"u", "v"}[i%2], i/2)
		if p.PaymentKey != key || p.UETR != uetr || p.Version != n {
			t.Errorf("payment %d: %+v", i, p)
		}
	}
	if opened > 2*n+1 { // for its own row, for its items; one of them for the alert
		t.Errorf("opened %d times for %d hits", opened, n)
	}
	if again := l.maker.Take(); len(again.Payments)+len(again.Hits)+len(again.Alerts) != 0 {
		t.Errorf("nothing new made %+v", again)
	}
}

func TestARetryKeepsItsStart(t *testing.T) {
	l := newLog(t)
	l.hit(caselog.Hit)
	l.request()
	attempt := func(n uint32, after string) ledger.Rows {
		return l.add(caselog.Attempt, caselog.AttemptData{AlertID: l.alert, MessageID: l.alert + "-Q001", Number: n, Channel: "webhook", After: after, Status: 503, Elapsed: 7})
	}
	first := attempt(1, "").Deliveries
	second := attempt(2, "http_503").Deliveries
	if len(first) != 1 || len(second) != 2 {
		t.Fatalf("rows %+v %+v", first, second)
	}
	if r := second[1]; r.Attempt != 1 || r.StartedAt != first[0].StartedAt || r.Verdict != "retry" || r.Reason != "http_503" || r.EndedAt != r.StartedAt+7 {
		t.Errorf("first attempt %+v", r)
	}
	end := l.add(caselog.GaveUp, caselog.DeliveredData{AlertID: l.alert, MessageID: l.alert + "-Q001", Number: 2, Channel: "webhook", Verdict: "retry", Reason: "timeout"})
	if r := end.Deliveries[0]; r.Verdict != "gave_up" || r.StartedAt != second[0].StartedAt || end.Alerts[0].State != "undeliverable" {
		t.Errorf("end %+v", end)
	}
}

func TestAReceiptCompletesTheMessagesRow(t *testing.T) {
	l := newLog(t)
	l.hit(caselog.Hit)
	l.sealed["body"] = `{"body":"{}"}`
	queued := l.request().Messages[0]
	rows := l.add(caselog.Receipt, caselog.ReceiptData{
		MessageMark: caselog.MessageMark{AlertID: l.alert, MessageID: l.alert + "-Q001-R1", Type: freeze.TypeReceipt, Party: "GB-FIU"},
		ReceiptOf:   l.alert + "-Q001", Of: freeze.Digest{Value: "d"}, Level: freeze.LevelReceived,
	})
	if len(rows.Messages) != 2 {
		t.Fatalf("rows %+v", rows.Messages)
	}
	m := rows.Messages[1]
	if m.ReceiptLevel != "received" || m.ReceivedAt == 0 || m.Version <= queued.Version {
		t.Errorf("message %+v", m)
	}
	m.ReceiptLevel, m.ReceivedAt, m.Version, m.Environment = "", 0, queued.Version, queued.Environment
	if a, b := asJSON(m), asJSON(queued); a != b {
		t.Errorf("the row lost something\n%s\n%s", b, a)
	}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestEventsBelowTheCursorMakeNoRows(t *testing.T) {
	l := newLog(t)
	l.maker.Event(apply.Record{Event: caselog.Event{Type: caselog.Hit, Key: key, Data: []byte(`{"evidence":"E"}`)}}, false)
	rows := l.maker.Take()
	if len(rows.CaseEvents)+len(rows.Hits)+len(rows.Alerts) != 0 {
		t.Errorf("rows %+v", rows)
	}
	l.offset = 1
	rows = l.add(caselog.Hit, caselog.HitData{Evidence: "E", HitID: "H"})
	if e := rows.CaseEvents[0]; e.Refused == "repeat" && e.Applied {
		t.Errorf("event %+v", e)
	}
	rows = l.add("dance", map[string]string{"alert_id": "nobody", "personal": "secret", "by": "O1"})
	if e := rows.CaseEvents[0]; e.Applied || e.Refused == "" || e.Officer != "O1" || strings.Contains(e.DataJSON, "secret") {
		t.Errorf("refused event %+v", e)
	}
}

func TestFundsThatALaterWordLacksAreTakenBack(t *testing.T) {
	l := newLog(t)
	l.hit(caselog.Hit)
	l.request()
	word := func(n string, seq uint32, at int, funds ...freeze.Fund) ledger.Rows {
		o, _ := freeze.New(freeze.TypeOutcome).(*freeze.Outcome)
		now := freeze.At(time.Date(2026, 3, 2, 5, at, 0, 0, time.UTC))
		party := freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"}
		o.Envelope = freeze.Envelope{
			Schema: freeze.Schema1, Type: freeze.TypeOutcome, Environment: "test", AlertID: l.alert, MessageID: freeze.ResponderID(l.alert, seq), Sequence: seq, CreatedAt: now,
			Sender: party, Recipient: party, Case: &freeze.Case{ID: "C"}, Handling: &freeze.Handling{TLP: "red", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
		}
		o.OutcomeOf, o.AsOf, o.Decision, o.Funds, o.Amounts = l.alert+"-Q001", now, "nothing_found", funds, freeze.AmountsOf(funds)
		body, err := freeze.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		l.sealed[n] = asJSON(caselog.BodyPersonal{Body: string(body)})
		mark := caselog.OutcomeMark{OutcomeOf: o.OutcomeOf, AsOf: now, Decision: "nothing_found", Funds: funds, Balanced: true}
		return l.add(caselog.Outcome, caselog.OutcomeData{MessageMark: caselog.MessageMark{AlertID: l.alert, MessageID: o.MessageID, Type: freeze.TypeOutcome, Party: "GB-FIU"}, OutcomeMark: mark, Personal: n})
	}
	item := freeze.ItemID(l.alert, 1)
	line := func(what, amount string) freeze.Fund {
		return freeze.Fund{ItemID: item, Disposition: what, Money: freeze.Money{Amount: freeze.Dec(amount), Currency: "GBP"}}
	}
	first := word("o1", 1, 1, line("withdrawn_cash", "3.00"), line("fee", "2.50")).Funds
	second := word("o2", 2, 2, line("withdrawn_cash", "5.50")).Funds
	if len(first) != 2 || len(second) != 2 || first[0].PaymentKey != "K" {
		t.Fatalf("rows %+v %+v", first, second)
	}
	if !second[0].Current || second[1].Current || second[1].Line != 1 {
		t.Errorf("rows of the second word %+v", second)
	}
	if late := word("o3", 3, 0).Funds; len(late) != 0 {
		t.Errorf("an older word made rows %+v", late)
	}
}

// TestWordsBecomeRows tells a hit, a higher case, a lower one and the end, twice
// each: a row a word that counts, and the payments that a proposal has shed.
func TestWordsBecomeRows(t *testing.T) {
	l := newLog(t)
	word := func(kind caselog.Type, evidence, cased string, stands bool, payments ...string) ledger.Rows {
		d := caselog.HitData{
			HitID: "H" + evidence, Evidence: evidence, Rule: "r", Title: "t", Score: "1", Case: cased, Severity: "high", Ask: []string{"trace"}, Hash: "00ff", Fold: apply.Version, Stands: stands, Late: kind != caselog.Hit,
		}
		if kind != caselog.Hit {
			d.Cause = &event.Position{Topic: "telecom.events", Partition: 2, Offset: 7}
		}
		for _, p := range payments {
			d.Payments = append(d.Payments, caselog.PaymentMark{Key: p, Amount: &freeze.Money{Amount: "5.50", Currency: "GBP"}})
		}
		rows := l.add(kind, d)
		if again := l.add(kind, d); len(again.Hits)+len(again.Overturns)+len(again.Payments) != 0 || len(again.CaseEvents) != 1 || again.CaseEvents[0].Refused != "repeat" {
			t.Errorf("%s told again made %+v", kind, again)
		}
		return rows
	}
	word(caselog.Hit, "other", "ask", false, "K0")
	first := word(caselog.Hit, "E", "ask", false, "K1").Hits[0]
	raised := word(caselog.HitChanged, "E", "freeze", false, "K1", "K2")
	lowered := word(caselog.HitOverturned, "E", "ask", true, "K1")
	gone := word(caselog.HitOverturned, "E", "", false)
	for i, h := range []caselog.HitRow{first, raised.Hits[0], lowered.Hits[0]} {
		want := []string{"", "raised", "lowered"}[i]
		if h.Changed != want || h.Title != "t" || h.Late != (i > 0) || (h.CauseTopic != "") != (i > 0) || i > 0 && h.Version <= first.Version {
			t.Errorf("row %d %+v", i, h)
		}
	}
	if len(gone.Hits) != 0 || len(gone.Overturns) != 1 {
		t.Fatalf("the end made %+v", gone)
	}
	if o := gone.Overturns[0]; o.Reason != "later_evidence" || o.CauseTopic != "telecom.events" || o.CausePartition != 2 || o.CauseOffset != 7 || o.Key != string(key) || o.Version <= lowered.Hits[0].Version {
		t.Errorf("overturned %+v", o)
	}
	shed := func(rows ledger.Rows) string {
		var out []string
		for _, p := range rows.Payments {
			out = append(out, fmt.Sprint(p.PaymentKey, p.Shed))
		}
		return strings.Join(out, " ")
	}
	if a, b, c := shed(raised), shed(lowered), shed(gone); a != "K0false K1false K2false" || b != "K0false K1false K2true" || c != "K0false K2true K1true" {
		t.Errorf("payments %q, %q, %q", a, b, c)
	}
}
