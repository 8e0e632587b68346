package app_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

// listed fires on payments to names of a list, above a floor in USD.
const listed = `id: listed
version: 1
status: live
title: A payment to a watched name
owner: desk
severity: low
on: bank.transfer
when: creditor.name in lists.watched && base_amount > 100
defaults: {kind: bank.transfer, reporter: HWBIINBB, creditor.name: MULE, currency: USD}
tests:
  - name: above the floor
    given: {pay: {at: 0s, amount: "200.00"}}
    expect: {pay: {}}
`

func payment(name, amount string) map[string]any {
	return map[string]any{"amount": amount, "currency": "GBP", "creditor": map[string]any{"name": name}}
}

// TestReload changes a list, the rates and a rule under a running haltwire: what the
// files say takes effect by itself, and a set with an error or a failing test does
// not.
func TestReload(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"listed": listed})
	w.begin()
	first := w.ready("rules are in force", func(r app.Readiness) bool { return r.Ready })
	w.report("bank.transfer", 0, payment("MULE", "100.00"))
	w.report("bank.transfer", 0, payment("DONKEY", "100.00"))
	events := w.expect("listed R001")
	if d := events[0].Digests; d.Rules != "sha256:"+first.Rules || d.Lists != first.Lists || d.Rates != first.Rates {
		t.Errorf("the hit says %+v, /readyz %+v", d, first)
	}

	w.write("watched.csv", "value\nDONKEY\n")
	w.ready("the list is read again, whose tests fail", func(r app.Readiness) bool {
		return strings.Contains(r.Refused, `listed: "above the floor"`) && r.RefusedAt != nil && r.Lists == first.Lists && r.Ready
	})
	w.write("watched.csv", "value\nDONKEY\nMULE\n")
	second := w.ready("the list is in force", func(r app.Readiness) bool { return r.Lists != first.Lists && r.Refused == "" })
	if second.Rules != first.Rules || second.Rates != first.Rates || second.RulesAt.Before(first.RulesAt) {
		t.Errorf("%+v became %+v", first, second)
	}
	w.report("bank.transfer", 0, payment("DONKEY", "100.00"))
	events = w.expect("listed R001", "listed R003")
	if events[len(events)-1].Digests.Lists == events[0].Digests.Lists {
		t.Error("both hits name one digest of lists")
	}

	w.write("rates.csv", "valid_from,currency,rate\n2020-01-01,GBP,0.50\n")
	w.ready("the rates are in force", func(r app.Readiness) bool { return r.Rates != first.Rates })
	w.report("bank.transfer", 0, payment("MULE", "150.00"))
	w.report("bank.transfer", 0, payment("MULE", "250.00"))
	w.expect("listed R001", "listed R003", "listed R005")

	w.write("rules/listed.yaml", strings.Replace(listed, `"200.00"`, `"20.00"`, 1))
	w.ready("a test that fails is refused, though the rules judge alike", func(r app.Readiness) bool {
		return strings.Contains(r.Refused, `listed: "above the floor"`) && r.Rules == first.Rules
	})
	w.write("rules/listed.yaml", strings.Replace(listed, "base_amount >", "no_such_field >", 1))
	w.ready("a wrong rule is refused", func(r app.Readiness) bool {
		return strings.Contains(r.Refused, "no_such_field") && r.Rules == first.Rules
	})
	w.end()

	// With the wrong file still there the rules that were in force go on.
	w.begin()
	r := w.ready("it starts", func(r app.Readiness) bool { return r.Ready })
	if r.Rules != first.Rules || !strings.Contains(r.Refused, "no_such_field") {
		t.Errorf("after a start with a wrong rule: %+v", r)
	}
	w.report("bank.transfer", 0, payment("MULE", "250.00"))
	w.expect("listed R001", "listed R003", "listed R005", "listed R006")

	w.write("rules/listed.yaml", strings.Replace(listed, "version: 1", "version: 2", 1))
	w.ready("a right rule is taken", func(r app.Readiness) bool { return r.Rules != first.Rules && r.Refused == "" })
	if err := w.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := w.app.Readiness(); again.RulesAt != w.app.Readiness().RulesAt || !strings.Contains(w.log.String(), "say nothing new") {
		t.Errorf("a reload of the same files: %+v", again)
	}
}

// TestFirstStartRefuses ends with the errors of the rules where nothing was in force
// before.
func TestFirstStartRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"an error":       {"base_amount >", "no_such_field >", "no_such_field"},
		"a failing test": {`"200.00"`, `"20.00"`, "tests failed"},
	} {
		w := newWorld(t, map[string]string{"listed": strings.Replace(listed, c.from, c.to, 1)})
		if err := w.start(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
