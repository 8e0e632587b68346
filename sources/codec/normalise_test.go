package codec_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

func TestPlaceholders(t *testing.T) {
	p := codec.NewPlaceholders(codec.DefaultPlaceholders())
	for _, s := range []string{"", " ", "\t\n", "N/A", "n/a", " N/A ", "unknown", "UNKNOWN", "NOTPROVIDED", "NotProvided", "0000", "00000000", "0000-0000", "+0000000"} {
		if !p.Has([]byte(s)) {
			t.Errorf("%q is no placeholder", s)
		}
	}
	for _, s := range []string{"0", "000", "00001", "NA", "n", "not", "unknown bank", "N/A/", "X", "-", strings.Repeat("n", 100)} {
		if p.Has([]byte(s)) {
			t.Errorf("%q is a placeholder", s)
		}
	}
	own := codec.NewPlaceholders([]string{"none", "xx…"})
	for s, want := range map[string]bool{"": true, "NONE": true, "XXX": true, "x": false, "N/A": false} {
		if own.Has([]byte(s)) != want {
			t.Errorf("%q with the config's list: %v", s, !want)
		}
	}
}

func TestPhone(t *testing.T) {
	want := regexp.MustCompile(`^\+[1-9]\d{6,14}$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`\+?[0-9]{4,18}[x ]?`).Draw(t, "phone")
		if codec.IsPhone([]byte(s)) != want.MatchString(s) {
			t.Fatalf("IsPhone(%q) = %v", s, !want.MatchString(s))
		}
	})
}

// TestAccountStable: a normal form is its own normal form.
func TestAccountStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scheme := rapid.SampledFrom([]string{"", "iban", "bban", "upi", "wallet", "card", "crypto", "other"}).Draw(t, "scheme")
		s := rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9@. -]{0,30}`), rapid.Just("gb52 hwba 0000 0000 0001 01")).Draw(t, "account")
		once := string(codec.AppendAccount(nil, scheme, []byte(s)))
		if twice := string(codec.AppendAccount(nil, scheme, []byte(once))); twice != once {
			t.Fatalf("%s %q -> %q -> %q", scheme, s, once, twice)
		}
	})
}

func TestOwnSide(t *testing.T) {
	for _, c := range []struct {
		kind, reporter, debtor, creditor string
		debtorAcc, creditorAcc           bool
		want                             codec.Side
	}{
		{"bank.transfer", "HWBIINBB", "", "", true, true, codec.Debtor},
		{"bank.transfer", "HWBAGB2L", "HWBIINBB", "HWBAGB2LXXX", true, true, codec.Creditor},
		{"bank.transfer", "hwbagb2l", "", "HWBAGB2L", true, true, codec.Creditor},
		{"bank.hold", "HWBAGB2L", "HWBAGB2L", "", true, true, codec.Debtor},
		{"bank.hold", "HWBAGB2L", "", "", true, true, codec.Creditor},
		{"bank.hold", "HWBAGB2L", "", "", true, false, codec.Debtor},
		{"bank.mule_account", "HWBAGB2L", "", "", false, true, codec.Creditor},
		{"police.complaint", "POLICE-1", "", "", true, true, codec.Debtor},
		{"telecom.sim_swap", "OPERATOR", "", "", false, false, codec.NoSide},
		{"crypto.transfer", "X", "", "X", true, true, codec.Debtor},
	} {
		got := codec.OwnSide([]byte(c.kind), []byte(c.reporter), []byte(c.debtor), []byte(c.creditor), c.debtorAcc, c.creditorAcc)
		if got != c.want {
			t.Errorf("%+v: side %d", c, got)
		}
	}
}

func TestCheckPaths(t *testing.T) {
	for _, c := range []struct {
		column event.Column
		bad    bool
	}{
		{event.Column{Name: "branch", Path: "extra.branch"}, false},
		{event.Column{Name: "branch", Path: "bank.branch"}, false},
		{event.Column{Name: "debtor.shoe"}, false},
		{event.Column{Name: "sum", Path: "amount"}, true},
		{event.Column{Name: "sum", Path: "amount.value"}, true},
		{event.Column{Name: "sum", Path: "debtor"}, true},
	} {
		s, err := event.NewSchema(c.column)
		if err != nil {
			t.Fatal(err)
		}
		if err := codec.CheckPaths(s); (err != nil) != c.bad {
			t.Errorf("%+v: %v", c.column, err)
		}
	}
}
