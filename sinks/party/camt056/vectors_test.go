//go:build vectors

package camt056_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
