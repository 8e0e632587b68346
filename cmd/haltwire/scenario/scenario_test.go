package scenario_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	kafka.Bound(0)
	child()
	os.Exit(m.Run())
}

// TestSimSwapInGBAE is FREEZE 5, step by step; everything that is delivered is
// replayed to the byte on the way.
func TestSimSwapInGBAE(t *testing.T) {
	w := newTester(t, scenario.Options{})
	for _, r := range w.Roads() {
		r.Replay()
	}
	w.start()
	checks := map[string]func(){
		"1": w.step1, "2": w.step2, "3": w.step3, "4": w.step4, "5": w.step5, "6": w.step6, "7": w.step7, "8": w.step8, "8b": w.step8b, "9": w.step9, "9b": w.step9b,
		"10": w.step10, "11": w.step11, "12": w.step12, "13": w.step13, "14": w.step14, "15": w.step15,
	}
	w.play(func(step string) {
		if check := checks[step]; check != nil {
			check()
		}
	})
	w.pager()
	w.sentOnce()
	w.money()
	w.views()
	w.restarted()
	w.bundle()
	w.erased()
}

// step1: the event with a number and the one with a subscription name the same phone;
// nobody knows the third one's.
func (t *tester) step1() {
	t.stored(t.IN, "SELECT concat(report_id, ' ', subscriber_phone) FROM v_reports WHERE kind = 'telecom.sim_swap' ORDER BY report_id", "E1 "+scenario.Phone, "E2 "+scenario.Phone)
	t.stored(t.IN, "SELECT reason FROM v_dead_letters", "missing_phone")
}

func (t *tester) step2() {
	t.stored(t.IN, "SELECT concat(debtor_account_country, ' ', debtor_bic, ' ', creditor_account_country) FROM v_reports WHERE report_id = 'TX-P1'", "IN  GB")
	d := t.show(t.IN, t.A1)
	t.same("A1", []any{d.Party, d.State, d.Totals, d.Asks, d.Needs}, []any{"GB-FIU", "proposed", totals("GBP", 1, "18000.00"), []string{"hold_amount", "trace"}, 2})
	p, err := t.IN.As("O1").Preview(t.Context(), t.A1)
	t.must(err)
	t.holds("18,000.00 are to be held", strings.Contains(asText(p), `{"amount":"18000.00","currency":"GBP"}`), p)
}

func totals(currency string, payments uint32, disputed freeze.Dec) []freeze.Total {
	return []freeze.Total{{Currency: currency, Payments: payments, Disputed: disputed}}
}

func (t *tester) step3() {
	d := t.show(t.IN, t.A1)
	t.same("A1", []any{d.State, d.Totals, d.Voided[0].By, d.Needs}, []any{"proposed", totals("GBP", 2, "27500.00"), []string{"O1"}, 2})
	t.reaches("the log says that an approval is void", func() bool { return slices.Contains(t.events(t.IN, t.A1), "approval.voided") })
	for _, r := range t.Roads() {
		t.same("letters to "+r.To(), len(r.Said()), 0)
	}
}

// events lists the types of the events of an alert.
func (t *tester) events(c *scenario.Country, id string) []string {
	t.Helper()
	all, err := c.As("O1").Events(t.Context(), id)
	t.must(err)
	var out []string
	for _, e := range all {
		out = append(out, e.Type)
	}
	return out
}

// secrets never cross the border.
func secrets() []string {
	return []string{scenario.Victim, scenario.Phone, "000000000042", "sub-042", "sim-swap-then-abroad", "complaint-abroad", "phone went dead", "imsi", "IMSI", `"O1"`, `"O2"`, `"O3"`, `"O4"`}
}

func (t *tester) step4() {
	r := body[*freeze.Request](t, t.show(t.IN, t.A1), t.A1+"-Q001")
	t.same("A1-Q001", []any{len(r.Payments), r.Totals, r.Approval.Mode, r.Provisional, r.Legal.Regime, r.Environment}, []any{2, totals("GBP", 2, "27500.00"), "two", false, "egmont", "live"})
	d := t.show(t.IN, t.A1)
	at := time.UnixMilli(d.At.Received)
	t.holds("the machine receipt came at once", at.Sub(scenario.At("04:21")) < time.Minute, at)
	t.silent(t.Road("GB-FIU"), secrets()...)
	t.same("letters to the Emirates", len(t.Road("AE-FIU").Said()), 0)
}

