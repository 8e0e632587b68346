package intake_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

func gbp(s string) freeze.Money { return freeze.Money{Amount: freeze.Dec(s), Currency: "GBP"} }

func clock(s string) freeze.Time {
	t, err := freeze.ParseTime("2026-03-02T" + s + ":00.000Z")
	if err != nil {
		return freeze.Time{}
	}
	return t
}

func iban(id string) freeze.Account { return freeze.Account{Scheme: "iban", ID: id, Type: "personal"} }

const (
	accountA = "GB52HWBA00000000000101"
	accountC = "AE819990000000000000303"
)

// asked is a request to hold, suspend and trace about two payments.
func asked() *freeze.Request {
	credited, sum := gbp("18000.00"), gbp("27500.00")
	pay := func(id, at string, m freeze.Money) freeze.Payment {
		return freeze.Payment{ItemID: id, Disputed: m, ExecutedAt: clock(at)}
	}
	r := &freeze.Request{
		Subject: freeze.Subject{Account: iban(accountA), Servicer: freeze.Servicer{BIC: "HWBAGB2L"}},
		Asks: []freeze.Ask{
			{AskID: "K01", Kind: "hold_amount", Amount: &sum}, {AskID: "K02", Kind: "trace"}, {AskID: "K03", Kind: "suspend_account"},
			{AskID: "K04", Kind: "monitor"}, {AskID: "K05", Kind: "preserve_records"}, {AskID: "K06", Kind: "suspend_transaction"},
		},
		Payments: []freeze.Payment{pay("P01", "04:10", gbp("18000.00")), pay("P02", "04:18", gbp("9500.00"))},
	}
	r.Payments[0].Credited = &credited
	return r
}

// answered is the outcome of the acceptance scenario: it fits.
func answered() *freeze.Outcome {
	held, expires, at, arrived := gbp("15500.00"), clock("23:00"), clock("04:40"), freeze.Money{Amount: "52000.00", Currency: "AED"}
	o := &freeze.Outcome{OutcomeOf: "Q001", AsOf: clock("05:10"), Decision: "partly"}
	o.Measures = []freeze.Measure{{MeasureID: "M01", AskID: "K01", Kind: "consent_withheld", State: "in_force", Amount: &held, Account: iban(accountA), LegalBasis: "POCA", Authority: freeze.Authority{Name: "Bank of A. Holder", Kind: "bank"}, InForceAt: clock("04:55"), ExpiresAt: &expires}}
	o.Funds = []freeze.Fund{
		{ItemID: "P01", Disposition: "held", Money: gbp("15500.00")}, {ItemID: "P01", Disposition: "moved_on", Money: gbp("2500.00")},
		{ItemID: "P02", Disposition: "moved_on", Money: gbp("8500.00"), At: &at}, {ItemID: "P02", Disposition: "withdrawn_cash", Money: gbp("1000.00"), At: &at, Via: "ATM of V. Victim"},
	}
	o.Trail = []freeze.Hop{{
		ItemID: "N01", ParentItems: []string{"P01", "P02"}, Money: gbp("11000.00"), Credited: &arrived, ExecutedAt: clock("04:30"), HandledBy: "nobody", Refs: freeze.Refs{UETR: "uetr-of-n01"},
		To: freeze.HopTo{Account: iban(accountC), Servicer: freeze.Servicer{BIC: "HWBDAEAD"}, AccountCountry: "AE", Holders: []freeze.Holder{{Name: "A Holder"}}},
	}}
	return o
}

// give lets 5000.00 of P02 come back, in two parts, and 1000.00 be on its way.
func give(o *freeze.Outcome) {
	o.Funds = append(o.Funds[:2:2], freeze.Fund{ItemID: "P02", Disposition: "returned", Money: gbp("5000.00")}, freeze.Fund{ItemID: "P02", Disposition: "returning", Money: gbp("1000.00")})
	for _, part := range []string{"4000.00", "1000.00"} {
		o.Returns = append(o.Returns, freeze.Return{ItemID: "P02", Money: gbp(part), ValueDate: "2026-03-04", ReasonISO: "FOCR"})
	}
}

// fitCase is a change of the outcome, and what is told of it: nothing where it fits.
type fitCase struct {
	change func(o *freeze.Outcome, r *freeze.Request)
	want   []string
}

func measured(change func(m *freeze.Measure)) func(*freeze.Outcome, *freeze.Request) {
	return func(o *freeze.Outcome, _ *freeze.Request) { change(&o.Measures[0]) }
}

func returned(change func(o *freeze.Outcome)) func(*freeze.Outcome, *freeze.Request) {
	return func(o *freeze.Outcome, _ *freeze.Request) { give(o); change(o) }
}

