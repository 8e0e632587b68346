package desk

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/desk/lane"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/manual"
)

const (
	// fresh bounds the age of a read-back at which an attempt may start: whoever
	// was stopped for longer may have lost the partition (DESIGN 6).
	fresh = 5 * time.Second
	// restFactor makes the rest of a way that does not work of the first wait after a
	// failed attempt: 30 s of 1 s.
	restFactor = 30
	// attemptBound bounds an attempt: more than any channel's own time-out.
	attemptBound = 30 * time.Second
	// brokenShare makes of Escalate how long a way has to be broken before messages take
	// the next one at once: a minute of five.
	brokenShare = 5
	// grace is what an attempt gets when the process ends.
	grace = 3 * time.Second
	// maxWait bounds the wait between attempts.
	maxWait = time.Minute
	// done tells the lane that a job is over.
	done = time.Duration(-1)
)

// offer puts a message on the lane of its party.
func (t *tenure) offer(key caselog.Key, e apply.Effect) {
	l := t.desk.lanes[e.Alert.Party]
	if l == nil || len(t.desk.opt.Channels[e.Alert.Party]) == 0 {
		return // nobody to send to: it waits for a config that has a channel
	}
	s := &sending{
		tenure: t, key: key, alert: e.Alert.ID, message: e.Message.ID, party: e.Alert.Party,
		backoff: fault.Backoff{Min: t.desk.opt.Backoff, Max: maxWait}, since: t.desk.opt.Now(),
		refused: make([]bool, len(t.desk.opt.Channels[e.Alert.Party])),
	}
	s.byHand(e.Alert)
	l.Offer(lane.Job{
		ID: e.Message.ID, Priority: priority(e.Message.Lane), Queued: time.UnixMilli(e.Message.Queued), Alive: t.alive, Try: s.try,
	})
}

// byHand takes the channel by hand alone, where the partner asked on paper and there is
// such a channel.
func (s *sending) byHand(a *apply.Alert) {
	channels := s.desk.opt.Channels[s.party]
	at := slices.IndexFunc(channels, func(c Channel) bool { return c.Kind == manual.Channel })
	if at < 0 || !a.OnPaper() {
		return
	}
	for i := range s.refused {
		s.refused[i] = i != at
	}
	s.channel = at
}

func priority(lane string) int {
	switch lane {
	case "critical":
		return 0
	case "high":
		return 1
	}
	return 2
}

// sending is one message on its way. Its lane calls try, one call at a time.
type sending struct {
	*tenure
	key                   caselog.Key
	alert, message, party string
	backoff               fault.Backoff
	channel               int
	since                 time.Time // of the first try on this channel
	refused               []bool    // channels that cannot carry it, whatever is tried
	last                  delivery.Result
}

// frozenMessage is what a try needs of the state.
type frozenMessage struct {
	personal string
	kind     freeze.Type
	next     uint32
	queued   int64
	trace    string
	record   int64
}

// try makes one attempt where the way is open: write it, read it back as the first of
// its number, check that this was quick, send, and write what came of it.
func (s *sending) try(ctx context.Context) time.Duration {
	m, ok := s.look()
	if !ok || s.alive.Err() != nil {
		return done
	}
	way := s.desk.ways[s.party][s.channel]
	report, wait := way.Begin() // a broken way lets one message through from time to time
	switch {
	case report != nil:
	case way.Broken() >= s.desk.opt.Escalate/brokenShare && s.another():
		return 0
	default:
		return s.wait(ctx, m, wait)
	}
	came, hold := lane.Aside, time.Duration(0)
	defer func() { report(came, hold) }()
	var body caselog.BodyPersonal
	if err := s.desk.open(ctx, m.personal, &body); err != nil {
		return s.end(ctx, m, caselog.GaveUp, delivery.Result{Verdict: delivery.Permanent, Reason: "unreadable", Detail: err.Error()})
	}
	channel := s.desk.opt.Channels[s.party][s.channel]
	mine, at := s.claim(ctx, m, channel.Kind)
	if !mine {
		return s.backoff.Next(0) // somebody else tries, or did
	}
	attempt := delivery.Attempt{MessageID: s.message, Type: m.kind, Body: []byte(body.Body), Nonce: rand.Text(), Created: at}
	carrier := propagation.MapCarrier{"traceparent": m.trace}
	ctx, cancel := lasting(ctx)
	defer cancel()
	bounded, stop := context.WithTimeout(propagation.TraceContext{}.Extract(ctx, carrier), attemptBound)
	defer stop()
	result := channel.Sender.Send(bounded, attempt)
	came, hold = says(result), result.RetryAfter
	return s.conclude(ctx, m, result)
}

