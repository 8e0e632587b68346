package app

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgress draws a bar at times that the test says.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgress(&out)
	p.now = func() time.Time { return now }
	for _, c := range []struct {
		after time.Duration
		step  string
		done  float64
		want  string // what is drawn then
	}{
		{0, "read", 0, "read   [" + strings.Repeat("·", 30) + "]   0 %"},
		{50 * time.Millisecond, "read", 0.1, ""}, // too soon
		{10 * time.Second, "read", 0.25, "[" + strings.Repeat("█", 7) + strings.Repeat("·", 23) + "]  25 %  ETA 0:30"},
		{time.Millisecond, "read", 1, "] 100 %"},
		{time.Millisecond, "judged", 0.5, "judged [" + strings.Repeat("█", 15)},
		{200 * time.Second, "judged", 0.5, " 50 %  ETA 3:20"},
		{time.Second, "judged", 2, "[" + strings.Repeat("█", 30) + "]"}, // never wider than it is
	} {
		now = now.Add(c.after)
		out.Reset()
		p.show(c.step, c.done)
		if got := out.String(); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s %v: %q, want %q", c.step, c.done, got, c.want)
		}
	}
	out.Reset()
	p.pause()
	p.end()
	if out.String() != "\r\x1b[K" {
		t.Errorf("the bar is wiped by %q", out.String())
	}
	newProgress(nil).show("read", 1) // nobody looks
}