func holds(amount, currency string) func(*freeze.Measure) {
	return func(m *freeze.Measure) { m.Amount = &freeze.Money{Amount: freeze.Dec(amount), Currency: currency} }
}

func measureCases() map[string]fitCase {
	on := func(id string) func(*freeze.Measure) { return func(m *freeze.Measure) { m.Account = iban(id) } }
	is := func(ask, kind string) func(*freeze.Outcome, *freeze.Request) {
		return measured(func(m *freeze.Measure) { m.AskID, m.Kind = ask, kind })
	}
	return map[string]fitCase{
		"as it is":                        {measured(func(*freeze.Measure) {}), nil},
		"an ask that nobody made":         {is("K09", "bank_hold"), []string{"measure M01: ask_id K09 is none that we asked"}},
		"an order of a court for an ask":  {is("K01", "freezing_order"), nil},
		"the account for an amount":       {is("K01", "account_suspended"), []string{"measure M01: kind account_suspended does not fit ask K01 for hold_amount"}},
		"less than the account":           {is("K03", "lien"), nil},
		"the account for the account":     {is("K03", "account_suspended"), nil},
		"a hold for a trace":              {is("K02", "bank_hold"), []string{"measure M01: kind bank_hold does not fit ask K02 for trace"}},
		"monitored as asked":              {is("K04", "monitoring"), nil},
		"held where it was to be watched": {is("K04", "lien"), []string{"measure M01: kind lien does not fit ask K04 for monitor"}},
		"records kept, nothing held":      {is("K01", "records_preserved"), []string{"measure M01: kind records_preserved does not fit ask K01 for hold_amount"}},
		"records kept as asked":           {is("K05", "records_preserved"), nil},
		"a payment suspended":             {is("K06", "transaction_suspended"), nil},
		"debits of an amount blocked":     {is("K01", "debit_block"), nil},
		"all debits blocked": {measured(func(m *freeze.Measure) { m.Kind, m.Amount = "debit_block", nil }),
			[]string{"measure M01: kind debit_block without an amount stops the whole account, K01 asks for hold_amount"}},
		"all debits blocked as asked": {measured(func(m *freeze.Measure) { m.AskID, m.Kind, m.Amount = "K03", "debit_block", nil }), nil},

		"all that was asked": {measured(holds("27500.00", "GBP")), nil},
		"more than was asked": {measured(holds("27500.01", "GBP")), []string{
			"measure M01: amount 27500.01 GBP is above 27500.00 GBP that ask K01 is for", "measure M01: amount 27500.01 GBP is above 27500.00 GBP that was credited",
		}},
		"more than came": {func(o *freeze.Outcome, r *freeze.Request) {
			less := gbp("17000.00")
			r.Payments[0].Credited, r.Payments[1].Credited = &less, &less
			holds("34000.01", "GBP")(&o.Measures[0])
			o.Measures[0].AskID, o.Measures[0].Kind = "K03", "account_suspended"
		}, []string{"measure M01: amount 34000.01 GBP is above 34000.00 GBP that was credited"}},
		"nobody says what came": {func(o *freeze.Outcome, r *freeze.Request) {
			r.Payments[0].Credited, o.Funds = nil, nil
			holds("90000.00", "GBP")(&o.Measures[0])
			o.Measures[0].AskID = "K03"
		}, nil},
		"a currency of nothing": {measured(holds("1.00", "EUR")), []string{"measure M01: amount 1.00 EUR is in none of the currencies of the payments and funds: GBP"}},
		"a currency of the funds": {func(o *freeze.Outcome, r *freeze.Request) {
			r.Payments[0].Credited = nil
			o.Funds[0].Money = freeze.Money{Amount: "18000.00", Currency: "EUR"}
			holds("18000.01", "EUR")(&o.Measures[0])
		}, []string{"measure M01: amount 18000.01 EUR is above 18000.00 EUR that was credited"}},
		"another account":      {measured(on("GB65HWBB00000000000202")), []string{"measure M01: account is neither the one that was asked about nor one that the trail leads to"}},
		"the account, spelled": {measured(on("gb52 hwba 0000 0000 0001 01")), nil},
		"an account of the trail": {measured(func(m *freeze.Measure) {
			m.Account = iban(accountC)
			holds("52000.00", "AED")(m)
		}), nil},
		"more than reached the account of the trail": {measured(func(m *freeze.Measure) {
			m.Account = iban(accountC)
			holds("52000.01", "AED")(m)
		}), []string{"measure M01: amount 52000.01 AED is above 52000.00 AED that was credited"}},
		"that currency at the account that was asked about": {measured(holds("1.00", "AED")), []string{"measure M01: amount 1.00 AED is in none of the currencies of the payments and funds: GBP"}},
		"a sub-account more": {measured(func(m *freeze.Measure) { m.Account.SubAccount = "WALLET 77120" }), nil},
		"another sub-account": {func(o *freeze.Outcome, r *freeze.Request) {
			o.Measures[0].Account.SubAccount, r.Subject.Account.SubAccount = "WALLET 1", "WALLET 2"
		}, []string{"measure M01: account is neither the one that was asked about nor one that the trail leads to"}},
	}
}

