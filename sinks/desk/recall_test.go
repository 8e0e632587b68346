package desk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/spool"
	"github.com/haltwire/haltwire/sinks/party/webhook"
	"github.com/haltwire/haltwire/sinks/policy"
)

// recallWorld is our desk, a partner that takes requests, and the victim's bank, which
// takes files from one folder and answers in another.
type recallWorld struct {
	in, gb  *end
	partner *stub
	out, ok string // the bank's folders
	inbox   *answer.Inbox
}

const (
	uetrP1 = "6513270e-269e-4d37-b2a7-4de452e6b438"
	uetrP2 = "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
	uetrP3 = "9531985d-5d9d-49f8-9818-e811892f902b"
)

func newRecallWorld(t *testing.T, scheme string, change func(*policy.Party), more ...func(*desk.Options)) *recallWorld {
	t.Helper()
	w := &recallWorld{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf()), out: t.TempDir(), ok: t.TempDir()}
	w.partner = newStub(t, w.gb)
	bank := policy.Party{
		ID: "BANK-IN", Name: "Bank of the victim", Kind: "bank", Country: "IN", Policy: policy.Policy{Profile: "own_bank"},
		Servicers: []policy.Servicer{{ClearingSystem: "INFSC", ClearingIDPrefix: "HWBI"}},
	}
	if change != nil {
		change(&bank)
	}
	original := func(ctx context.Context, s *freeze.StatusRequest) *freeze.Request {
		all, err := w.in.desk.Recalled(ctx, bank.ID, s.AlertID)
		if err != nil || len(all) == 0 {
			return nil
		}
		return all[0]
	}
	sender, err := camt056.New(camt056.Config{Out: w.out, In: w.ok, Scheme: scheme, Agent: camt056.Agent{BIC: "HWBIINBB"}}, camt056.Options{Party: bank.ID, Original: original})
	must(t, err)
	form := func(r *freeze.Request) (map[string]string, error) {
		ids, err := sender.Marks(r)
		var no *spool.Unmappable
		if errors.As(err, &no) {
			return nil, &policy.Gate{Field: no.Field, Text: no.Text}
		}
		return ids, err
	}
	w.in.start(t, setup{brokers: fake(t), change: func(o *desk.Options) {
		o.Environment = "live"
		o.Channels[bank.ID] = []desk.Channel{{Kind: "camt056", Sender: sender, Form: form}}
		for _, f := range more {
			f(o)
		}
	}}, []policy.Party{w.gb.party(agreement()), bank}, w.gb)
	w.inbox, err = answer.NewInbox(answer.InboxOptions{Party: bank.ID, Dir: w.ok, Take: answer.Deliver(w.in.desk), Settle: time.Nanosecond})
	must(t, err)
	return w
}

// recallHit is a hit on a payment that was settled, of a rule that wants it recalled.
func recallHit(id, uetr, amount, account, bic string) *hit.Hit {
	h := report(id, uetr, amount)
	h.Ask = []string{"hold_amount", "trace", "recall"}
	a := &h.Alerts[0]
	a.Subject.UID, a.Subject.Account, a.Subject.BIC = account, account, bic
	a.Payments[0].Settled, a.Payments[0].SettledOn = money(amount, "GBP"), "2026-03-02"
	return h
}

func (w *recallWorld) appear(t *testing.T) {
	t.Helper()
	must(t, w.in.desk.Append(t.Context(), []*hit.Hit{
		recallHit("TX-1", uetrP1, "18000.00", "GB52HWBA00000000000101", "HWBAGB2L"),
		recallHit("TX-2", uetrP2, "9500.00", "GB52HWBA00000000000101", "HWBAGB2L"),
		recallHit("TX-3", uetrP3, "12000.00", "GB65HWBB00000000000202", "HWBBGB2L"),
	}))
}

// alertWith returns the alert of a party with so many payments.
func (w *recallWorld) alertWith(party string, payments int) desk.View {
	for _, v := range w.in.desk.List(desk.Filter{Direction: "out", Party: party}) {
		if v.Payments == payments {
			return v
		}
	}
	return desk.View{}
}

// legs returns where the recalls of an alert stand, in the order of its payments.
func (w *recallWorld) legs(t *testing.T, id string) string {
	t.Helper()
	d, err := w.in.desk.Show(t.Context(), id)
	must(t, err)
	var out []string
	for _, p := range d.Items {
		out = append(out, p.Recall.State)
	}
	return strings.Join(out, " ")
}

