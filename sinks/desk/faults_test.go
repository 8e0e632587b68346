package desk_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
)

// line is a channel whose answers a test decides; it remembers the attempts.
type line struct {
	mu     sync.Mutex
	seen   []delivery.Attempt
	answer func(n int, a delivery.Attempt) delivery.Result
}

func (l *line) Send(_ context.Context, a delivery.Attempt) delivery.Result {
	l.mu.Lock()
	l.seen = append(l.seen, a)
	n, answer := len(l.seen), l.answer
	l.mu.Unlock()
	return answer(n, a)
}

func (l *line) attempts() []delivery.Attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]delivery.Attempt(nil), l.seen...)
}

// received answers as a partner that has the message.
func received(a delivery.Attempt) delivery.Result {
	m, err := freeze.Parse(a.Body)
	if err != nil {
		return delivery.Result{Verdict: delivery.Permanent, Reason: err.Error()}
	}
	h := m.Head()
	r := delivery.NewReceipt(freeze.LevelReceived, a.MessageID, freeze.DigestOf(a.Body), h, h.Recipient, h.Sender, h.Environment, time.Now())
	return delivery.Result{Verdict: delivery.Delivered, Reason: "received", Receipt: r, JWS: []byte("e30.e30.e30")}
}

func over(lines ...*line) func(*desk.Options) {
	return func(o *desk.Options) {
		o.Channels = map[string][]desk.Channel{}
		for _, l := range lines {
			o.Channels["GB-FIU"] = append(o.Channels["GB-FIU"], desk.Channel{Kind: "line", Sender: l})
		}
	}
}

const uetr1, uetr2 = "6513270e-269e-4d37-b2a7-4de452e6b438", "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"

func TestRetriesKeepBodyAndChangeNonce(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	l := &line{answer: func(n int, a delivery.Attempt) delivery.Result {
		if n < 4 {
			return delivery.Result{Verdict: delivery.Retry, Reason: "http_503", Status: 503, RetryAfter: time.Millisecond}
		}
		return received(a)
	}}
	in.start(t, setup{brokers: fake(t), change: over(l)}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "received at the fourth try", func() bool { return state(in.desk) == "received" })
	tries := l.attempts()
	nonces := map[string]bool{}
	for _, a := range tries {
		nonces[a.Nonce] = true
		if string(a.Body) != string(tries[0].Body) || a.MessageID != tries[0].MessageID {
			t.Error("a retry has another body or id")
		}
	}
	if len(tries) != 4 || len(nonces) != 4 {
		t.Errorf("%d attempts, %d nonces", len(tries), len(nonces))
	}
}

func TestPermanentEndGoesToTheNextChannelThenGivesUp(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	dead := func(int, delivery.Attempt) delivery.Result {
		return delivery.Result{Verdict: delivery.Permanent, Reason: "http_404", Status: 404}
	}
	a, b := &line{answer: dead}, &line{answer: dead}
	in.start(t, setup{brokers: fake(t), change: over(a, b)}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "undeliverable", func() bool { return state(in.desk) == "undeliverable" })
	if len(a.attempts()) != 1 || len(b.attempts()) != 1 {
		t.Errorf("%d and %d attempts", len(a.attempts()), len(b.attempts()))
	}
	if tasks := one(t, in.desk).Tasks; len(tasks) != 1 || tasks[0].Kind != "gave_up" {
		t.Errorf("tasks %s", asJSON(tasks))
	}
}

func TestBudgetEnds(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	l := &line{answer: func(int, delivery.Attempt) delivery.Result {
		return delivery.Result{Verdict: delivery.Retry, Reason: "connect"}
	}}
	change := func(o *desk.Options) { over(l)(o); o.GiveUp = 300 * time.Millisecond }
	in.start(t, setup{brokers: fake(t), change: change}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "undeliverable", func() bool { return state(in.desk) == "undeliverable" })
}

func TestDeadPartyDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	ae := newEnd(t, policy.Self{ID: "AE-FIU", Name: "FIU of the Emirates", Kind: "fiu", Country: "AE"})
	release := make(chan struct{})
	hangs := &line{answer: func(int, delivery.Attempt) delivery.Result {
		<-release
		return delivery.Result{Verdict: delivery.Retry, Reason: "timeout"}
	}}
	works := &line{answer: func(_ int, a delivery.Attempt) delivery.Result { return received(a) }}
	change := func(o *desk.Options) {
		o.Channels = map[string][]desk.Channel{"AE-FIU": {{Kind: "line", Sender: hangs}}, "GB-FIU": {{Kind: "line", Sender: works}}}
	}
	in.start(t, setup{brokers: fake(t), change: change}, []policy.Party{gb.party(agreement()), ae.party(agreement())}, gb, ae)
	t.Cleanup(func() { close(release) }) // before the desk stops
	var hits []*hit.Hit
	for i, id := range []string{"TX-1", "TX-2", "TX-3", "TX-4", "TX-5", "TX-6"} {
		h := report(id, uetr1[:35]+string(rune('0'+i)), "100.00")
		h.Alerts[0].Subject.UID = "AE" + id
		h.Alerts[0].Subject.Country = "AE"
		hits = append(hits, h)
	}
	must(t, in.desk.Append(t.Context(), hits))
	eventually(t, "the dead party has work", func() bool { return len(hangs.attempts()) > 0 })
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-9", uetr2, "18000.00")}))
	eventually(t, "the other party has its request", func() bool { return find(in.desk, "out", "GB-FIU").State == "received" })
}

