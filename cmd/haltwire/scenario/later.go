package scenario

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// pooled asks for the sub-account of B, gets it, and has the bank hold it.
func (w *World) pooled(ctx context.Context) error {
	const field = "subject.account.sub_account"
	if err := w.To(ctx, At("05:40")); err != nil {
		return err
	}
	if err := w.accepts(ctx, w.GB, w.B1); err != nil {
		return err
	}
	ask := desk.Action{Do: "ask_info", Code: "pooled_account", Texts: map[string]string{field: "it is a collection account"}}
	if err := w.GB.Act(ctx, w.B1, ask, "O3"); err != nil {
		return err
	}
	if err := w.IN.Reaches(ctx, w.B1, "info_needed"); err != nil {
		return err
	}
	if err := w.named(ctx); err != nil {
		return err
	}
	return w.wallet(ctx)
}

// named has India name the sub-account, which two others sign.
func (w *World) named(ctx context.Context) error {
	if err := w.To(ctx, At("05:45")); err != nil {
		return err
	}
	if err := w.IN.Act(ctx, w.B1, desk.Action{Do: "edit", Texts: map[string]string{"sub_account": Wallet}}, "O3"); err != nil {
		return err
	}
	if err := w.approve(ctx, w.IN, w.B1, "O1", "O2"); err != nil {
		return err
	}
	return w.IN.Until(ctx, w.B1, "the amendment is received", func(d *desk.Detail) bool { return received(d, 3) })
}

// wallet has the British bank hold the sub-account.
func (w *World) wallet(ctx context.Context) error {
	if err := w.To(ctx, At("05:50")); err != nil {
		return err
	}
	if err := w.reread(ctx, w.GB, w.B1); err != nil {
		return err
	}
	if err := w.authorise(ctx, w.GB, w.B1, "POCA 2002, section 336C", "O3", "O4"); err != nil {
		return err
	}
	order, err := orders(ctx, w.BankB, 1)
	if err != nil {
		return err
	}
	if err := w.To(ctx, At("06:00")); err != nil {
		return err
	}
	if err := w.say(ctx, w.BankB, w.bankB(order, 1)); err != nil {
		return err
	}
	if err := w.To(ctx, At("06:05")); err != nil {
		return err
	}
	if err := w.release(ctx, w.GB, w.B1, "O3"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.B1, "decided")
}

// onward lets the Emirates hold what arrived there.
func (w *World) onward(ctx context.Context) error {
	if err := w.To(ctx, At("06:10")); err != nil {
		return err
	}
	if err := w.accepts(ctx, w.AE, w.C1); err != nil {
		return err
	}
	if err := w.To(ctx, At("07:00")); err != nil {
		return err
	}
	if err := w.authorise(ctx, w.AE, w.C1, "Federal Decree-Law 10 of 2025, article 5", "O3", "O4"); err != nil {
		return err
	}
	order, err := orders(ctx, w.BankC, 1)
	if err != nil {
		return err
	}
	if err := w.To(ctx, At("09:20")); err != nil {
		return err
	}
	if err := w.say(ctx, w.BankC, w.bankC(order, 1, "")); err != nil {
		return err
	}
	if err := w.To(ctx, At("09:30")); err != nil {
		return err
	}
	if err := w.release(ctx, w.AE, w.C1, "O3"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.C1, "decided")
}

// shared lets another country need the same account, and take it back.
func (w *World) shared(ctx context.Context) error {
	if err := w.To(ctx, At("09:40")); err != nil {
		return err
	}
	r, err := w.American(ctx)
	if err != nil {
		return err
	}
	if err := w.say(ctx, w.US, r); err != nil {
		return err
	}
	if err := w.AE.Reaches(ctx, r.AlertID, "received"); err != nil {
		return err
	}
	if err := w.AE.Act(ctx, r.AlertID, desk.Action{Do: "accept"}, "O3"); err != nil {
		return err
	}
	if err := w.authorise(ctx, w.AE, r.AlertID, "Federal Decree-Law 10 of 2025, article 5", "O3", "O4"); err != nil {
		return err
	}
	if err := w.again(ctx, 2, r.AlertID); err != nil {
		return err
	}
	if err := w.To(ctx, At("10:30")); err != nil {
		return err
	}
	back := &freeze.Withdrawal{Envelope: r.Envelope, Reason: "The payment was made in error, and is paid."}
	back.Type, back.Sequence, back.MessageID, back.CreatedAt = freeze.TypeWithdrawal, 2, freeze.RequesterID(r.AlertID, 2), freeze.At(w.Clock.Now())
	if err := w.say(ctx, w.US, back); err != nil {
		return err
	}
	if err := w.AE.Reaches(ctx, r.AlertID, "review"); err != nil {
		return err
	}
	if err := w.AE.Act(ctx, r.AlertID, desk.Action{Do: "lift"}, "O3", "O4"); err != nil {
		return err
	}
	return w.again(ctx, 3, r.AlertID)
}