func (w *recallWorld) files(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := filepath.Glob(filepath.Join(w.out, "*.xml"))
	must(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		must(t, err)
		out[strings.TrimSuffix(filepath.Base(name), ".xml")] = string(text)
	}
	return out
}

// answered puts a file into the bank's folder and has it read.
func (w *recallWorld) answered(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(w.ok, name), []byte(text), 0o600))
	if n, err := w.inbox.Scan(t.Context()); err != nil || n != 1 {
		t.Fatalf("%s: %d files taken: %v", name, n, err)
	}
}

// resolution is a camt.029 about payments by their UETR.
func resolution(id, caseID, conf, reason string, uetrs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn><Assgnmt><Id>%s</Id><Assgnr><Agt><FinInstnId><BICFI>HWBAGB2L</BICFI></FinInstnId></Agt></Assgnr><Assgne><Agt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></Agt></Assgne><CreDtTm>2026-03-04T09:30:00+00:00</CreDtTm></Assgnmt>`, id)
	if caseID != "" {
		fmt.Fprintf(&b, `<RslvdCase><Id>%s</Id><Cretr><Agt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></Agt></Cretr></RslvdCase>`, caseID)
	}
	fmt.Fprintf(&b, `<Sts><Conf>%s</Conf></Sts><CxlDtls>`, conf)
	for _, u := range uetrs {
		fmt.Fprintf(&b, `<TxInfAndSts><OrgnlUETR>%s</OrgnlUETR>`, u)
		if reason != "" {
			fmt.Fprintf(&b, `<TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>%s</Cd></Rsn><AddtlInf>Account of J. Doe is under a measure</AddtlInf></CxlStsRsnInf>`, reason)
		}
		b.WriteString(`</TxInfAndSts>`)
	}
	b.WriteString(`</CxlDtls></RsltnOfInvstgtn></Document>`)
	return b.String()
}

func giveBack(uetr, amount string) string {
	return fmt.Sprintf(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"><PmtRtr><GrpHdr><MsgId>BANKB-RTR-1</MsgId><CreDtTm>2026-03-05T08:00:00.000Z</CreDtTm><NbOfTxs>1</NbOfTxs><IntrBkSttlmDt>2026-03-05</IntrBkSttlmDt><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr><TxInf><RtrId>RTR-1</RtrId><OrgnlUETR>%s</OrgnlUETR><RtrdIntrBkSttlmAmt Ccy="GBP">%s</RtrdIntrBkSttlmAmt><RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>`, uetr, amount)
}

// TestRecallIsALegOfItsOwn plays steps 6 and 13 of FREEZE 5: two camt.056 go out, one
// bank rejects, the other gives the money back, and the freeze request stays as it is.
func TestRecallIsALegOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newRecallWorld(t, "", nil)
	w.play(t, func(string, string) {})
}

// play is the story; check sees every file that went to the bank.
func (w *recallWorld) play(t *testing.T, check func(name, text string)) {
	t.Helper()
	w.appear(t)
	eventually(t, "the bank's instructions wait for an officer", func() bool {
		return w.alertWith("BANK-IN", 2).State == "proposed" && w.alertWith("BANK-IN", 1).State == "proposed"
	})
	eventually(t, "GB has both requests", func() bool { return len(w.partner.messages()) >= 2 && w.alertWith("GB-FIU", 2).State == "received" })
	a1, b1 := w.alertWith("GB-FIU", 2), w.alertWith("GB-FIU", 1)
	order, other := w.alertWith("BANK-IN", 2).ID, w.alertWith("BANK-IN", 1).ID
	if got := w.legs(t, a1.ID); got != "none none" {
		t.Errorf("recalls before an officer approved them: %s", got)
	}
	act(t, w.in.desk, order, desk.Action{Do: "approve", As: "O1"})
	act(t, w.in.desk, other, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "two drafts are in the folder", func() bool { return len(w.files(t)) == 2 })
	w.checkDrafts(t, order, other, a1.ID, check)
	eventually(t, "A1 knows that the bank is instructed", func() bool { return w.legs(t, a1.ID) == "instructed instructed" })
	if v := w.alertWith("BANK-IN", 2); v.State != "approved" {
		t.Errorf("a file in a folder is not sent, and the instruction is %s", v.State)
	}

	for _, item := range []string{"-P01", "-P02"} {
		act(t, w.in.desk, order, desk.Action{Do: "recall_answer", As: "O1", About: a1.ID + item, Code: "SENT"})
	}
	eventually(t, "A1 knows that the bank has sent it", func() bool { return w.legs(t, a1.ID) == "initiated initiated" })
	w.hold(t, a1.ID)
	w.reject(t, a1.ID, order)
	w.returned(t, b1.ID, other)
	w.strays(t, order)
}