// says is what the result of an attempt says about the way: a party that asks to be
// left alone is there, and what has no form in a channel says nothing about it.
func says(r delivery.Result) lane.Result {
	switch {
	case r.Verdict == delivery.Delivered || r.Verdict == delivery.Rejected:
		return lane.Worked
	case r.Fault && r.Status == http.StatusOK: // it answers, and wrongly: that is about this message
		return lane.Aside
	case r.Verdict == delivery.Retry && r.RetryAfter == 0 && r.Reason != "stopping":
		return lane.Failed
	}
	return lane.Aside
}

// wait returns how long a message waits whose way is closed: until then, or until its
// time on this channel, or altogether, is over.
func (s *sending) wait(ctx context.Context, m frozenMessage, closed time.Duration) time.Duration {
	now := s.desk.opt.Now()
	left := time.UnixMilli(m.queued).Add(s.desk.opt.GiveUp).Sub(now)
	if left < 0 {
		return s.end(ctx, m, caselog.GaveUp, delivery.Result{Verdict: delivery.Retry, Reason: "closed", Detail: "the way to the party does not work: " + s.last.Reason})
	}
	mine := s.since.Add(s.desk.opt.Escalate).Sub(now)
	if mine < 0 && s.another() {
		return 0
	}
	if mine <= 0 {
		mine = closed
	}
	return min(closed, mine, left) + time.Millisecond
}

// lasting returns a context that outlives ctx by grace, so that an attempt under
// way when the process is told to end comes to its end and onto the log. Without
// that the next owner would try again what the party has.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var timer atomic.Pointer[time.Timer]
	stop := context.AfterFunc(ctx, func() { timer.Store(time.AfterFunc(grace, cancel)) })
	return longer, func() {
		stop()
		if t := timer.Load(); t != nil {
			t.Stop()
		}
		cancel()
	}
}

// look reads the message from the state and reports whether it is still to be
// delivered.
func (s *sending) look() (m frozenMessage, ok bool) {
	s.desk.fold.with(s.key, func(subject *apply.Subject) {
		a := subject.Alert(s.alert)
		if a == nil {
			return
		}
		x := a.Message(s.message)
		if x == nil || x.Settled() {
			return
		}
		m = frozenMessage{personal: x.Personal, kind: x.Type, next: x.Attempts + 1, queued: max(x.Queued, x.Again), trace: x.Trace, record: a.At.Record}
		ok = true
	})
	return m, ok
}

// claim writes the attempt and reports whether it is ours: read back as the
// first of its number, while we own the partition, and not older than fresh by
// our clock.
func (s *sending) claim(ctx context.Context, m frozenMessage, channel string) (bool, time.Time) {
	start := s.desk.opt.Now()
	bounded, cancel := context.WithTimeout(ctx, fresh)
	defer cancel()
	verdicts, err := s.desk.submit(bounded, []intake.Draft{{
		ID: hit.Text32("attempt", s.message, s.owner, rand.Text()), Key: s.key, Type: caselog.Attempt, Trace: m.trace, Alerts: true,
		Data: &caselog.AttemptData{
			AlertID: s.alert, MessageID: s.message, Number: m.next, Channel: channel, Owner: s.owner,
			After: s.last.Reason, Status: s.last.Status, Elapsed: s.last.Elapsed.Milliseconds(),
		},
	}})
	now := s.desk.opt.Now()
	if err != nil || !verdicts[0].Applied {
		return false, now
	}
	return now.Sub(start) <= fresh && s.alive.Err() == nil, now
}

