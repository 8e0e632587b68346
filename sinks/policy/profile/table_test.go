package profile_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

func of(t testing.TB, name string) *profile.Profile {
	t.Helper()
	p, err := profile.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// table writes what a profile says of everything: its asks, its gates, and every member
// of every message.
func table(p *profile.Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What may be said under %s, regime %s, data of %s. go test ./sinks/policy/profile -rewrite\n\n", p.Name, p.Regime, p.ValidFrom)
	for _, ask := range allAsks() {
		switch {
		case !p.Allows(ask):
			fmt.Fprintf(&b, "ask %s: no\n", ask)
		case slices.Contains(p.AutoProvisional, ask):
			fmt.Fprintf(&b, "ask %s: %d people, or provisional by itself\n", ask, p.People(ask))
		default:
			fmt.Fprintf(&b, "ask %s: %d people\n", ask, p.People(ask))
		}
	}
	fmt.Fprintf(&b, "\nunattended: %s\ngate: %+v\nrequired: %s\nhandling: %+v\n", list(p.Unattended), p.Gate, list(p.Required), p.Handling)
	fmt.Fprintf(&b, "accept: %s / %s\ndecide: %s / %s\nretention: %s\n", p.Accept.Critical, p.Accept.Other, p.Decide.Critical, p.Decide.Other, p.Retention)
	b.WriteString("\n")
	shared := profile.Paths(freeze.TypeWithdrawal)
	for _, t := range profile.Types() {
		for _, path := range profile.Paths(t) {
			enveloped := slices.Contains(shared, path) && path != "reason"
			switch {
			case enveloped && t != freeze.TypeRequest:
			case t == freeze.TypeAmendment && slices.Contains(profile.Paths(freeze.TypeRequest), path):
			case enveloped:
				fmt.Fprintf(&b, "any %s: %s\n", path, p.Says(t, path))
			default:
				fmt.Fprintf(&b, "%s %s: %s\n", t, path, p.Says(t, path))
			}
		}
	}
	b.WriteString("\n")
	for _, field := range answers() {
		fmt.Fprintf(&b, "answer %s: %s\n", field, p.Answers(field))
	}
	return b.String()
}

func list(s []string) string {
	if len(s) == 0 {
		return "-"
	}
	return strings.Join(s, " ")
}

func allAsks() []string {
	return strings.Fields("hold_amount suspend_transaction suspend_account recall return_funds trace identify_holder preserve_records monitor informational")
}

// answers lists what a partner may ask for by name, and what nobody is ever told.
func answers() []string {
	return append(strings.Fields("creditor.name creditor.id creditor.phone creditor.email creditor.ip creditor.device debtor.name debtor.location debtor.account sub_account subject.account.sub_account payments[0].refs.uetr legal.reason complaint_ref"), never()...)
}

// never lists names for what no profile tells, whoever asks.
func never() []string {
	return strings.Fields("victim.phone debtor.phone debtor.device subscriber.phone subscriber.imsi imsi imei iccid cdr cell_id narrative extra url remittance rule_id officer")
}

// TestTable holds what every profile says against a file that people read against
// FREEZE 4.
func TestTable(t *testing.T) {
	names := profile.Names()
	if want := strings.Fields("bilateral cets198 egmont eu_amld6 ffkc igrip own_bank siena"); !slices.Equal(names, want) {
		t.Fatalf("profiles %v", names)
	}
	for _, name := range names {
		got, file := table(of(t, name)), filepath.Join("testdata", name+".txt")
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: differs from %s (go test ./sinks/policy/profile -rewrite writes it anew):\n%s", name, file, firstDifference(string(want), got))
		}
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, w[i], g[i])
		}
	}
	return "one is longer"
}

// TestEnvelopesAndAmendments holds what the files leave out: all types say the same of
// the envelope, and amendments what requests say.
func TestEnvelopesAndAmendments(t *testing.T) {
	for _, name := range profile.Names() {
		p := of(t, name)
		for _, path := range profile.Paths(freeze.TypeWithdrawal) {
			for _, other := range profile.Types() {
				if path != "reason" && p.Says(other, path) != p.Says(freeze.TypeRequest, path) {
					t.Errorf("%s: %s says otherwise of %s", name, other, path)
				}
			}
		}
		for _, path := range profile.Paths(freeze.TypeRequest) {
			if p.Says(freeze.TypeAmendment, path) != p.Says(freeze.TypeRequest, path) {
				t.Errorf("%s: amendments say otherwise of %s", name, path)
			}
		}
		if p.May("gossip", "reason") || p.May(freeze.TypeRequest, "payments.debtorX") || p.May(freeze.TypeRequest, "legalX") || p.May(freeze.TypeRequest, "") {
			t.Errorf("%s: what is not listed may go out", name)
		}
	}
}
