package pipeline

import (
	"context"
	"time"
)

// Progress says how far the partitions that are read have come towards the ends
// which their logs had when reading began.
type Progress struct {
	Waiting    bool  // what is to be read is not known yet
	Partitions int   // that are read
	Behind     int   // those that have not come to that end
	Done       int64 // offsets judged
	Target     int64 // offsets to judge, of those partitions whose end is known
}

// CatchingUp reports whether there is still something to replay.
func (p Progress) CatchingUp() bool { return p.Waiting || p.Behind > 0 }

// Share returns Done as a share of Target, 1 when there is nothing to replay.
func (p Progress) Share() float64 {
	if !p.CatchingUp() {
		return 1
	}
	if p.Target == 0 {
		return 0
	}
	return float64(p.Done) / float64(p.Target)
}

func (d *detect) progress() Progress {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := Progress{Waiting: d.memory != nil && !d.listed, Partitions: len(d.tracks)}
	for _, t := range d.tracks {
		if !t.through && (t.end >= 0 || !t.parked) { // one that waits at its beginning has nothing to replay
			p.Behind++
		}
		if t.end >= 0 {
			first := max(t.first, 0)
			p.Target += max(0, t.end-first)
			p.Done += max(0, min(t.next, t.end)-first)
			if t.through {
				p.Done += max(0, t.end-max(t.next, first)) // the rest is not there
			}
		}
	}
	return p
}

// tell logs a replay every few seconds, and that it is over.
func (d *detect) tell(now time.Time) {
	if d.told.IsZero() {
		d.told = now
	}
	if d.caught || now.Sub(d.told) < tellEvery && !d.slow {
		return
	}
	p := d.progress()
	d.options.Metrics.ReplayLeft.Record(context.Background(), p.Target-p.Done)
	if !p.CatchingUp() {
		d.caught = true
		if d.slow {
			d.options.Log.Info("replay is through", "partitions", p.Partitions, "reports", p.Done)
		}
		return
	}
	if now.Sub(d.told) >= tellEvery {
		d.told, d.slow = now, true
		d.options.Log.Info("replay", "partitions", p.Partitions, "behind", p.Behind, "done", p.Done, "of", p.Target)
	}
}
