package plan_test

import (
	"fmt"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/rules/window"
)

// planOf compiles rules of a file.
func planOf(t *testing.T, f *filler, text string) *plan.Plan {
	t.Helper()
	const head = "id: one\nversion: 1\nstatus: live\ntitle: One\nowner: desk\nseverity: low\non: bank.transfer\n"
	tree, findings := spec.Parse([]*spec.File{spec.NewFile("one.yaml", []byte(head+text))})
	set, more := lang.Check(tree, lang.Options{Schema: f.schema})
	if findings = append(findings, more...); findings.Errors() > 0 {
		t.Fatal(findings)
	}
	p, err := plan.New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// payments returns transfers out of one account.
func payments(n int, more ...string) []map[string]string {
	var all []map[string]string
	for i := range n {
		r := map[string]string{"report_id": fmt.Sprint("R-", i), "reporter": "HWBIINBB", "kind": "bank.transfer", "occurred_at": fmt.Sprint(1_000_000 + i), "debtor.account": "42", "amount": "20"}
		for j := 0; j < len(more); j += 2 {
			r[more[j]] = more[j+1]
		}
		all = append(all, r)
	}
	return all
}

// TestPointsThatACutLeavesOut has points whose condition only a cut makes unknown:
// the score counts as missing where they would lower it, and as a lower bound where
// they would raise it.
func TestPointsThatACutLeavesOut(t *testing.T) {
	const windows = "windows:\n  past: {from: bank.transfer, key: debtor.account, within: 1d, values: {mean: avg(amount)}}\nweights:\n  base: {when: amount > 0, points: 100}\n"
	for _, c := range []struct {
		name, text string
		whole, cut int // hits on the last report
	}{
		{"lower it", "  usual: {when: past.mean >= 10, points: -50}\ncases:\n  - name: x\n    when: score >= 80\n", 0, 0},
		{"lower it, and that is no matter", "  usual: {when: past.mean >= 10, points: -50}\nwhen: amount > 0\n", 1, 1},
		{"raise it", "  usual: {when: past.mean >= 10, points: 50}\ncases:\n  - name: x\n    when: score >= 80\n", 1, 1},
		{"raise it over a ceiling", "  usual: {when: past.mean >= 10, points: 50}\ncases:\n  - name: x\n    when: score < 120\n", 0, 0},
		{"raise it, in a sum", "  usual: {when: past.mean >= 10, points: 50}\ncases:\n  - name: x\n    when: 0 - score > -120\n", 0, 0},
		{"are known", "  usual: {when: past.mean >= 10, points: -50}\n  other: {when: amount > 0, points: 50}\ncases:\n  - name: x\n    when: score < 0 or amount == 20\n", 1, 1},
	} {
		f := newFiller()
		p := planOf(t, f, windows+c.text)
		b := f.reports(payments(4)...)
		for bound, want := range map[int]int{0: c.whole, 2: c.cut} {
			s, err := plan.NewState(p, window.Options{Entries: bound}, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Feed(b)
			got := 0
			for _, m := range plan.NewEvaluator(p).With(s).Eval(b) {
				if m.Row == 3 {
					got++
				}
			}
			if got != want {
				t.Errorf("points that %s, at most %d entries: %d hits, want %d", c.name, bound, got, want)
			}
		}
	}
}

// TestErrorsOfFeeding counts reports for which what feeds a window cannot be
// computed, once each, for the rule that has the window.
func TestErrorsOfFeeding(t *testing.T) {
	f := newFiller()
	p := planOf(t, f, "windows:\n  past: {from: bank.transfer, key: debtor.account, within: 1d, where: decimal(payment.remittance) > 5, values: {n: count(decimal(payment.remittance) > 7)}}\nwhen: past.n > 100\n")
	s, err := plan.NewState(p, window.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	j := plan.NewJudge(p, nil, hit.Digests{}).With(s)
	s.Feed(f.reports(append(payments(3, "payment.remittance", "not a number"), payments(2, "payment.remittance", "9")...)...))
	if got := j.Errors(); len(got) != 1 || got[0] != 3 {
		t.Errorf("%v errors, want [3]", got)
	}
}
