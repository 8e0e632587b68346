package desk

import (
	"context"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// settleWithin bounds how long the answer to an act waits for what follows from it: a
// partner that is there has answered by then, and nobody waits for one that is not.
const settleWithin = 500 * time.Millisecond

// consequence is something that is due.
type consequence struct {
	kind           apply.Kind
	about, message string
}

// due lists what is due of an alert, but for requests that wait for people.
func (d *Desk) due(key caselog.Key, id string) []consequence {
	var out []consequence
	d.fold.with(key, func(s *apply.Subject) {
		if s == nil {
			return
		}
		for _, e := range apply.Due(s) {
			if e.Alert.ID != id || e.Kind == apply.Propose {
				continue
			}
			c := consequence{kind: e.Kind, about: e.About}
			if e.Message != nil {
				c.message = e.Message.ID
			}
			out = append(out, c)
		}
	})
	return out
}

// settled waits, but not for long, until nothing is due of an alert that was not due
// before an act, and returns what is still under way: sending, preparing (a message, or
// another alert's part in it), or nothing. It listens to the fold and takes its lock
// only to look.
func (d *Desk) settled(ctx context.Context, key caselog.Key, id string, before []consequence) string {
	bound := time.NewTimer(settleWithin)
	defer bound.Stop()
	for {
		changed := d.fold.changed(key)
		word := underway(d.due(key, id), before)
		if word == "" {
			return ""
		}
		select {
		case <-changed:
		case <-bound.C:
			return word
		case <-ctx.Done():
			return word
		}
	}
}

func underway(due, before []consequence) string {
	word := ""
	for _, c := range due {
		switch {
		case slices.Contains(before, c):
		case c.kind == apply.Deliver:
			return "sending"
		default:
			word = "preparing"
		}
	}
	return word
}

// changed returns a channel that closes with the next event of a key that is folded.
// One channel a key is kept until then.
func (f *fold) changed(key caselog.Key) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watched[key] == nil {
		f.watched[key] = make(chan struct{})
	}
	return f.watched[key]
}
