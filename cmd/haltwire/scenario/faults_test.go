package scenario_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// TestFaultsAndOtherEnds is FREEZE 5 step 16, and the variants of the other steps:
// every answer is lost once, so that everything is delivered twice; a partner is away
// for ten minutes and another hangs; one lies; messages come in the wrong order; the
// bank's scheme is SEPA; nobody confirms; consent is refused.
func TestFaultsAndOtherEnds(t *testing.T) {
	w := newTester(t, scenario.Options{Scheme: "sepa"})
	w.start()
	for _, r := range w.Roads() {
		r.Trouble(twice)
	}
	w.play(nil, "1", "2", "3")
	d1 := w.toEmirates()
	w.away(d1)
	w.hangs(d1)
	w.play(nil, "6")
	w.sepa()
	w.play(nil, "7", "8", "8b")
	w.lies()
	w.play(nil, "9")
	w.noConsent()
	w.nobodyConfirms()
	w.C1 = d1
	w.wrongOrder()
	w.everythingTwice()
}

// twice loses the answer to the first delivery of everything.
func twice(l scenario.Letter) scenario.Fault {
	if l.Try == 1 {
		return scenario.Forget
	}
	return scenario.Pass
}

// toEmirates reports a payment that went to the Emirates at once, and returns its alert.
func (t *tester) toEmirates() (id string) {
	t.Helper()
	t.must(t.IN.Report(t.Context(), "bank.reports", direct("TX-D1", "41111111-1111-4111-8111-111111111111", "20000.00")))
	t.reaches("India has an alert at the Emirates", func() bool {
		for _, v := range t.list(t.IN, desk.Filter{Party: "AE-FIU", Direction: "out"}) {
			id = v.ID
		}
		return id != ""
	})
	t.Others = append(t.Others, id)
	return id
}

// accountD is another account of the bank of the Emirates.
const accountD = "AE709990000000000000404"

func direct(id, uetr, dirhams string) map[string]any {
	at := scenario.At("04:19").Format("2006-01-02T15:04:05.000Z")
	return map[string]any{
		"report_id": id, "reporter": "HWBIINBB", "kind": "bank.transfer", "occurred_at": at, "reported_at": at, "amount": "500000.00", "currency": "INR",
		"settled_amount": dirhams, "settled_currency": "AED", "credited_amount": dirhams, "credited_currency": "AED", "status": "settled", "rail": "swift", "authorisation": "unauthorised",
		"payment":  map[string]any{"uetr": uetr, "settlement_date": "2026-03-02"},
		"debtor":   map[string]any{"account": "000000000042", "scheme": "bban", "clearing_system": "INFSC", "clearing_id": "HWBI0000001", "phone": scenario.Phone},
		"creditor": map[string]any{"account": accountD, "scheme": "iban", "bic": "HWBDAEAD"},
	}
}

// approved has two people sign what stands there now.
func (t *tester) approved(id string) {
	t.Helper()
	for _, p := range []string{"O1", "O2"} {
		t.must(t.IN.Act(t.Context(), id, desk.Action{Do: "approve"}, p))
	}
}

// away: the United Kingdom answers 503 for ten minutes, and the Emirates hear at once.
func (t *tester) away(d1 string) {
	back := scenario.At("04:31")
	t.Road("GB-FIU").Trouble(func(l scenario.Letter) scenario.Fault {
		if t.Clock.Now().Before(back) {
			return scenario.Lose
		}
		return scenario.Pass
	})
	t.Clock.To(scenario.At("04:21"))
	t.approved(t.A1)
	t.reaches("the United Kingdom is tried", func() bool { return len(t.Road("GB-FIU").Said()) > 0 })
	began := time.Now()
	t.approved(d1)
	t.must(t.IN.Reaches(t.Context(), d1, "received"))
	t.holds("the lane of the Emirates is not delayed", time.Since(began) < 8*time.Second, time.Since(began).String())
	t.same("A1", t.show(t.IN, t.A1).State, "approved")
	t.Clock.To(back)
	t.must(t.IN.Reaches(t.Context(), t.A1, "received"))
	t.Road("GB-FIU").Trouble(twice)
}

