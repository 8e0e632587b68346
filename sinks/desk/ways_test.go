package desk_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
)

// other is a hit on another account of the same country.
func other(id, uetr, account string) *hit.Hit {
	h := report(id, uetr, "100.00")
	h.Alerts[0].Subject.UID, h.Alerts[0].Subject.Account = account, account
	return h
}

func wayOf(d *desk.Desk, party string, n int) desk.WayView {
	for _, p := range d.Parties() {
		if p.ID == party {
			return p.Ways[n]
		}
	}
	return desk.WayView{}
}

// TestBrokenWayGivesPlaceToTheNext breaks the first of two channels: its message goes
// over the second one, and so does the next message, without trying the first again.
// When the first works again it is used again.
func TestBrokenWayGivesPlaceToTheNext(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	works := make(chan struct{})
	a := &line{answer: func(_ int, x delivery.Attempt) delivery.Result {
		select {
		case <-works:
			return received(x)
		default:
			return delivery.Result{Verdict: delivery.Retry, Reason: "connect"}
		}
	}}
	b := &line{answer: func(_ int, x delivery.Attempt) delivery.Result { return received(x) }}
	change := func(o *desk.Options) {
		over(a, b)(o)
		o.Backoff, o.Escalate = 20*time.Millisecond, 5*time.Second // broken for 1 s moves messages on
	}
	in.start(t, setup{brokers: fake(t), change: change}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the way is broken", func() bool { return wayOf(in.desk, "GB-FIU", 0).State.State == "broken" })
	if p := in.desk.Parties()[0]; p.Waiting != 1 || p.Oldest == 0 || wayOf(in.desk, "GB-FIU", 0).Since == 0 || wayOf(in.desk, "GB-FIU", 1).State.State != "open" {
		t.Errorf("while it is broken: %s", asJSON(p))
	}
	eventually(t, "the second way carries it", func() bool { return state(in.desk) == "received" })
	tried := len(a.attempts())
	if tried < 5 || len(b.attempts()) != 1 {
		t.Errorf("%d and %d attempts", tried, len(b.attempts()))
	}
	shown, err := in.desk.Show(t.Context(), one(t, in.desk).ID)
	must(t, err)
	if m := shown.Messages[0]; m.Channel != "line" || m.Delivered == 0 || int(m.Attempts) != tried+1 {
		t.Errorf("the message says %s", asJSON(m))
	}
	must(t, in.desk.Append(t.Context(), []*hit.Hit{other("TX-2", uetr2, "GB65HWBB00000000000202")}))
	eventually(t, "the next one goes over the second way", func() bool { return len(b.attempts()) == 2 })
	if n := len(a.attempts()); n > tried+1 { // one may have looked whether it works again
		t.Errorf("the broken way was tried %d times more", n-tried)
	}
	close(works)
	eventually(t, "it may be tried again", func() bool { return wayOf(in.desk, "GB-FIU", 0).State.State == "trying" })
	tried = len(a.attempts())
	must(t, in.desk.Append(t.Context(), []*hit.Hit{other("TX-3", uetr2[:35]+"9", "GB65HWBB00000000000303")}))
	eventually(t, "the first way works again", func() bool { return wayOf(in.desk, "GB-FIU", 0).State.State == "open" })
	if n := len(a.attempts()); n != tried+1 || len(b.attempts()) != 2 {
		t.Errorf("%d attempts more over the first way, %d over the second", n-tried, len(b.attempts()))
	}
}

// TestPartyThatAsksIsLeftAlone lets a party want half a second: no message of ours
// comes before that, whichever it is.
func TestPartyThatAsksIsLeftAlone(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	const hold = 700 * time.Millisecond
	begun := make(chan time.Time, 1)
	l := &line{}
	l.answer = func(n int, a delivery.Attempt) delivery.Result {
		if n == 1 {
			begun <- time.Now()
			return delivery.Result{Verdict: delivery.Retry, Reason: "http_429", Status: 429, RetryAfter: hold}
		}
		return received(a)
	}
	in.start(t, setup{brokers: fake(t), change: over(l)}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	asked := <-begun
	must(t, in.desk.Append(t.Context(), []*hit.Hit{other("TX-2", uetr2, "GB65HWBB00000000000202")}))
	eventually(t, "both are received", func() bool { return len(in.desk.List(desk.Filter{State: "received"})) == 2 })
	if took := time.Since(asked); took < hold {
		t.Errorf("both were there after %s", took)
	}
	if s := wayOf(in.desk, "GB-FIU", 0); s.State.State != "open" || s.Since != 0 {
		t.Errorf("a party that asks to wait is broken: %+v", s)
	}
}

// TestMessagesFindTheWayThatIsLeft has a second channel in which the message has no
// form: the first one is tried on until it works.
func TestMessagesFindTheWayThatIsLeft(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	a := &line{answer: func(n int, x delivery.Attempt) delivery.Result {
		if n < 8 {
			return delivery.Result{Verdict: delivery.Retry, Reason: "connect"}
		}
		return received(x)
	}}
	b := &line{answer: func(int, delivery.Attempt) delivery.Result {
		return delivery.Result{Verdict: delivery.Permanent, Reason: "unmappable"}
	}}
	change := func(o *desk.Options) { over(a, b)(o); o.Escalate = 300 * time.Millisecond }
	in.start(t, setup{brokers: fake(t), change: change}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the first way carries it in the end", func() bool { return state(in.desk) == "received" })
	if len(b.attempts()) != 1 {
		t.Errorf("%d attempts at the way that cannot carry it", len(b.attempts()))
	}
}
