package desk_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestManyMovementsThatNobodyCanBeAskedAbout tells of as many movements as an outcome
// holds, to a country without a party, and has officers follow them all: the alert has one
// task about them, is shown and listed as ever, and goes on once the config has a party.
func TestManyMovementsThatNobodyCanBeAskedAbout(t *testing.T) {
	t.Parallel()
	const movements = 500
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	ae := newEnd(t, policy.Self{ID: "AE-FIU", Name: "FIU of the Emirates", Kind: "fiu", Country: "AE"})
	f := &flooding{countries: &countries{bank: gb, gb: in}, in: in, stub: newStub(t, gb)}
	newStub(t, ae)
	ledger := newLedger()
	s := setup{brokers: fake(t), change: func(o *desk.Options) { o.Ledger = ledger }}
	stop := in.start(t, s, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the partner has the request", func() bool { return len(f.stub.messages()) == 1 })
	f.ask, _ = f.stub.messages()[0].(*freeze.Request)
	f.tell(t, accounts("AE", movements)...)
	eventually(t, "what is more than an alert follows by itself waits", func() bool {
		return f.view().Waiting == movements-20 && len(blockedOf(f.view())) == 1
	})
	act(t, in.desk, f.view().ID, desk.Action{Do: "follow", As: "O1", Code: "all"})
	told := func(n string) func() bool {
		return func() bool {
			k := blockedOf(f.view())
			return len(k) == 1 && len(k[0].Why) == 1 && strings.HasPrefix(k[0].Why[0], n+" onward movements")
		}
	}
	eventually(t, "one task says how many are blocked", told("500"))
	d := show(t, in.desk, f.view().ID)
	if len(d.Trail) != movements || d.Trail[movements-1].Account == nil || d.Trail[movements-1].Blocked != "route" || len(d.Inbox) == 0 {
		t.Errorf("%d movements, the last is %s", len(d.Trail), asJSON(d.Trail[len(d.Trail)-1]))
	}
	outcome := d.Inbox[len(d.Inbox)-1].Body
	if text := asJSON(d); len(text) > 3*len(outcome) {
		t.Errorf("the alert has %d bytes, its outcome %d", len(text), len(outcome))
	}
	if k := in.desk.Tasks(0); len(k) != 2 || k[0].Kind != "contradiction" || k[1].Kind != "blocked" || k[1].About != freeze.ResponderID(d.ID, 1) {
		t.Errorf("tasks %s", asJSON(k))
	}
	must(t, in.desk.Recorded(t.Context()))
	hops, tasks := map[string]bool{}, map[string]string{}
	for _, r := range kept[caselog.TrailRow](ledger) {
		hops[r.ItemID] = r.AccountID != ""
	}
	for _, r := range kept[caselog.TaskRow](ledger) {
		tasks[r.TaskID] = r.Kind + " " + r.DoneBy + " " + strings.Join(r.Why, "")
	}
	if len(hops) != movements || len(tasks) != 3 || !strings.HasPrefix(tasks["T3"], "blocked  500 onward movements") || tasks["T2"] != "trail desk " {
		t.Errorf("%d movements have rows, and the tasks are %v", len(hops), tasks)
	}
	stop()
	in.start(t, s, []policy.Party{gb.party(agreement()), ae.party(agreement())}, gb, ae)
	eventually(t, "all are followed", func() bool { return len(blockedOf(f.view())) == 0 && f.asked() == movements })
}

// blockedOf lists the open tasks of an alert about what is blocked.
func blockedOf(v desk.View) []apply.Task {
	var out []apply.Task
	for _, k := range v.Tasks {
		if k.Kind == "blocked" && k.Done == "" {
			out = append(out, k)
		}
	}
	return out
}
