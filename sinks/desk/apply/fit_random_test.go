package apply_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// fault breaks an outcome that fits, at a payment, and returns what a task has to tell.
type fault func(o *freeze.Outcome, i int) string

// faults are the checks of a partner's word (FREEZE 1.5), each broken. They do not get
// in one another's way: every one changes a member of its own, or adds what is wrong.
func faults() []fault {
	late := func(o *freeze.Outcome) freeze.Time { return freeze.At(o.AsOf.Add(time.Hour)) }
	extra := func(o *freeze.Outcome, change func(m *freeze.Measure)) string {
		m := o.Measures[0]
		m.MeasureID = fmt.Sprintf("%s-X%02d", o.AlertID, len(o.Measures))
		change(&m)
		o.Measures = append(o.Measures, m)
		return "measure " + m.MeasureID + ": "
	}
	return []fault{
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.AskID = "K99" }) + "ask_id"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.Kind = "account_suspended" }) + "kind"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.Amount = &freeze.Money{Amount: "999999.00", Currency: "GBP"} }) + "amount"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.Amount = &freeze.Money{Amount: "0.01", Currency: "XAF"} }) + "amount"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.Account.ID = "GB65HWBB00000000000202" }) + "account"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.InForceAt, m.ExpiresAt = late(o), nil }) + "in_force_at"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { m.InForceAt = freeze.At(m.InForceAt.Add(-30 * 24 * time.Hour)) }) + "in_force_at"
		},
		func(o *freeze.Outcome, _ int) string {
			return extra(o, func(m *freeze.Measure) { at := freeze.At(m.InForceAt.Add(-time.Second)); m.ExpiresAt = &at }) + "expires_at"
		},
		func(o *freeze.Outcome, i int) string {
			at := late(o)
			o.Funds[2*i].At = &at
			return "item " + o.Funds[2*i].ItemID + ": funds.at"
		},
		func(o *freeze.Outcome, i int) string {
			o.Trail[i].ExecutedAt = freeze.At(o.Trail[i].ExecutedAt.Add(-48 * time.Hour))
			return "hop " + o.Trail[i].ItemID + ": executed_at"
		},
		func(o *freeze.Outcome, i int) string {
			o.Returns = append(o.Returns, freeze.Return{ItemID: o.Funds[2*i].ItemID, Money: freeze.Money{Amount: "1.00", Currency: "GBP"}, ValueDate: "2026-03-03"})
			return "item " + o.Funds[2*i].ItemID + ": returns "
		},
		func(o *freeze.Outcome, i int) string {
			o.Returns = append(o.Returns, freeze.Return{ItemID: o.Funds[2*i].ItemID, Money: freeze.Money{Amount: "0.00", Currency: "GBP"}, ValueDate: "2031-01-01"})
			return "item " + o.Funds[2*i].ItemID + ": returns.value_date"
		},
	}
}

// told is an alert that has asked about some payments, and what the partner says of it.
type told struct {
	*folding
	root    *caselog.Root
	request *freeze.Request
	alert   string
}

func newTold(t *rapid.T) *told {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	f := &told{folding: newFolding(t, "out/GB-FIU/S"), root: root}
	var marks []dict
	payments := make([]freeze.Payment, rapid.IntRange(1, 4).Draw(t, "payments"))
	for i := range payments {
		sum := pounds(rapid.IntRange(2, 1_000_000).Draw(t, "pence"))
		payments[i] = freeze.Payment{Disputed: sum, Credited: &sum, ExecutedAt: freeze.At(time.UnixMilli(begin).Add(-time.Duration(i) * time.Minute))}
		marks = append(marks, dict{"key": fmt.Sprint("P", i), "amount": sum, "refs": []string{fmt.Sprint("R", i)}, "told": "1"})
	}
	f.must(caselog.Hit, dict{"hit_id": "H", "evidence": "E", "rule": "r", "severity": "high", "ask": []string{"hold_amount"}, "approval": "auto", "payments": marks, "fold": 4})
	a := f.s.Alerts[0]
	f.alert = a.ID
	for i := range payments {
		payments[i].ItemID = a.Items[i].ID
	}
	asks := freeze.Money{Amount: freeze.TotalsOf(payments)[0].Disputed, Currency: "GBP"}
	f.request = &freeze.Request{
		Subject: freeze.Subject{Account: freeze.Account{Scheme: "iban", ID: "GB52HWBA00000000000101"}, Servicer: freeze.Servicer{BIC: "HWBAGB2L"}},
		Asks:    []freeze.Ask{{AskID: a.ID + "-K01", Kind: "hold_amount", Amount: &asks}}, Payments: payments,
	}
	f.must(caselog.MessageQueued, dict{
		"alert_id": a.ID, "message_id": freeze.RequesterID(a.ID, 1), "sequence": 1, "type": "request", "content": a.Content(), "provisional": true, "fold": 1,
		"approval": dict{"mode": "none"}, "digest": dict{"alg": "sha-256", "value": "d"},
	})
	return f
}