func (t *tester) step5() {
	r := body[*freeze.Request](t, t.show(t.IN, t.B1), t.B1+"-Q001")
	t.same("B1-Q001", []any{r.Provisional, r.Approval.Mode, r.Totals}, []any{true, "emergency", totals("GBP", 1, "12000.00")})
	by := r.ConfirmBy.Sub(scenario.At("05:26"))
	t.holds("confirm_by is an hour later", by >= 0 && by < time.Minute, r.ConfirmBy)
	if _, err := t.IN.As("O1").Act(t.Context(), t.B1, desk.Action{Do: "confirm"}); err == nil {
		t.Error("who sent it in an emergency confirms it")
	}
}

func (t *tester) step6() {
	drafts, err := t.Drafts()
	t.must(err)
	a, b := drafts[t.OrderA+"-Q001"], drafts[t.OrderB+"-Q001"]
	t.same("drafts and payments in them", []int{len(drafts), strings.Count(a, "<TxInf>"), strings.Count(b, "<TxInf>")}, []int{2, 2, 1})
	for _, want := range []string{"<CxlId>" + t.A1 + "-P01</CxlId>", "<CxlId>" + t.A1 + "-P02</CxlId>", "HWBAGB2L", "<Cd>UAPA</Cd>"} {
		t.holds("the draft about A has "+want, strings.Contains(a, want), a)
	}
	t.holds("the draft about B goes there", strings.Contains(b, "<CxlId>"+t.B1+"-P01</CxlId>") && strings.Contains(b, "HWBBGB2L"), b)
	t.checkDrafts(drafts)
}

// checkDrafts holds what a bank is never told, in which length, and the schema.
func (t *tester) checkDrafts(drafts map[string]string) {
	t.Helper()
	told := regexp.MustCompile(`(?i)fiu|financial intelligence|suspicion|sim[ _-]?(swap|change)|\+91|egmont|computer_fraud|principles`)
	for name, text := range drafts {
		if bad := told.FindString(text); bad != "" {
			t.Errorf("%s tells the bank of %q", name, bad)
		}
		for _, id := range regexp.MustCompile(`<(?:CxlId|Id|BizMsgIdr)>([^<]*)</`).FindAllStringSubmatch(text, -1) {
			t.holds("an id has 35 characters at most", len(id[1]) <= 35, id[1])
		}
		validate(t.T, name, text)
	}
}

func (t *tester) step7() {
	d := t.show(t.IN, t.A1)
	t.same("A1", []any{d.Totals, d.Hits, d.State}, []any{totals("GBP", 2, "27000.00"), 5, "accepted"})
	m := body[*freeze.Amendment](t, d, t.A1+"-Q002")
	t.same("A1-Q002", []any{m.Totals, m.Approval.Mode, m.Supersedes, m.Payments[1].Disputed.Amount, m.Payments[1].Credited.Amount}, []any{totals("GBP", 2, "27000.00"), "one", t.A1 + "-Q001", "9000.00", "9500.00"})
	t.same("B1 does not grow", t.show(t.IN, t.B1).Totals, totals("GBP", 1, "12000.00"))
	t.holds("the desk abroad has given its reference", d.PartnerRef != "", d.View)
	t.holds("it was taken up at 04:35", time.UnixMilli(d.At.Accepted).Sub(scenario.At("04:35")) < time.Minute, d.At)
	t.same("alerts at the United Kingdom", len(t.list(t.IN, desk.Filter{Party: "GB-FIU"})), 2)
}

func (t *tester) list(c *scenario.Country, f desk.Filter) []desk.View {
	t.Helper()
	all, err := c.As("O1").List(t.Context(), f)
	t.must(err)
	return all
}

func (t *tester) step8() { t.same("instructions before a second officer", len(t.BankA.Got()), 0) }

