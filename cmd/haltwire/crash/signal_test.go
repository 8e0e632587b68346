package crash_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
)

const broken = `id: broken
version: 1
status: live
title: A rule that does not compile
owner: cyber-desk
severity: low
on: bank.login
when: no_such_field == 1
`

const extra = `id: every-login
version: 1
status: live
title: Any login
owner: cyber-desk
severity: low
on: bank.login
when: debtor.account != nil
`

// TestSignals ends haltwire with SIGTERM under load, with a partner that does not
// answer, and has it read its rules again with SIGHUP.
func TestSignals(t *testing.T) {
	w := world.New(t, world.Options{Binary: binary})
	in := w.Instance("in")
	gb := w.Partners["GB"]
	gb.ReplyTo(in.PartnerURL)
	f := w.Traffic(uint64(time.Now().UnixNano()), 0.04)
	in.Start()
	in.WaitReady()
	stop := f.Start(t.Context(), rate)
	for round := range 3 {
		if round == 1 {
			gb.Break(gb.Hang())
		}
		wait(t, 2500*time.Millisecond)
		if code, took := in.Stop(30 * time.Second); code != 0 {
			t.Fatalf("SIGTERM in round %d: exit code %d after %s", round, code, took)
		} else {
			t.Logf("SIGTERM in round %d: ended in %s", round, took.Round(time.Millisecond))
		}
		gb.Break(nil)
		in.Start()
	}
	stop()
	settle(t, w, in, f)
	hangup(t, w, in, f)
}

func hangup(t *testing.T, w *world.World, in *world.Instance, f *world.Traffic) {
	t.Helper()
	old, _ := in.Ready(t.Context())
	bad := filepath.Join(w.RulesDir(), "broken.yaml")
	write(t, bad, broken)
	write(t, filepath.Join(w.RulesDir(), "every-login.yaml"), extra)
	in.Signal(syscall.SIGHUP)
	world.Eventually(t, 20*time.Second, "the broken set is refused", func() string {
		r, status := in.Ready(t.Context())
		if status != http.StatusOK || r.Rules != old.Rules || !strings.Contains(r.Refused, "no_such_field") {
			return fmt.Sprintf("%d %+v", status, r)
		}
		return ""
	})
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	in.Signal(syscall.SIGHUP)
	world.Eventually(t, 20*time.Second, "the mended set is taken", func() string {
		r, status := in.Ready(t.Context())
		if status != http.StatusOK || r.Rules == old.Rules || r.Refused != "" {
			return fmt.Sprintf("%d %+v", status, r)
		}
		return ""
	})
	f.Send(t.Context(), f.Make(300)...)
	world.Eventually(t, 30*time.Second, "the new rule makes hits", func() string {
		got, err := w.Query("SELECT count() FROM v_hits WHERE rule = 'every-login'")
		if err != nil || got[0] == "0" {
			return fmt.Sprint(got, err)
		}
		return ""
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