// again waits for the n-th instruction to the bank of the Emirates, has it answered and
// tells the party of an alert. What the bank says in two words is released twice.
func (w *World) again(ctx context.Context, n int, alert string) error {
	order, err := orders(ctx, w.BankC, n)
	if err != nil {
		return err
	}
	if err := w.say(ctx, w.BankC, w.bankC(order, uint32(n), "")); err != nil { //nolint:gosec // a few
		return err
	}
	if err := w.release(ctx, w.AE, alert, "O3"); err != nil {
		return err
	}
	released := time.Now()
	return w.AE.Until(ctx, alert, "the party is told", func(d *desk.Detail) bool {
		if d.State == "bank_answered" && time.Since(released) > time.Second {
			released = time.Now()
			_ = w.AE.Act(ctx, alert, desk.Action{Do: "release"}, "O3") // refused while the first is on its way
		}
		return d.State == "answered" || d.State == "closed"
	})
}

// returned is the end of the recalls: A's bank may not, B's bank gives the money back.
func (w *World) returned(ctx context.Context) error {
	if err := w.To(ctx, At("+2 09:30")); err != nil {
		return err
	}
	if err := w.answers("a.xml", resolution("BANKA-0001", w.OrderA, "RJCR", "LEGL", "2026-03-04T09:00:00+00:00", UETR1, UETR2)); err != nil {
		return err
	}
	if err := w.answers("b.xml", resolution("BANKB-0001", "", "CNCL", "", "2026-03-04T09:10:00+00:00", UETR3)); err != nil {
		return err
	}
	if err := w.answers("c.xml", giveBack(UETR3, "12000.00")); err != nil {
		return err
	}
	if err := w.IN.Until(ctx, w.A1, "both recalls are rejected", recalls("rejected", 2)); err != nil {
		return err
	}
	if err := w.IN.Until(ctx, w.B1, "the money is back", recalls("returned", 1)); err != nil {
		return err
	}
	if err := w.say(ctx, w.BankB, w.bankB(w.BankB.Orders()[0], 2)); err != nil {
		return err
	}
	if err := w.release(ctx, w.GB, w.B1, "O3"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.B1, "closed")
}

func recalls(state string, n int) func(*desk.Detail) bool {
	return func(d *desk.Detail) bool {
		return len(d.Recalls) == n && !slices.ContainsFunc(d.Recalls, func(l *apply.Leg) bool { return l.State != state })
	}
}

// Measure returns the measure of an alert by what its id ends with.
func Measure(d *desk.Detail, end string) *apply.Measure {
	for _, m := range d.Measures {
		if strings.HasSuffix(m.MeasureID, end) {
			return m
		}
	}
	return &apply.Measure{}
}

