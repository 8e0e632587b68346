package ruletest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/rules/spec"
)

const head = "id: large\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: low\non: bank.transfer\nwhen: amount >= 100\n"

// load parses a rule with its tests.
func load(t *testing.T, text string) (*lang.Set, []*ruletest.Suite) {
	t.Helper()
	tree, bad := spec.Parse([]*spec.File{spec.NewFile("large.yaml", []byte(text))})
	set, more := lang.Check(tree, lang.Options{})
	suites, wrong := ruletest.Parse(tree, event.Default())
	if bad = append(append(bad, more...), wrong...); bad.Errors() > 0 {
		t.Fatal(bad)
	}
	return set, suites
}

// TestReports shows what reports tests make: flat and nested names, defaults and
// what takes them away, repetition, times, extra members, exact texts.
func TestReports(t *testing.T) {
	_, suites := load(t, head+`defaults: {currency: GBP, debtor.account: "0042", debtor: {bic: HWBAGB2L}}
tests:
  - name: all
    given:
      in: {at: -1h, repeat: 2, every: 30m, amount: 100000.00, narrative: "no. {i}", debtor.bic: null, revision: 2}
      one: {kind: telecom.sim_swap, creditor.opened_at: -1d, extra.note: 007, payment: {settlement_date: +1d, uetr: X}}
    expect: {}
`)
	var got []string
	for _, r := range suites[0].Tests[0].Reports {
		var m map[string]any
		if err := json.Unmarshal(r.Raw, &m); err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Label+" "+string(r.Raw))
	}
	want := []string{
		`in.1 {"amount":"100000.00","currency":"GBP","debtor":{"account":"0042"},"kind":"bank.transfer","narrative":"no. 1","occurred_at":"2026-06-03T11:00:00.000Z","report_id":"test-in.1","reporter":"TEST","revision":2}`,
		`in.2 {"amount":"100000.00","currency":"GBP","debtor":{"account":"0042"},"kind":"bank.transfer","narrative":"no. 2","occurred_at":"2026-06-03T11:30:00.000Z","report_id":"test-in.2","reporter":"TEST","revision":2}`,
		`one {"creditor":{"opened_at":"2026-06-02T12:00:00.000Z"},"currency":"GBP","debtor":{"account":"0042","bic":"HWBAGB2L"},"extra":{"note":"007"},"kind":"telecom.sim_swap","occurred_at":"2026-06-03T12:00:00.000Z","payment":{"settlement_date":"2026-06-04","uetr":"X"},"report_id":"test-one","reporter":"TEST"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
