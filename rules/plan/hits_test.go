package plan_test

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

// reports makes a batch of reports given as column → text; times are ms.
func (f *filler) reports(rows ...map[string]string) *event.Batch {
	b := event.NewBatch(f.schema, nil)
	recs := &event.Records{Topic: "bank.reports", Partition: 3, Codec: "json"}
	b.Reset(recs)
	for r, row := range rows {
		recs.Offsets, recs.Times = append(recs.Offsets, int64(100+r)), append(recs.Times, 5_000)
		recs.Values, recs.Trace = append(recs.Values, []byte(row["report_id"])), append(recs.Trace, []byte("trace of "+row["report_id"]))
		for name, value := range row {
			v := &b.Columns[f.schema.Must(name)]
			switch v.Type {
			case event.Symbol:
				f.setSymbol(b, r, name, value)
			case event.Text:
				v.SetText(r, []byte(value))
			case event.Decimal:
				v.SetDecimal(r, dec(value))
			case event.Uint:
				v.SetUint(r, uint32(integer(value)))
			case event.Time:
				v.SetTime(r, integer(value))
			case event.Date:
				v.SetDate(r, int32(integer(value)))
			}
		}
		b.Accept(r)
	}
	b.Finish()
	for c, d := range f.dicts {
		if !b.Columns[c].Empty() {
			d.Bind(&b.Columns[c])
		}
	}
	return b
}

func integer(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

var victim = map[string]string{
	"report_id": "TX-1", "reporter": "HWBIINBB", "revision": "2", "kind": "bank.transfer", "occurred_at": "3000", "reported_at": "4000",
	"amount": "600000", "currency": "INR", "disputed_amount": "500000", "settled_amount": "5300.5", "settled_currency": "GBP", "credited_amount": "1",
	"layer": "1", "rail": "swift", "authorisation": "unauthorised", "case_ref": "C-9",
	"payment.key": "K", "payment.uetr": "U", "payment.end_to_end_id": "E", "payment.transaction_id": "T", "payment.instruction_id": "I",
	"payment.message_id": "M", "payment.message_name": "pacs.008", "payment.clearing_ref": "CR", "payment.rrn": "R", "payment.utr": "UT",
	"payment.tx_hash": "TH", "payment.settlement_date": "366", "payment.remittance": "gift",
	"debtor.account": "42", "debtor.scheme": "bban", "debtor.clearing_system": "INFSC", "debtor.clearing_id": "HWBI0000001", "debtor.uid": "d", "debtor.kind": "person", "debtor.account_country": "IN",
	"creditor.account": "GB52", "creditor.scheme": "iban", "creditor.sub_account": "W", "creditor.name": "Holder", "creditor.account_type": "personal",
	"creditor.bic": "HWBAGB2L", "creditor.uid": "c", "creditor.account_country": "GB",
}

// alertRule has a case that raises the severity, an unknown weight and a chain of
// amounts.
func alertRule(s *event.Schema) *lang.Rule {
	ref := func(amount, currency string) lang.MoneyRef {
		return lang.MoneyRef{Amount: s.Must(amount), Currency: s.Must(currency)}
	}
	alert := &lang.Alert{
		Subject: "creditor", Ask: []string{"hold_amount"}, PredicateOffence: "fraud", Approval: "two_person", This: true,
		Amount: []lang.MoneyRef{ref("settled_amount", "settled_currency"), ref("amount", "currency")},
		Facts: []lang.Part{{Text: "Sent "}, {Expr: col(s, "amount")}, {Text: " at "}, {Expr: col(s, "occurred_at")}, {Text: ", opened "}, {Expr: col(s, "creditor.opened_at")},
			{Text: ", after "}, {Expr: node(lang.Sub, lang.Duration, col(s, "reported_at"), col(s, "occurred_at"))}, {Text: "."}},
	}
	base := lang.Outcome{Severity: "high", Typology: []string{"sim-swap"}, Alert: alert}
	loud := base
	loud.Severity = "critical"
	return &lang.Rule{
		ID: "abroad", Version: 4, Status: lang.Live, Title: "Abroad", On: []string{"bank.transfer"}, Outcome: base,
		Weights: []lang.Weight{
			{Name: "large", When: node(lang.Gt, lang.Bool, col(s, "amount"), number("100")), Points: dec("60.5")},
			{Name: "fresh", When: node(lang.Gt, lang.Bool, col(s, "creditor.opened_at"), lit(lang.Value{Type: lang.Time, Int: 1})), Points: dec("20")}},
		Cases: []lang.Case{
			{Name: "never", When: node(lang.Gt, lang.Bool, &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}, number("100")), Outcome: base},
			{Name: "freeze", When: node(lang.Gt, lang.Bool, &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}, number("50")), Outcome: loud}},
	}
}

