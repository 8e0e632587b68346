package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// said is one word of a rule about one version of a report, or what officers and
// the desk do meanwhile.
type said struct {
	do       string // hit, changed, lowered, gone, revised, approve, refuse, queue
	evidence int
	revision uint32
	cased    string
	payments []string
}

// word of the rule, as opposed to an act of people?
func (w said) word() bool { return w.do != "approve" && w.do != "refuse" && w.do != "queue" }

func drawnWord(t *rapid.T) said {
	w := said{
		do:       rapid.SampledFrom([]string{"hit", "hit", "hit", "changed", "lowered", "gone", "gone", "revised", "approve", "refuse", "queue"}).Draw(t, "do"),
		evidence: rapid.IntRange(1, 3).Draw(t, "evidence"), revision: uint32(rapid.IntRange(0, 2).Draw(t, "revision")),
	}
	w.cased = map[string]string{"changed": "freeze", "lowered": "ask"}[w.do]
	if w.do == "hit" {
		w.cased = rapid.SampledFrom([]string{"ask", "freeze"}).Draw(t, "case")
	}
	w.payments = []string{fmt.Sprint("P", w.evidence)}
	if w.cased == "freeze" {
		w.payments = append(w.payments, "P9")
	}
	return w
}

// asks of the two cases.
func (w said) asks() []string {
	if w.cased == "freeze" {
		return []string{"trace", "hold_amount"}
	}
	return []string{"trace"}
}

func (w said) hitData() caselog.HitData {
	d := caselog.HitData{
		HitID: fmt.Sprintf("H%d.%d", w.evidence, w.revision), Evidence: fmt.Sprint("E", w.evidence), Rule: "r", Version: 1, Reporter: "R", ReportID: fmt.Sprint(w.evidence),
		Revision: w.revision, Hash: "aa", Status: "live", Case: w.cased, Severity: "high", Approval: "two_person", Ask: w.asks(), Fold: apply.Version, Stands: w.do == "lowered",
		Personal: "sealed",
	}
	if w.cased == "ask" {
		d.Rank = 1
	}
	if w.do == "gone" || w.do == "revised" {
		d.Ask, d.Case = nil, ""
	}
	if w.do == "revised" {
		d.Superseded = &caselog.ReportVersion{Revision: w.revision, Hash: "aa"}
	}
	for _, p := range w.payments {
		if w.do != "gone" && w.do != "revised" {
			d.Payments = append(d.Payments, caselog.PaymentMark{Key: p, Amount: &freeze.Money{Amount: "1.00", Currency: "GBP"}, Told: "1"})
		}
	}
	return d
}

// event makes the record of w in the state s; people act on the last alert.
func (w said) event(t *rapid.T, n int, s *apply.Subject) apply.Record {
	last := &apply.Alert{}
	if len(s.Alerts) > 0 {
		last = s.Alerts[len(s.Alerts)-1]
	}
	var kind caselog.Type
	var data any = w.hitData()
	switch w.do {
	case "hit":
		kind = caselog.Hit
	case "changed":
		kind = caselog.HitChanged
	case "approve":
		kind, data = caselog.ApprovalGiven, caselog.OfficerData{AlertID: last.ID, By: fmt.Sprint("O", n%2), Act: apply.ActRequest}
	case "refuse":
		kind, data = caselog.ApprovalRefused, caselog.OfficerData{AlertID: last.ID, By: "O1"}
	case "queue":
		kind = caselog.MessageQueued
		data = caselog.QueuedData{AlertID: last.ID, MessageID: freeze.RequesterID(last.ID, last.NextSequence()), Sequence: last.NextSequence(), Type: freeze.TypeRequest, Content: last.Content()}
	default:
		kind = caselog.HitOverturned
	}
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return apply.Record{Event: caselog.Event{ID: fmt.Sprint(n), Type: kind, Key: "out/GB-FIU/S", Data: text}, Offset: int64(n), Appended: int64(n) * 1000}
}

// model is what the last words say, by evidence.
type model map[int]struct {
	revision uint32
	stands   bool
	cased    string
}

func (m model) take(w said) {
	x, known := m[w.evidence]
	switch {
	case !w.word() || known && w.revision < x.revision:
	case w.do == "gone" || w.do == "revised":
		if known && (w.do == "gone" || w.revision > x.revision) {
			x.stands, x.revision = false, w.revision
			m[w.evidence] = x
		}
	default:
		x.stands, x.revision, x.cased = true, w.revision, w.cased
		m[w.evidence] = x
	}
}

