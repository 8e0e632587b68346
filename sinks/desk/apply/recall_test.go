package apply_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// recalling is an instruction with one recalled payment of 100.00 GBP.
type recalling struct {
	machine apply.Machine
	subject *apply.Subject
	offset  int64
	now     time.Time
}

func (x *recalling) apply(t *rapid.T, kind caselog.Type, data any) apply.Verdict {
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	x.offset++
	x.now = x.now.Add(time.Minute)
	s, v, _ := x.machine.Apply(x.subject, apply.Record{
		Event:  caselog.Event{ID: fmt.Sprint("E", x.offset), Type: kind, Key: "out/BANK-IN/S", Time: x.now, Data: text},
		Offset: x.offset, Appended: x.now.UnixMilli(),
	})
	x.subject = s
	return v
}

const recalledItem = "AAAAAAAAAAAAAAAAAAAAAAAAAA-P01"

func newRecalling(t *rapid.T, machine apply.Machine) *recalling {
	x := &recalling{machine: machine, now: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)}
	x.apply(t, caselog.Amended, caselog.AmendedData{
		Parent: "AAAAAAAAAAAAAAAAAAAAAAAAAA", ParentKey: "out/GB-FIU/S", Ask: []string{"recall"}, By: []string{"O1"}, Recall: true,
		Payments: []caselog.PaymentMark{{Key: "K", Amount: &freeze.Money{Amount: "100.00", Currency: "GBP"}, Refs: []string{"r"}, Item: recalledItem, Parents: []string{recalledItem}}},
	})
	a := x.subject.Alerts[0]
	v := x.apply(t, caselog.MessageQueued, caselog.QueuedData{
		AlertID: a.ID, Episode: 1, MessageID: a.ID + "-Q001", Sequence: 1, Type: freeze.TypeRequest, Party: "BANK-IN", Content: a.Content(), Fold: apply.Version,
		Approval: &caselog.ApprovalData{Mode: "one", ContentDigest: "cd", By: []string{"O1"}}, Recalls: []caselog.RecallMark{{Item: recalledItem, Camt056ID: a.ID + "-Q001"}},
	})
	if !v.Applied || a.Legs[0].State != "instructed" {
		t.Fatalf("%+v, recall is %s", v, a.Legs[0].State)
	}
	return x
}

// drawWord is any word of a bank, also one that fits nothing.
func drawWord(t *rapid.T, n int) caselog.RecallWord {
	w := caselog.RecallWord{
		Ref: fmt.Sprint("R", n), At: freeze.At(time.Date(2026, 3, 2, rapid.IntRange(0, 23).Draw(t, "hour"), n%60, 0, 0, time.UTC)),
		State: rapid.SampledFrom([]string{"", "initiated", "pending", "forwarded", "accepted", "partly_accepted", "rejected", "returned"}).Draw(t, "state"),
	}
	w.Codes = rapid.SampledFrom([][]string{nil, {"CNCL"}, {"PDCR", "ADAC"}, {"RJCR", "LEGL"}, {"RJCR", "NOOR"}, {"NARR"}}).Draw(t, "codes")
	if w.State == "returned" || w.State == "" && rapid.Bool().Draw(t, "money") {
		w.Amount = &freeze.Money{Amount: freeze.Dec(rapid.SampledFrom([]string{"100.00", "40.00", "60.00", "110.00", "0.01"}).Draw(t, "amount")), Currency: "GBP"}
		w.Settled, w.Codes = &freeze.Money{Amount: "100.00", Currency: "GBP"}, []string{"FOCR"}
	}
	return w
}

// TestRecallLaws holds over any words of a bank in any order, each told up to three
// times: a word counts once, none is refused, all the money that came back is in the
// sum, what came back whole stays back, and only a whole return ends in returned.
func TestRecallLaws(t *testing.T) {
	machine := newWorld(t).machine
	rapid.Check(t, func(t *rapid.T) {
		x := newRecalling(t, machine)
		a := x.subject.Alerts[0]
		sum := freeze.Dec("0")
		back := false
		for n := range rapid.IntRange(1, 12).Draw(t, "words") {
			w := drawWord(t, n)
			before := a.Legs[0].Version
			for again := range rapid.IntRange(1, 3).Draw(t, "told") {
				v := x.apply(t, caselog.RecallAnswered, caselog.RecallAnsweredData{AlertID: a.ID, Item: recalledItem, RecallWord: w})
				if v.Applied != (again == 0) || v.Repeat != (again > 0) {
					t.Fatalf("told %d times: %+v", again+1, v)
				}
			}
			l := a.Legs[0]
			if w.Amount != nil {
				sum = sum.Add(w.Amount.Amount)
			}
			if got := returnedOf(l); got.Cmp(sum) != 0 || l.Version != before+1 {
				t.Fatalf("%s came back, the recall says %s, version %d after %d", sum, got, l.Version, before)
			}
			if back = back || l.State == "returned"; back != (l.State == "returned") {
				t.Fatalf("what came back is %s after %+v", l.State, w)
			}
			checkTasks(t, a, l, w)
		}
		if len(x.subject.Alerts) != 1 {
			t.Fatal("words opened an episode")
		}
	})
}

func returnedOf(l *apply.Leg) freeze.Dec {
	if l.Returned == nil {
		return "0"
	}
	return l.Returned.Amount
}

// checkTasks holds that people are told of what the machine does not settle.
func checkTasks(t *rapid.T, a *apply.Alert, l *apply.Leg, w caselog.RecallWord) {
	open := strings.Join(a.OpenTasks(), " ")
	switch {
	case l.Differs != "" && !strings.Contains(open, "return_differs"):
		t.Fatalf("what came back is %s, and nobody is told: %s", l.Differs, open)
	case l.State == "rejected" && !strings.Contains(open, "recall_re"):
		t.Fatalf("rejected, and nobody is told: %s", open)
	case w.State == "" && w.Amount == nil && !strings.Contains(open, "recall_text"):
		t.Fatalf("a word without a state, and nobody is told: %s", open)
	case a.State == apply.Closed && l.State != "returned" && (l.State != "rejected" || slices.Contains(l.Codes, "NOOR")) && !strings.Contains(open, "contradiction"):
		t.Fatalf("closed while the recall is %s %v: %s", l.State, l.Codes, open)
	}
}