// fits makes an outcome that fits: of each payment a part is held and the rest moved on.
func (f *told) fits(t *rapid.T, n int, asOf freeze.Time) *freeze.Outcome {
	o := &freeze.Outcome{OutcomeOf: freeze.RequesterID(f.alert, 1), AsOf: asOf, Decision: "partly"}
	o.AlertID, o.MessageID = f.alert, freeze.ResponderID(f.alert, uint32(n)) //nolint:gosec // a handful
	sum := freeze.Dec("0")
	for i, p := range f.request.Payments {
		all := pence(p.Disputed)
		held := rapid.IntRange(1, all-1).Draw(t, "held")
		o.Funds = append(o.Funds, freeze.Fund{ItemID: p.ItemID, Disposition: "held", Money: pounds(held)}, freeze.Fund{ItemID: p.ItemID, Disposition: "moved_on", Money: pounds(all - held)})
		o.Trail = append(o.Trail, freeze.Hop{
			ItemID: fmt.Sprintf("%s-N%02d", f.alert, i+1), ParentItems: []string{p.ItemID}, Money: pounds(all - held), ExecutedAt: p.ExecutedAt, HandledBy: "responder", OnwardUse: "not_granted",
			To: freeze.HopTo{Account: freeze.Account{Scheme: "iban", ID: fmt.Sprint("AE", i)}, Servicer: freeze.Servicer{BIC: "HWBDAEAD"}, AccountCountry: "AE"},
		})
		sum = sum.Add(pounds(held).Amount)
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	o.Measures = []freeze.Measure{{
		MeasureID: f.alert + "-M01", AskID: f.request.Asks[0].AskID, Kind: rapid.SampledFrom(intake.Kinds("hold_amount")).Draw(t, "kind"), State: "in_force",
		Amount: &freeze.Money{Amount: sum, Currency: "GBP"}, Account: f.request.Subject.Account, InForceAt: f.request.Payments[0].ExecutedAt,
	}}
	return o
}

// say has the desk take an outcome in as it does from the wire.
func (f *told) say(o *freeze.Outcome) apply.Verdict {
	digest := freeze.DigestOf([]byte(o.MessageID))
	draft := intake.Message(f.root, f.key, delivery.Inbound{Message: o, MessageID: o.MessageID, Type: freeze.TypeOutcome, Digest: digest}, nil)
	d, ok := draft.Data.(*caselog.OutcomeData)
	if !ok {
		f.t.Fatalf("data is %T", draft.Data)
	}
	d.Fold, d.Misfits = apply.Version, intake.Misfits(f.root, o, intake.Asked{Request: f.request})
	return f.fold(caselog.Outcome, d)
}

// TestWordThatDoesNotFitIsNeverWithoutTask says random things that fit or do not, some of
// an older moment, each once more: all are taken in, all that does not fit is in a task
// that names it, one a word, and what fits opens none.
func TestWordThatDoesNotFitIsNeverWithoutTask(t *testing.T) {
	all := faults()
	rapid.Check(t, func(rt *rapid.T) {
		f := newTold(rt)
		var last freeze.Time
		for n := range rapid.IntRange(1, 5).Draw(rt, "outcomes") {
			asOf := freeze.At(time.UnixMilli(begin).Add(time.Duration(rapid.IntRange(1, 5).Draw(rt, "as of")) * time.Minute))
			older := asOf.Before(last.Time)
			o := f.fits(rt, n+1, asOf)
			var want []string
			for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 0, 4, rapid.ID).Draw(rt, "faults") {
				want = append(want, all[i](o, rapid.IntRange(0, len(f.request.Payments)-1).Draw(rt, "at")))
			}
			before := len(f.about(o.MessageID))
			if v := f.say(o); !v.Applied {
				rt.Fatalf("not taken in: %+v", v)
			}
			f.complete(want, older, o.MessageID)
			tasks := f.about(o.MessageID)
			if before != 0 || len(tasks) > 1 || !older && len(want) == 0 && len(tasks) != 0 {
				rt.Fatalf("%v of %s (older %v): tasks %s", want, o.MessageID, older, asJSONOf(tasks))
			}
			known := len(f.s.Alerts[0].Tasks)
			if v := f.say(o); !v.Repeat || len(f.s.Alerts[0].Tasks) != known {
				rt.Fatalf("said twice: %+v", v)
			}
			if !older {
				last = asOf
				f.onlyThisWord(want, o.MessageID)
			}
		}
	})
}

// about returns the contradictions about a word.
func (f *told) about(id string) []apply.Task {
	return slices.DeleteFunc(slices.Clone(f.s.Alerts[0].Tasks), func(t apply.Task) bool { return t.Kind != "contradiction" || t.About != id })
}

// complete holds that all that does not fit is told by a task. What an older word says
// that the newer one says too is told by that one's.
func (f *told) complete(want []string, older bool, id string) {
	for _, w := range want {
		told := func(t apply.Task) bool {
			return t.Kind == "contradiction" && slices.ContainsFunc(t.Why, func(why string) bool { return strings.HasPrefix(why, w) })
		}
		if !slices.ContainsFunc(f.s.Alerts[0].Tasks, told) {
			f.t.Fatalf("no task of %s tells %q (older %v): %s", id, w, older, asJSONOf(f.s.Alerts[0].Tasks))
		}
	}
}

// onlyThisWord holds that of words that counted no task is open but the last one's.
func (f *told) onlyThisWord(want []string, id string) {
	older := map[string]bool{}
	for _, in := range f.s.Alerts[0].Inbox {
		older[in.ID] = in.Older != ""
	}
	for _, t := range f.s.Alerts[0].Tasks {
		word := t.Kind == "contradiction" && len(t.Why) > 0 && t.Done == "" && !older[t.About]
		if word && t.About != id && len(want) == 0 {
			f.t.Fatalf("%s fits, and %s is still open: %s", id, t.About, asJSONOf(t))
		}
	}
}
