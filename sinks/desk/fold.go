package desk

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/index"
	"github.com/haltwire/haltwire/sinks/desk/live"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// fold is the state of all alerts, as far as the log has been read.
type fold struct {
	machine apply.Machine
	parts   []*part
	taken   func(apply.Record, *apply.Subject, apply.Verdict) // sees every event, under the lock of its part; nil = nobody

	index *index.Index // guards itself, like the next two
	feed  *live.Feed
	pulse *pulse
	// sights tell which alerts are about the same.
	sights *sights

	mu      sync.RWMutex
	waiters map[string]chan apply.Verdict // event id → its writer
	watched map[caselog.Key]chan struct{} // of changed
	reports reports
}

// part is one partition of the fold.
type part struct {
	mu       sync.Mutex
	subjects map[caselog.Key]*apply.Subject
	dirty    map[caselog.Key]struct{} // changed since the owner looked
	events   map[string][]int64       // offsets of what happened to an alert, by its path
	wake     chan struct{}
}

func newFold(m apply.Machine, partitions int32) *fold {
	f := &fold{machine: m, index: index.New(), feed: live.New(listeners), pulse: newPulse(), sights: newSights(), waiters: map[string]chan apply.Verdict{}, watched: map[caselog.Key]chan struct{}{}, reports: newReports()}
	for range partitions {
		f.parts = append(f.parts, &part{
			subjects: map[caselog.Key]*apply.Subject{}, dirty: map[caselog.Key]struct{}{}, events: map[string][]int64{}, wake: make(chan struct{}, 1),
		})
	}
	return f
}

func (f *fold) all() []int32 {
	out := make([]int32, len(f.parts))
	for i := range out {
		out[i] = int32(i) //nolint:gosec // partitions are int32
	}
	return out
}

func (f *fold) partition(key caselog.Key) int32 {
	return topic.PartitionOf(string(key), int32(len(f.parts))) //nolint:gosec // partitions are int32
}

// with calls use with the subject of a key, nil if there is none, under its lock.
func (f *fold) with(key caselog.Key, use func(*apply.Subject)) {
	p := f.parts[f.partition(key)]
	p.mu.Lock()
	defer p.mu.Unlock()
	use(p.subjects[key])
}

// find returns the key of an alert.
func (f *fold) find(direction, party, alert string) (caselog.Key, bool) {
	return f.index.Find(direction, party, alert)
}

// await returns the channel on which the verdict of the event will come.
func (f *fold) await(event string) <-chan apply.Verdict {
	ch := make(chan apply.Verdict, 1)
	f.mu.Lock()
	f.waiters[event] = ch
	f.mu.Unlock()
	return ch
}

func (f *fold) forget(event string) {
	f.mu.Lock()
	delete(f.waiters, event)
	f.mu.Unlock()
}

// take folds one record and wakes whoever waits for it.
func (f *fold) take(r apply.Record) apply.Verdict {
	if r.Type == caselog.Revised {
		f.revised(r)
		return apply.Verdict{Applied: true}
	}
	p := f.parts[r.Partition]
	p.mu.Lock()
	s, verdict := f.machine.Fold(p.subjects[r.Key], r)
	p.subjects[r.Key] = s
	if f.taken != nil {
		f.taken(r, s, verdict)
	}
	if verdict.Applied {
		p.dirty[r.Key] = struct{}{}
		f.listed(p, s, r, verdict)
		f.sights.take(r, s.Alert(verdict.AlertID))
	}
	ch := f.note(r, verdict) // before the lock is let go: what is listed can be found
	p.mu.Unlock()
	if ch != nil {
		ch <- verdict
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return verdict
}

// note keeps what is known of reports, and returns the channel of whoever wrote r.
func (f *fold) note(r apply.Record, verdict apply.Verdict) chan apply.Verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	if verdict.Applied && verdict.AlertID != "" && (r.Type == caselog.Hit || r.Type == caselog.HitChanged || r.Type == caselog.HitOverturned) {
		f.reports.evidence(r)
	}
	if seen := f.watched[r.Key]; seen != nil {
		close(seen)
		delete(f.watched, r.Key)
	}
	ch := f.waiters[r.ID]
	delete(f.waiters, r.ID)
	return ch
}

func (d *Desk) takeKey(e topic.Entry) {
	if err := d.ring.Load(e.Key, e.Value); err != nil {
		d.opt.Log.Error("data key unreadable: wrong log key?", telemetry.Offset, e.Offset, telemetry.Error, err)
	}
}

func (d *Desk) takeEvent(e topic.Entry) {
	if d.opt.Witness != nil {
		d.opt.Witness(e)
	}
	event, err := caselog.Decode(e.Value)
	if err != nil {
		d.opt.Log.Error("record of the case log unreadable", telemetry.Partition, e.Partition, telemetry.Offset, e.Offset, telemetry.Error, err)
		return
	}
	v := d.fold.take(apply.Record{Event: event, Partition: e.Partition, Offset: e.Offset, Appended: e.Appended})
	if event.Type == caselog.Published && v.Applied && d.opt.Published != nil {
		d.publish(event, e.Appended)
	}
	d.opt.Metrics.CaseEvents.Add(context.Background(), 1, telemetry.Attr(telemetry.Direction, event.Key.Direction(), telemetry.State, string(v.After)))
}

// publish hands a message on that its party fetches. What is erased is not told again.
func (d *Desk) publish(event caselog.Event, appended int64) {
	var data caselog.DeliveredData
	personal := ""
	if err := event.Into(&data); err == nil {
		d.fold.with(event.Key, func(s *apply.Subject) {
			if a := s.Alert(data.AlertID); a != nil && a.Message(data.MessageID) != nil {
				personal = a.Message(data.MessageID).Personal
			}
		})
	}
	var body caselog.BodyPersonal
	err := d.open(context.Background(), personal, &body)
	if errors.Is(err, caselog.ErrErased) {
		return
	}
	if err != nil {
		d.opt.Log.Error("a published message cannot be read", telemetry.Message, data.MessageID, telemetry.Error, err)
		return
	}
	d.opt.Published(event.Key.Party(), []byte(body.Body), time.UnixMilli(appended))
}
