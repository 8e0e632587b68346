package code_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/code"
)

func TestLists(t *testing.T) {
	if n := len(code.Countries()); n != 250 { // 249 of ISO and XK
		t.Errorf("%d countries, want 250", n)
	}
	for _, list := range [][]string{code.Countries(), code.Currencies(), code.Kinds{}.List()} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("list starting at %s is not a sorted set", list[0])
		}
	}
	for _, c := range code.Countries() {
		if got, ok := code.Country([]byte(c)); !ok || got != c {
			t.Errorf("Country(%q) = %q, %v", c, got, ok)
		}
	}
	for _, c := range code.Currencies() {
		if !code.IsCurrency([]byte(c)) {
			t.Errorf("IsCurrency(%q) is false", c)
		}
	}
	for _, c := range []string{"", "UK", "gb", "G", "GBR", "ZZ", "A "} {
		if code.IsCountry([]byte(c)) {
			t.Errorf("IsCountry(%q) is true", c)
		}
	}
	for _, c := range []string{"", "usd", "US", "XYZ", "USD ", "BTC"} {
		if code.IsCurrency([]byte(c)) {
			t.Errorf("IsCurrency(%q) is true", c)
		}
	}
}

func TestKinds(t *testing.T) {
	k, err := code.NewKinds("bank.cheque")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range k.List() {
		if !k.Has([]byte(s)) {
			t.Errorf("Has(%q) is false", s)
		}
	}
	var zero code.Kinds
	if zero.Has([]byte("bank.cheque")) || !zero.Has([]byte("telecom.sim_swap")) || zero.Has([]byte("bank")) {
		t.Error("the zero value is not the built-in list")
	}
	if n := len(zero.Expand("bank.*")); n != 11 {
		t.Errorf("bank.* means %d kinds, want 11", n)
	}
	if n, m := len(k.Expand("*")), len(zero.Expand("*")); n != 23 || m != 22 {
		t.Errorf("* means %d and %d kinds, want 23 and 22", n, m)
	}
	for _, p := range []string{"", "ban*", "bank", "nothing.*", "bank.*.x"} {
		if got := zero.Expand(p); len(got) != 0 {
			t.Errorf("Expand(%q) = %v", p, got)
		}
	}
	if got := zero.Expand("bank.hold"); !slices.Equal(got, []string{"bank.hold"}) {
		t.Errorf("Expand(bank.hold) = %v", got)
	}
	for _, bad := range []string{"", "cheque", "Bank.x", "bank.", "bank x.y"} {
		if _, err := code.NewKinds(bad); err == nil {
			t.Errorf("kind %q is accepted", bad)
		}
	}
}

func TestNearest(t *testing.T) {
	rails := []string{"swift", "sepa", "sepa_inst", "imps"}
	for _, c := range []struct {
		list     []string
		in, want string
	}{
		{code.Countries(), "UK", "GB"}, {code.Countries(), "gb", "GB"}, {code.Countries(), "USA", "US"},
		{code.Countries(), "QZ", ""}, {code.Countries(), "", ""},
		{code.Currencies(), "GPB", "GBP"}, {code.Currencies(), "IRN", "INR"}, {code.Currencies(), "Rs", "INR"},
		{code.Currencies(), "€", "EUR"},
		{code.Kinds{}.List(), "transfer", "bank.transfer"}, {code.Kinds{}.List(), "bank.tranfser", "bank.transfer"},
		{code.Kinds{}.List(), "telecom.sim-swap", "telecom.sim_swap"}, {code.Kinds{}.List(), "weather", ""},
		{rails, "SEPA", "sepa"}, {rails, "sct_inst", "sepa_inst"}, {rails, "swfit", "swift"},
	} {
		if got := code.Nearest(c.list, c.in); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// Published examples of the IBAN registry.
func ibans() []string {
	return []string{"GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NO9386011117947",
		"MT84MALT011000012345MTLCAST001S", "SA0380000000608010167519", "BR1800360305000010009795493C1", "XK051212012345678906",
		"LC55HEMM000100010012001200023015", "GB52HWBA00000000000101"}
}

func TestIBAN(t *testing.T) {
	for _, c := range code.IBANCountries() {
		if !code.IsCountry([]byte(c)) {
			t.Errorf("IBANs of %s, which is no country", c)
		}
	}
	for _, s := range ibans() {
		if c, ok := code.IBANCountry([]byte(s)); !ok || c != s[:2] {
			t.Errorf("IBANCountry(%s) = %q, %v", s, c, ok)
		}
	}
	for _, s := range []string{"", "GB", "GB82WEST1234569876543", "gb82west12345698765432", "GB82 WEST 1234 5698 7654 32",
		"GB83WEST12345698765432", "IN82WEST12345698765432", "GBX2WEST12345698765432"} {
		if code.IsIBAN([]byte(s)) {
			t.Errorf("IsIBAN(%q) is true", s)
		}
	}
}

// TestIBANSlips: mod 97 finds every changed digit and every swap of neighbours.
func TestIBANSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(rapid.SampledFrom(ibans()).Draw(t, "iban"))
		i := rapid.IntRange(4, len(s)-2).Draw(t, "at")
		if s[i] == s[i+1] {
			return
		}
		s[i], s[i+1] = s[i+1], s[i]
		if code.IsIBAN(s) {
			t.Fatalf("%s passes", s)
		}
	})
}

func TestBankCountry(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"HWBAGB2L", "GB"}, {"HWBAGB2LXXX", "GB"}, {"hwbiinbb", "IN"}, {"HWBAGB2", ""}, {"HWBAZZ2L", ""}, {"", ""}, {"HWBA-B2L", ""},
	} {
		if got, ok := code.BICCountry([]byte(c.in)); got != c.want || ok != (c.want != "") {
			t.Errorf("BICCountry(%q) = %q, %v", c.in, got, ok)
		}
	}
	for _, c := range []struct {
		system, id, want string
		ok               bool
	}{
		{"INFSC", "HWBI0000001", "IN", true}, {"INFSC", "HWBI1000001", "", false}, {"", "HWBI0000001", "IN", true},
		{"GBDSC", "20-00-00", "GB", true}, {"GBDSC", "200000", "GB", true}, {"GBDSC", "20000", "", false},
		{"USABA", "021000021", "US", true}, {"AUBSB", "062-000", "AU", true}, {"DEBLZ", "37040044", "DE", true},
		{"DEBLZ", "", "", false}, {"XXXXX", "1", "", false}, {"", "200000", "", false},
	} {
		got, ok := code.ClearingCountry([]byte(c.system), []byte(c.id))
		if ok != c.ok || got != c.want {
			t.Errorf("ClearingCountry(%q, %q) = %q, %v", c.system, c.id, got, ok)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	iban, bic, in, inr, kind := []byte("GB82WEST12345698765432"), []byte("HWBAGB2L"), []byte("IN"), []byte("INR"), []byte("bank.hold")
	system, id := []byte("INFSC"), []byte("HWBI0000001")
	n := testing.AllocsPerRun(100, func() {
		code.IBANCountry(iban)
		code.BICCountry(bic)
		code.ClearingCountry(system, id)
		code.IsCountry(in)
		code.IsCurrency(inr)
		code.Kinds{}.Has(kind)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
