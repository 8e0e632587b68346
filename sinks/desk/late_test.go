package desk_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

// cause is a report of later evidence.
func cause(offset int64) event.Position {
	return event.Position{Topic: "telecom.events", Partition: 1, Offset: offset}
}

// about returns a hit on a report about an account of its own, with a case.
func about(id, account, cased string) *hit.Hit {
	h := report(id, "", "18000.00")
	h.Case, h.Approval = cased, "two_person"
	name(h, id, account)
	if cased == "ask" {
		h.Rank, h.Severity, h.Ask = 1, "high", []string{"trace"}
	}
	return h
}

// name makes h about payments to accounts.
func name(h *hit.Hit, id string, accounts ...string) {
	one := h.Alerts[0]
	h.Alerts = nil
	for _, account := range accounts {
		a := one
		a.Subject.UID, a.Subject.Account = account, account
		a.Payments = slices.Clone(one.Payments)
		a.Payments[0].Key, a.Payments[0].Refs = "K"+id+account, hit.References{EndToEndID: id + account}
		h.Alerts = append(h.Alerts, a)
	}
}

// late marks h as one that later evidence made.
func late(h *hit.Hit, changed bool, offset int64) *hit.Hit {
	h.Late, h.Changed, h.Cause = true, changed, cause(offset)
	return h
}

// fell says that h holds no more, or with a lower case.
func fell(h, now *hit.Hit, offset int64) hit.Overturned {
	if now != nil {
		now.Late = true
	}
	return hit.Overturned{
		HitID: h.ID, Rule: h.Rule, Status: h.Status, Reporter: h.Reporter, ReportID: h.ReportID, Version: h.ReportVersion(), Position: h.Position,
		Cause: cause(offset), Now: now,
	}
}

// desked is a desk with three partitions and a ledger.
type desked struct {
	*end
	t      *testing.T
	gb     *end
	ledger *book
	kafka  []string
	stop   func()
}

func newDesked(t *testing.T) *desked {
	d := &desked{end: newEnd(t, indiaSelf()), t: t, gb: newEnd(t, ukSelf()), ledger: newLedger(), kafka: fake(t)}
	d.begin()
	return d
}

func (d *desked) begin() {
	change := func(o *desk.Options) {
		prefixed("in")(o)
		o.Ledger = d.ledger
	}
	d.stop = d.start(d.t, setup{brokers: d.kafka, change: change}, []policy.Party{d.gb.party(slow())}, d.gb)
}

func (d *desked) append(hits ...*hit.Hit) {
	d.t.Helper()
	must(d.t, d.desk.Append(d.t.Context(), hits))
}

func (d *desked) overturn(o ...hit.Overturned) {
	d.t.Helper()
	must(d.t, d.desk.Overturn(d.t.Context(), o))
}

// events returns the rows of the case log as far as it goes now.
func (d *desked) events() []caselog.CaseEventRow {
	d.t.Helper()
	must(d.t, d.desk.Recorded(d.t.Context()))
	return kept[caselog.CaseEventRow](d.ledger)
}

// alerts says of each alert what it asks, sorted.
func (d *desked) alerts() []string {
	d.t.Helper()
	must(d.t, d.desk.Recorded(d.t.Context()))
	var out []string
	for _, a := range kept[caselog.AlertRow](d.ledger) {
		out = append(out, fmt.Sprintf("%s %s%s %s %v hits=%d payments=%d tasks=%v", a.SubjectID, a.State, a.Ending, a.Severity, a.Asks, a.Hits, a.Payments, a.OpenTasks))
	}
	slices.Sort(out)
	return out
}

func (d *desked) want(when string, alerts ...string) {
	d.t.Helper()
	if got := d.alerts(); !slices.Equal(got, alerts) {
		d.t.Errorf("%s:\n%s\nwant\n%s", when, asJSON(got), asJSON(alerts))
	}
}