// TestStoppedOwnerStartsNoOldAttempt lets the clock jump between the writing of
// an attempt and its reading back, as it does when the process is stopped there.
func TestStoppedOwnerStartsNoOldAttempt(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	var jump atomic.Int64
	l := &line{answer: func(_ int, a delivery.Attempt) delivery.Result { return received(a) }}
	var asked atomic.Int64
	change := func(o *desk.Options) {
		over(l)(o)
		o.Now = func() time.Time { // every reading is 6 s after the last one
			asked.Add(1)
			return time.Now().Add(time.Duration(jump.Load()*asked.Load()) * 6 * time.Second)
		}
	}
	jump.Store(1)
	in.start(t, setup{brokers: fake(t), change: change}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "several attempts are on the log", func() bool {
		list := in.desk.List(desk.Filter{})
		if len(list) == 0 {
			return false
		}
		d, err := in.desk.Show(t.Context(), list[0].ID)
		return err == nil && len(d.Messages) > 0 && d.Messages[0].Attempts >= 3
	})
	if n := len(l.attempts()); n != 0 {
		t.Errorf("%d attempts were started on an old read-back", n)
	}
	jump.Store(0)
	eventually(t, "it is sent by a clock that runs", func() bool { return state(in.desk) == "received" })
}

// TestEndWaitsForTheAttemptUnderWay ends the desk while a partner takes its time.
func TestEndWaitsForTheAttemptUnderWay(t *testing.T) {
	t.Parallel()
	in, gb, brokers := newEnd(t, indiaSelf()), newEnd(t, ukSelf()), fake(t)
	answer := make(chan struct{})
	l := &line{answer: func(_ int, a delivery.Attempt) delivery.Result { <-answer; return received(a) }}
	s := setup{brokers: brokers, change: over(l)}
	stop := in.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "an attempt is under way", func() bool { return len(l.attempts()) == 1 })
	ended := make(chan struct{})
	go func() { defer close(ended); stop() }()
	time.AfterFunc(200*time.Millisecond, func() { close(answer) })
	<-ended
	in.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	eventually(t, "received", func() bool { return state(in.desk) == "received" })
	if n := len(l.attempts()); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

func TestPartnersWordIsTakenInOnce(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "GB has the request", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	shown, err := c.in.desk.Show(t.Context(), one(t, c.in.desk).ID)
	must(t, err)
	body := []byte(shown.Messages[0].Body)
	m, err := freeze.Parse(body)
	must(t, err)
	in := delivery.Inbound{Party: "IN-FIU", Channel: "webhook", MessageID: m.Head().MessageID, Type: m.Head().Type, Body: body, Digest: freeze.DigestOf(body), Message: m, ReceivedAt: time.Now(), Receipt: []byte("another receipt")}
	again, err := c.gb.desk.Accept(t.Context(), in)
	must(t, err)
	if string(again.JWS) == "another receipt" || again.Rejected {
		t.Error("the same message got another receipt")
	}
	in.Digest.Value = freeze.DigestOf([]byte("other")).Value
	if _, err := c.gb.desk.Accept(t.Context(), in); err != delivery.ErrConflict { //nolint:errorlint // the very error
		t.Errorf("another body under the same id: %v", err)
	}

	w := freeze.New(freeze.TypeWithdrawal)
	*w.Head() = *m.Head()
	w.Head().Type, w.Head().AlertID, w.Head().MessageID = freeze.TypeWithdrawal, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ-Q002"
	in = delivery.Inbound{Party: "IN-FIU", MessageID: w.Head().MessageID, Type: w.Head().Type, Body: body, Digest: freeze.DigestOf(body), Message: w, ReceivedAt: time.Now(),
		Reject: func(r freeze.Reject) ([]byte, error) { return []byte(r.Code), nil }}
	unknown, err := c.gb.desk.Accept(t.Context(), in)
	if err != nil || !unknown.Rejected || string(unknown.JWS) != "unknown_alert" {
		t.Errorf("unknown alert: %s %v", unknown.JWS, err)
	}
}

func TestOfficersAreChecked(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	in.start(t, setup{brokers: fake(t)}, []policy.Party{gb.party(agreement())}, gb)
	h := report("TX-1", uetr1, "18000.00")
	h.Approval = "two_person"
	must(t, in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "proposed", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	for _, a := range []desk.Action{{Do: "approve", As: "nobody"}, {Do: "dance", As: "O1"}, {Do: "confirm", As: "O1"}, {Do: "approve", As: "O1", Digest: "old"}} {
		if _, err := in.desk.Act(t.Context(), id, a); err == nil {
			t.Errorf("%s as %s was done", a.Do, a.As)
		}
	}
	if _, err := in.desk.Act(t.Context(), "NOALERT", desk.Action{Do: "approve", As: "O1"}); err == nil {
		t.Error("an alert that is not there was approved")
	}
	act(t, in.desk, id[:8], desk.Action{Do: "approve", As: "O1"})
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "the request is queued", func() bool { return state(in.desk) == "approved" })
}
