package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

func pounds(amount freeze.Dec) freeze.Money { return freeze.Money{Amount: amount, Currency: "GBP"} }

func dirhams(amount freeze.Dec) freeze.Money { return freeze.Money{Amount: amount, Currency: "AED"} }

// FirstOfBankA is the first answer of A's bank.
func (w *World) FirstOfBankA(order *freeze.Request) *freeze.Outcome { return w.bankA(order) }

// bankA holds 15,500 of 27,500; 11,000 have gone to the Emirates and 1,000 to a cash
// machine.
func (w *World) bankA(order *freeze.Request) *freeze.Outcome {
	o := w.BankA.Answer(order, 1, "")
	p1, p2 := order.Payments[0].ItemID, order.Payments[1].ItemID
	at := freeze.At(At("04:30"))
	o.Decision = "partly"
	o.Funds = []freeze.Fund{
		{ItemID: p1, Disposition: "held", Money: pounds("15500.00")}, {ItemID: p1, Disposition: "moved_on", Money: pounds("2500.00"), At: &at},
		{ItemID: p2, Disposition: "moved_on", Money: pounds("8500.00"), At: &at}, {ItemID: p2, Disposition: "withdrawn_cash", Money: pounds("1000.00"), At: &at},
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	credited, held := dirhams("52000.00"), pounds("15500.00")
	o.Trail = []freeze.Hop{{
		ItemID: order.AlertID + "-N01", ParentItems: []string{p1, p2},
		To:    freeze.HopTo{Account: freeze.Account{Scheme: "iban", ID: AccountC, Type: "personal"}, Servicer: freeze.Servicer{BIC: "HWBDAEAD", Country: "AE"}, AccountCountry: "AE"},
		Money: pounds("11000.00"), Credited: &credited, ExecutedAt: at, Refs: freeze.Refs{UETR: UETRN}, HandledBy: "nobody", OnwardUse: "to_be_asked",
	}}
	until := freeze.At(Expiry())
	o.Measures = []freeze.Measure{{
		MeasureID: order.AlertID + "-M01", AskID: order.Asks[0].AskID, Kind: "consent_withheld", State: "in_force", Amount: &held, Account: order.Subject.Account,
		Authority: freeze.Authority{Name: "Bank A", Kind: "bank"}, LegalBasis: "POCA 2002, section 336C", InForceAt: freeze.At(At("04:55")), ExpiresAt: &until,
		PeriodRule: "7 working days", Extendable: true, Convert: freeze.Convert{Need: "court_order"},
	}}
	return o
}

// Expiry is the end of the first British measure: seven working days.
func Expiry() time.Time { return At("+9 17:00") }

// Extended is the end of the British measure after it was extended by 31 days.
func Extended() time.Time { return Expiry().AddDate(0, 0, 31) }

// bankB holds all of it, and in its second answer has given it back.
func (w *World) bankB(order *freeze.Request, sequence uint32) *freeze.Outcome {
	o := w.BankB.Answer(order, sequence, "")
	all, until := pounds("12000.00"), freeze.At(At("+14 17:00"))
	o.Measures = []freeze.Measure{{
		MeasureID: order.AlertID + "-M01", AskID: order.Asks[0].AskID, Kind: "lien", State: "in_force", Amount: &all, Account: order.Subject.Account,
		Authority: freeze.Authority{Name: "Bank B", Kind: "bank"}, LegalBasis: "POCA 2002, section 336C", InForceAt: freeze.At(At("05:58")), ExpiresAt: &until,
		Extendable: true, Convert: freeze.Convert{Need: "court_order"},
	}}
	o.Funds = []freeze.Fund{{ItemID: order.Payments[0].ItemID, Disposition: "held", Money: all}}
	if sequence > 1 {
		o.Final, o.Measures[0].State, o.Funds[0].Disposition = true, "ended", "returned"
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	return o
}

// bankC holds what is there of the money of each payment: 51,400 of the 52,000 of
// India, less a fee, and all that came later.
func (w *World) bankC(order *freeze.Request, sequence uint32, replyTo string) *freeze.Outcome {
	o := w.BankC.Answer(order, sequence, replyTo)
	sum := freeze.Dec("0")
	for _, p := range order.Payments {
		held := *p.Credited
		if p.Refs.UETR == UETRN {
			held = dirhams("51400.00")
			o.Funds = append(o.Funds, freeze.Fund{ItemID: p.ItemID, Disposition: "fee", Money: dirhams("600.00")})
		}
		o.Funds = append(o.Funds, freeze.Fund{ItemID: p.ItemID, Disposition: "held", Money: held})
		sum = sum.Add(held.Amount)
	}
	o.Amounts = freeze.AmountsOf(o.Funds)
	amount, until, by := dirhams(sum), freeze.At(At("+29 13:00")), freeze.At(At("+20 13:00"))
	o.Measures = []freeze.Measure{{
		MeasureID: order.AlertID + "-M01", AskID: order.Asks[0].AskID, Kind: "transaction_suspended", State: "in_force", Amount: &amount, Account: order.Subject.Account,
		Authority: freeze.Authority{Name: "FIU of the Emirates", Kind: "fiu"}, LegalBasis: "Federal Decree-Law 10 of 2025, article 5", InForceAt: freeze.At(At("09:15")), ExpiresAt: &until,
		Extendable: true, Convert: freeze.Convert{Need: "mla_request", By: &by}, EndsIfSilent: true,
	}}
	return o
}

// American is a request of another country for the account of C1 and another payment.
func (w *World) American(ctx context.Context) (*freeze.Request, error) {
	d, err := w.AE.Show(ctx, w.C1)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.Inbox, func(m desk.MessageView) bool { return m.Type == string(freeze.TypeRequest) })
	if i < 0 {
		return nil, errors.New("the request of India is gone")
	}
	const id = "US4XYZ234567ABCDEFGHIJKLMN"
	m, err := freeze.Parse([]byte(strings.ReplaceAll(d.Inbox[i].Body, w.C1, id)))
	if err != nil {
		return nil, err
	}
	r, ok := m.(*freeze.Request)
	if !ok {
		return nil, fmt.Errorf("%s is a %T", d.Inbox[i].ID, m)
	}
	r.Sender, r.SenderRef, r.CreatedAt = w.US.Self, "", freeze.At(w.Clock.Now())
	r.Case = &freeze.Case{ID: id, RootAlert: id}
	p, sum := &r.Payments[0], dirhams("20000.00")
	p.Hop, p.ParentItems, p.Refs = 0, nil, freeze.Refs{UETR: "7e57a5ed-0000-4000-8000-00000000a0e1"}
	p.Instructed, p.Settled, p.Credited, p.Disputed = nil, nil, &sum, sum
	p.Debtor.Servicer = freeze.Servicer{BIC: "HWBUUS33", Country: "US"}
	for k := range r.Asks {
		if r.Asks[k].Amount != nil {
			r.Asks[k].Amount = &sum
		}
	}
	r.Totals = freeze.TotalsOf(r.Payments)
	if r.Approval.ContentDigest, err = freeze.ContentDigest(r); err != nil {
		return nil, err
	}
	return r, nil
}

// Drafts are the files that the victim's bank was given, by name without suffix.
func (w *World) Drafts() (map[string]string, error) {
	names, err := filepath.Glob(w.IN.file("bank", "out", "*.xml"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read draft: %w", err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".xml")] = string(text)
	}
	return out, nil
}

// answers puts a file into the folder that the victim's bank answers in. It has lain
// there for a minute.
func (w *World) answers(name, text string) error {
	path := w.IN.file("bank", "in", name)
	past := w.Clock.Now().Add(-time.Minute)
	if err := os.WriteFile(path+".part", []byte(text), 0o600); err != nil {
		return fmt.Errorf("answer of the bank: %w", err)
	}
	if err := os.Chtimes(path+".part", past, past); err != nil {
		return fmt.Errorf("answer of the bank: %w", err)
	}
	return os.Rename(path+".part", path)
}

// resolution is a camt.029 about payments by their UETR; with a reason it rejects.
func resolution(id, caseID, conf, reason, at string, uetrs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn><Assgnmt><Id>%s</Id><Assgnr><Agt><FinInstnId><BICFI>HWBAGB2L</BICFI></FinInstnId></Agt></Assgnr><Assgne><Agt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></Agt></Assgne><CreDtTm>%s</CreDtTm></Assgnmt>`, id, at)
	if caseID != "" {
		fmt.Fprintf(&b, `<RslvdCase><Id>%s</Id><Cretr><Agt><FinInstnId><BICFI>HWBIINBB</BICFI></FinInstnId></Agt></Cretr></RslvdCase>`, caseID)
	}
	fmt.Fprintf(&b, `<Sts><Conf>%s</Conf></Sts><CxlDtls>`, conf)
	for _, u := range uetrs {
		fmt.Fprintf(&b, `<TxInfAndSts><OrgnlUETR>%s</OrgnlUETR>`, u)
		if reason != "" {
			fmt.Fprintf(&b, `<TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>%s</Cd></Rsn><AddtlInf>Under a measure of an authority</AddtlInf></CxlStsRsnInf>`, reason)
		}
		b.WriteString(`</TxInfAndSts>`)
	}
	b.WriteString(`</CxlDtls></RsltnOfInvstgtn></Document>`)
	return b.String()
}

// giveBack is a pacs.004 that returns a payment.
func giveBack(uetr, amount string) string {
	return fmt.Sprintf(`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"><PmtRtr><GrpHdr><MsgId>BANKB-RTR-1</MsgId><CreDtTm>2026-03-04T08:00:00.000Z</CreDtTm><NbOfTxs>1</NbOfTxs><IntrBkSttlmDt>2026-03-04</IntrBkSttlmDt><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr><TxInf><RtrId>RTR-1</RtrId><OrgnlUETR>%s</OrgnlUETR><RtrdIntrBkSttlmAmt Ccy="GBP">%s</RtrdIntrBkSttlmAmt><RtrRsnInf><Rsn><Cd>FOCR</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>`, uetr, amount)
}