// checkDrafts looks at what the bank is given.
func (w *recallWorld) checkDrafts(t *testing.T, order, other, a1 string, check func(name, text string)) {
	t.Helper()
	files := w.files(t)
	two, one := files[order+"-Q001"], files[other+"-Q001"]
	if n := strings.Count(two, "<TxInf>"); n != 2 {
		t.Errorf("the draft for HWBAGB2L has %d payments", n)
	}
	if n := strings.Count(one, "<TxInf>"); n != 1 || !strings.Contains(one, "HWBBGB2L") {
		t.Errorf("the draft for HWBBGB2L has %d payments", n)
	}
	for _, want := range []string{"<CxlId>" + a1 + "-P01</CxlId>", "<CxlId>" + a1 + "-P02</CxlId>", "<Cd>UAPA</Cd>", "000000000042"} {
		if !strings.Contains(two, want) {
			t.Errorf("the draft lacks %s:\n%s", want, two)
		}
	}
	told := regexp.MustCompile(`(?i)fiu|financial intelligence|suspicion|sim[ _-]?(swap|change)|\+910000000001|memorandum|computer_fraud|V\. Victim"`)
	for name, text := range files {
		if bad := told.FindString(text); bad != "" {
			t.Errorf("%s tells the bank of %q", name, bad)
		}
		check(name, text)
	}
}

