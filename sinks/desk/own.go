package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/draft"
	"github.com/haltwire/haltwire/sinks/desk/intake"
)

// own takes part in the group that shares the partitions of the case log, until
// ctx ends.
func (d *Desk) own(ctx context.Context) error {
	config, err := d.opt.Kafka.Sarama()
	if err != nil {
		return err
	}
	config.Consumer.Offsets.Initial = sarama.OffsetNewest // nothing is read by the membership
	config.Consumer.Fetch.Default = 1
	config.ChannelBufferSize = 1
	config.Consumer.Group.Session.Timeout, config.Consumer.Group.Heartbeat.Interval = d.opt.Session, d.opt.Session/3
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	group, err := sarama.NewConsumerGroup(d.opt.Kafka.Brokers, d.opt.Group+".desk", config)
	if err != nil {
		return fmt.Errorf("join %s.desk: %w", d.opt.Group, err)
	}
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		for err := range group.Errors() {
			d.opt.Log.Warn("ownership of the case log", telemetry.Error, err)
		}
	}()
	backoff := fault.Backoff{}
	for ctx.Err() == nil {
		err := group.Consume(ctx, []string{d.opt.Layout.Names.Cases}, &membership{desk: d, group: group})
		if err != nil && ctx.Err() == nil {
			d.opt.Log.Warn("join the owners of the case log", telemetry.Error, err)
			_ = fault.Sleep(ctx, backoff.Next(0))
			continue
		}
		backoff.Reset()
	}
	err = group.Close()
	done.Wait()
	if err != nil {
		return fmt.Errorf("leave %s.desk: %w", d.opt.Group, err)
	}
	return nil
}

// membership turns claims of the group into tenures of partitions.
type membership struct {
	desk      *Desk
	group     sarama.ConsumerGroup
	recording sync.WaitGroup
}

// Setup pauses the fetching of all claims, because the fold reads the log and
// not the membership, and starts the recording of the partitions.
func (m *membership) Setup(s sarama.ConsumerGroupSession) error {
	m.group.Pause(s.Claims())
	m.recording.Add(1)
	go func() {
		defer m.recording.Done()
		m.desk.recorder.Run(s.Context(), s.Claims()[m.desk.opt.Layout.Names.Cases])
	}()
	return nil
}

// Cleanup waits for the recording; every tenure has returned by then.
func (m *membership) Cleanup(sarama.ConsumerGroupSession) error {
	m.recording.Wait()
	return nil
}

// ConsumeClaim holds a partition until the session ends.
func (m *membership) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for range claim.Messages() {
			continue // what was fetched before the pause is of no use
		}
	}()
	t := &tenure{desk: m.desk, partition: claim.Partition(), rings: map[caselog.Key]ring{}, owner: fmt.Sprintf("%s/%d", m.desk.id, s.GenerationID())}
	t.run(s.Context())
	<-drained
	return nil
}

// tenure is the ownership of one partition by this instance.
type tenure struct {
	desk      *Desk
	partition int32
	owner     string
	rechecked bool
	moves     []move // alerts that officers send elsewhere, found in this round
	rings     map[caselog.Key]ring
	alive     context.Context //nolint:containedctx // the life of the ownership, which jobs outlive
}

// ring is when the first timer of a subject runs out, as the log stood at an offset.
// Most subjects have not changed since the last tick, and what their timers are takes
// microseconds to find out, under the lock that the fold needs.
type ring struct{ offset, due int64 }

// tick is how often timers are looked at.
const tick = time.Second

func (t *tenure) run(ctx context.Context) {
	t.alive = ctx
	if err := t.desk.cases.Sync(ctx, t.partition); err != nil {
		return // the ownership has ended, or the log is away and it soon will
	}
	p := t.desk.fold.parts[t.partition]
	p.mu.Lock()
	for key := range p.subjects {
		p.dirty[key] = struct{}{}
	}
	p.mu.Unlock()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	backoff := fault.Backoff{}
	for {
		if err := t.round(ctx); err != nil && ctx.Err() == nil {
			t.desk.opt.Log.Warn("perform what is due", telemetry.Partition, t.partition, telemetry.Error, err)
			_ = fault.Sleep(ctx, backoff.Next(0))
		} else {
			backoff.Reset()
		}
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-ticker.C:
			t.timers(ctx)
		}
	}
}

