//go:build vectors

package camt056_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056"
)

// validate runs xmllint over a document with one of the published schemas.
func validate(t *testing.T, schema string, text []byte) {
	t.Helper()
	path := filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", schema)
	if _, err := os.Stat(path); err != nil {
		t.Fatal("set HALTWIRE_VECTORS to the folder of vectors: ", err)
	}
	cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", path, "-")
	cmd.Stdin = strings.NewReader(string(text))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\n%s", schema, err, out, text)
	}
}

// TestVectorDraftsAreValid holds every message that the package writes against
// the schemas of both publishers where there are two.
func TestVectorDraftsAreValid(t *testing.T) {
	schemas := map[string][]string{
		"camt.056.001.08": {"mbanq/camt.056.001.08.xsd", "pyiso20022/camt.056.001.08.xsd"},
		"camt.056.001.11": {"pyiso20022/camt.056.001.11.xsd"},
		"pacs.028.001.03": {"mbanq/pacs.028.001.03.xsd"},
	}
	n := 0
	for _, r := range []*freeze.Request{scenario(), rich(), iban35()} {
		for _, c := range configs() {
			drafts, err := camt056.Drafts(c, r)
			if err != nil {
				t.Fatal(err)
			}
			s := &freeze.StatusRequest{About: r.MessageID}
			s.MessageID, s.CreatedAt = freeze.RequesterID(alert, 2), freeze.At(executed.Add(time.Hour))
			asked := *r
			asked.Payments = append([]freeze.Payment(nil), r.Payments...)
			asked.Payments[0].Recall.State = "initiated"
			chases, err := camt056.Chases(c, &asked, s)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range append(drafts, chases...) {
				validate(t, "pyiso20022/head.001.001.02.xsd", d.Header)
				for _, schema := range schemas[d.Name] {
					validate(t, schema, d.Document)
					n++
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d documents were checked", n)
	}
}

// iban35 has every text at its longest.
func iban35() *freeze.Request {
	r := rich()
	long := func(n int) string { return strings.Repeat("W", n) }
	r.Subject.Account = freeze.Account{Scheme: "wallet", ID: long(34), Name: long(140), Type: "unknown", SubAccount: long(64), Currency: "4H95J0R2X"}
	r.Subject.Servicer = freeze.Servicer{BIC: "HWBAGB2LXXX", ClearingSystem: long(35), ClearingID: long(35), LEI: "00000000000000000098", Name: long(140), Country: "GB"}
	r.Subject.Holders = []freeze.Holder{{Role: "owner", Kind: "person", Name: long(140)}}
	p := &r.Payments[0]
	p.Refs = freeze.Refs{UETR: "6513270e-269e-4d37-b2a7-4de452e6b438", EndToEndID: long(35), TransactionID: long(35), InstructionID: long(35), MessageID: long(35), MessageName: long(35), ClearingRef: long(35)}
	p.Remittance, p.FurtherCredit, p.Debtor.Name = long(140), long(140), long(140)
	p.Settled = &freeze.Money{Amount: "123456789012345678", Currency: "JPY"}
	p.Disputed = freeze.Money{Amount: "1234567890123.45678", Currency: "USD"}
	p.Debtor.Account = &freeze.Account{Scheme: "iban", ID: "GB52HWBA00000000000101", Name: long(140), Currency: "GBP", Type: "personal"}
	r.Totals = freeze.TotalsOf(r.Payments)
	return r
}

// TestVectorRandomDraftsAreValid draws requests by chance; what the package does
// not refuse, no schema refuses either.
func TestVectorRandomDraftsAreValid(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]string{}
	refused := 0
	for seed := range 300 {
		r := rapid.Custom(random).Example(seed)
		c := []camt056.Config{{}, {Version: "11"}, {Single: true}, {Version: "11", Single: true, Scheme: "sepa"}}[seed%4]
		drafts, err := camt056.Drafts(c, r)
		if err != nil {
			refused++
			continue
		}
		for _, d := range drafts {
			for schema, text := range map[string][]byte{d.Name: d.Document, "head.001.001.02": d.Header} {
				path := filepath.Join(dir, fmt.Sprintf("%d-%s-%s.xml", seed, d.ID, schema))
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
				files[schema] = append(files[schema], path)
			}
		}
	}
	for schema, list := range files {
		path := filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", "pyiso20022", schema+".xsd")
		out, err := exec.Command("xmllint", append([]string{"--noout", "--nonet", "--schema", path}, list...)...).CombinedOutput()
		if err != nil {
			for line := range strings.SplitSeq(string(out), "\n") {
				if !strings.HasSuffix(line, " validates") {
					t.Errorf("%s: %s", schema, line)
				}
			}
		}
	}
	t.Logf("%d drafts of 08, %d of 11, %d requests refused", len(files["camt.056.001.08"]), len(files["camt.056.001.11"]), refused)
	if len(files["camt.056.001.08"]) < 50 || len(files["camt.056.001.11"]) < 50 {
		t.Errorf("too few drafts were made: %d requests refused", refused)
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
		return rapid.OneOf(rapid.StringOfN(rapid.RuneFrom(nil, unicode.Letter, unicode.Digit, unicode.Punct, unicode.Sc), 1, min(most, 30), -1), rapid.SampledFrom([]string{"A & B", "<x>", " ", "Ünal", strings.Repeat("W", most)})).Draw(t, "text")
	}
	bank := func() freeze.Servicer {
		s := freeze.Servicer{BIC: maybe("HWBAGB2L"), LEI: maybe("00000000000000000098"), Name: maybe(text(140)), Country: "GB"}
		if s.ClearingID = maybe(text(35)); s.ClearingID != "" {
			s.ClearingSystem = rapid.SampledFrom([]string{"GBDSC", "INFSC", "own", "sort code list"}).Draw(t, "system")
		}
		if s.BIC+s.ClearingID+s.LEI == "" {
			s.Name = text(140)
		}
		return s
	}
	account := func() freeze.Account {
		if rapid.Bool().Draw(t, "iban") {
			return freeze.Account{Scheme: "iban", ID: "GB52HWBA00000000000101", Name: maybe(text(140)), Currency: maybe("GBP")}
		}
		return freeze.Account{Scheme: rapid.SampledFrom([]string{"bban", "upi", "wallet", "card", "crypto", "other"}).Draw(t, "scheme"), ID: text(34), Name: maybe(text(140)), SubAccount: maybe(text(64))}
	}
	money := func() freeze.Money {
		return freeze.Money{Amount: freeze.Dec(rapid.StringMatching(`[0-9]{1,14}(\.[0-9]{1,4}0{0,3})?`).Draw(t, "amount")), Currency: rapid.SampledFrom([]string{"GBP", "JPY", "BHD", "EUR"}).Draw(t, "currency")}
	}
	r := scenario()
	r.Subject = freeze.Subject{Account: account(), Servicer: bank(), Holders: []freeze.Holder{{Role: "owner", Name: maybe(text(140))}}}
	r.Payments = nil
	for n := range rapid.IntRange(1, 5).Draw(t, "payments") {
		settled, owner := money(), account()
		p := freeze.Payment{
			ItemID: freeze.ItemID(alert, n+1), Settled: &settled, Disputed: money(), SettledOn: "2026-03-02",
			Refs: freeze.Refs{
				UETR: maybe("6513270e-269e-4d37-b2a7-4de452e6b438"), EndToEndID: text(35), TransactionID: maybe(text(35)),
				InstructionID: maybe(text(35)), MessageID: maybe(text(35)), MessageName: maybe("pacs.008.001.08"), ClearingRef: maybe(text(35)),
			},
			Rail:          rapid.SampledFrom([]string{"swift", "sepa", "sepa_inst", "imps"}).Draw(t, "rail"),
			Authorisation: rapid.SampledFrom([]string{"unauthorised", "authorised_deceived", "unknown"}).Draw(t, "authorisation"),
			Debtor:        freeze.Debtor{Servicer: bank(), Name: maybe(text(140))}, FurtherCredit: maybe(text(140)), Remittance: maybe(text(140)),
			Recall: freeze.Recall{State: "none", Indemnity: maybe("offered"), ReasonISO: maybe("DUPL")},
		}
		if rapid.Bool().Draw(t, "account") {
			p.Debtor.Account = &owner
		}
		if rapid.Bool().Draw(t, "intermediary") {
			p.Intermediaries = []freeze.Intermediary{{Servicer: bank()}}
		}
		r.Payments = append(r.Payments, p)
	}
	return r
}