func (t *tester) step8b() {
	t.must(t.GB.Reaches(t.Context(), t.A1, "answered"))
	var second freeze.Time
	all, err := t.GB.As("O1").Events(t.Context(), t.A1)
	t.must(err)
	for _, e := range all {
		if e.By == "O4" && e.Data["act"] == "authorise" {
			second = e.Appended
		}
	}
	order := t.BankA.Orders()[0]
	t.holds("the bank was instructed after two officers", !second.IsZero() && !order.CreatedAt.Before(second.Time), second, order.CreatedAt)
	t.same("the instruction is domestic", []any{order.Legal.Regime, order.Legal.RequesterBasis.Text, order.Legal.Facts, order.Subject.Account.ID, len(t.BankA.Orders())}, []any{"domestic", "POCA 2002, section 336C", "", scenario.AccountA, 1})
	d := t.show(t.IN, t.A1)
	o := body[*freeze.Outcome](t, d, t.A1+"-A001")
	t.same("A1-A001", []any{o.Final, o.Decision, o.Amounts[0]}, []any{false, "partly", freeze.Amounts{Currency: "GBP", Credited: "27500.00", Held: "15500.00", Returned: "0", Onward: "11000.00", Lost: "1000.00", Unaccounted: "0"}})
	t.must(freeze.Balance(o, d.Items))
	m := o.Measures[0]
	t.same("M1", []any{m.Kind, m.State, m.Amount.Amount, m.Authority.Kind, m.InForceAt, m.ExpiresAt, m.Extendable, m.Convert.Need}, []any{"consent_withheld", "in_force", "15500.00", "bank", freeze.At(scenario.At("04:55")), freeze.At(scenario.Expiry()), true, "court_order"})
	n := o.Trail[0]
	t.same("N1", []any{n.Money, n.Credited, n.To.Account.ID, n.ParentItems, n.HandledBy, n.OnwardUse, n.ExecutedAt}, []any{freeze.Money{Amount: "11000.00", Currency: "GBP"}, freeze.Money{Amount: "52000.00", Currency: "AED"}, scenario.AccountC, []string{t.A1 + "-P01", t.A1 + "-P02"}, "nobody", "to_be_asked", freeze.At(scenario.At("04:30"))})
	t.same("A1", []any{d.State, d.Decision}, []any{"decided", "partly"})
	t.same("disposed", dispositions(o.Funds), "held 15500.00 moved_on 11000.00 withdrawn_cash 1000.00")
	c := body[*freeze.Confirmation](t, t.show(t.IN, t.B1), t.B1+"-Q002")
	t.same("B1-Q002", c.Confirms, t.B1+"-Q001")
	t.holds("people stand behind B1", t.show(t.GB, t.B1).Confirmed)
}

// dispositions sums funds by what became of them.
func dispositions(funds []freeze.Fund) string {
	sums, names := map[string]freeze.Dec{}, []string{}
	for _, f := range funds {
		if _, known := sums[f.Disposition]; !known {
			sums[f.Disposition] = "0"
			names = append(names, f.Disposition)
		}
		sums[f.Disposition] = sums[f.Disposition].Add(f.Money.Amount)
	}
	var out []string
	slices.Sort(names)
	for _, n := range names {
		out = append(out, fmt.Sprint(n, " ", sums[n]))
	}
	return strings.Join(out, " ")
}

func (t *tester) step9() {
	v := t.show(t.IN, t.C1)
	t.same("C1", []any{v.State, v.Payments, len(v.Messages)}, []any{"awaiting_consent", 0, 0})
	t.same("letters to the Emirates", len(t.Road("AE-FIU").Said()), 0)
	if _, err := t.IN.As("O1").Act(t.Context(), t.C1, desk.Action{Do: "approve"}); err == nil {
		t.Error("C1 was approved without consent")
	}
	q := body[*freeze.ConsentRequest](t, t.show(t.GB, t.A1), t.A1+"-Q003")
	t.same("A1-Q003", []any{q.FactIDs, q.To}, []any{[]string{t.A1 + "-N01"}, []string{"AE"}})
}

