package freeze_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
)

func TestDec(t *testing.T) {
	for s, ok := range map[freeze.Dec]bool{
		"0": true, "18000.00": true, "99999999999999999999.999999999999999999": true,
		"": false, ".5": false, "5.": false, "-1": false, "+1": false, "1e3": false, "1,5": false, "１": false,
		"100000000000000000000": false, "0.0000000000000000001": false,
	} {
		if s.Valid() != ok {
			t.Errorf("%q valid: %v", s, !ok)
		}
	}
	if got := freeze.Dec("18000.00").Add("9500.5"); got != "27500.50" {
		t.Errorf("sum is %s", got)
	}
	if got, ok := freeze.Dec("3").Sub("0.01"); !ok || got != "2.99" {
		t.Errorf("difference is %s", got)
	}
	if _, ok := freeze.Dec("1").Sub("1.01"); ok {
		t.Error("a negative difference was given")
	}
	if freeze.Dec("1.50").Cmp("1.5") != 0 || freeze.Dec("1.5").Cmp("1.49") <= 0 || !freeze.Dec("0.00").Zero() {
		t.Error("comparison is by text")
	}
}

func TestDecAddsExactly(t *testing.T) {
	decimal := rapid.StringMatching(`[0-9]{1,19}(\.[0-9]{1,18})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := freeze.Dec(decimal.Draw(t, "a")), freeze.Dec(decimal.Draw(t, "b"))
		sum := a.Add(b)
		if !sum.Valid() || sum != b.Add(a) {
			t.Fatalf("%s + %s = %s", a, b, sum)
		}
		back, ok := sum.Sub(b)
		if !ok || back.Cmp(a) != 0 {
			t.Fatalf("%s - %s = %s, want %s", sum, b, back, a)
		}
	})
}

func outcome(t *testing.T) *freeze.Outcome {
	t.Helper()
	m, err := freeze.Parse(sample(t, "outcome"))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*freeze.Outcome)
}

func request(t *testing.T) *freeze.Request {
	t.Helper()
	m, err := freeze.Parse(sample(t, "request"))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*freeze.Request)
}

func TestBalance(t *testing.T) {
	payments := request(t).Payments
	if err := freeze.Balance(outcome(t), payments); err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(o *freeze.Outcome){
		"amounts differ":          func(o *freeze.Outcome) { o.Amounts[0].Held = "15500.01" },
		"currency too many":       func(o *freeze.Outcome) { o.Amounts = append(o.Amounts, freeze.Amounts{Currency: "AED"}) },
		"fund gone, amounts fit":  func(o *freeze.Outcome) { o.Funds = o.Funds[1:]; o.Amounts = freeze.AmountsOf(o.Funds) },
		"fund twice, amounts fit": func(o *freeze.Outcome) { o.Funds = append(o.Funds, o.Funds[0]); o.Amounts = freeze.AmountsOf(o.Funds) },
	}
	for name, change := range cases {
		o := outcome(t)
		change(o)
		if freeze.Balance(o, payments) == nil {
			t.Errorf("%s: balances", name)
		}
	}
	o := outcome(t)
	o.Funds = append(o.Funds, freeze.Fund{ItemID: o.Funds[0].ItemID, Disposition: "not_credited", Money: freeze.Money{Amount: "5", Currency: "GBP"}})
	if err := freeze.Balance(o, payments); err != nil {
		t.Errorf("money that was never credited counts: %v", err)
	}
}

func TestAmountsOfCountsEveryDispositionOnce(t *testing.T) {
	var funds []freeze.Fund
	for _, d := range []string{"held", "moved_on", "withdrawn_cash", "spent", "converted", "returned", "returning", "fee", "not_credited", "unaccounted", "other"} {
		funds = append(funds, freeze.Fund{Disposition: d, Money: freeze.Money{Amount: "1.5", Currency: "GBP"}})
	}
	got := freeze.AmountsOf(funds)
	want := freeze.Amounts{Currency: "GBP", Credited: "15.0", Held: "3.0", Returned: "1.5", Onward: "1.5", Lost: "7.5", Unaccounted: "1.5"}
	if len(got) != 1 || got[0] != want {
		t.Fatalf("got %+v", got)
	}
}

func TestContentDigestCoversWhatIsApproved(t *testing.T) {
	digest := func(change func(r *freeze.Request)) string {
		r := request(t)
		change(r)
		d, err := freeze.ContentDigest(r)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	before := digest(func(*freeze.Request) {})
	for name, change := range map[string]func(r *freeze.Request){
		"recipient": func(r *freeze.Request) { r.Recipient.PartyID = "AE-FIU" },
		"subject":   func(r *freeze.Request) { r.Subject.Account.SubAccount = "WALLET 77120" },
		"ask":       func(r *freeze.Request) { r.Asks = r.Asks[:1] },
		"amount":    func(r *freeze.Request) { r.Asks[0].Amount.Amount = "27500.01" },
		"disputed":  func(r *freeze.Request) { r.Payments[0].Disputed.Amount = "18000.01" },
		"payment":   func(r *freeze.Request) { r.Payments = r.Payments[:1] },
		"legal":     func(r *freeze.Request) { r.Legal.Facts += "." },
		"handling":  func(r *freeze.Request) { r.Handling.TLP = "red" },
	} {
		if digest(change) == before {
			t.Errorf("%s: the digest stays", name)
		}
	}
	for name, change := range map[string]func(r *freeze.Request){
		"sequence":  func(r *freeze.Request) { r.Sequence = 2 },
		"created":   func(r *freeze.Request) { r.CreatedAt = freeze.Time{} },
		"contact":   func(r *freeze.Request) { r.Recipient.Contact = &freeze.Contact{Desk: "x"} },
		"complaint": func(r *freeze.Request) { r.Payments[0].ComplaintRef = "x" },
		"recall":    func(r *freeze.Request) { r.Payments[0].Recall.State = "initiated" },
	} {
		if digest(change) != before {
			t.Errorf("%s: the digest changes", name)
		}
	}
	const frozen = "a01bc0289b388b8ef856d28cb30d9f67bfd5f5499a5b0f8675b46f2f0547fdf5"
	if before != frozen {
		t.Errorf("the digest of the sample is %s: approvals given before would be void", before)
	}
}

func TestIDs(t *testing.T) {
	const alert = "U3A5VHP66CSQRGMDHUPYCP5QKM"
	last := freeze.ReceiptID(freeze.RequesterID(alert, freeze.MaxSequence), freeze.LevelRejected)
	if len(last) > 35 || last != alert+"-Q9999-R3" {
		t.Fatalf("longest id is %s", last)
	}
	for s, want := range map[string]freeze.ID{
		alert + "-Q001":      {AlertID: alert, Side: 'Q', Sequence: 1},
		alert + "-A1000":     {AlertID: alert, Side: 'A', Sequence: 1000},
		alert + "-A012-R2":   {AlertID: alert, Side: 'A', Sequence: 12, Receipt: 2},
		last:                 {AlertID: alert, Side: 'Q', Sequence: 9999, Receipt: 3},
		alert:                {},
		alert + "-Q000":      {},
		alert + "-Q0001":     {},
		alert + "-Q1":        {},
		alert + "-Q10000":    {},
		alert + "-P001":      {},
		alert + "-Q+01":      {},
		alert + "-Q001-R4":   {},
		alert + "-Q001-R1-":  {},
		alert + "-Q001-R10":  {},
		alert[:25] + "-Q001": {},
		"":                   {},
	} {
		got, ok := freeze.ParseID(s)
		if got != want || ok != (want.Sequence > 0) {
			t.Errorf("%q: %+v %v", s, got, ok)
		}
	}
	if freeze.ItemID(alert, 1) != alert+"-P01" || len(freeze.ItemID(alert, 500)) > 35 {
		t.Error("item ids")
	}
}