func timeCases() map[string]fitCase {
	until := func(at string) func(*freeze.Outcome, *freeze.Request) {
		return measured(func(m *freeze.Measure) { t := clock(at); m.ExpiresAt = &t })
	}
	from := func(at string) func(*freeze.Outcome, *freeze.Request) {
		return measured(func(m *freeze.Measure) { m.InForceAt = clock(at) })
	}
	moved := func(at string) func(*freeze.Outcome, *freeze.Request) {
		return func(o *freeze.Outcome, _ *freeze.Request) { o.Trail[0].ExecutedAt = clock(at) }
	}
	return map[string]fitCase{
		"begins as clocks may differ":     {from("05:15"), nil},
		"begins after the word":           {from("05:16"), []string{"measure M01: in_force_at 2026-03-02T05:16:00.000Z is after as_of 2026-03-02T05:10:00.000Z"}},
		"begins with the first payment":   {from("04:05"), nil},
		"begins before it":                {from("04:04"), []string{"measure M01: in_force_at 2026-03-02T04:04:00.000Z is before the first payment, executed at 2026-03-02T04:10:00.000Z"}},
		"ends when it begins":             {until("04:55"), []string{"measure M01: expires_at 2026-03-02T04:55:00.000Z is not after in_force_at 2026-03-02T04:55:00.000Z"}},
		"ends without an end":             {measured(func(m *freeze.Measure) { m.ExpiresAt = nil }), nil},
		"moved on with the later payment": {moved("04:13"), nil},
		"moved on before it":              {moved("04:12"), []string{"hop N01: executed_at 2026-03-02T04:12:00.000Z is before P02 that it continues, executed at 2026-03-02T04:18:00.000Z"}},
		"moved on after the word":         {moved("05:16"), []string{"hop N01: executed_at 2026-03-02T05:16:00.000Z is after as_of 2026-03-02T05:10:00.000Z"}},
		"moved on before the hop that it continues": {func(o *freeze.Outcome, _ *freeze.Request) {
			next := o.Trail[0]
			next.ItemID, next.ParentItems, next.ExecutedAt = "N02", []string{"N01"}, clock("04:24")
			o.Trail = append(o.Trail, next)
		}, []string{"hop N02: executed_at 2026-03-02T04:24:00.000Z is before N01 that it continues, executed at 2026-03-02T04:30:00.000Z"}},
		"money moved after the word": {func(o *freeze.Outcome, _ *freeze.Request) { at := clock("05:16"); o.Funds[3].At = &at },
			[]string{"item P02: funds.at 2026-03-02T05:16:00.000Z is after as_of 2026-03-02T05:10:00.000Z"}},

		"comes back in parts":     {returned(func(*freeze.Outcome) {}), nil},
		"with what is on its way": {returned(func(o *freeze.Outcome) { o.Returns[0].Money = gbp("5000.00") }), nil},
		"with costs taken off": {returned(func(o *freeze.Outcome) {
			costs := gbp("10.00")
			o.Returns[0].Money, o.Returns[0].Costs = gbp("3990.00"), &costs
		}), nil},
		"less than funds say":      {returned(func(o *freeze.Outcome) { o.Returns = o.Returns[:1] }), []string{"item P02: returns 4000.00 GBP are not the 5000.00 GBP that funds say is returned"}},
		"more than funds say":      {returned(func(o *freeze.Outcome) { o.Returns[0].Money = gbp("5000.01") }), []string{"item P02: returns 6000.01 GBP are not the 5000.00 GBP that funds say is returned"}},
		"of another payment":       {returned(func(o *freeze.Outcome) { o.Returns[1].ItemID, o.Returns[0].Money = "P01", gbp("5000.00") }), []string{"item P01: returns 1000.00 GBP are not the 0 GBP that funds say is returned"}},
		"in another currency":      {returned(func(o *freeze.Outcome) { o.Returns[1].Money.Currency = "EUR"; o.Returns[0].Money = gbp("5000.00") }), []string{"item P02: returns 1000.00 EUR are not the 0 EUR that funds say is returned"}},
		"funds in another":         {returned(func(o *freeze.Outcome) { o.Funds[2].Money.Currency = "EUR" }), []string{"item P02: returns 5000.00 GBP are not the 0 GBP that funds say is returned", "item P02: returns 0 EUR are not the 5000.00 EUR that funds say is returned"}},
		"no returns told":          {returned(func(o *freeze.Outcome) { o.Returns = nil }), nil},
		"no funds told yet":        {returned(func(o *freeze.Outcome) { o.Funds, o.Decision = nil, "pending" }), nil},
		"booked next month":        {returned(func(o *freeze.Outcome) { o.Returns[0].ValueDate = "2026-04-02" }), nil},
		"booked far in the future": {returned(func(o *freeze.Outcome) { o.Returns[0].ValueDate = "2036-03-04" }), []string{"item P02: returns.value_date 2036-03-04 is far after as_of 2026-03-02T05:10:00.000Z"}},
	}
}