// round performs what is due for the subjects that changed. After an error they
// are looked at again.
func (t *tenure) round(ctx context.Context) error {
	if !t.rechecked {
		if err := t.recheck(ctx); err != nil {
			return err
		}
		t.rechecked = true
	}
	p := t.desk.fold.parts[t.partition]
	p.mu.Lock()
	dirty := p.dirty
	p.dirty = map[caselog.Key]struct{}{}
	p.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	var errs []error
	var work []intake.Draft
	for key := range dirty {
		p.mu.Lock()
		drafts, err := t.due(ctx, p.subjects[key])
		p.mu.Unlock()
		work = append(work, drafts...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	if err := t.perform(ctx, work); err != nil {
		errs = append(errs, err)
	}
	for _, m := range t.moves {
		if err := t.move(ctx, m); err != nil {
			errs = append(errs, err)
		}
	}
	t.moves = nil
	if len(errs) > 0 {
		p.mu.Lock()
		for key := range dirty {
			p.dirty[key] = struct{}{}
		}
		p.mu.Unlock()
	}
	return errors.Join(errs...)
}

// move is an alert without a party whose hits have one now.
type move struct {
	hits []intake.Draft
	end  intake.Draft
	data *caselog.ReroutedData
}

// recheck looks again at the alerts that could not go out: the config may have
// changed since. A new owner does it once.
func (t *tenure) recheck(ctx context.Context) error {
	p := t.desk.fold.parts[t.partition]
	var work []intake.Draft
	var moves []move
	var errs []error
	p.mu.Lock()
	for _, s := range p.subjects {
		maker := t.desk.maker.Once()
		for _, a := range s.Alerts {
			drafts, err := maker.Recheck(ctx, s, a)
			work = append(work, drafts...)
			m, moved, unread := t.reroute(ctx, s.Key, a)
			if moved {
				moves = append(moves, m)
			}
			errs = append(errs, err, unread)
		}
	}
	p.mu.Unlock()
	errs = append(errs, t.perform(ctx, work))
	for _, m := range moves {
		errs = append(errs, t.move(ctx, m))
	}
	return errors.Join(errs...)
}

// reroute makes what moves an alert without a party, if every hit of it that
// stands has one now.
func (t *tenure) reroute(ctx context.Context, key caselog.Key, a *apply.Alert) (m move, ok bool, err error) {
	if a.Party != caselog.Nobody || a.Direction != caselog.Out || a.State != apply.Proposed {
		return m, false, nil
	}
	m.data = &caselog.ReroutedData{AlertID: a.ID}
	for _, h := range a.Hits {
		if h.Gone {
			continue
		}
		var data caselog.HitData
		var personal caselog.HitPersonal
		if err := json.Unmarshal(h.Data(), &data); err != nil {
			return m, false, fmt.Errorf("reroute alert %s: %w", a.ID, err)
		}
		if err := t.desk.open(ctx, h.Personal, &personal); errors.Is(err, caselog.ErrErased) {
			return m, false, nil
		} else if err != nil {
			return m, false, fmt.Errorf("reroute alert %s: %w", a.ID, err)
		}
		draft, party, found := t.desk.hits.Reroute(data, &personal, a.Trace)
		if !found {
			return m, false, nil
		}
		m.hits = append(m.hits, draft)
		m.data.To, m.data.ToKey = party, draft.Key
	}
	m.end = intake.Draft{ID: hit.Text32("rerouted", a.ID, string(m.data.ToKey)), Key: key, Type: caselog.Rerouted, Trace: a.Trace, Alerts: true, Data: m.data}
	return m, len(m.hits) > 0, nil
}

// move writes the hits under their new key, and closes the old alert when they
// are folded there.
func (t *tenure) move(ctx context.Context, m move) error {
	verdicts, err := t.desk.submit(ctx, m.hits)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		if !v.Applied && !v.Repeat {
			return fmt.Errorf("reroute alert %s: %s", m.data.AlertID, v.Reason)
		}
		m.data.ToAlert = v.AlertID
	}
	return t.perform(ctx, []intake.Draft{m.end})
}

// perform writes the events and reads them back, first what tells other keys and then
// the notes of it. One that the log refused was
// made from an old state: the next round makes it anew.
func (t *tenure) perform(ctx context.Context, work []intake.Draft) error {
	var words, notes []intake.Draft
	for _, x := range work {
		if x.Note {
			notes = append(notes, x)
		} else {
			words = append(words, x)
		}
	}
	if err := t.say(ctx, words); err != nil {
		return err // nothing is noted that may not have been told
	}
	return t.say(ctx, notes)
}

func (t *tenure) say(ctx context.Context, work []intake.Draft) error {
	if len(work) == 0 || ctx.Err() != nil {
		return nil
	}
	verdicts, err := t.desk.submit(ctx, work)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if !v.Applied && !v.Repeat {
			t.desk.opt.Log.Info("event refused by the log", telemetry.State, v.After, telemetry.Reason, v.Reason, "type", work[i].Type)
		}
	}
	return nil
}

