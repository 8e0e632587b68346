package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk/api"
)

// Instance is one haltwire of the group. Its ports and files outlive its
// processes, which start and end as a test likes.
type Instance struct {
	Name     string
	Officers *api.Client
	// PartnerURL is where partners reach it.
	PartnerURL string

	w       *World
	config  string
	desk    string
	log     string
	begin   int64 // of the log of the running process
	process *exec.Cmd
	done    chan struct{}
}

// Instance makes an instance that does not run yet.
func (w *World) Instance(name string) *Instance {
	w.t.Helper()
	desk, partner := w.freeAddress(), w.freeAddress()
	i := &Instance{Name: name, w: w, desk: desk, log: w.file(name + ".log"), config: w.configure(name, desk, partner),
		PartnerURL: "http://" + partner + "/partner/v1/messages"}
	token, err := conn.ReadSecret(w.file("keys", "desk.token"))
	w.must(err)
	i.Officers = api.NewClient(desk, token)
	w.t.Cleanup(func() {
		i.Kill()
		i.Officers.Close()
		if w.t.Failed() {
			w.t.Logf("end of the log of %s:\n%s", name, i.tail())
		}
	})
	return i
}

// Start starts a process and returns at once.
func (i *Instance) Start() {
	i.w.t.Helper()
	log, err := os.OpenFile(i.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	i.w.must(err)
	defer log.Close()
	at, err := log.Stat()
	i.w.must(err)
	i.begin = at.Size()
	p := exec.Command(i.w.options.Binary, "run", "-c", i.config)
	p.Stdout, p.Stderr = log, log
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	i.w.must(p.Start())
	i.process, i.done = p, make(chan struct{})
	done := i.done
	go func() {
		_ = p.Wait() // the state of the process says how it ended
		close(done)
	}()
}

// Done is closed when the process has ended.
func (i *Instance) Done() <-chan struct{} { return i.done }

// Signal sends a signal to the process.
func (i *Instance) Signal(s syscall.Signal) {
	i.w.t.Helper()
	if err := i.process.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		i.w.t.Errorf("send %s to %s: %v", s, i.Name, err)
	}
}

// Kill ends the process as kill -9 does, if there is one. One that had ended by
// itself fails the test.
func (i *Instance) Kill() {
	i.w.t.Helper()
	if i.process == nil {
		return
	}
	select {
	case <-i.done:
		i.w.t.Errorf("%s ended by itself: %s\n%s", i.Name, i.process.ProcessState, i.tail())
	default:
	}
	i.Signal(syscall.SIGKILL)
	<-i.done
	i.process = nil
}

// Stop sends SIGTERM and returns the exit code and how long it took.
func (i *Instance) Stop(within time.Duration) (int, time.Duration) {
	i.w.t.Helper()
	start := time.Now()
	i.Signal(syscall.SIGTERM)
	select {
	case <-i.done:
	case <-time.After(within):
		i.w.t.Fatalf("%s did not end within %s of SIGTERM\n%s", i.Name, within, i.tail())
	}
	code := i.process.ProcessState.ExitCode()
	i.process = nil
	return code, time.Since(start)
}

// Owns reports whether this process has become the owner of a partition of
// reports.
func (i *Instance) Owns() bool { return strings.Contains(i.logged(), "own partition") }

// Said returns how often a text is in the log of all processes.
func (i *Instance) Said(text string) int {
	i.w.t.Helper()
	log, err := os.ReadFile(i.log)
	i.w.must(err)
	return strings.Count(string(log), text)
}

// Forget takes the snapshots away. No process runs.
func (i *Instance) Forget() {
	i.w.t.Helper()
	i.w.must(os.RemoveAll(i.w.file("state-" + i.Name)))
}

// Kept returns when the snapshot was written that counts, zero when there is none.
func (i *Instance) Kept() time.Time {
	info, err := os.Stat(i.w.file("state-"+i.Name, "windows", "current.snapshot"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// Ready returns what /readyz says, and its status, 0 when nobody answers.
func (i *Instance) Ready(ctx context.Context) (app.Readiness, int) {
	var r app.Readiness
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.desk+"/readyz", nil)
	if err != nil {
		return r, 0
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, 0
	}
	defer resp.Body.Close()
	if json.NewDecoder(resp.Body).Decode(&r) != nil {
		return r, 0
	}
	return r, resp.StatusCode
}

// WaitReady waits until the process says that it is ready.
func (i *Instance) WaitReady() {
	i.w.t.Helper()
	Eventually(i.w.t, time.Minute, i.Name+" is ready", func() string {
		r, status := i.Ready(i.w.t.Context())
		if status != http.StatusOK || !r.Ready {
			return fmt.Sprintf("status %d: %+v", status, r)
		}
		return ""
	})
}

// Memory returns the resident memory of the process in bytes.
func (i *Instance) Memory() int64 {
	i.w.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.process.Process.Pid))
	i.w.must(err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			i.w.must(err)
			return kb << 10
		}
	}
	i.w.t.Fatalf("no VmRSS of %s", i.Name)
	return 0
}

// logged returns what the running process has said.
func (i *Instance) logged() string {
	text, err := os.ReadFile(i.log)
	if err != nil {
		return ""
	}
	return string(text[min(i.begin, int64(len(text))):])
}

func (i *Instance) tail() string {
	text, err := os.ReadFile(i.log)
	if err != nil {
		return err.Error()
	}
	const most = 6000
	if len(text) > most {
		text = text[len(text)-most:]
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	return string(text)
}
