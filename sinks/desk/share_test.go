package desk_test

import (
	"fmt"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestInstancesShareTheWork runs two instances on one log and ends one of them
// under way. Every request leaves exactly once, and both know the same.
func TestInstancesShareTheWork(t *testing.T) {
	t.Parallel()
	brokers, gb := fake(t), newEnd(t, ukSelf())
	a, b := newEnd(t, indiaSelf()), newEnd(t, indiaSelf())
	b.key = a.key
	l := &line{answer: func(_ int, x delivery.Attempt) delivery.Result { return received(x) }}
	s := setup{brokers: brokers, partitions: 6, change: over(l)}
	stop := a.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	b.start(t, s, []policy.Party{gb.party(agreement())}, gb)

	const total = 60
	for i := range total {
		h := report(fmt.Sprintf("TX-%d", i), fmt.Sprintf("6513270e-269e-4d37-b2a7-%012d", i), "100.00")
		h.Alerts[0].Subject.UID = fmt.Sprintf("GB%d", i)
		writer := a.desk
		if i%2 == 1 {
			writer = b.desk
		}
		must(t, writer.Append(t.Context(), []*hit.Hit{h}))
		must(t, b.desk.Append(t.Context(), []*hit.Hit{h})) // told again by another instance
		if i == total/2 {
			go stop()
			a = b
		}
	}
	eventually(t, "all are received", func() bool { return len(b.desk.List(desk.Filter{State: "received"})) == total })
	times := map[string]int{}
	for _, x := range l.attempts() {
		times[x.MessageID]++
	}
	if len(times) != total {
		t.Errorf("%d messages, want %d", len(times), total)
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	stop()
}