// due makes the events of one subject, and puts its messages on their lanes.
// Hits that stand no more are overturned first; what is due then follows when
// that is folded.
func (t *tenure) due(ctx context.Context, s *apply.Subject) ([]intake.Draft, error) {
	if out := t.overturns(s); len(out) > 0 {
		return out, nil
	}
	var out []intake.Draft
	var errs []error
	maker := t.desk.maker.Once()
	for _, e := range apply.Due(s) {
		if e.Kind == apply.Deliver {
			t.offer(s.Key, e)
			continue
		}
		if e.Kind == apply.Reroute {
			m, err := t.elsewhere(ctx, s.Key, e.Alert)
			if errs = append(errs, err); err == nil {
				t.moves = append(t.moves, m)
			}
			continue
		}
		drafts, err := maker.Make(ctx, s, e)
		for _, x := range t.desk.budgeted(s, e.Alert, drafts) {
			if !slices.ContainsFunc(out, func(o intake.Draft) bool { return o.ID == x.ID }) { // the word of one budget, of many effects
				out = append(out, x)
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// timers writes overdue for what ran out. The log's clock decides whether it
// did; ours only chooses the moment to ask.
func (t *tenure) timers(ctx context.Context) {
	p := t.desk.fold.parts[t.partition]
	now := t.desk.opt.Now().UnixMilli()
	var work []intake.Draft
	p.mu.Lock()
	for key, s := range p.subjects {
		if r, known := t.rings[key]; known && r.offset == s.Offset && r.due > now {
			continue
		}
		r := ring{s.Offset, math.MaxInt64}
		for _, timer := range apply.Timers(s, t.desk.opt.Schedule) {
			r.due = min(r.due, timer.Due)
			if timer.Due <= now {
				work = append(work, draft.Overdue(s.Key, timer))
				t.desk.opt.Metrics.Overdue.Add(ctx, 1, telemetry.Attr(telemetry.Party, s.Key.Party(), telemetry.State, timer.Name))
			}
		}
		t.rings[key] = r
	}
	p.mu.Unlock()
	if err := t.perform(ctx, work); err != nil && ctx.Err() == nil {
		t.desk.opt.Log.Warn("ring timers", telemetry.Error, err)
	}
	for id, l := range t.desk.lanes {
		t.desk.opt.Metrics.LaneDepth.Record(ctx, int64(l.Depth()), telemetry.Attr(telemetry.Party, id))
	}
}