func TestHits(t *testing.T) {
	f := newFiller()
	p := newPlan(t, f.schema, alertRule(f.schema))
	b := f.reports(map[string]string{"report_id": "X", "reporter": "R", "kind": "bank.recall", "occurred_at": "1"}, victim)
	hits := p.Hits(b, plan.NewEvaluator(p).Eval(b))
	if len(hits) != 1 {
		t.Fatalf("%d hits, want 1", len(hits))
	}
	h := hits[0]
	hash := event.ContentHash([]byte("TX-1"))
	money := func(amount, currency string) *hit.Money { return &hit.Money{Amount: dec(amount), Currency: currency} }
	want := &hit.Hit{
		ID: hit.ID("abroad", 4, "HWBIINBB", "TX-1", 2, hash), Rule: "abroad", Version: 4, Status: hit.Live, Title: "Abroad", Case: "freeze", Rank: 1,
		Score: dec("60.5"), Severity: "critical", Typology: []string{"sim-swap"},
		Reporter: "HWBIINBB", ReportID: "TX-1", Revision: 2, Hash: hash, Kind: "bank.transfer", OccurredAt: 3000, RecordTime: 5000,
		Position: event.Position{Topic: "bank.reports", Partition: 3, Offset: 101}, Trace: "trace of TX-1",
		Unknown: []string{"fresh"}, Digests: hit.Digests{Rules: "sha256:"},
		Ask: []string{"hold_amount"}, Approval: "two_person", PredicateOffence: "fraud",
		Facts: "Sent 600000 at 1970-01-01T00:00:03.000Z, opened unknown, after 1s.",
		Alerts: []hit.Alert{{
			Subject: hit.Subject{UID: "c", Scheme: "iban", Account: "GB52", SubAccount: "W", Name: "Holder", AccountType: "personal", BIC: "HWBAGB2L", Country: "GB"},
			Payments: []hit.Payment{{
				Key: "K", Amount: money("5300.5", "GBP"), Instructed: money("600000", "INR"), Settled: money("5300.5", "GBP"), Disputed: money("500000", "INR"), Hop: 1,
				Refs:       hit.References{UETR: "U", EndToEndID: "E", TransactionID: "T", InstructionID: "I", MessageID: "M", MessageName: "pacs.008", ClearingRef: "CR", RRN: "R", UTR: "UT", TxHash: "TH"},
				ExecutedAt: 3000, SettledOn: "1971-01-02", Rail: "swift", Authorisation: "unauthorised",
				Debtor:     hit.Subject{UID: "d", Scheme: "bban", Account: "42", ClearingSystem: "INFSC", ClearingID: "HWBI0000001", Country: "IN"},
				DebtorKind: "person", Remittance: "gift", ComplaintRef: "C-9", ReportedAt: 4000,
			}},
		}},
	}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("hit\n%+v\nwant\n%+v", h, want)
	}
}

