package scenario

import (
	"context"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/desk"
)

// Accounts and references of the story. All are invented.
const (
	Phone    = "+910000000001"
	Victim   = "V. Victim"
	AccountA = "GB52HWBA00000000000101"
	AccountB = "GB65HWBB00000000000202"
	AccountC = "AE819990000000000000303"
	HolderA  = "H. Mule"
	Wallet   = "WALLET 77120"

	UETR1 = "6513270e-269e-4d37-b2a7-4de452e6b438"
	UETR2 = "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
	UETR3 = "9531985d-5d9d-49f8-9818-e811892f902b"
	UETRN = "0b1a3c77-1d2e-4f30-8a41-5b6c7d8e9f01"
)

// payment is one of the victim's payments as banks report it.
type payment struct {
	name, uetr, rrn, account, bic, remittance string
	pounds, rupees, disputed                  string
	at                                        string
}

func payments() []payment {
	return []payment{
		{"P1", UETR1, "606104100001", AccountA, "HWBAGB2L", "", "18000.00", "2016000.00", "18000.00", "04:10"},
		{"P2", UETR2, "606104180002", AccountA, "HWBAGB2L", "", "9500.00", "1064000.00", "9000.00", "04:18"},
		{"P3", UETR3, "606104250003", AccountB, "HWBBGB2L", Wallet, "12000.00", "1344000.00", "12000.00", "04:25"},
	}
}

type object = map[string]any

func moment(text string) string { return At(text).Format("2006-01-02T15:04:05.000Z") }

func (p payment) parties() (debtor, creditor object) {
	debtor = object{"account": "000000000042", "scheme": "bban", "clearing_system": "INFSC", "clearing_id": "HWBI0000001", "name": Victim, "phone": Phone}
	creditor = object{"account": p.account, "scheme": "iban", "bic": p.bic, "name": HolderA}
	return debtor, creditor
}

// transfer is the report of the bank that paid. It has the bank's IFSC, no BIC and no
// IBAN of the debtor.
func (p payment) transfer(reporter string) object {
	debtor, creditor := p.parties()
	refs := object{"uetr": p.uetr, "rrn": p.rrn, "settlement_date": "2026-03-02"}
	if p.remittance != "" {
		refs["remittance"] = p.remittance
	}
	return object{
		"report_id": "TX-" + p.name, "reporter": reporter, "kind": "bank.transfer", "occurred_at": moment(p.at), "reported_at": moment(p.at),
		"amount": p.rupees, "currency": "INR", "settled_amount": p.pounds, "settled_currency": "GBP", "credited_amount": p.pounds, "credited_currency": "GBP",
		"status": "settled", "rail": "swift", "authorisation": "unauthorised", "narrative": "my phone went dead in the night",
		"payment": refs, "debtor": debtor, "creditor": creditor,
	}
}

// complaint is one line of the victim's complaint.
func (p payment) complaint() object {
	debtor, creditor := p.parties()
	return object{
		"report_id": "CO-" + p.name, "reporter": "HWBIINBB", "kind": "bank.complaint", "occurred_at": moment(p.at), "reported_at": moment("04:40"),
		"case_ref": "1930-2026-000042", "amount": p.pounds, "currency": "GBP", "disputed_amount": p.disputed,
		"settled_amount": p.pounds, "settled_currency": "GBP", "credited_amount": p.pounds, "credited_currency": "GBP",
		"status": "settled", "rail": "swift", "authorisation": "unauthorised",
		"payment": object{"uetr": p.uetr, "rrn": p.rrn, "settlement_date": "2026-03-02"}, "debtor": debtor, "creditor": creditor,
	}
}

// Step is a part of the story.
type Step struct {
	Name, What string
	Play       func(context.Context) error
}

// Steps are the story in order.
func (w *World) Steps() []Step {
	return []Step{
		{"1", "an operator in India says that a SIM was swapped", w.swap},
		{"2", "the victim's bank reports a payment to the United Kingdom", w.first},
		{"3", "one officer approves; a second payment makes that void", w.second},
		{"4", "two officers approve, and the United Kingdom takes it up", w.asked},
		{"5", "a third payment to another account goes out in an emergency", w.emergency},
		{"6", "the victim's bank is told to recall the payments", w.recalls},
		{"7", "the victim complains; a second bank reports the first payment", w.complained},
		{"8", "a British officer authorises, and his bank hears nothing yet", w.authorised},
		{"5b", "a second person stands behind the emergency", w.confirmed},
		{"8b", "a second British officer authorises; the bank holds what is left", w.held},
		{"9", "money has moved on to the Emirates, who hear nothing yet", w.moved},
		{"9b", "the United Kingdom consents, and the Emirates are asked", w.consented},
		{"10", "the other account is a collection account: the wallet is named", w.pooled},
		{"11", "the Emirates hold what arrived", w.onward},
		{"12", "another country needs the same account, and no longer", w.shared},
		{"13", "one bank refuses the recall, the other gives the money back", w.returned},
		{"14", "the measure is extended, then a court takes it over", w.lasting},
		{"15", "an alert is withdrawn by mistake, and found again", w.late},
	}
}

