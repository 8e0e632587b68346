package codec_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/sources/codec"
)

func TestRates(t *testing.T) {
	r, err := codec.LoadRates("USD", strings.NewReader("\ufeff# by the central bank\nvalid_from,currency,rate\r\n\n2026-01-01, INR ,0.0120\n2026-02-01T12:00:00Z,INR,0.0110\n2025-06-01,INR,0.5\n2026-01-01,GBP,1.25\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.Digest(), "sha256:") || len(r.Digest()) != 71 || r.Base() != "USD" {
		t.Errorf("digest %q, base %q", r.Digest(), r.Base())
	}
	for _, c := range []struct{ currency, at, want string }{
		{"INR", "2025-05-31T23:59:59.999Z", ""}, {"INR", "2025-06-01T00:00:00Z", "50"}, {"INR", "2026-01-01T00:00:00Z", "1.2"},
		{"INR", "2026-02-01T11:59:59.999Z", "1.2"}, {"INR", "2026-02-01T12:00:00Z", "1.1"}, {"INR", "2199-01-01T00:00:00Z", "1.1"},
		{"GBP", "2026-01-02T00:00:00Z", "125"}, {"EUR", "2026-01-02T00:00:00Z", ""}, {"USD", "1999-01-02T00:00:00Z", "100"},
	} {
		at, ok := codec.ParseTime([]byte(c.at))
		if !ok {
			t.Fatal(c.at)
		}
		got, ok := r.Convert(decimal.FromInt(100), []byte(c.currency), at)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("100 %s at %s = %s, %v; want %s", c.currency, c.at, got, ok, c.want)
		}
	}
	most, _ := decimal.Parse([]byte("99999999999999999999"))
	if v, ok := r.Convert(most, []byte("GBP"), 1772424600000); ok {
		t.Errorf("a product that does not fit is %s", v)
	}
	if _, ok := (codec.Rates{}).Convert(most, []byte("USD"), 0); ok {
		t.Error("the zero value converts")
	}
}

func TestRatesErrors(t *testing.T) {
	const head = "valid_from,currency,rate\n"
	for in, want := range map[string]string{
		"":                              "empty",
		"currency,rate\n":               "line 1: the header",
		head + "2026-01-01,INR\n":       "line 2: 2 cells",
		head + "\n01/02/2026,INR,1\n":   `line 3: valid_from "01/02/2026"`,
		head + "2026-01-01,RS,1\n":      "did you mean INR?",
		head + "2026-01-01,INR,1e3\n":   "line 2: rate \"1e3\"",
		head + "2026-01-01,INR,-1\n":    "negative",
		head + "2026-01-01,INR,0.00\n":  "greater than 0",
		head + "2026-01-01,USD,2\n":     "base currency USD is 1",
		head + "2026-01-01,INR,1,000\n": "4 cells",
		head + "2026-01-01,INR,1\n2026-01-01T00:00:00Z,INR,2\n": "line 3: INR has two rates",
	} {
		if _, err := codec.LoadRates("USD", strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", in, err, want)
		}
	}
	if _, err := codec.LoadRates("US$", strings.NewReader(head)); err == nil {
		t.Error("the base currency US$ is accepted")
	}
}

// TestBaseOnly expects an amount of the base currency to stay what it is, and every
// other to have no value.
func TestBaseOnly(t *testing.T) {
	all, err := codec.LoadRates("USD", strings.NewReader("valid_from,currency,rate\n2020-01-01,GBP,1.30\n"))
	if err != nil {
		t.Fatal(err)
	}
	ten, _ := decimal.Parse([]byte("10"))
	base := all.BaseOnly()
	const at = 1_767_225_600_000 // 2026-01-01
	if got, ok := base.Convert(ten, []byte("USD"), at); !ok || got.Cmp(ten) != 0 {
		t.Errorf("10 USD are %v, %t", got, ok)
	}
	if got, ok := base.Convert(ten, []byte("GBP"), at); ok {
		t.Errorf("10 GBP are %v without a rate", got)
	}
	if base.Digest() != "" || base.Base() != "USD" {
		t.Errorf("digest %q, base %q", base.Digest(), base.Base())
	}
}
