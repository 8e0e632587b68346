package meter

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many clock ticks of /proc/PID/stat make a second: USER_HZ, which
// Linux has fixed at 100 for programs.
const ticks = 100

// Usage is what a process has used since it started.
type Usage struct {
	User   time.Duration `json:"user"`
	System time.Duration `json:"system"`
	Peak   int64         `json:"peak_bytes"` // of resident memory
}

// CPU returns user and system time together.
func (u Usage) CPU() time.Duration { return u.User + u.System }

// Sub returns what was used between before and u; Peak stays that of u.
func (u Usage) Sub(before Usage) Usage {
	return Usage{User: u.User - before.User, System: u.System - before.System, Peak: u.Peak}
}

// Add returns u and more together; Peak is the greater one.
func (u Usage) Add(more Usage) Usage {
	return Usage{User: u.User + more.User, System: u.System + more.System, Peak: max(u.Peak, more.Peak)}
}

// Self returns the usage of this process, in microseconds.
func Self() (Usage, error) {
	u, err := Spent()
	if err != nil {
		return u, err
	}
	u.Peak, err = peak(os.Getpid())
	return u, err
}

// Spent is Self without the memory, which takes 50 µs to read.
func Spent() (Usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return Usage{}, fmt.Errorf("read own usage: %w", err)
	}
	return Usage{User: time.Duration(r.Utime.Nano()), System: time.Duration(r.Stime.Nano())}, nil
}

// Of returns the usage of process pid, in steps of 10 ms.
func Of(pid int) (Usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	// The name in parentheses may hold spaces; fields are counted behind it
	// (proc(5): utime is the 14th, stime the 15th, state the 3rd).
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return Usage{}, fmt.Errorf("read usage of process %d: %d fields", pid, len(fields))
	}
	user, err := strconv.ParseInt(string(fields[11]), 10, 64)
	if err != nil {
		return Usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	system, err := strconv.ParseInt(string(fields[12]), 10, 64)
	if err != nil {
		return Usage{}, fmt.Errorf("read usage of process %d: %w", pid, err)
	}
	top, err := peak(pid)
	return Usage{User: time.Duration(user) * time.Second / ticks, System: time.Duration(system) * time.Second / ticks, Peak: top}, err
}

// peak returns the high-water mark of the resident memory of pid.
func peak(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("read memory of process %d: no VmHWM", pid)
}
