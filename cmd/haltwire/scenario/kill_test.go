package scenario_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// childEnv makes this test binary run one country, until it is killed.
const childEnv = "HALTWIRE_SCENARIO_CHILD"

// alone is what such a process has to know.
type alone struct {
	Dir, Desk, Partner string
	Now                time.Time
}

// runAlone is the process of a country.
func runAlone(settings string) error {
	var a alone
	if err := json.Unmarshal([]byte(settings), &a); err != nil {
		return err
	}
	c, err := config.Load(filepath.Join(a.Dir, config.FileName))
	if err != nil {
		return err
	}
	desk, err := net.Listen("tcp", a.Desk)
	if err != nil {
		return err
	}
	partner, err := net.Listen("tcp", a.Partner)
	if err != nil {
		return err
	}
	h, err := app.New(c, app.Options{DeskListener: desk, PartnerListener: partner, Now: scenario.NewClock(a.Now).Now})
	if err != nil {
		return err
	}
	return h.Run(context.Background())
}

// TestKilledBetweenApprovalAndSending kills India the moment the second approval
// counts. The next process sends the request, once, as it was signed.
func TestKilledBetweenApprovalAndSending(t *testing.T) {
	w := newTester(t, scenario.Options{})
	w.start()
	w.play(nil, "1", "2", "3")
	w.must(w.To(t.Context(), scenario.At("04:20")))
	w.must(w.IN.Act(t.Context(), w.A1, desk.Action{Do: "approve"}, "O1"))
	w.must(w.IN.Stop())
	w.Road("GB-FIU").Trouble(func(scenario.Letter) scenario.Fault { return scenario.Lose })
	kill := w.process()
	w.reaches("another process has the alert", func() bool {
		_, err := w.IN.Show(t.Context(), w.A1)
		return err == nil
	})
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_ = w.IN.Act(t.Context(), w.A1, desk.Action{Do: "approve"}, "O2") // cut off
	}()
	w.reaches("the second approval counts", func() bool { v, err := w.IN.Show(t.Context(), w.A1); return err == nil && v.State != "proposed" })
	kill()
	<-answered
	w.same("letters that arrived", len(w.list(w.GB, desk.Filter{})), 0)

	w.must(w.IN.Start(t.Context()))
	w.Road("GB-FIU").Trouble(nil)
	w.must(w.IN.Reaches(t.Context(), w.A1, "received"))
	w.sentOnce()
	for _, l := range w.Road("GB-FIU").Said() {
		w.same("the only message", l.MessageID, w.A1+"-Q001")
	}
	d := w.show(w.IN, w.A1)
	r := body[*freeze.Request](w, d, w.A1+"-Q001")
	all, err := w.IN.As("O1").Events(t.Context(), w.A1)
	w.must(err)
	var signed []string
	for _, e := range all {
		if e.Type == "approval.given" && e.Data["digest"] == r.Approval.ContentDigest {
			signed = append(signed, e.By)
		}
	}
	w.same("who signed what went out", signed, []string{"O1", "O2"})
	w.same("alerts of the United Kingdom", len(w.list(w.GB, desk.Filter{})), 1)
}

// process runs India in a process of its own, and returns what kills it.
func (t *tester) process() (kill func()) {
	t.Helper()
	a := alone{Dir: t.IN.Dir, Now: t.Clock.Now()}
	a.Desk, a.Partner = t.IN.Addresses()
	self, err := os.Executable()
	t.must(err)
	p := exec.Command(self)
	p.Env = append(os.Environ(), childEnv+"="+asText(a))
	p.Stderr = t.Output()
	t.must(p.Start())
	var killed bool
	kill = func() {
		if !killed {
			killed = true
			t.must(p.Process.Kill())
			_ = p.Wait() // killed
			t.reaches("its database has gone with it", func() bool { return unlocked(filepath.Join(a.Dir, "clickhouse", "data", "status")) })
		}
	}
	t.Cleanup(kill)
	return kill
}

// unlocked reports whether no process holds the lock of a file.
func unlocked(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return os.IsNotExist(err)
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}

func child() {
	if settings := os.Getenv(childEnv); settings != "" {
		fmt.Fprintln(os.Stderr, runAlone(settings))
		os.Exit(1)
	}
}
