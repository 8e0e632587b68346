package apply_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

const parentKey = caselog.Key("out/GB-FIU/S")

// corrected is a parent with one hop whose account the partner corrects, the accounts
// that it ever led to, and owners that write what they made of an earlier state, in
// part, late, or after others.
type corrected struct {
	fatal  func(string, ...any)
	m      apply.Machine
	at     map[caselog.Key]*apply.Subject
	now    int64
	words  int
	owners []*passing
}

// passing is what an owner is still about to write, in order.
type passing struct {
	keys  []caselog.Key
	kinds []caselog.Type
	data  []any
}

func (c *corrected) say(key caselog.Key, kind caselog.Type, data any) apply.Verdict {
	c.now++
	event, err := caselog.New(fmt.Sprint(kind, c.now), kind, key, time.UnixMilli(c.now), data)
	if err != nil {
		c.fatal("%v", err)
	}
	s, v := c.m.Fold(c.at[key], apply.Record{Event: event, Appended: c.now})
	c.at[key] = s
	return v
}

func newCorrected(fatal func(string, ...any)) *corrected {
	root, err := caselog.NewRoot(make([]byte, 32))
	if err != nil {
		fatal("%v", err)
	}
	c := &corrected{fatal: fatal, m: apply.Machine{Root: root}, at: map[caselog.Key]*apply.Subject{}, now: 1772424000000}
	amount := freeze.Money{Amount: "100.00", Currency: "GBP"}
	c.say(parentKey, caselog.Hit, &caselog.HitData{HitID: "H1", Evidence: "E1", Severity: "high", Ask: []string{"hold_amount"}, Approval: "auto", Fold: apply.Version, Payments: []caselog.PaymentMark{{Key: "P1", Amount: &amount}}})
	a := c.parent()
	c.say(parentKey, caselog.MessageQueued, &caselog.QueuedData{
		AlertID: a.ID, MessageID: freeze.RequesterID(a.ID, 1), Sequence: 1, Type: freeze.TypeRequest, Content: a.Content(), Approval: &caselog.ApprovalData{Mode: "none"}, Provisional: true, Fold: 1,
	})
	return c
}

func (c *corrected) parent() *apply.Alert { return c.at[parentKey].Alerts[0] }
func (c *corrected) hop() *apply.Hop      { return c.parent().Trail[0] }
func keyOf(account string) caselog.Key    { return caselog.Key("out/AE-FIU/" + account) }

// outcome is the partner's latest word: the hop leads to that account.
func (c *corrected) outcome(account string) {
	a := c.parent()
	c.words++
	out := &caselog.OutcomeData{MessageMark: caselog.MessageMark{AlertID: a.ID, MessageID: freeze.ResponderID(a.ID, uint32(c.words)), Type: freeze.TypeOutcome}}
	out.OutcomeOf, out.Decision, out.Balanced, out.AsOf, out.Fold = freeze.RequesterID(a.ID, 1), "partly", true, freeze.At(time.UnixMilli(c.now)), apply.Version
	out.Trail = []caselog.HopMark{{ItemID: "N1", Money: freeze.Money{Amount: "5.00", Currency: "GBP"}, Country: "AE", Account: account, Refs: []string{account}, HandledBy: "nobody", OnwardUse: "to_be_asked"}}
	c.say(parentKey, caselog.Outcome, out)
}

// make lets an owner of the key make what is due, as the maker of drafts does, without
// writing it.
func (c *corrected) make(key caselog.Key) *passing {
	p := &passing{}
	var notes passing
	add := func(to *passing, key caselog.Key, kind caselog.Type, data any) {
		to.keys, to.kinds, to.data = append(to.keys, key), append(to.kinds, kind), append(to.data, data)
	}
	for _, e := range apply.Due(c.at[key]) {
		stateAt := freeze.At(time.UnixMilli(e.Alert.At.Updated))
		switch e.Kind {
		case apply.Follow:
			child := keyOf(e.Hop.Account)
			add(p, child, caselog.TrailFollowed, &caselog.FollowedData{Parent: e.Alert.ID, ParentKey: key, ChildKey: child, To: "AE-FIU", Mark: e.Hop.HopMark, Content: e.Hop.Mark, Consent: caselog.ConsentNeeded, Party: "GB-FIU", Ask: []string{"hold_amount"}, StateAt: stateAt, Fold: apply.Version})
			add(&notes, key, caselog.TrailFollowed, &caselog.FollowedData{AlertID: e.Alert.ID, ChildKey: child, To: "AE-FIU", Mark: e.Hop.HopMark, Content: e.Hop.Mark, Consent: caselog.ConsentNeeded, StateAt: stateAt, Fold: apply.Version})
		case apply.Leave:
			mark := caselog.HopMark{ItemID: e.Hop.ItemID}
			add(p, e.Child, caselog.TrailFollowed, &caselog.FollowedData{Parent: e.Alert.ID, ParentKey: key, ChildKey: e.Child, Mark: mark, Moved: true, StateAt: stateAt, Fold: apply.Version})
			add(&notes, key, caselog.TrailFollowed, &caselog.FollowedData{AlertID: e.Alert.ID, ChildKey: e.Child, Mark: mark, Moved: true, StateAt: stateAt, Fold: apply.Version})
		case apply.Echo:
			mark := caselog.HopMark{ItemID: e.Fact.Item}
			add(p, e.Fact.ParentKey, caselog.TrailFollowed, &caselog.FollowedData{AlertID: e.Fact.Parent, ChildKey: key, Child: e.Alert.ID, Own: e.Own, Mark: mark, Fold: apply.Version})
			add(&notes, key, caselog.TrailFollowed, &caselog.FollowedData{AlertID: e.Alert.ID, Parent: e.Fact.Parent, ParentKey: e.Fact.ParentKey, Own: e.Own, Mark: mark, Fold: apply.Version})
		}
	}
	p.keys, p.kinds, p.data = append(p.keys, notes.keys...), append(p.kinds, notes.kinds...), append(p.data, notes.data...)
	return p
}

