package app_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

// swapped fires on payments of a phone whose SIM was swapped before.
const swapped = `id: swapped
version: 1
status: live
title: A payment after a SIM swap
owner: desk
severity: low
on: bank.transfer
windows:
  phone:
    key: {telecom.sim_swap: subscriber.phone}
    match: debtor.phone
    within: 72h
    values: {n: count()}
when: phone.n > 0
`

// firstSeen fires on absence: payments to accounts that were not paid in ten days.
const firstSeen = `id: first-seen
version: 1
status: live
title: A payment to a new account
owner: desk
severity: low
on: bank.transfer
windows:
  past: {from: bank.transfer, key: debtor.account, within: 10d, self: false, values: {known: seen(creditor.account)}}
when: not past.known
`

func swap(phone string) map[string]any {
	return map[string]any{"subscriber": map[string]any{"phone": phone}}
}

func payBy(phone string) map[string]any {
	return map[string]any{"amount": "10.00", "currency": "GBP", "debtor": map[string]any{"phone": phone, "account": phone[1:], "scheme": "bban"}, "creditor": map[string]any{"account": "555", "scheme": "bban"}}
}

// TestWindows judges by what came before, and again when evidence comes late, over a
// restart: from the snapshot alone, and from Kafka alone.
func TestWindows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"swapped": swapped})
	w.begin()
	w.report("telecom.sim_swap", time.Hour, swap("+910000000001")) // R001
	w.judged(1)
	w.report("bank.transfer", 0, payBy("+910000000001")) // R002
	w.report("bank.transfer", 0, payBy("+910000000002")) // R003
	w.expect("swapped R002")
	w.report("telecom.sim_swap", time.Hour, swap("+910000000002")) // R004, late
	w.expect("swapped R002", "swapped R003 late")
	w.report("telecom.sim_swap", time.Hour, swap("+910000000003")) // R005
	w.judged(5)
	w.snapshot()
	w.end()

	w.configure("warm: none")
	w.begin()
	w.report("bank.transfer", 0, payBy("+910000000003")) // R006, by the snapshot
	w.report("bank.transfer", 0, payBy("+910000000004")) // R007
	w.expect("swapped R002", "swapped R003 late", "swapped R006")
	w.report("telecom.sim_swap", time.Hour, swap("+910000000004")) // R008, late
	w.expect("swapped R002", "swapped R003 late", "swapped R006", "swapped R007 late")
	w.end()

	if err := os.RemoveAll(w.path("var")); err != nil {
		t.Fatal(err)
	}
	w.configure("warm: kafka")
	w.begin()
	w.report("bank.transfer", 0, payBy("+910000000001")) // R009, by Kafka
	w.report("bank.transfer", 0, payBy("+910000000005")) // R010
	w.expect("swapped R002", "swapped R003 late", "swapped R006", "swapped R007 late", "swapped R009")
	if r := w.app.Readiness(); r.Windows == nil || r.Windows.Replaying || r.Windows.Replayed != 1 {
		t.Errorf("/readyz says %+v", r.Windows)
	}
}

// TestReloadWindows adds a rule with a window to a running haltwire, which is warmed
// from Kafka, changes another, over which the window goes on, and takes it away.
func TestReloadWindows(t *testing.T) {
	t.Parallel()
	plain := "id: plain\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: low\non: bank.transfer\nwhen: base_amount > 1000000\n"
	w := newWorld(t, map[string]string{"plain": plain})
	w.begin()
	w.report("telecom.sim_swap", time.Hour, swap("+910000000001")) // R001
	w.report("bank.transfer", 0, payBy("+910000000001"))           // R002: no rule yet
	w.judged(2)
	if r := w.app.Readiness(); r.Windows != nil {
		t.Errorf("windows without a rule that has any: %+v", r.Windows)
	}
	before := w.app.Readiness().Rules
	w.write("rules/swapped.yaml", swapped)
	w.ready("the rule with a window is in force", func(r app.Readiness) bool { return r.Rules != before && r.Windows != nil })
	w.logged("windows are warmed from Kafka")
	w.report("bank.transfer", 0, payBy("+910000000001")) // R003
	w.expect("swapped R003")

	w.report("telecom.sim_swap", time.Hour, swap("+910000000002")) // R004
	w.judged(4)
	before = w.app.Readiness().Rules
	w.write("rules/plain.yaml", strings.Replace(plain, "version: 1", "version: 2", 1))
	w.ready("another rule is in force", func(r app.Readiness) bool { return r.Rules != before })
	w.report("bank.transfer", 0, payBy("+910000000002")) // R005
	w.expect("swapped R003", "swapped R005")

	w.end()
	if err := os.RemoveAll(w.path("var")); err != nil {
		t.Fatal(err)
	}
	w.begin()                                            // reads everything again
	w.report("bank.transfer", 0, payBy("+910000000001")) // R006
	w.expect("swapped R003", "swapped R005", "swapped R006")

	before = w.app.Readiness().Rules
	if err := os.Remove(w.path("rules", "swapped.yaml")); err != nil {
		t.Fatal(err)
	}
	w.ready("no rule has a window", func(r app.Readiness) bool { return r.Rules != before && r.Windows == nil })
	n := w.app.Counts().Reports
	w.report("bank.transfer", 0, payBy("+910000000002")) // R007
	w.judged(n + 1)
	w.expect("swapped R003", "swapped R005", "swapped R006")
}

// TestCold marks the hits of a rule that fires on absence while its window has not
// seen its past.
func TestCold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"first-seen": firstSeen})
	w.begin()
	w.report("bank.transfer", 0, payBy("+910000000001")) // R001
	w.expect("first-seen R001 cold")
	w.report("bank.transfer", 0, payBy("+910000000001")) // R002: known
	w.report("bank.transfer", 0, payBy("+910000000002")) // R003
	w.expect("first-seen R001 cold", "first-seen R003 cold")
}

// configure replaces what the configuration says about windows.
func (w *world) configure(windows string) {
	w.t.Helper()
	w.write("haltwire.yaml", strings.Replace(worldConfig, "max_age: 24h", "max_age: 24h, windows: {"+windows+"}", 1))
}

// snapshot waits until there is a snapshot that is newer than now.
func (w *world) snapshot() {
	w.t.Helper()
	from := time.Now()
	w.eventually("a snapshot is there", func() string {
		info, err := os.Stat(w.path("var", "windows", "current.snapshot"))
		switch {
		case err != nil:
			return err.Error()
		case info.ModTime().Before(from):
			return "it is of " + info.ModTime().String()
		}
		return ""
	})
}

// logged waits until a text is in the log.
func (w *world) logged(text string) {
	w.t.Helper()
	w.eventually("the log says "+text, func() string {
		if strings.Contains(w.log.String(), text) {
			return ""
		}
		return "it does not"
	})
}