// hold has GB answer that the money of A1 is held.
func (w *recallWorld) hold(t *testing.T, a1 string) {
	t.Helper()
	var r *freeze.Request
	for _, m := range w.partner.messages() {
		if x, ok := m.(*freeze.Request); ok && x.AlertID == a1 {
			r = x
		}
		if x, ok := m.(*freeze.Amendment); ok && x.AlertID == a1 {
			r = &x.Request
		}
	}
	c := countries{in: w.in, gb: w.in, bank: w.gb}
	o := c.outcome(r, 1, "18000.00", "0.00")
	o.Environment, o.Decision = "live", "granted"
	o.Funds = nil
	for _, p := range r.Payments {
		o.Funds = append(o.Funds, freeze.Fund{ItemID: p.ItemID, Disposition: "held", Money: p.Disputed})
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	body, err := freeze.Encode(o)
	must(t, err)
	sender, err := webhook.New(webhook.Config{URL: w.in.server.URL + inbound.Path, AllowPrivate: true}, webhook.Options{Party: "IN-FIU", Key: w.gb.key, Ring: ringOf(t, w.in)})
	must(t, err)
	defer sender.Close()
	if r := sender.Send(t.Context(), delivery.Attempt{MessageID: o.MessageID, Type: o.Type, Body: body}); r.Verdict != delivery.Delivered {
		t.Fatalf("the partner's outcome: %s %s %s", r.Verdict, r.Reason, r.Detail)
	}
	eventually(t, "A1 is decided", func() bool { return w.alertWith("GB-FIU", 2).State == "decided" })
}

// reject has the bank of A reject both recalls by law: A1 and its measure stay.
func (w *recallWorld) reject(t *testing.T, a1, order string) {
	t.Helper()
	before, err := w.in.desk.Show(t.Context(), a1)
	must(t, err)
	w.answered(t, "a.xml", resolution("BANKA-0001", order, "RJCR", "LEGL", uetrP1, uetrP2))
	eventually(t, "A1 knows that the recall was rejected", func() bool { return w.legs(t, a1) == "rejected rejected" })
	after, err := w.in.desk.Show(t.Context(), a1)
	must(t, err)
	if after.State != before.State || asJSON(after.Measures) != asJSON(before.Measures) || asJSON(after.Tasks) != asJSON(before.Tasks) || after.Content != before.Content || len(after.Messages) != len(before.Messages) {
		t.Errorf("a rejected recall touched the freeze request:\n%s\n%s", asJSON(before), asJSON(after))
	}
	if v := w.alertWith("BANK-IN", 2); v.State != "closed" || strings.Count(asJSON(v.Tasks), "recall_rejected") != 2 {
		t.Errorf("the instruction is %s with tasks %s", v.State, asJSON(v.Tasks))
	}
	w.answered(t, "again.xml", resolution("BANKA-0001", order, "RJCR", "LEGL", uetrP1, uetrP2))
}

// returned has the bank of B agree and give the money back.
func (w *recallWorld) returned(t *testing.T, b1, other string) {
	t.Helper()
	w.answered(t, "b.xml", resolution("BANKB-0001", "", "CNCL", "", uetrP3))
	eventually(t, "B1 knows that the recall was accepted", func() bool { return w.legs(t, b1) == "accepted" })
	w.answered(t, "c.xml", giveBack(uetrP3, "12000.00"))
	eventually(t, "B1 knows that the money is back", func() bool { return w.legs(t, b1) == "returned" })
	d, err := w.in.desk.Show(t.Context(), other)
	must(t, err)
	if d.State != "closed" || len(d.Recalls) != 1 || d.Recalls[0].Returned == nil || d.Recalls[0].Returned.Amount != "12000.00" {
		t.Errorf("the instruction is %s with %s", d.State, asJSON(d.Recalls))
	}
}

// strays has the bank speak of payments that nobody asked about: nothing is lost.
func (w *recallWorld) strays(t *testing.T, order string) {
	t.Helper()
	w.answered(t, "d.xml", resolution("BANKX-0001", "ELSEWHERE", "CNCL", "", "00000000-0000-4000-8000-000000000001"))
	w.answered(t, "e.xml", resolution("BANKX-0002", order, "CNCL", "", "00000000-0000-4000-8000-000000000002"))
	kept, err := filepath.Glob(filepath.Join(w.ok, spool.RefusedFolder, "*.xml.reason"))
	must(t, err)
	if len(kept) != 2 {
		t.Errorf("letters that fit nothing: %v", kept)
	}
	eventually(t, "the people of the case are told of the one that names it", func() bool {
		return strings.Count(asJSON(w.alertWith("BANK-IN", 2).Tasks), "recall_stray") == 1
	})
}

// TestRecallWithoutAnOfficer lets the agreement with the bank stand for one, in SEPA's
// words; a payment of another bank has no leg.
func TestRecallWithoutAnOfficer(t *testing.T) {
	t.Parallel()
	w := newRecallWorld(t, "sepa", func(p *policy.Party) { p.Policy.Unattended = []string{"recall"} })
	foreign := recallHit("TX-9", "11111111-2222-4333-8444-555555555555", "700.00", "GB52HWBA00000000000101", "HWBAGB2L")
	foreign.Alerts[0].Payments[0].Debtor.ClearingID = "OTHR0000001"
	late := recallHit("TX-8", "21111111-2222-4333-8444-555555555555", "800.00", "GB52HWBA00000000000101", "HWBAGB2L")
	late.Alerts[0].Payments[0].Settled = nil
	must(t, w.in.desk.Append(t.Context(), []*hit.Hit{recallHit("TX-1", uetrP1, "18000.00", "GB52HWBA00000000000101", "HWBAGB2L"), foreign, late}))
	eventually(t, "the draft is in the folder", func() bool { return len(w.files(t)) == 1 })
	for name, text := range w.files(t) {
		if !strings.Contains(text, "<Cd>FRAD</Cd>") || strings.Contains(text, "700.00") || strings.Contains(text, "800.00") {
			t.Errorf("%s: %s", name, text)
		}
	}
	eventually(t, "A1 knows all three", func() bool {
		a := find(w.in.desk, "out", "GB-FIU")
		return a.Payments == 3 && w.legs(t, a.ID) == "instructed none none"
	})
	d, err := w.in.desk.Show(t.Context(), find(w.in.desk, "out", "GB-FIU").ID)
	must(t, err)
	if why := whys(d.Recalls); !strings.Contains(why, "no bank of ours") || !strings.Contains(why, "settled") {
		t.Errorf("why payments are not recalled: %s", why)
	}
	for _, m := range w.partner.messages() {
		if r, ok := m.(*freeze.Request); ok && strings.Contains(asJSON(r.Asks), "recall") {
			t.Errorf("the partner is asked for a recall: %s", asJSON(r.Asks))
		}
	}
}

func whys(legs []*apply.Leg) string {
	var out []string
	for _, l := range legs {
		out = append(out, l.Why)
	}
	return strings.Join(out, "; ")
}

func unattended(p *policy.Party) { p.Policy.Unattended = []string{"recall"} }

// TestRecallIsSentAgain has the bank find nothing by the references that it was given:
// an officer has the payment recalled once more, in a message of its own.
func TestRecallIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newRecallWorld(t, "", unattended)
	must(t, w.in.desk.Append(t.Context(), []*hit.Hit{recallHit("TX-1", uetrP1, "18000.00", "GB52HWBA00000000000101", "HWBAGB2L")}))
	eventually(t, "the draft is in the folder", func() bool { return len(w.files(t)) == 1 })
	a1, order := find(w.in.desk, "out", "GB-FIU").ID, find(w.in.desk, "out", "BANK-IN").ID
	w.answered(t, "a.xml", resolution("BANKA-0001", order, "RJCR", "NOOR", uetrP1))
	eventually(t, "people are told to mend and resend", func() bool {
		return w.legs(t, a1) == "rejected" && strings.Contains(asJSON(find(w.in.desk, "out", "BANK-IN").Tasks), "recall_resend")
	})
	act(t, w.in.desk, a1, desk.Action{Do: "recall", As: "O1", About: a1 + "-P01"})
	eventually(t, "there is a second draft", func() bool { return len(w.files(t)) == 2 })
	again := w.files(t)[order+"-Q002"]
	if !strings.Contains(again, "<CxlId>"+a1+"-P01</CxlId>") || !strings.Contains(again, "<Id>"+order+"-Q002</Id>") {
		t.Errorf("the second draft: %s", again)
	}
	w.answered(t, "b.xml", resolution("BANKA-0002", order, "CNCL", "", uetrP1))
	eventually(t, "A1 knows that it was accepted", func() bool { return w.legs(t, a1) == "accepted" })
}

