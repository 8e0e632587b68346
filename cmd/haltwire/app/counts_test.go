package app

import (
	"context"
	"errors"
	"testing"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/rules/hit"
)

// brokenLog is a log that says what it is told to say.
type brokenLog struct {
	pipeline.HitLog
	err error
}

func (l brokenLog) Append(context.Context, []*hit.Hit) error         { return l.err }
func (l brokenLog) Overturn(context.Context, []hit.Overturned) error { return l.err }

// TestCountingLog checks that Hits without Overturned are the hits that stand.
func TestCountingLog(t *testing.T) {
	for _, c := range []struct {
		name             string
		err              error
		hits, overturned uint64
	}{
		{"on the log", nil, 2, 1},
		{"refused", errors.New("no broker"), 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n counters
			l := countingLog{brokenLog{err: c.err}, &n}
			hits := []*hit.Hit{{Rule: "a"}, {Rule: "b"}, {Rule: "a", Changed: true}}
			if err := l.Append(t.Context(), hits); !errors.Is(err, c.err) {
				t.Error(err)
			}
			lost := []hit.Overturned{{Rule: "a"}, {Rule: "b", Now: hits[1]}, {Rule: "c", Doubt: true}}
			if err := l.Overturn(t.Context(), lost); !errors.Is(err, c.err) {
				t.Error(err)
			}
			if n.hits.Load() != c.hits || n.overturned.Load() != c.overturned {
				t.Errorf("%d hits, %d overturned, want %d, %d", n.hits.Load(), n.overturned.Load(), c.hits, c.overturned)
			}
		})
	}
}
