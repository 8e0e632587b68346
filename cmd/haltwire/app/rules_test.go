package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
)

// TestRunRefusesWhatIsNotYet names the rules that only eval and test judge; drafts
// may have windows.
func TestRunRefusesWhatIsNotYet(t *testing.T) {
	const rule = `id: %
version: 1
status: STATUS
title: One
owner: desk
severity: low
typology: [card-testing]
on: bank.transfer
windows:
  past: {from: bank.transfer, key: debtor.uid, within: 1h, values: {n: count()}}
when: past.n > 3
`
	load := func(status string) error {
		dir := t.TempDir()
		var text string
		for _, id := range []string{"first", "second"} {
			text += strings.NewReplacer("%", id, "STATUS", status).Replace(rule) + "---\n"
		}
		if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &reports{schema: event.Default()}
		_, err := r.loadRules(dir, time.Now())
		return err
	}
	for _, status := range []string{"live", "shadow"} {
		if err := load(status); err == nil || !strings.Contains(err.Error(), "not yet in run: eval and test judge them") || !strings.Contains(err.Error(), "first (windows); second (windows)") {
			t.Errorf("%s: error %v", status, err)
		}
	}
	if err := load("draft"); err != nil {
		t.Errorf("draft: %v", err)
	}
}
