package lang_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
)

// TestLets keeps the names of lets beside what they mean, those of libraries
// first, and the name of a weight in a score means its points.
func TestLets(t *testing.T) {
	dir := t.TempDir()
	text := `library: accounts
let:
  young: age(creditor.opened_at) <= "30d"
---
id: large-and-young
version: 1
status: draft
title: A large payment to a young account
owner: mule-desk
severity: low
on: bank.transfer
use: [accounts]
let:
  large: base_amount >= 100
  both: young and large
weights:
  size: {when: large, points: 7}
score: size * 2
when: both
cases:
  - name: any
    when: score > 10
`
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, findings, err := lang.Load(dir, lang.Options{})
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	r := set.Rules[0]
	var names string
	for _, l := range r.Lets {
		names += l.Name + " "
	}
	if names != "young large both " || r.Lets[2].Node.Key != r.Guard.Key || r.Lets[1].Node.Key != r.Weights[0].When.Key {
		t.Errorf("lets %s, the guard is %s", names, r.Guard.Key)
	}
	if want := r.Weights[0].Node().Key; r.Score.Args[0].Key != want {
		t.Errorf("the score reads %s, want %s", r.Score.Args[0].Key, want)
	}
}