// TestRecallWithoutAnAnswer has a silent bank asked by pacs.028, and then people.
func TestRecallWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	w := newRecallWorld(t, "", unattended, func(o *desk.Options) { o.Schedule = hasty{} })
	must(t, w.in.desk.Append(t.Context(), []*hit.Hit{recallHit("TX-1", uetrP1, "18000.00", "GB52HWBA00000000000101", "HWBAGB2L")}))
	eventually(t, "the draft is in the folder", func() bool { return len(w.files(t)) == 1 })
	a1, order := find(w.in.desk, "out", "GB-FIU").ID, find(w.in.desk, "out", "BANK-IN").ID
	act(t, w.in.desk, order, desk.Action{Do: "recall_answer", As: "O1", Code: "SENT"})
	eventually(t, "the bank is asked where it stands", func() bool { return strings.Contains(w.files(t)[order+"-Q002"], "pacs.028.001.03") })
	if chase := w.files(t)[order+"-Q002"]; !strings.Contains(chase, "<OrgnlMsgId>"+order+"-Q001</OrgnlMsgId>") || !strings.Contains(chase, a1+"-P01") {
		t.Errorf("the chase: %s", chase)
	}
	eventually(t, "people are told that the bank is silent", func() bool {
		return strings.Contains(asJSON(find(w.in.desk, "out", "BANK-IN").Tasks), "recall_silent")
	})
}

// hasty is a schedule on which banks have no time at all.
type hasty struct{ apply.Plain }

func (hasty) After(party, timer, urgency string, from int64) int64 {
	if timer == "T8" || timer == "T8/officer" {
		return from + 1
	}
	return apply.Plain{}.After(party, timer, urgency, from)
}

// TestRecallThatCamtCannotHold is refused before it is frozen, with the field's name.
func TestRecallThatCamtCannotHold(t *testing.T) {
	t.Parallel()
	w := newRecallWorld(t, "", unattended)
	h := recallHit("TX-1", uetrP1, "18000.00", "GB52HWBA00000000000101", "HWBAGB2L")
	h.Alerts[0].Payments[0].Refs = hit.References{RRN: "606100000001"}
	must(t, w.in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "the instruction is blocked", func() bool { return find(w.in.desk, "out", "BANK-IN").Blocked == "payments[0].refs" })
	better := recallHit("TX-2", uetrP1, "18000.00", "GB52HWBA00000000000101", "HWBAGB2L")
	better.Alerts[0].Payments[0].Refs.RRN = "606100000001"
	better.Alerts[0].Payments[0].Key = h.Alerts[0].Payments[0].Key
	must(t, w.in.desk.Append(t.Context(), []*hit.Hit{better}))
	eventually(t, "a report with the reference mends it", func() bool { return len(w.files(t)) == 1 })
}
