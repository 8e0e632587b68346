package desk_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/policy"
)

// answered does an action and returns the answer.
func answered(t *testing.T, d *desk.Desk, id string, a desk.Action) desk.View {
	t.Helper()
	v, err := d.Act(t.Context(), id, a)
	must(t, err)
	return v
}

// TestAnswersShowWhatAnActCameTo lets two approve a request to a desk that is there, and
// that desk take it up.
func TestAnswersShowWhatAnActCameTo(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	h := report("TX-1", uetr1, "18000.00")
	h.Approval = "two_person"
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "a proposal", func() bool { return state(c.in.desk) == "proposed" })
	id := one(t, c.in.desk).ID
	if v := answered(t, c.in.desk, id, desk.Action{Do: "approve", As: "O1"}); v.State != "proposed" || v.Underway != "" || len(v.Countersign) != 1 {
		t.Errorf("after one of two: %s", asJSON(v))
	}
	if v := answered(t, c.in.desk, id, desk.Action{Do: "approve", As: "O2"}); !slices.Contains([]string{"sent", "received"}, v.State) || v.Underway != "" || len(v.Countersign) != 0 {
		t.Errorf("after both: %s", asJSON(v))
	}
	eventually(t, "GB has it", func() bool { return find(c.gb.desk, "in", "IN-FIU").State == "received" })
	if v := answered(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"}); v.State != "assessing" || v.Underway != "" {
		t.Errorf("after accept: %s", asJSON(v))
	}
}

// silent is a partner that does not answer.
type silent struct{}

func (silent) Send(ctx context.Context, _ delivery.Attempt) delivery.Result {
	<-ctx.Done()
	return delivery.Result{Verdict: delivery.Retry, Reason: "stopping"}
}

// TestAnswersDoNotWaitForAPartner approves a request to one that does not answer: the
// answer says that it is being sent. What was under way before an act is not waited for.
func TestAnswersDoNotWaitForAPartner(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	in.start(t, setup{brokers: fake(t), change: func(o *desk.Options) {
		o.Channels = map[string][]desk.Channel{"GB-FIU": {{Kind: "webhook", Sender: silent{}}}}
	}}, []policy.Party{gb.party(agreement())}, gb)
	h := report("TX-1", uetr1, "18000.00")
	h.Approval = "two_person"
	must(t, in.desk.Append(t.Context(), []*hit.Hit{h}))
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O1"})
	begun := time.Now()
	v := answered(t, in.desk, id, desk.Action{Do: "approve", As: "O2"})
	if took := time.Since(begun); v.Underway != "sending" || v.State != "approved" || took > 5*time.Second {
		t.Errorf("after %s: %s", took, asJSON(v))
	}
	if v := answered(t, in.desk, id, desk.Action{Do: "note", As: "O1", Texts: map[string]string{"note": "they do not answer"}}); v.Underway != "" || v.State != "approved" {
		t.Errorf("a note: %s", asJSON(v))
	}
	if list := in.desk.List(desk.Filter{}); list[0].Underway != "" {
		t.Error("a list says what is under way")
	}
}
