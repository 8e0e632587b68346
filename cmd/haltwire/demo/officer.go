package demo

import (
	"context"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
)

const (
	// patrol is how often the duty officers look at their lists.
	patrol = 50 * time.Millisecond
	// reading is how long two people need, in the demo, to read a request that
	// went out by itself before they stand behind it.
	reading = 2 * time.Second
)

// officers are the people of a freeze desk, O1, O2 and O3, who work over the
// loopback API alone.
type officers struct{ c *country }

// run decides what is to be decided until ctx ends. An action that comes too late
// is refused by the desk and tried on the next round if it is still due.
func (o officers) run(ctx context.Context) {
	t := time.NewTicker(patrol)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			o.inbound(ctx)
			o.outbound(ctx)
		}
	}
}

// inbound takes partners' requests from receipt to the answer.
func (o officers) inbound(ctx context.Context) {
	const basis = "Proceeds of Crime Act, section 330"
	o.each(ctx, desk.Filter{Direction: "in", State: "received"}, func(id string) { o.act(ctx, id, desk.Action{Do: "accept", As: "O1"}) })
	for _, state := range []string{"accepted", "assessing"} {
		o.each(ctx, desk.Filter{Direction: "in", State: state}, func(id string) {
			o.act(ctx, id, desk.Action{Do: "authorise", As: "O1", Basis: basis})
			o.act(ctx, id, desk.Action{Do: "authorise", As: "O2", Basis: basis})
		})
	}
	o.each(ctx, desk.Filter{Direction: "in", State: "bank_answered"}, func(id string) { o.act(ctx, id, desk.Action{Do: "release", As: "O1"}) })
}

// outbound approves what needs two people and confirms what went out by itself.
func (o officers) outbound(ctx context.Context) {
	old := time.Now().Add(-reading).UnixMilli()
	alerts, err := o.c.officers.List(ctx, desk.Filter{Direction: "out", Limit: 200})
	if err != nil {
		return
	}
	for _, a := range alerts {
		do := ""
		switch {
		case a.At.Opened > old:
		case a.State == "proposed" && a.Blocked == "":
			do = "approve"
		case a.Automatic && a.Provisional && !a.Confirmed && a.At.Received > 0 && a.State != "closed":
			do = "confirm"
		}
		if do != "" {
			o.act(ctx, a.ID, desk.Action{Do: do, As: "O1", Reason: "Read and found right"})
			o.act(ctx, a.ID, desk.Action{Do: do, As: "O2", Reason: "Read and found right"})
			if a.Exceeded != nil { // a budget is used up: one officer more
				o.act(ctx, a.ID, desk.Action{Do: do, As: "O3", Reason: "Read and found right"})
			}
		}
	}
}

func (o officers) each(ctx context.Context, f desk.Filter, do func(id string)) {
	alerts, err := o.c.officers.List(ctx, f)
	if err != nil {
		return // the API is starting or stopping
	}
	for _, a := range alerts {
		do(a.ID)
	}
}

// act ignores a refusal: the state moved on, and the next round sees it.
func (o officers) act(ctx context.Context, id string, a desk.Action) {
	_, _ = o.c.officers.Act(ctx, id, a)
}