// hangs: the emergency hangs at the United Kingdom, and the Emirates hear at once.
func (t *tester) hangs(d1 string) {
	road := t.Road("GB-FIU")
	n := len(road.Said())
	road.Trouble(func(l scenario.Letter) scenario.Fault {
		if l.Try == 1 {
			return scenario.Hang
		}
		return scenario.Pass
	})
	done := make(chan error, 1)
	go func() {
		for _, s := range t.Steps() {
			if s.Name == "5" {
				done <- s.Play(t.Context())
			}
		}
	}()
	t.reaches("the emergency is on its way", func() bool { return len(road.Said()) > n })
	began := time.Now()
	t.must(t.IN.Report(t.Context(), "bank.reports", direct("TX-D2", "42222222-2222-4222-8222-222222222222", "5000.00")))
	t.must(t.IN.Until(t.Context(), d1, "there is a second payment", func(d *desk.Detail) bool { return d.Payments == 2 }))
	t.approved(d1)
	t.must(t.IN.Until(t.Context(), d1, "the amendment is received", func(d *desk.Detail) bool { return len(d.Messages) == 2 && d.Messages[1].Receipt != "" }))
	t.holds("a partner that hangs delays nobody else", time.Since(began) < 8*time.Second, time.Since(began).String())
	t.must(<-done)
	road.Trouble(twice)
}

// sepa: in that scheme the reason is FRAD.
func (t *tester) sepa() {
	drafts, err := t.Drafts()
	t.must(err)
	for name, text := range drafts {
		t.holds("the reason is FRAD", strings.Contains(text, "<Cd>FRAD</Cd>") && !strings.Contains(text, "UAPA"), name, text)
	}
	t.checkDrafts(drafts)
}

// lies: a bank's funds do not add up, a bank speaks for another one, and somebody
// answers what he was never asked.
func (t *tester) lies() {
	t.must(t.GB.Reaches(t.Context(), t.A1, "answered"))
	order := t.BankA.Orders()[0]
	lie := t.bankAgain(order, 2)
	lie.Trail = nil // and the amounts stay those of before
	lie.Funds = []freeze.Fund{{ItemID: order.Payments[0].ItemID, Disposition: "held", Money: freeze.Money{Amount: "99000.00", Currency: "GBP"}}}
	r := t.said(t.BankA, lie)
	t.holds("a partner's word is never refused for what it says", r.Verdict == delivery.Delivered, r)
	t.must(t.GB.Reaches(t.Context(), t.A1, "bank_answered"))
	t.reaches("people are told", func() bool {
		v := t.list(t.GB, desk.Filter{Party: "BANK-A"})
		return len(v) == 1 && scenario.Tasked(v[0], "contradiction")
	})
	if err := t.GB.Act(t.Context(), t.A1, desk.Action{Do: "release"}, "O3"); err == nil {
		t.Error("a lie was released")
	}
	t.same("India's word of it", t.show(t.IN, t.A1).Amounts[0].Held, freeze.Dec("15500.00"))

	forged := t.BankB.Answer(order, 9, "")
	forged.Decision, forged.Sender = "nothing_found", t.BankA.Self
	r = t.said(t.BankB, forged)
	t.holds("nobody speaks for another", r.Verdict != delivery.Delivered, r)
	stranger := t.BankB.Answer(order, 1, "")
	stranger.Decision = "nothing_found"
	r = t.said(t.BankB, stranger)
	t.holds("who was not asked is told so", r.Receipt != nil && r.Receipt.Level == freeze.LevelRejected && r.Receipt.Reject.Code == freeze.CodeUnknownAlert, r)

	truth := t.bankAgain(order, 3)
	r = t.said(t.BankA, truth)
	t.holds("the bank corrects itself", r.Verdict == delivery.Delivered, r)
	t.must(t.GB.Until(t.Context(), t.A1, "the correction is known", func(d *desk.Detail) bool { return d.State == "bank_answered" && d.Amounts[0].Held == "15500.00" }))
	t.must(t.GB.Act(t.Context(), t.A1, desk.Action{Do: "release"}, "O3"))
	t.must(t.GB.Reaches(t.Context(), t.A1, "answered"))
}

// said has a stub say something until the answer arrives.
func (t *tester) said(s *scenario.Stub, m freeze.Message) delivery.Result {
	t.Helper()
	for range 5 {
		r, err := s.Say(t.Context(), m)
		t.must(err)
		if r.Status != http.StatusBadGateway {
			return r
		}
	}
	t.Fatalf("%s of %s does not arrive", m.Head().MessageID, s.Self.PartyID)
	panic("unreachable")
}

// bankAgain is what the bank said first, under another number.
func (t *tester) bankAgain(order *freeze.Request, sequence uint32) *freeze.Outcome {
	t.Helper()
	o := t.FirstOfBankA(order)
	o.MessageID, o.Sequence, o.AsOf, o.CreatedAt = freeze.ResponderID(order.AlertID, sequence), sequence, freeze.At(t.Clock.Now()), freeze.At(t.Clock.Now())
	return o
}

