package json_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
)

const iban = "GB52HWBA00000000000101"

func TestDerived(t *testing.T) {
	rates, err := codec.LoadRates("USD", strings.NewReader("valid_from,currency,rate\n2026-01-01,INR,0.012\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.New(whole(codec.Options{ReporterCountry: "IN", Rates: rates}))
	for _, c := range []struct{ doc, column, want string }{
		// Country: IBAN, BIC, clearing id, own side.
		{`"creditor":{"account":"` + iban + `","bic":"HWBCAEAD"}`, "creditor.account_country", "GB"},
		{`"creditor":{"account":"GB00HWBA00000000000101","bic":"HWBCAEAD"}`, "creditor.account_country", "AE"},
		{`"creditor":{"account":"1","bic":"hwbcaead"}`, "creditor.account_country", "AE"},
		{`"creditor":{"account":"1","bic":"nonsense!","clearing_system":"GBDSC","clearing_id":"20-00-00"}`, "creditor.account_country", "GB"},
		{`"creditor":{"account":"1","clearing_system":"INFSC","clearing_id":"HWBI0000001"}`, "creditor.account_country", "IN"},
		{`"creditor":{"account":"1","clearing_system":"USABA","clearing_id":"021000021"}`, "creditor.account_country", "US"},
		{`"creditor":{"account":"1","clearing_system":"AUBSB","clearing_id":"062-000"}`, "creditor.account_country", "AU"},
		{`"creditor":{"account":"1","clearing_id":"021000021"}`, "creditor.account_country", "-"},
		{`"creditor":{"account":"1","country":"GB"}`, "creditor.account_country", "-"},
		{`"debtor":{"account":"1"}`, "debtor.account_country", "IN"},
		{`"reporter_country":"SG","debtor":{"account":"1"}`, "debtor.account_country", "SG"},
		{`"debtor":{"account":"1"},"creditor":{"account":"2","bic":"HWBIINBBXXX"}`, "debtor.account_country", "-"},
		// Identity.
		{`"creditor":{"account":"gb52 hwba 0000 0000 0001 01","scheme":"iban","bic":"HWBAGB2L"}`, "creditor.uid", iban},
		{`"creditor":{"account":"` + iban + `"}`, "creditor.uid", iban},
		{`"creditor":{"account":"` + iban + `","scheme":"wallet","bic":"HWBAGB2L"}`, "creditor.uid", "wallet:HWBAGB2L:" + iban},
		{`"creditor":{"account":"12-34","scheme":"bban","bic":"hwbagb2lxxx"}`, "creditor.uid", "bban:HWBAGB2L:1234"},
		{`"creditor":{"account":"1234","bic":"HWBAGB2L"}`, "creditor.uid", "bban:HWBAGB2L:1234"},
		{`"creditor":{"account":"42","clearing_system":"GBDSC","clearing_id":"20-00-00"}`, "creditor.uid", "bban:GBDSC/200000:42"},
		{`"creditor":{"account":"42","clearing_id":"HWBI0000001"}`, "creditor.uid", "bban:INFSC/HWBI0000001:42"},
		{`"creditor":{"account":"42","clearing_system":"a:b","clearing_id":"c%d"}`, "creditor.uid", "bban:A%3AB/C%25D:42"},
		{`"creditor":{"account":"42"}`, "creditor.uid", "-"},
		{`"creditor":{"bic":"HWBAGB2L"}`, "creditor.uid", "-"},
		{`"creditor":{"account":"Asha@Bank","scheme":"upi"}`, "creditor.uid", "upi::asha@bank"},
		{`"creditor":{"account":"bc1qXY","scheme":"crypto","bic":"HWBAGB2L"}`, "creditor.uid", "crypto::bc1qXY"},
		{`"debtor":{"account":"42"}`, "debtor.uid", "bban:HWBIINBB:42"},
		// Payment.
		{`"payment":{"uetr":"6513270E-269e-4d37-b2a7-4de452e6b438","transaction_id":"T"},"debtor":{"bic":"HWBIINBB"}`, "payment.key", "6513270e-269e-4d37-b2a7-4de452e6b438"},
		{`"payment":{"uetr":"6513270","transaction_id":"T:1","end_to_end_id":"E"},"debtor":{"bic":"HWBIINBB"}`, "payment.key", "HWBIINBB:tx:T%3A1:2026-03-02"},
		{`"payment":{"end_to_end_id":"E","settlement_date":"2026-03-03"},"debtor":{"bic":"HWBIINBB"}`, "payment.key", "HWBIINBB:e2e:E:2026-03-03"},
		{`"payment":{"end_to_end_id":"NOTPROVIDED","rrn":"R","utr":"U"},"debtor":{"bic":"HWBIINBB"}`, "payment.key", "HWBIINBB:rrn:R"},
		{`"payment":{"utr":"U"},"debtor":{"clearing_system":"INFSC","clearing_id":"HWBI0000001"}`, "payment.key", "INFSC/HWBI0000001:utr:U"},
		{`"payment":{"utr":"U"}`, "payment.key", "HWBIINBB:utr:U"},
		{`"payment":{"utr":"U"},"creditor":{"bic":"HWBIINBB"}`, "payment.key", "-"},
		{`"payment":{"clearing_ref":"C"},"debtor":{"bic":"HWBIINBB"}`, "payment.key", "-"},
		// Base amount.
		{`"amount":"500000","currency":"INR"`, "base_amount", "6000"},
		{`"amount":"0.000000000000000001","currency":"INR"`, "base_amount", "0"},
		{`"amount":"5","currency":"USD"`, "base_amount", "5"},
		{`"amount":"5","currency":"GBP"`, "base_amount", "-"},
		{`"amount":"5"`, "base_amount", "-"},
		{`"currency":"INR"`, "base_amount", "-"},
	} {
		b, dead := d.Decode(records(report(c.doc)))
		if len(dead) != 0 {
			t.Errorf("%s: %+v", c.doc, dead)
		} else if got := cell(b, c.column, 0); got != c.want {
			t.Errorf("%s: %s = %q, want %q", c.doc, c.column, got, c.want)
		}
		b.Release()
	}
}

// TestTelecomHasNoOwnSide: an operator keeps no account of either side.
func TestTelecomHasNoOwnSide(t *testing.T) {
	d := json.New(whole(codec.Options{ReporterCountry: "IN"}))
	doc := strings.Replace(report(`"debtor":{"account":"1"}`), "bank.transfer", "telecom.sim_swap", 1)
	b, dead := d.Decode(records(doc))
	if len(dead) != 0 || cell(b, "debtor.account_country", 0) != "-" || cell(b, "debtor.uid", 0) != "-" || cell(b, "reporter_country", 0) != "IN" {
		t.Errorf("%+v, %s", dead, cell(b, "debtor.account_country", 0))
	}
}

// TestDerivedAreGiven shows that Options.Derived lets a record set derived columns,
// which are then not derived, and that without it they stay unknown members.
func TestDerivedAreGiven(t *testing.T) {
	doc := `"debtor":{"account":"` + iban + `","uid":"A","account_country":"IN"},"amount":"5","currency":"USD","base_amount":"7.50","payment":{"uetr":"6513270e-269e-4d37-b2a7-4de452e6b438","key":"K"}`
	for _, given := range []bool{true, false} {
		b, dead := json.New(whole(codec.Options{Derived: given})).Decode(records(report(doc)))
		if len(dead) != 0 {
			t.Fatalf("%+v", dead)
		}
		at := 0
		if given {
			at = 1
		}
		for column, want := range map[string][2]string{
			"debtor.uid": {iban, "A"}, "debtor.account_country": {"GB", "IN"}, "base_amount": {"-", "7.5"},
			"payment.key": {"6513270e-269e-4d37-b2a7-4de452e6b438", "K"},
		} {
			if got := cell(b, column, 0); got != want[at] {
				t.Errorf("given %v: %s = %s, want %s", given, column, got, want[at])
			}
		}
		b.Release()
	}
}
