//go:build vectors

package goaml_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/goaml"
)

func vectors(t *testing.T, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "goaml", pattern))
	if err != nil || len(files) < least {
		t.Fatalf("set HALTWIRE_VECTORS to the folder of vectors: %d of %s, want %d, %v", len(files), pattern, least, err)
	}
	return files
}

// TestVectorReportsAreValid holds every report of testdata, written and read,
// against the schema of goAML 5.0.2 (the copy whose patterns XSD 1.0 accepts).
func TestVectorReportsAreValid(t *testing.T) {
	schema := vectors(t, "vyttah/src_main_resources_xsd_goaml_5.0.2_goAMLSchema.xsd", 1)[0]
	check := func(name string, text []byte) {
		cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", schema, "-")
		cmd.Stdin = bytes.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", name, err, out, text)
		}
	}
	for name, r := range reports() {
		for _, support := range []string{"5.0", "5.2"} {
			for _, user := range []string{"", "desk-1"} {
				c := config()
				c.Support = support
				if user != "" {
					c.UserCode, c.Person = user, goaml.Person{}
				}
				text, err := goaml.Report(c, r)
				if err != nil {
					t.Fatal(err)
				}
				check(name, text)
			}
		}
	}
	answer, err := os.ReadFile("testdata/answer.xml")
	if err != nil {
		t.Fatal(err)
	}
	check("answer", answer)
}

// TestVectorReportsOfOthersAreRead reads the ten valid reports of another
// implementation, and finds what each is about.
func TestVectorReportsOfOthersAreRead(t *testing.T) {
	files := append(vectors(t, "vyttah/golden/*.xml", 7), vectors(t, "vyttah/samples/*.xml", 3)...)
	accounts, parties := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in, err := goaml.Read(config(), text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if in.Reference == "" || in.At.IsZero() || in.Currency != "AED" || len(in.Indicators) == 0 {
			t.Errorf("%s: %+v", file, in)
		}
		for _, tx := range in.Transactions {
			if len(tx.Parties) < 2 || tx.Local.Sign() <= 0 {
				t.Errorf("%s: %+v", file, tx)
			}
			in.Parties = append(in.Parties, tx.Parties...)
		}
		for _, p := range in.Parties {
			parties++
			if p.Account != nil {
				accounts++
			}
		}
	}
	t.Logf("%d reports, %d parties, %d accounts", len(files), parties, accounts)
	if parties < 10 {
		t.Errorf("only %d parties in %d reports", parties, len(files))
	}
}

// TestVectorRandomReportsAreValid draws requests by chance; what the package does
// not refuse, the schema does not refuse either.
func TestVectorRandomReportsAreValid(t *testing.T) {
	schema := vectors(t, "vyttah/src_main_resources_xsd_goaml_5.0.2_goAMLSchema.xsd", 1)[0]
	dir, args := t.TempDir(), []string{"--noout", "--nonet", "--schema", schema}
	for seed := range 250 {
		c := config()
		c.Support = []string{"5.0", "5.2"}[seed%2]
		text, err := goaml.Report(c, rapid.Custom(random).Example(seed))
		if err != nil {
			continue
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.xml", seed))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, err := exec.Command("xmllint", args...).CombinedOutput()
	if err != nil {
		for line := range strings.SplitSeq(string(out), "\n") {
			if !strings.HasSuffix(line, " validates") {
				t.Error(line)
			}
		}
	}
	t.Logf("%d reports", len(args)-4)
	if len(args) < 150 {
		t.Errorf("only %d reports were made", len(args)-4)
	}
}

// random is a request whose members are there or not, short, long or strange.
func random(t *rapid.T) *freeze.Request {
	maybe := func(s string) string {
		if rapid.Bool().Draw(t, "maybe") {
			return s
		}
		return ""
	}
	text := func(most int) string {
		return rapid.OneOf(rapid.StringOfN(rapid.RuneFrom(nil, unicode.Letter, unicode.Digit, unicode.Punct), 1, min(most, 30), -1),
			rapid.SampledFrom([]string{"A & B", "<x>", " ", "Ünal Öz", "Anna Maria Nine", "...", strings.Repeat("W", most), strings.Repeat("é ", most/2)})).Draw(t, "text")
	}
	bank := func() freeze.Servicer {
		return freeze.Servicer{BIC: maybe("HWBAGB2LXXX"), ClearingID: maybe(text(35)), LEI: maybe("00000000000000000098"), Name: maybe(text(140)), Country: "GB"}
	}
	account := func() freeze.Account {
		return freeze.Account{
			Scheme: rapid.SampledFrom([]string{"bban", "upi", "wallet", "other"}).Draw(t, "scheme"), ID: text(64), Name: maybe(text(140)),
			Type: rapid.SampledFrom([]string{"pooled", "personal"}).Draw(t, "type"), SubAccount: maybe(text(64)), Currency: maybe("GBP"),
		}
	}
	money := func(currency string) *freeze.Money {
		return &freeze.Money{Amount: freeze.Dec(rapid.StringMatching(`[0-9]{1,15}(\.[0-9]{1,13}0{0,5})?`).Draw(t, "amount")), Currency: currency}
	}
	r := scenario()
	r.RecipientRef, r.Legal.Facts, r.Legal.Nexus = maybe(text(64)), text(2000), maybe(text(2000))
	r.Subject = freeze.Subject{Account: account(), Servicer: bank(), AccountCountry: "AE"}
	for range rapid.IntRange(0, 4).Draw(t, "holders") {
		h := freeze.Holder{
			Role: rapid.SampledFrom([]string{"owner", "joint", "ubo"}).Draw(t, "role"), Kind: rapid.SampledFrom([]string{"person", "org"}).Draw(t, "kind"),
			Name: maybe(text(140)), DOB: freeze.Date(maybe("1980-02-29")),
		}
		if rapid.Bool().Draw(t, "id") {
			h.ID = &freeze.HolderID{Type: rapid.SampledFrom([]string{"passport", "tax"}).Draw(t, "id type"), Value: text(64), Country: "ES"}
		}
		r.Subject.Holders = append(r.Subject.Holders, h)
	}
	r.Payments = r.Payments[:rapid.IntRange(0, 2).Draw(t, "payments")]
	for i := range r.Payments {
		p := &r.Payments[i]
		p.Rail, p.Hop, p.SettledOn = rapid.SampledFrom([]string{"swift", "cash", "upi"}).Draw(t, "rail"), uint8(i), freeze.Date(maybe("2026-03-02"))
		p.Settled, p.Instructed = money(rapid.SampledFrom([]string{"GBP", "INR"}).Draw(t, "currency")), money("INR")
		p.Debtor = freeze.Debtor{Servicer: bank(), Name: maybe(text(140)), Kind: rapid.SampledFrom([]string{"person", "org", "unknown"}).Draw(t, "debtor")}
		if owner := account(); rapid.Bool().Draw(t, "account") {
			p.Debtor.Account = &owner
		}
		p.FurtherCredit = maybe(text(140))
	}
	return r
}