// TestLaterEvidenceReachesPeople lets later evidence raise, lower and end hits,
// end them the moment they are written, end one of two subjects, and let them
// stand again.
func TestLaterEvidenceReachesPeople(t *testing.T) {
	t.Parallel()
	d := newDesked(t)
	ask, freeze := about("TX-1", "GB00A", "ask"), about("TX-1", "GB00A", "freeze")
	d.append(ask)
	d.append(late(freeze, true, 1))
	d.want("raised", "GB00A proposed critical [trace hold_amount] hits=1 payments=1 tasks=[]")
	d.overturn(fell(freeze, about("TX-1", "GB00A", "ask"), 2))
	d.want("lowered", "GB00A proposed high [trace] hits=1 payments=1 tasks=[lowered]")
	d.overturn(fell(ask, nil, 3))
	d.want("gone", "GB00A closedoverturned high [trace] hits=0 payments=1 tasks=[]")
	d.append(late(about("TX-1", "GB00A", "ask"), false, 4))
	again := "GB00A proposed high [trace] hits=1 payments=1 tasks=[stands_again]"
	d.want("stands again", again)

	two := about("TX-2", "GB00B", "freeze")
	name(two, "TX-2", "GB00B", "GB00C")
	d.append(two)
	d.overturn(fell(two, about("TX-2", "GB00B", "ask"), 5)) // the fold may not have read them yet
	d.want("one subject is named no more", again,
		"GB00B proposed high [trace] hits=1 payments=1 tasks=[lowered]", "GB00C closedoverturned critical [hold_amount trace] hits=0 payments=1 tasks=[]")
	both := about("TX-2", "GB00C", "freeze")
	d.overturn(fell(two, nil, 6))
	d.append(late(both, false, 7), late(both, true, 8))
	d.overturn(fell(both, about("TX-2", "GB00C", "ask"), 9), fell(both, nil, 10)) // of one evidence, in order
	final := []string{again, "GB00B closedoverturned high [trace] hits=0 payments=1 tasks=[]", "GB00C closedoverturned high [trace] hits=0 payments=1 tasks=[]"}
	d.want("of several words the last one counts", final...)

	for _, h := range kept[caselog.HitRow](d.ledger) {
		if h.Title == "" || h.Amount.Currency == "" || h.SubjectID == "" || h.ReportID == "TX-1" && (h.Changed != "" || !h.Late || h.CauseOffset != 4) {
			t.Errorf("hit %s", asJSON(h))
		}
	}
	if got := d.ledger.standing(); len(got) != 1 || got[0].ReportID != "TX-1" {
		t.Errorf("standing hits %s", asJSON(got))
	}
	d.stop()
	d.begin()
	d.want("after a restart", final...)
	d.stop()
}

// TestToldAgainIsNotWrittenAgain replays thousands of hits, as a new owner of the
// reports does, and overturns what nobody knows: the case log stays as it is.
func TestToldAgainIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	d := newDesked(t)
	var hits []*hit.Hit
	for i := range 1500 {
		hits = append(hits, about(fmt.Sprint("TX-", i), fmt.Sprint("GB00", i%40), "ask"))
	}
	d.append(hits...)
	raised := late(about("TX-7", "GB007", "freeze"), true, 3)
	d.append(raised)
	before := len(d.events())
	other := appender(t, d.end, d.gb, d.kafka)
	for range 3 {
		d.append(append(slices.Clone(hits[8:]), raised)...)
		must(t, other.Append(t.Context(), hits[100:]))
	}
	d.overturn(fell(about("TX-unknown", "GB007", "ask"), nil, 9))
	if n := len(d.events()); n != before || before != 1501 {
		t.Errorf("%d events, %d before", n, before)
	}
	d.append(hits[7], raised) // the owner before said more than the new one has seen so far
	if n := len(d.events()); n != before+2 {
		t.Errorf("%d events after a word that differs, %d before", n, before)
	}
	d.stop()
}

// TestInDoubtTheLogDecides tells verdicts as after a crash, when nobody remembers
// what was said last: as a hit, as one that rose and as one that fell. The log
// takes up the one that is true, once.
func TestInDoubtTheLogDecides(t *testing.T) {
	t.Parallel()
	d := newDesked(t)
	doubt := func(cased string, offset int64) int {
		before := len(d.events())
		h := about("TX-1", "GB00A", cased)
		d.append(late(about("TX-1", "GB00A", cased), false, offset), late(about("TX-1", "GB00A", cased), true, offset))
		d.overturn(fell(h, h, offset))
		return len(d.events()) - before
	}
	d.append(about("TX-1", "GB00A", "freeze"))
	for i, step := range []struct {
		cased, alert string
		events       int
	}{
		{"freeze", "GB00A proposed critical [hold_amount trace] hits=1 payments=1 tasks=[]", 0},
		{"ask", "GB00A proposed high [trace] hits=1 payments=1 tasks=[lowered]", 1},
		{"ask", "GB00A proposed high [trace] hits=1 payments=1 tasks=[lowered]", 0},
		{"freeze", "GB00A proposed critical [trace hold_amount] hits=1 payments=1 tasks=[]", 1},
	} {
		if n := doubt(step.cased, int64(i)); n != step.events {
			t.Errorf("step %d wrote %d events, want %d", i, n, step.events)
		}
		d.want(fmt.Sprint("step ", i), step.alert)
	}
	d.overturn(fell(about("TX-1", "GB00A", "ask"), nil, 9))
	if n := doubt("freeze", 10); n != 1 {
		t.Errorf("%d events when it stands again", n)
	}
	d.want("stands again", "GB00A proposed critical [trace hold_amount] hits=1 payments=1 tasks=[stands_again]")
	d.stop()
}