// write lets an owner write its next event.
func (c *corrected) write(p *passing) bool {
	if len(p.keys) == 0 {
		return false
	}
	c.say(p.keys[0], p.kinds[0], p.data[0])
	p.keys, p.kinds, p.data = p.keys[1:], p.kinds[1:], p.data[1:]
	return true
}

// settle lets living owners do all that is due.
func (c *corrected) settle() {
	for range 50 {
		idle := true
		for key := range c.at {
			for p := c.make(key); c.write(p); {
				idle = false
			}
		}
		if idle {
			return
		}
	}
	c.fatal("it does not end")
}

// alone checks that one alert is the child of the hop, and that it is the one about the
// account that the hop leads to.
func (c *corrected) alone() {
	h := c.hop()
	if h.ChildKey != keyOf(h.Account) || h.Child != c.at[h.ChildKey].Alerts[0].ID {
		c.fatal("the hop leads to %s, its child is %s of %s", h.Account, h.Child, h.ChildKey)
	}
	for key, s := range c.at {
		if key == parentKey {
			continue
		}
		n := 0
		for _, a := range s.Alerts {
			for _, i := range append(append([]*apply.Item{}, a.Items...), a.Held...) {
				for _, x := range i.Facts {
					if x.Consent != caselog.ConsentMoved {
						n++
					}
				}
			}
			if key != h.ChildKey && a.State != apply.Closed && a.Request() == nil && a.Standing() == 0 {
				c.fatal("an alert about %s stays %s", key, a.State)
			}
		}
		if want := map[bool]int{true: 1}[key == h.ChildKey]; n != want {
			c.fatal("%s has %d facts of the hop, which leads to %s", key, n, h.Account)
		}
	}
	asked := false
	for _, e := range apply.Due(c.at[parentKey]) {
		asked = asked || e.Kind == apply.AskConsent
	}
	if !asked {
		c.fatal("the partner is not asked for consent")
	}
}

// TestOneChildOfACorrectedHop lets the partner correct where a hop leads while owners
// tell of it, die between word and note, and write late what they made before.
func TestOneChildOfACorrectedHop(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newCorrected(rt.Fatalf)
		c.outcome("A")
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"correct", "make", "write", "write", "write", "die", "living"}).Draw(rt, "step") {
			case "correct":
				c.outcome(rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "account"))
			case "make":
				keys := []caselog.Key{parentKey}
				for _, x := range []string{"A", "B", "C"} {
					if c.at[keyOf(x)] != nil {
						keys = append(keys, keyOf(x))
					}
				}
				c.owners = append(c.owners, c.make(rapid.SampledFrom(keys).Draw(rt, "owner of")))
			case "write":
				if len(c.owners) > 0 {
					c.write(c.owners[rapid.IntRange(0, len(c.owners)-1).Draw(rt, "of")])
				}
			case "die":
				c.owners = nil
			case "living":
				c.settle()
			}
		}
		for len(c.owners) > 0 { // the last of what was made before
			if !c.write(c.owners[0]) {
				c.owners = c.owners[1:]
			}
		}
		c.settle()
		c.alone()
	})
}

