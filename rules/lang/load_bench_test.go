package lang_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// BenchmarkLoad reads and checks 1,000 rules that are alike.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "---\nid: rule-%d\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: high\non: bank.transfer\n"+
			"let:\n  abroad: debtor.account_country != creditor.account_country\n"+
			"when: abroad and base_amount >= %d and creditor.account_country in [\"GB\", \"AE\", \"SG\"] and category == \"c%d\"\nalert:\n  subject: creditor\n", i, 100+i, i)
	}
	source := []byte(text.String())
	for b.Loop() {
		tree, _ := spec.Parse([]*spec.File{spec.NewFile("rules.yaml", source)})
		set, findings := lang.Check(tree, lang.Options{})
		if findings.Errors() > 0 || len(set.Rules) != 1000 {
			b.Fatal(findings)
		}
	}
}

// BenchmarkLoadWindows reads and checks 1,000 rules with two windows each.
func BenchmarkLoadWindows(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "---\nid: rule-%d\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: high\non: bank.transfer\n"+
			"windows:\n  past: {from: bank.transfer, key: debtor.uid, within: %dh, values: {n: count(), known: seen(creditor.uid)}}\n"+
			"  phone: {key: {telecom.sim_swap: subscriber.phone}, match: debtor.phone, within: 72h, values: {n: count()}}\n"+
			"when: phone.n > 0 and past.n > %d and not past.known\nalert:\n  subject: creditor\n", i, 1+i%100, i)
	}
	source := []byte(text.String())
	for b.Loop() {
		tree, _ := spec.Parse([]*spec.File{spec.NewFile("rules.yaml", source)})
		set, findings := lang.Check(tree, lang.Options{})
		if findings.Errors() > 0 || len(set.Rules) != 1000 || len(set.Windows) != 101 {
			b.Fatal(len(set.Windows), findings)
		}
	}
}