// conclude writes how an attempt ended, and says when to try again.
func (s *sending) conclude(ctx context.Context, m frozenMessage, r delivery.Result) time.Duration {
	s.last = r
	switch r.Verdict {
	case delivery.Delivered, delivery.Rejected:
		if m.kind == freeze.TypeRequest && r.Receipt != nil && m.record > 0 {
			s.desk.opt.Metrics.ReceiptSeconds.Record(ctx, s.desk.opt.Now().Sub(time.UnixMilli(m.record)).Seconds(), telemetry.Attr(telemetry.Party, s.party))
		}
		if r.Published {
			return s.end(ctx, m, caselog.Published, r)
		}
		if r.Exported {
			return s.end(ctx, m, caselog.Exported, r)
		}
		return s.end(ctx, m, caselog.Delivered, r)
	case delivery.Permanent:
		s.refused[s.channel] = true
		if s.another() {
			return 0
		}
		return s.end(ctx, m, caselog.GaveUp, r)
	}
	if s.desk.opt.Now().Sub(time.UnixMilli(m.queued)) > s.desk.opt.GiveUp {
		return s.end(ctx, m, caselog.GaveUp, r)
	}
	if s.desk.opt.Now().Sub(s.since) > s.desk.opt.Escalate && s.another() {
		return 0
	}
	return s.backoff.Next(r.RetryAfter)
}

// another moves to the next channel that may carry the message, the first one after the
// last, and reports whether there is one.
func (s *sending) another() bool {
	for i := 1; i < len(s.refused); i++ {
		next := (s.channel + i) % len(s.refused)
		if s.refused[next] || s.desk.ways[s.party][next].Broken() >= s.desk.opt.Escalate/brokenShare && !s.refused[s.channel] {
			continue
		}
		s.channel = next
		s.since = s.desk.opt.Now()
		s.backoff.Reset()
		return true
	}
	return false
}

// end writes the end of a message, with the receipt if there is one. When that
// fails the message is tried again: its id makes that harmless. Reading it back
// is not waited for: an attempt that is written meanwhile is refused by the log.
func (s *sending) end(ctx context.Context, m frozenMessage, t caselog.Type, r delivery.Result) time.Duration {
	channel := s.desk.opt.Channels[s.party][s.channel].Kind
	work := []intake.Draft{{
		ID: hit.Text32("end", s.message, rand.Text()), Key: s.key, Type: t, Trace: m.trace, Alerts: true,
		Data: &caselog.DeliveredData{
			AlertID: s.alert, MessageID: s.message, Number: m.next, Channel: channel, Verdict: r.Verdict.String(), Reason: r.Reason,
			Detail: clip(r.Detail), Status: r.Status, Elapsed: r.Elapsed.Milliseconds(), Awaiting: r.Awaiting, Fault: r.Fault,
		},
	}}
	if r.Receipt != nil {
		in := delivery.Inbound{
			Party: s.party, Channel: channel, MessageID: r.Receipt.MessageID, Type: freeze.TypeReceipt, Body: r.JWS,
			Digest: freeze.DigestOf(r.JWS), Message: r.Receipt, ReceivedAt: s.desk.opt.Now(),
		}
		receipt := intake.Message(s.desk.opt.Root, s.key, in, nil)
		receipt.Trace = m.trace
		work = append(work, receipt)
	}
	if _, err := s.desk.write(ctx, work); err != nil {
		return s.backoff.Next(0)
	}
	return done
}

// clip bounds a text for people, which the log keeps for ever.
func clip(s string) string {
	if len(s) > 300 {
		return s[:300]
	}
	return s
}