// swap has the operator tell of the SIM twice: with the number, and by a subscription.
func (w *World) swap(ctx context.Context) error {
	if err := w.To(ctx, At("03:52")); err != nil {
		return err
	}
	for _, text := range []string{
		camara("E1", `{"phoneNumber":"`+Phone+`","subscriptionId":"sub-042"}`),
		camara("E2", `{"subscriptionId":"sub-042"}`),
		camara("E3", `{"subscriptionId":"sub-unknown"}`),
	} {
		if err := w.IN.Report(ctx, "telecom.camara", []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

func camara(id, data string) string {
	return fmt.Sprintf(`{"id":%q,"source":"https://operator.example/events","specversion":"1.0","type":"org.camaraproject.sim-swap-subscriptions.v0.swapped","datacontenttype":"application/json","time":%q,"data":%s}`,
		id, moment("03:52"), data)
}

func (w *World) first(ctx context.Context) error {
	if err := w.To(ctx, At("04:10")); err != nil {
		return err
	}
	if err := w.IN.Report(ctx, "bank.reports", payments()[0].transfer("HWBIINBB")); err != nil {
		return err
	}
	return w.opened(ctx, "GB-FIU", &w.A1)
}

// opened waits for an alert of India at a party that none of the story is yet.
func (w *World) opened(ctx context.Context, party string, into *string) error {
	known := append([]string{w.A1, w.B1, w.C1, w.OrderA, w.OrderB}, w.Others...)
	return await(ctx, "India has another alert at "+party, func() (bool, error) {
		v, err := w.IN.Find(ctx, desk.Filter{Direction: "out", Party: party}, func(v desk.View) bool { return !contains(known, v.ID) })
		*into = v.ID
		return v.ID != "", err
	})
}

func (w *World) second(ctx context.Context) error {
	if err := w.To(ctx, At("04:14")); err != nil {
		return err
	}
	if err := w.approve(ctx, w.IN, w.A1, "O1"); err != nil {
		return err
	}
	if err := w.To(ctx, At("04:18")); err != nil {
		return err
	}
	if err := w.IN.Report(ctx, "bank.reports", payments()[1].transfer("HWBIINBB")); err != nil {
		return err
	}
	return w.IN.Until(ctx, w.A1, "the second payment joins the alert, and the approval is void", func(d *desk.Detail) bool {
		return d.Payments == 2 && len(d.Voided) == 1 && len(d.Approvals) == 0
	})
}

// approve has people sign what they see.
func (w *World) approve(ctx context.Context, c *Country, id string, people ...string) error {
	for _, p := range people {
		v, err := c.As(p).Show(ctx, id)
		if err != nil {
			return err
		}
		if err := c.Act(ctx, id, desk.Action{Do: "approve", Digest: v.Content}, p); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) asked(ctx context.Context) error {
	if err := w.To(ctx, At("04:20")); err != nil {
		return err
	}
	if err := w.approve(ctx, w.IN, w.A1, "O1"); err != nil {
		return err
	}
	if err := w.To(ctx, At("04:21")); err != nil {
		return err
	}
	if err := w.approve(ctx, w.IN, w.A1, "O2"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.A1, "received")
}

func (w *World) emergency(ctx context.Context) error {
	if err := w.To(ctx, At("04:25")); err != nil {
		return err
	}
	if err := w.IN.Report(ctx, "bank.reports", payments()[2].transfer("HWBIINBB")); err != nil {
		return err
	}
	if err := w.opened(ctx, "GB-FIU", &w.B1); err != nil {
		return err
	}
	if err := w.To(ctx, At("04:26")); err != nil {
		return err
	}
	if err := w.IN.Act(ctx, w.B1, desk.Action{Do: "emergency", Reason: "the money is about to leave"}, "O1"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.B1, "received")
}

// recalls lets one officer have the victim's bank recall all payments.
func (w *World) recalls(ctx context.Context) error {
	if err := w.To(ctx, At("04:27")); err != nil {
		return err
	}
	for _, x := range []struct{ alert, order *string }{{&w.A1, &w.OrderA}, {&w.B1, &w.OrderB}} {
		if err := w.IN.Act(ctx, *x.alert, desk.Action{Do: "recall"}, "O1"); err != nil {
			return err
		}
		if err := w.opened(ctx, "BANK-IN", x.order); err != nil {
			return err
		}
	}
	for _, id := range []string{w.OrderA, w.OrderB} {
		if err := w.recalled(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// recalled lets an officer approve an instruction, where the recall was not enough.
func (w *World) recalled(ctx context.Context, id string) error {
	v, err := w.IN.Show(ctx, id)
	if err != nil {
		return err
	}
	if v.State == "proposed" {
		if err := w.approve(ctx, w.IN, id, "O1"); err != nil {
			return err
		}
	}
	return await(ctx, "the bank has a draft", func() (bool, error) {
		drafts, err := w.Drafts()
		return drafts[id+"-Q001"] != "", err
	})
}

// accepts lets a desk abroad take an alert up.
func (w *World) accepts(ctx context.Context, c *Country, id string) error {
	if err := c.Act(ctx, id, desk.Action{Do: "accept"}, "O3"); err != nil {
		return err
	}
	return w.IN.Until(ctx, id, "the desk abroad has taken it up", func(d *desk.Detail) bool { return d.At.Accepted > 0 })
}

func (w *World) complained(ctx context.Context) error {
	if err := w.To(ctx, At("04:35")); err != nil {
		return err
	}
	if err := w.accepts(ctx, w.GB, w.A1); err != nil {
		return err
	}
	if err := w.To(ctx, At("04:40")); err != nil {
		return err
	}
	for _, p := range payments() {
		if err := w.IN.Report(ctx, "bank.reports", p.complaint()); err != nil {
			return err
		}
	}
	if err := w.To(ctx, At("04:41")); err != nil {
		return err
	}
	again := payments()[0].transfer("HWBJINBB")
	again["report_id"], again["reported_at"] = "OTHER-1", moment("04:41")
	if err := w.IN.Report(ctx, "bank.reports", again); err != nil {
		return err
	}
	err := w.IN.Until(ctx, w.A1, "all reports about its payments are in", func(d *desk.Detail) bool { return d.Hits == 5 && needs(d) == 1 })
	if err != nil {
		return err
	}
	if err := w.To(ctx, At("04:42")); err != nil {
		return err
	}
	if err := w.approve(ctx, w.IN, w.A1, "O2"); err != nil {
		return err
	}
	return w.IN.Until(ctx, w.A1, "the amendment is received", func(d *desk.Detail) bool { return received(d, 2) })
}

func needs(d *desk.Detail) int { return d.Needs }

// received reports whether the n-th message of an alert has its receipt.
func received(d *desk.Detail, n int) bool {
	return len(d.Messages) >= n && d.Messages[n-1].Receipt != ""
}

// confirmed is the second person behind the emergency.
func (w *World) confirmed(ctx context.Context) error {
	if err := w.To(ctx, At("04:50")); err != nil {
		return err
	}
	if err := w.IN.Act(ctx, w.B1, desk.Action{Do: "confirm", Reason: "read and found right"}, "O2"); err != nil {
		return err
	}
	return w.IN.Until(ctx, w.B1, "the confirmation is received", func(d *desk.Detail) bool { return received(d, 2) })
}

// authorise lets two officers decide under the law of a country.
func (w *World) authorise(ctx context.Context, c *Country, id, basis string, people ...string) error {
	return c.Act(ctx, id, desk.Action{Do: "authorise", Basis: basis}, people...)
}

// authorised is the first half of the British decision.
func (w *World) authorised(ctx context.Context) error {
	if err := w.To(ctx, At("04:43")); err != nil {
		return err
	}
	if err := w.reread(ctx, w.GB, w.A1); err != nil {
		return err
	}
	return w.authorise(ctx, w.GB, w.A1, "POCA 2002, section 336C", "O3")
}

// held is the rest of the British part: the second officer, then the bank, then the
// answer.
func (w *World) held(ctx context.Context) error {
	if err := w.To(ctx, At("04:50")); err != nil {
		return err
	}
	if err := w.authorise(ctx, w.GB, w.A1, "POCA 2002, section 336C", "O4"); err != nil {
		return err
	}
	order, err := orders(ctx, w.BankA, 1)
	if err != nil {
		return err
	}
	if err := w.To(ctx, At("04:58")); err != nil {
		return err
	}
	if err := w.say(ctx, w.BankA, w.bankA(order)); err != nil {
		return err
	}
	if err := w.To(ctx, At("05:10")); err != nil {
		return err
	}
	if err := w.release(ctx, w.GB, w.A1, "O3"); err != nil {
		return err
	}
	return w.IN.Reaches(ctx, w.A1, "decided")
}

// reread lets the desk take up what an amendment changed.
func (w *World) reread(ctx context.Context, c *Country, id string) error {
	v, err := c.Show(ctx, id)
	if err != nil || slices.Contains([]string{"accepted", "assessing"}, v.State) {
		return err
	}
	return c.Act(ctx, id, desk.Action{Do: "accept"}, "O3")
}

// release lets an answer go out once the bank's is there.
func (w *World) release(ctx context.Context, c *Country, id string, people ...string) error {
	if err := c.Reaches(ctx, id, "bank_answered"); err != nil {
		return err
	}
	return c.Act(ctx, id, desk.Action{Do: "release"}, people...)
}