// lasting extends the British measure two working days before its end, and has a court
// take it over.
func (w *World) lasting(ctx context.Context) error {
	if err := w.To(ctx, At("+7 17:01")); err != nil {
		return err
	}
	m1 := w.A1 + "-M01"
	if err := w.IN.Until(ctx, w.A1, "people are called", func(d *desk.Detail) bool { return Measure(d, "-M01").Stand == apply.StandExpiring }); err != nil {
		return err
	}
	until := freeze.At(Extended())
	ask := desk.Action{Do: "extend", About: m1, Until: &until, Texts: map[string]string{"justification": "The court sits at the end of the month."}}
	if err := w.IN.Act(ctx, w.A1, ask, "O1"); err != nil {
		return err
	}
	ask.Texts = nil // as the first officer wrote it
	if err := w.IN.Act(ctx, w.A1, ask, "O2"); err != nil {
		return err
	}
	if err := w.GB.Until(ctx, w.A1, "the question is there", func(d *desk.Detail) bool { return Tasked(d.View, "extend") }); err != nil {
		return err
	}
	n := len(w.BankA.Orders()) + 1
	if err := w.GB.Act(ctx, w.A1, desk.Action{Do: "extend", About: m1, Until: &until}, "O3", "O4"); err != nil {
		return err
	}
	order, err := orders(ctx, w.BankA, n)
	if err != nil {
		return err
	}
	o := w.bankA(order)
	o.MessageID, o.Sequence, o.AsOf = freeze.ResponderID(order.AlertID, 2), 2, freeze.At(w.Clock.Now())
	o.Measures[0].State, o.Measures[0].ExpiresAt = "extended", &until
	if err := w.say(ctx, w.BankA, o); err != nil {
		return err
	}
	if err := w.release(ctx, w.GB, w.A1, "O3"); err != nil {
		return err
	}
	err = w.IN.Until(ctx, w.A1, "the new end is known", func(d *desk.Detail) bool {
		m := Measure(d, "-M01")
		return m.ExpiresAt != nil && m.ExpiresAt.Equal(until.Time)
	})
	if err != nil {
		return err
	}
	return w.court(ctx, m1)
}

// court is the freezing order that replaces the bank's measure.
func (w *World) court(ctx context.Context, m1 string) error {
	if err := w.To(ctx, At("+21 12:00")); err != nil {
		return err
	}
	if err := w.GB.Reaches(ctx, w.A1, "answered"); err != nil {
		return err
	}
	ends := freeze.At(At("+21 12:00").AddDate(2, 0, 0).AddDate(0, 0, -1))
	order := desk.Action{Do: "measure", About: m1, Code: "converted", Until: &ends, Texts: map[string]string{
		"kind": "freezing_order", "authority_kind": "court", "authority": "Crown Court", "legal_basis": "POCA 303Z1",
	}}
	if err := w.GB.Act(ctx, w.A1, order, "O3", "O4"); err != nil {
		return err
	}
	if err := w.release(ctx, w.GB, w.A1, "O3"); err != nil {
		return err
	}
	return w.IN.Until(ctx, w.A1, "the order of the court is known", func(d *desk.Detail) bool { return Measure(d, "-M01").After != "" })
}

// Tasked reports whether a task of that kind is open.
func Tasked(v desk.View, kind string) bool {
	return slices.ContainsFunc(v.Tasks, func(t apply.Task) bool { return t.Kind == kind && t.Done == "" })
}

// late lets India withdraw C1 by mistake, while a word of the Emirates is on its way.
func (w *World) late(ctx context.Context) error {
	order, err := orders(ctx, w.BankC, 3)
	if err != nil {
		return err
	}
	o := w.bankC(order, 4, "")
	o.AsOf = freeze.At(w.Clock.Now())
	if err := w.say(ctx, w.BankC, o); err != nil {
		return err
	}
	// What officers release is what they saw: a word that comes after it takes it back.
	if err := w.AE.Until(ctx, w.C1, "the bank's latest word", func(d *desk.Detail) bool { return d.Outcome != nil && !d.Outcome.AsOf.Before(o.AsOf.Time) }); err != nil {
		return err
	}
	var lost atomic.Bool
	w.IN.Road.Trouble(func(l Letter) Fault {
		if l.Type == freeze.TypeOutcome {
			lost.Store(true)
			return Lose
		}
		return Pass
	})
	if err := w.release(ctx, w.AE, w.C1, "O3"); err != nil {
		return err
	}
	// Only then: taken back before its word is frozen, the Emirates would say another one.
	if err := await(ctx, "AE: its word is on its way", func() (bool, error) { return lost.Load(), nil }); err != nil {
		return err
	}
	if err := w.IN.Act(ctx, w.C1, desk.Action{Do: "withdraw", Reason: "by mistake"}, "O1", "O2"); err != nil {
		return err
	}
	if err := w.IN.Reaches(ctx, w.C1, "withdrawing"); err != nil {
		return err
	}
	w.IN.Road.Trouble(nil)
	if err := w.IN.Until(ctx, w.C1, "the late word is there", func(d *desk.Detail) bool { return Tasked(d.View, "orphan_measure") }); err != nil {
		return err
	}
	if err := w.IN.Act(ctx, w.C1, desk.Action{Do: "reopen", Reason: "the money is held"}, "O1"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.C1, "decided")
}