// stands lists the evidence that stands, with its case.
func (m model) standing() []string {
	var out []string
	for e, x := range m {
		if x.stands {
			out = append(out, fmt.Sprint("E", e, " ", x.cased))
		}
	}
	slices.Sort(out)
	return out
}

func standing(s *apply.Subject) []string {
	var out []string
	for _, e := range slices.Sorted(maps.Keys(s.Evidence)) {
		if _, h := s.Hit(e); h != nil && !h.Gone {
			out = append(out, e+" "+h.Case)
		}
	}
	return out
}

// TestTheLastWordCounts tells random words about three reports, while people act:
// what stands is what the last words say, a proposal asks for what stands and for
// no more, a word said twice changes nothing, and told again from any point on the
// words come to the same.
func TestTheLastWordCounts(t *testing.T) {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	m := apply.Machine{Root: root}
	rapid.Check(t, func(rt *rapid.T) {
		s := &apply.Subject{Key: "out/GB-FIU/S", Evidence: map[string]string{}}
		words, want := []said{}, model{}
		n := 0
		tell := func(w said) apply.Verdict {
			n++
			var v apply.Verdict
			s, v, _ = m.Apply(s, w.event(rt, n, s))
			return v
		}
		for range rapid.IntRange(1, 25).Draw(rt, "words") {
			w := drawnWord(rt)
			if v := tell(w); v.Reason == "" { // nobody writes the end of what the log does not know
				words = append(words, w)
			}
			want.take(w)
			if before := state(rt, s); w.word() {
				if v := tell(w); v.Applied || state(rt, s) != before {
					rt.Fatalf("%+v said twice changed\n%s\nto\n%s", w, before, state(rt, s))
				}
			}
			if got := standing(s); !slices.Equal(got, want.standing()) {
				rt.Fatalf("after %+v %v stand, want %v", words, got, want.standing())
			}
			check(rt, s)
			modest(rt, s)
		}
		content, proposed := contents(s), onlyProposals(s) && s.Alerts[0].State == apply.Proposed
		for _, w := range words[rapid.IntRange(0, len(words)).Draw(rt, "from"):] {
			if w.word() {
				tell(w)
				check(rt, s)
			}
		}
		if got := standing(s); !slices.Equal(got, want.standing()) {
			rt.Fatalf("told again %v stand, want %v: %+v", got, want.standing(), words)
		}
		if got := contents(s); proposed && onlyProposals(s) && got != content {
			rt.Fatalf("told again proposals say\n%s\nand said\n%s: %+v", got, content, words)
		}
	})
}

// modest checks that a proposal asks for what its standing hits tell and no more.
func modest(t *rapid.T, s *apply.Subject) {
	for _, a := range s.Alerts {
		if a.State != apply.Proposed {
			continue
		}
		told := map[string]bool{}
		for _, h := range a.Hits {
			for _, ask := range h.Ask {
				told[ask] = told[ask] || !h.Gone
			}
			for _, i := range a.Items {
				told[i.ID] = told[i.ID] || !h.Gone && slices.Contains(i.Reports, h.Evidence)
			}
		}
		for _, ask := range a.Asks {
			if !told[ask] {
				t.Fatalf("alert %s asks for %s without a hit that does", a.ID, ask)
			}
		}
		for _, i := range a.Items {
			if !told[i.ID] {
				t.Fatalf("item %s is told by no hit that stands", i.ID)
			}
		}
	}
}

// contents says what the open proposals ask for, whatever the order of the asks.
func contents(s *apply.Subject) string {
	var out []string
	for _, a := range s.Alerts {
		if a.State != apply.Proposed {
			continue
		}
		asks := slices.Sorted(slices.Values(a.Asks))
		for _, i := range a.Items {
			asks = append(asks, i.Key, string(i.Amount.Amount))
		}
		out = append(out, fmt.Sprint(a.ID, a.Severity, slices.Sorted(slices.Values(asks))))
	}
	return fmt.Sprint(out)
}

// onlyProposals reports whether no alert ever left the hands of the desk: what was
// asked only grows, also by words that are told again.
func onlyProposals(s *apply.Subject) bool {
	return len(s.Alerts) == 1 && s.Alerts[0].Request() == nil && (s.Alerts[0].State == apply.Proposed || s.Alerts[0].Ending == "overturned")
}