func (t *tester) step9b() {
	a := last[*freeze.ConsentResponse](t, t.show(t.IN, t.A1).Inbox)
	t.same("consent", []any{a.Granted, a.To, a.InReplyTo}, []any{"all", []string{"AE"}, t.A1 + "-Q003"})
	r := body[*freeze.Request](t, t.show(t.IN, t.C1), t.C1+"-Q001")
	p := r.Payments[0]
	t.same("C1-Q001", []any{p.Hop, p.ParentItems, p.Disputed, r.Subject.Account.ID, r.Case.ParentAlert, p.Refs.UETR, r.Handling.PermittedUse}, []any{1, []string{t.A1 + "-P01", t.A1 + "-P02"}, freeze.Money{Amount: "52000.00", Currency: "AED"}, scenario.AccountC, t.A1, scenario.UETRN, "intelligence_only"})
	i := slices.IndexFunc(r.Asks, func(a freeze.Ask) bool { return a.Kind == "hold_amount" })
	t.holds("52,000.00 dirhams are asked for", i >= 0 && *r.Asks[i].Amount == p.Disputed, r.Asks)
	t.silent(t.Road("AE-FIU"), append(secrets(), scenario.HolderA, scenario.Wallet, scenario.AccountB)...)
}

func (t *tester) step10() {
	d := t.show(t.IN, t.B1)
	q := body[*freeze.Outcome](t, d, t.B1+"-A001")
	t.same("B1-A001", []any{q.Decision, q.Refusal.Code, q.Needs[0].Field, q.Final}, []any{"more_info", "pooled_account", "subject.account.sub_account", false})
	m := body[*freeze.Amendment](t, d, t.B1+"-Q003")
	t.same("B1-Q003", []any{m.Subject.Account.SubAccount, m.Approval.Mode}, []any{scenario.Wallet, "two"})
	order := t.BankB.Orders()[0]
	t.same("the bank holds the wallet alone", []any{order.Subject.Account.SubAccount, len(t.BankB.Got())}, []any{scenario.Wallet, 1})
	o := last[*freeze.Outcome](t, d.Inbox)
	t.same("M2", []any{o.Decision, o.Measures[0].Kind, o.Measures[0].Amount.Amount, dispositions(o.Funds)}, []any{"granted", "lien", "12000.00", "held 12000.00"})
	for _, r := range t.Roads() {
		t.silent(r, "suspend_account")
	}
}

func (t *tester) step11() {
	d := t.show(t.IN, t.C1)
	o := last[*freeze.Outcome](t, d.Inbox)
	m := o.Measures[0]
	t.same("M3", []any{o.Decision, m.Authority.Kind, m.Amount.Amount, m.ExpiresAt, m.EndsIfSilent, m.Convert.Need, m.Convert.By}, []any{"granted", "fiu", "51400.00", freeze.At(scenario.At("+29 13:00")), true, "mla_request", freeze.At(scenario.At("+20 13:00"))})
	t.same("the money of C1", dispositions(o.Funds), "fee 600.00 held 51400.00")
	t.must(freeze.Balance(o, d.Items))
}

func (t *tester) step12() {
	var amounts []string
	for _, o := range t.BankC.Orders() {
		i := slices.IndexFunc(o.Asks, func(a freeze.Ask) bool { return a.Kind == "hold_amount" })
		amounts = append(amounts, string(o.Asks[i].Amount.Amount))
	}
	t.same("what the bank of the Emirates is to hold", amounts, []string{"52000.00", "72000.00", "52000.00"})
	t.same("withdrawals to it", len(t.BankC.Got(freeze.TypeWithdrawal)), 0)
	t.same("India's part", t.show(t.IN, t.C1).Measures[0].Amount.Amount, freeze.Dec("51400.00"))
	t.reaches("the other country has its last word", func() bool { return len(t.US.Got(freeze.TypeOutcome)) == 2 })
	o, _ := t.US.Got(freeze.TypeOutcome)[1].(*freeze.Outcome)
	t.same("the other country's measure", []any{o.Final, o.Measures[0].State, o.Measures[0].Amount.Amount}, []any{true, "lifted", "20000.00"})
	t.silent(t.Road("US-FIU"), t.C1, t.A1, "IN-FIU", "52000", "51400", scenario.UETRN)
	t.silent(t.Road("IN-FIU"), "US-FIU", "20000.00", "72000")
}