// TestMisfits changes one thing after the other of an outcome that fits, and wants to
// read what does not fit any more, and against what.
func TestMisfits(t *testing.T) {
	root := maker(t).Root
	for _, cases := range []map[string]fitCase{measureCases(), timeCases(), sumCases()} {
		for name, c := range cases {
			o, r := answered(), asked()
			c.change(o, r)
			var got []string
			for _, m := range intake.Misfits(root, o, intake.Asked{Request: r}) {
				got = append(got, m.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s\ngot  %q\nwant %q", name, got, c.want)
			}
		}
	}
}

// TestMisfitsOfWhatIsKnownElsewhere compares with what other messages of the alert say,
// and with the outcome alone where our request is erased.
func TestMisfitsOfWhatIsKnownElsewhere(t *testing.T) {
	root := maker(t).Root
	o, r := answered(), asked()
	mark := intake.TrailMarks(root, o.Trail, freeze.Servicer{})[0].Account
	o.Measures[0].Account, o.Measures[0].AskID, o.Trail = iban(accountC), "K11", nil
	known := intake.Asked{Request: r, Earlier: []freeze.Ask{{AskID: "K11", Kind: "hold_amount"}}, Trail: []string{mark}}
	if got := intake.Misfits(root, o, known); len(got) != 0 {
		t.Errorf("an ask of before and an account of an earlier outcome: %v", got)
	}
	if got := intake.Misfits(root, o, intake.Asked{Request: r}); len(got) != 2 {
		t.Errorf("nobody knows them: %v", got)
	}
	o.Measures[0].InForceAt = clock("06:00")
	if got := intake.Misfits(root, o, intake.Asked{}); len(got) != 1 || got[0].Field != "in_force_at" {
		t.Errorf("erased: %v", got)
	}
}

// TestMisfitsAreBounded says no more than people read of an outcome that fits nowhere.
func TestMisfitsAreBounded(t *testing.T) {
	o := answered()
	for i := range 100 {
		m := o.Measures[0]
		m.MeasureID, m.AskID = fmt.Sprintf("M%03d", i), "K99"
		o.Measures = append(o.Measures, m)
	}
	got := intake.Misfits(maker(t).Root, o, intake.Asked{Request: asked()})
	if last := got[len(got)-1].String(); len(got) != 21 || last != "and 80 more" {
		t.Errorf("%d misfits, the last is %q", len(got), last)
	}
}

// TestMisfitsTellNothingPersonal puts accounts, names, texts and references into an
// outcome in which all is wrong: its open part holds none of them.
func TestMisfitsTellNothingPersonal(t *testing.T) {
	root := maker(t).Root
	o, r := answered(), asked()
	far := clock("09:00")
	m := &o.Measures[0]
	m.Account = freeze.Account{Scheme: "bban", ID: "SECRET-4711", Name: "A Holder", SubAccount: "WALLET 77120", Type: "personal"}
	m.AskID, m.InForceAt, m.ExpiresAt = "K09", far, &far
	o.Funds[3].At, o.Funds[3].ToRef, o.Trail[0].ExecutedAt = &far, "SECRET-0815", clock("03:00")
	o.Returns = []freeze.Return{{ItemID: "P02", Money: gbp("1.00"), ValueDate: "2099-01-01", Refs: freeze.Refs{UETR: "SECRET-0816"}, ReasonISO: "FOCR"}}
	in := delivery.Inbound{Message: o, Party: "GB-FIU", MessageID: "A001", Type: freeze.TypeOutcome, ReceivedAt: time.UnixMilli(1), Body: []byte("{}")}
	draft := intake.Message(root, caselog.Key("out/GB-FIU/S"), in, nil)
	data, ok := draft.Data.(*caselog.OutcomeData)
	if !ok {
		t.Fatalf("data is %T", draft.Data)
	}
	data.Misfits = intake.Misfits(root, o, intake.Asked{Request: r})
	open, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(data.Misfits) < 7 {
		t.Errorf("only %d things do not fit: %v", len(data.Misfits), data.Misfits)
	}
	for _, secret := range []string{"SECRET", "Holder", "WALLET", "Victim", accountA, accountC, "uetr-of", "POCA", "ATM"} {
		if strings.Contains(string(open), secret) {
			t.Errorf("the open part tells %s: %s", secret, open)
		}
	}
}