// TestQuietHitsAreOverturnedWhereTheyAre ends hits that cannot alert, and lets
// evidence alert that was quiet at first.
func TestQuietHitsAreOverturnedWhereTheyAre(t *testing.T) {
	t.Parallel()
	d := newDesked(t)
	quiet := func(id string, how func(*hit.Hit)) *hit.Hit {
		h := about(id, "GB00"+id, "ask")
		how(h)
		return h
	}
	shadow := quiet("S", func(h *hit.Hit) { h.Status = hit.Shadow })
	cold := quiet("C", func(h *hit.Hit) { h.Cold = true })
	bare := quiet("B", func(h *hit.Hit) { h.Alerts = nil })
	excepted := quiet("E", func(h *hit.Hit) { h.Excepted = true })
	d.append(shadow, cold, bare, excepted)
	d.overturn(fell(shadow, nil, 1), fell(bare, quiet("B", func(h *hit.Hit) { h.Alerts, h.Case = nil, "lower" }), 2))
	if n := len(d.events()); n != 0 {
		t.Errorf("%d events on the case log", n)
	}
	names := func() (out []string) {
		for _, h := range d.ledger.standing() {
			out = append(out, fmt.Sprintf("%s alerts=%v %s %s", h.ReportID, h.Key != "", h.Case, h.Changed))
		}
		slices.Sort(out)
		return out
	}
	if got, want := names(), []string{"B alerts=false lower lowered", "C alerts=false ask ", "E alerts=false ask "}; !slices.Equal(got, want) {
		t.Errorf("standing hits %q", got)
	}
	warm := about("C", "GB00C", "ask")
	d.append(late(warm, false, 3))
	d.want("it alerts once it is warm", "GB00C proposed high [trace] hits=1 payments=1 tasks=[]")
	d.overturn(fell(warm, quiet("C", func(h *hit.Hit) { h.Cold = true }), 4))
	d.want("a case that cannot alert", "GB00C closedoverturned high [trace] hits=0 payments=1 tasks=[]")
	unknown := fell(about("TX-unknown", "GB00U", "ask"), nil, 6)
	unknown.Doubt = true
	doubted := fell(warm, nil, 5)
	doubted.Doubt = true
	d.stop()
	d.begin() // remembers nothing but what the topics say
	d.overturn(doubted, unknown)
	d.events()
	if rows := kept[caselog.OverturnRow](d.ledger); slices.ContainsFunc(rows, func(o caselog.OverturnRow) bool { return o.HitID == unknown.HitID }) {
		t.Error("what was never told was overturned")
	}
	if got, want := names(), []string{"B alerts=false lower lowered", "E alerts=false ask "}; !slices.Equal(got, want) {
		t.Errorf("standing hits %q", got)
	}
	d.stop()
}

// TestTheLastWordOfTwoInstances has two instances tell words about the same
// evidence in turn: what stands is what the last call said, however far their
// folds were when it came.
func TestTheLastWordOfTwoInstances(t *testing.T) {
	t.Parallel()
	d := newDesked(t)
	desks := []*desk.Desk{d.desk, appender(t, d.end, d.gb, d.kafka)}
	rnd := rand.New(rand.NewPCG(11, 1))
	last := map[string]string{}
	for step := range int64(150) {
		by, id := desks[rnd.IntN(2)], fmt.Sprint("TX-", rnd.IntN(6))
		account := "GB00" + id[len(id)-1:]
		if rnd.IntN(3) == 0 {
			account = "GB00X"
		}
		freeze, ask := about(id, account, "freeze"), about(id, account, "ask")
		switch _, known := last[id]; {
		case !known || rnd.IntN(4) == 0:
			must(t, by.Append(t.Context(), []*hit.Hit{ask}))
			last[id] = "ask"
		case rnd.IntN(3) == 0:
			must(t, by.Append(t.Context(), []*hit.Hit{late(freeze, true, step)}))
			last[id] = "freeze"
		case rnd.IntN(2) == 0:
			must(t, by.Overturn(t.Context(), []hit.Overturned{fell(freeze, ask, step)}))
			last[id] = "ask"
		default:
			must(t, by.Overturn(t.Context(), []hit.Overturned{fell(freeze, nil, step)}))
			last[id] = ""
		}
	}
	d.events()
	got := map[string]string{}
	for id := range last {
		got[id] = ""
	}
	for _, h := range d.ledger.standing() {
		got[h.ReportID] = max(got[h.ReportID], h.Case)
	}
	if asJSON(got) != asJSON(last) {
		t.Errorf("standing %s\nwant %s", asJSON(got), asJSON(last))
	}
	d.stop()
}