// TestReopenedChildOfAnotherAccount lets officers end a child, the partner correct the
// hop, and officers go back to the child: there is nothing to go on with, and when the
// partner corrects itself back, the same alert goes on.
func TestReopenedChildOfAnotherAccount(t *testing.T) {
	c := newCorrected(t.Fatalf)
	c.outcome("A")
	c.settle()
	child := c.at[keyOf("A")].Alerts[0]
	c.outcome("B")
	reopen := func() apply.Verdict {
		return c.say(keyOf("A"), caselog.Reopened, &caselog.OfficerData{AlertID: child.ID, By: "O1", Role: caselog.RoleOfficer, Fold: apply.Version})
	}
	c.settle()
	c.alone()
	if child.State != apply.Closed || child.Ending != "moved" {
		t.Errorf("the first child is %s %s", child.State, child.Ending)
	}
	if v := reopen(); v.Applied {
		t.Error("an alert about nothing goes on")
	}
	c.outcome("A")
	c.settle()
	c.alone()
	if child.State != apply.AwaitingConsent || len(c.at[keyOf("A")].Alerts) != 1 {
		t.Errorf("the first child is %s", child.State)
	}
}

// TestToldAgainAndNotNoted lets the owner die after it has told the first account again:
// the parent does not know so, and tells it once more that the hop leads elsewhere.
func TestToldAgainAndNotNoted(t *testing.T) {
	c := newCorrected(t.Fatalf)
	c.outcome("A")
	c.settle()
	c.outcome("B")
	c.settle()
	c.outcome("A")
	c.write(c.make(parentKey)) // and no more
	c.outcome("B")
	c.settle()
	c.alone()
	c.outcome("A")
	late := c.make(parentKey)
	c.write(late)
	c.outcome("C")
	c.settle()
	c.write(late) // the note of it, too late
	c.settle()
	c.alone()
}

// TestAnswerAboutTheAccountBefore does not let the partner's consent about an account
// count for the one that it corrected it to.
func TestAnswerAboutTheAccountBefore(t *testing.T) {
	c := newCorrected(t.Fatalf)
	c.outcome("A")
	c.settle()
	a := c.parent()
	question := freeze.RequesterID(a.ID, 2)
	c.say(parentKey, caselog.MessageQueued, &caselog.QueuedData{AlertID: a.ID, MessageID: question, Sequence: 2, Type: freeze.TypeConsentRequest, Facts: []string{"N1"}, To: []string{"AE"}, Approval: &caselog.ApprovalData{Mode: "none"}, Fold: apply.Version})
	if c.hop().Asked != question {
		t.Fatal("the question is not on its way")
	}
	c.outcome("B")
	in := &caselog.ReceivedData{MessageMark: caselog.MessageMark{AlertID: a.ID, MessageID: freeze.ResponderID(a.ID, 9), Sequence: 1, Type: freeze.TypeConsentResponse, InReplyTo: question}, Grant: &caselog.GrantMark{Granted: "all", To: []string{"AE"}}, Fold: apply.Version}
	if v := c.say(parentKey, caselog.Received, in); !v.Applied {
		t.Fatalf("%+v", v)
	}
	if h := c.hop(); h.Consent == caselog.ConsentGranted || h.Answer != "" {
		t.Errorf("consent %s by %s", h.Consent, h.Answer)
	}
	c.settle()
	c.alone()
}

// TestCorrectedAfterItWentOut has people decide about an alert whose request is out.
func TestCorrectedAfterItWentOut(t *testing.T) {
	c := newCorrected(t.Fatalf)
	c.outcome("A")
	c.settle()
	key := keyOf("A")
	child := c.at[key].Alerts[0]
	c.say(key, caselog.ConsentGiven, &caselog.ConsentData{Parent: c.parent().ID, ParentKey: parentKey, ItemID: "N1", Message: freeze.ResponderID(c.parent().ID, 7)})
	for _, by := range []string{"O1", "O2"} {
		c.say(key, caselog.ApprovalGiven, &caselog.OfficerData{AlertID: child.ID, By: by, Role: caselog.RoleOfficer, Act: apply.ActRequest, Fold: apply.Version})
	}
	v := c.say(key, caselog.MessageQueued, &caselog.QueuedData{AlertID: child.ID, MessageID: freeze.RequesterID(child.ID, 1), Sequence: 1, Type: freeze.TypeRequest, Content: child.Content(), Approval: &caselog.ApprovalData{Mode: "two", By: []string{"O1", "O2"}}, Fold: apply.Version})
	if !v.Applied {
		t.Fatalf("%+v", v)
	}
	c.outcome("B")
	c.settle()
	c.alone()
	if len(child.Items) != 1 || child.State == apply.Closed {
		t.Errorf("the child is %s with %d items", child.State, len(child.Items))
	}
	var tasks []string
	for _, x := range child.Tasks {
		if x.Done == "" {
			tasks = append(tasks, x.Kind+" "+x.About)
		}
	}
	if len(tasks) != 1 || tasks[0] != "contradiction N1" {
		t.Errorf("tasks %v", tasks)
	}
}
