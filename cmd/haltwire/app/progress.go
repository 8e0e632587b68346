package app

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	// 100 ms between two states of the bar: fluent for people, nothing for a machine.
	progressEvery = 100 * time.Millisecond
	// 30 characters leave room for the rest on a line of 80.
	progressWidth = 30
)

// progress is a bar on a terminal. Any goroutine may use it.
type progress struct {
	out io.Writer // nil = nothing is shown
	now func() time.Time

	mu    sync.Mutex
	step  string
	began time.Time
	shown time.Time
	dirty bool // a bar stands on the line
}

func newProgress(out io.Writer) *progress { return &progress{out: out, now: time.Now} }

// show shows that a share of a step is done, 0 to 1, and when it will be over at this
// speed. A new step begins when its name changes.
func (p *progress) show(step string, done float64) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if step != p.step {
		p.step, p.began = step, now
	} else if now.Sub(p.shown) < progressEvery && done < 1 {
		return
	}
	p.shown, p.dirty = now, true
	full := min(progressWidth, max(0, int(done*progressWidth)))
	left := ""
	if spent := now.Sub(p.began); done > 0.01 && done < 1 && spent > time.Second/2 {
		left = "  ETA " + clock(time.Duration(float64(spent)*(1-done)/done))
	}
	fmt.Fprintf(p.out, "\r\x1b[K%-6s [%s%s] %3.0f %%%s", step, strings.Repeat("█", full), strings.Repeat("·", progressWidth-full), 100*done, left)
}

// pause clears the line for other text.
func (p *progress) pause() {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dirty {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.dirty = false
	}
}

// end clears the bar.
func (p *progress) end() { p.pause() }

// clock returns a duration as minutes and seconds.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