// TestHitsThatCannotAlert covers shadow rules, exceptions, amounts without a
// currency and rules without an alert.
func TestHitsThatCannotAlert(t *testing.T) {
	f := newFiller()
	rule := func(id string, change func(*lang.Rule)) *lang.Rule {
		r := alertRule(f.schema)
		r.ID = id
		change(r)
		return r
	}
	set := &lang.Set{Schema: f.schema, Rules: []*lang.Rule{
		rule("a-excepted", func(*lang.Rule) {}),
		rule("b-not-any-more", func(*lang.Rule) {}),
		rule("c-other-account", func(*lang.Rule) {}),
		rule("d-retired", func(r *lang.Rule) { r.Status = lang.Retired }),
		rule("e-shadow", func(r *lang.Rule) { r.Status = lang.Shadow }),
		rule("f-silent", func(r *lang.Rule) { r.Cases = nil; r.Alert = nil }),
	}, Exceptions: []*lang.Exception{
		{Name: "all", Rules: []string{"a-excepted"}, Until: 3001},
		{Name: "over", Rules: []string{"b-not-any-more"}, Until: 3000},
		{Name: "other", Rules: []string{"c-other-account"}, Until: 9000, When: node(lang.Eq, lang.Bool, col(f.schema, "creditor.account"), text("other"))},
	}}
	p, err := plan.New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := f.reports(victim)
	var got []string
	for _, h := range p.Hits(b, plan.NewEvaluator(p).Eval(b)) {
		s := h.Rule
		if h.Excepted {
			s += " excepted"
		}
		if len(h.Alerts) > 0 {
			s += " alerts"
		}
		got = append(got, s)
	}
	if want := []string{"a-excepted excepted", "b-not-any-more alerts", "c-other-account alerts", "e-shadow", "f-silent"}; !slices.Equal(got, want) {
		t.Errorf("hits %q, want %q", got, want)
	}
}

// TestAmountWithoutCurrency does not fall back to another claim.
func TestAmountWithoutCurrency(t *testing.T) {
	f := newFiller()
	p := newPlan(t, f.schema, alertRule(f.schema))
	row := map[string]string{}
	for k, v := range victim {
		row[k] = v
	}
	delete(row, "settled_currency")
	b := f.reports(row)
	for _, h := range p.Hits(b, plan.NewEvaluator(p).Eval(b)) {
		if a := h.Alerts[0].Payments[0].Amount; a != nil {
			t.Errorf("amount %v, want none", a)
		}
	}
}

// TestJudge decodes the matching records again, and only those.
func TestJudge(t *testing.T) {
	f := newFiller()
	s := f.schema
	p := newPlan(t, s, alertRule(s),
		&lang.Rule{ID: "all", Status: lang.Live, On: []string{"bank.transfer"}, Guard: node(lang.Ge, lang.Bool, col(s, "amount"), number("0"))})
	other := map[string]string{"report_id": "TX-2", "reporter": "R", "kind": "bank.transfer", "occurred_at": "1", "amount": "1", "currency": "INR"}
	recall := map[string]string{"report_id": "TX-3", "reporter": "R", "kind": "bank.recall", "occurred_at": "1", "amount": "1", "currency": "INR"}
	byID := map[string]map[string]string{"TX-1": victim, "TX-2": other, "TX-3": recall}
	var again []string
	whole := func(recs *event.Records) (*event.Batch, []event.Dead) {
		var rows []map[string]string
		for _, v := range recs.Values {
			again = append(again, string(v))
			rows = append(rows, byID[string(v)])
		}
		b := newFiller().reports(rows...)
		b.Records = recs
		return b, nil
	}
	j := plan.NewJudge(p, whole, hit.Digests{Lists: "l", Rates: "r"})
	b := f.reports(recall, other, victim)
	hits, err := j.Hits(b)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range hits {
		got = append(got, h.Rule+" "+h.ReportID+" "+h.Digests.Lists+h.Digests.Rates)
		if !bytes.Equal(b.Records.Values[h.Position.Offset-100], []byte(h.ReportID)) {
			t.Errorf("%s stands at %v", h.ReportID, h.Position)
		}
	}
	if want := []string{"all TX-2 lr", "abroad TX-1 lr", "all TX-1 lr"}; !slices.Equal(got, want) {
		t.Errorf("hits %q, want %q", got, want)
	}
	if want := []string{"TX-2", "TX-1"}; !slices.Equal(again, want) {
		t.Errorf("decoded again %q, want %q", again, want)
	}
	if e := j.Errors(); !slices.Equal(e, []uint64{0, 0}) {
		t.Errorf("errors %v", e)
	}
	refuse := func(recs *event.Records) (*event.Batch, []event.Dead) { return newFiller().reports(), []event.Dead{{}} }
	if _, err := plan.NewJudge(p, refuse, hit.Digests{}).Hits(b); err == nil {
		t.Error("records that the second decoder refuses give no error")
	}
}