func (t *tester) step13() {
	a, b := t.show(t.IN, t.A1), t.show(t.IN, t.B1)
	m1 := scenario.Measure(a, "-M01")
	t.same("A1 and M1 are as before", []any{a.State, m1.Stand, m1.Amount.Amount, a.Recalls[0].State, a.Recalls[1].State, a.Recalls[0].Codes}, []any{"decided", apply.StandInForce, "15500.00", "rejected", "rejected", []string{"RJCR", "LEGL"}})
	m2 := scenario.Measure(b, "-M01")
	t.same("B1 and M2", []any{b.State, b.Ending, m2.Stand, m2.Ending, b.Recalls[0].State, b.Recalls[0].Returned.Amount}, []any{"closed", "returned", apply.StandEnded, "returned", "returned", "12000.00"})
	o := last[*freeze.Outcome](t, b.Inbox)
	t.same("B1's outcome is final", []any{o.Final, dispositions(o.Funds)}, []any{true, "returned 12000.00"})
}

func (t *tester) step14() {
	d := t.show(t.IN, t.A1)
	q := body[*freeze.ExtensionRequest](t, d, t.A1+"-Q004")
	t.same("A1-Q004", []any{q.MeasureID, q.Until}, []any{t.A1 + "-M01", freeze.At(scenario.Extended())})
	m1, m4 := scenario.Measure(d, "-M01"), scenario.Measure(d, "-M02")
	t.same("M1 became M4", []any{m1.Stand, m1.After, m4.Stand, m4.Kind, m4.AuthorityKind, m4.Amount.Amount, d.State}, []any{apply.StandConverted, m4.MeasureID, apply.StandInForce, "freezing_order", "court", "15500.00", "decided"})
	o := last[*freeze.Outcome](t, d.Inbox)
	i := slices.IndexFunc(o.Measures, func(m freeze.Measure) bool { return m.MeasureID == m4.MeasureID })
	t.holds("the order rests on POCA 303Z1, for two years at most", i >= 0 && o.Measures[i].LegalBasis == "POCA 303Z1" && o.Measures[i].ExpiresAt.Before(scenario.At("+21 12:01").AddDate(2, 0, 0)), o.Measures)
	t.reaches("people were called before", func() bool { return slices.Contains(t.events(t.IN, t.A1), "overdue") })
	t.holds("nothing of A1 contradicts", !scenario.Tasked(d.View, "contradiction") && !scenario.Tasked(d.View, "orphan_measure"), d.Tasks)
}

func (t *tester) step15() {
	d := t.show(t.IN, t.C1)
	t.same("C1", []any{d.State, scenario.Measure(d, "-M01").Stand}, []any{"decided", apply.StandInForce})
	t.holds("the orphan was a task", slices.ContainsFunc(d.Tasks, func(x apply.Task) bool { return x.Kind == "orphan_measure" && x.Done != "" }), d.Tasks)
	t.same("nothing is lost", len(slices.DeleteFunc(slices.Clone(d.Inbox), func(m desk.MessageView) bool { return m.Type != "outcome" })), 2)
	ae := t.show(t.AE, t.C1)
	t.same("the Emirates' word was taken", ae.Messages[len(ae.Messages)-1].Receipt, "received")
}

// pager: the end of M3 is announced by the working days of the Emirates.
func (t *tester) pager() {
	expiring := func() bool {
		return scenario.Measure(t.show(t.IN, t.C1), "-M01").Stand == apply.StandExpiring
	}
	t.Clock.To(scenario.At("+25 12:50")) // ten minutes short of two working days
	t.holds("nobody is called yet", !expiring())
	t.Clock.To(scenario.At("+25 13:01"))
	t.reaches("people are called about M3", expiring)
	t.holds("it is a task", scenario.Tasked(t.show(t.IN, t.C1).View, "expiring"))
}

// money is step 17, by what India knows.
func (t *tester) money() {
	sums := map[string]freeze.Dec{}
	for _, id := range []string{t.A1, t.B1, t.C1} {
		d := t.show(t.IN, id)
		for _, f := range last[*freeze.Outcome](t, d.Inbox).Funds {
			key := f.Disposition + " " + f.Money.Currency
			if sums[key] == "" {
				sums[key] = "0"
			}
			sums[key] = sums[key].Add(f.Money.Amount)
		}
	}
	t.same("the money of the victim", sums, map[string]freeze.Dec{
		"returned GBP": "12000.00", "held GBP": "15500.00", "moved_on GBP": "11000.00", "withdrawn_cash GBP": "1000.00", // of 39,500.00 credited
		"held AED": "51400.00", "fee AED": "600.00", // the 11,000.00 that moved on
	})
}
