//go:build unix

package embedded

import (
	"os/exec"
	"sync"
	"syscall"
)

// detach gives the child a process group of its own, so that an interrupt typed
// at the terminal reaches the parent alone, which then stops the child in order.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// lowPriority is the nice value of the engine. Its merges come in bursts of all
// cores; at equal priority they delay alerts by 100 to 500 ms on two cores.
const lowPriority = 10

// giveWay lets everything else on the machine go first: this thread and those
// that it starts.
func giveWay() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, lowPriority) } // only a wish

// tailBytes is how much of the child's messages an error quotes.
const tailBytes = 2048

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps the last tailBytes of everything written.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - tailBytes; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

// String returns what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