// noConsent: the United Kingdom says no, and the Emirates never hear of it.
func (t *tester) noConsent() {
	before := len(t.Road("AE-FIU").Said())
	t.must(t.Refuse(t.Context()))
	d := t.show(t.IN, t.C1)
	t.same("C1", []any{d.State, d.Ending, d.Facts[0].Texts["ground"], d.Facts[0].Texts["text"]}, []any{"closed", "no_consent", "prejudices_investigation", "An operation is under way."})
	t.same("letters to the Emirates since", len(t.Road("AE-FIU").Said()), before)
	t.silent(t.Road("AE-FIU"), t.A1, "11000", "52000", "HWBAGB2L", scenario.UETRN)
}

// nobodyConfirms: the emergency is called up the chain, and never taken back.
func (t *tester) nobodyConfirms() {
	called := func(timer string, role caselog.Role) func() bool {
		return func() bool {
			return slices.ContainsFunc(t.show(t.IN, t.B1).Tasks, func(x apply.Task) bool {
				return x.Kind == "overdue" && strings.HasPrefix(x.About, timer) && (x.For == role || x.For == "" && role == caselog.RoleOfficer)
			})
		}
	}
	by := time.UnixMilli(t.show(t.IN, t.B1).ConfirmBy)
	for _, x := range []struct {
		after time.Duration
		timer string
		role  caselog.Role
	}{{0, "T5", caselog.RoleOfficer}, {30 * time.Minute, "T5/2", caselog.RoleSupervisor}, {time.Hour, "T5/3", caselog.RoleHead}} {
		t.Clock.To(by.Add(x.after + time.Second))
		t.reaches(fmt.Sprintf("%s calls: %s", x.timer, x.role), called(x.timer, x.role))
	}
	d := t.show(t.IN, t.B1)
	t.same("B1 stays", []any{d.State, d.Provisional, d.Confirmed, ids(d.Messages)}, []any{"received", true, false, t.B1 + "-Q001=request"})
}

// wrongOrder: of three messages the last comes before the second.
func (t *tester) wrongOrder() {
	q1, err := t.American(t.Context())
	t.must(err)
	say := func(m freeze.Message) {
		r := t.said(t.US, m)
		t.holds("it is receipted", r.Receipt != nil && r.Receipt.Level == freeze.LevelReceived, r)
	}
	say(q1)
	t.must(t.AE.Reaches(t.Context(), q1.AlertID, "received"))
	q2 := &freeze.Amendment{Request: *q1, Supersedes: q1.MessageID, Changes: []freeze.Change{{Field: "urgency"}}}
	q2.Type, q2.Sequence, q2.MessageID, q2.CreatedAt = freeze.TypeAmendment, 2, freeze.RequesterID(q1.AlertID, 2), freeze.At(t.Clock.Now())
	q3 := &freeze.Withdrawal{Envelope: q1.Envelope, Reason: "The payment was made in error."}
	q3.Type, q3.Sequence, q3.MessageID, q3.CreatedAt = freeze.TypeWithdrawal, 3, freeze.RequesterID(q1.AlertID, 3), freeze.At(t.Clock.Now())
	say(q3)
	t.same("before the gap is closed", t.show(t.AE, q1.AlertID).State, "received")
	t.holds("it is parked", slices.ContainsFunc(t.show(t.AE, q1.AlertID).Inbox, func(m desk.MessageView) bool { return m.ID == q3.MessageID && m.Parked }))
	say(q2)
	t.reaches("it is taken in when the gap is closed", func() bool { return t.show(t.AE, q1.AlertID).State != "received" })
	t.same("nothing is parked", slices.ContainsFunc(t.show(t.AE, q1.AlertID).Inbox, func(m desk.MessageView) bool { return m.Parked }), false)
	say(q2) // late, and known
}

// everythingTwice: every message went out under one id with one body, arrived more than
// once, and counts once.
func (t *tester) everythingTwice() {
	t.sentOnce()
	delivered := map[string]int{}
	for _, r := range t.Roads() {
		for _, l := range r.Said() {
			delivered[l.MessageID]++
		}
	}
	for _, c := range t.Countries() {
		for _, v := range t.list(c, desk.Filter{}) {
			d := t.show(c, v.ID)
			seen := map[string]bool{}
			for _, m := range d.Inbox {
				t.holds("a message counts once", !seen[m.ID], m.ID)
				seen[m.ID] = true
			}
			if d.Direction == "in" && delivered[v.ID+"-Q001"] < 2 {
				t.Errorf("%s-Q001 was delivered %d times", v.ID, delivered[v.ID+"-Q001"])
			}
		}
	}
}
