package apply

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// NextParty in Alert.Rerouting is whatever party of the country comes next.
const NextParty = "next"

// needRenew is one officer where the same words are tried again, and as many as the
// request takes where it is sent anew.
func needRenew(a *Alert, _ caselog.OfficerData) int {
	if a.State == Undeliverable {
		return 1
	}
	return a.people()
}

func forbidRenew(a *Alert, d caselog.OfficerData) string {
	if !slices.Contains([]State{Lapsed, Undeliverable, Rejected}, a.State) || a.Request() == nil || a.Renewing || a.Rerouting != "" {
		return a.impossible(d)
	}
	if a.Blocked != "" {
		return "blocked: " + a.Blocked
	}
	if r := a.Request(); a.State != Undeliverable && r.Content != a.Content() {
		return "the alert has changed: approve the amendment"
	}
	return a.outdated(d)
}

// renewed sends a request once more: one that we gave up on in the same words, any
// other as an amendment with a new validity.
func (f *fold) renewed(a *Alert, d caselog.OfficerData) {
	if a.State != Undeliverable {
		a.Renewing = true
		return
	}
	f.tryAgain(a, d.By)
	a.State = Approved
	f.spend(a, ActRenew)
}

// tryAgain takes up the messages that we gave up on.
func (f *fold) tryAgain(a *Alert, by string) {
	for _, m := range a.Messages {
		if m.GaveUp {
			m.GaveUp, m.Again = false, f.r.Appended
		}
	}
	a.done("gave_up", by)
}

func forbidClose(a *Alert, d caselog.OfficerData) string {
	switch {
	case !slices.Contains([]State{Lapsed, Refused, Rejected, Undeliverable, Decided}, a.State), a.Rerouting != "":
		return a.impossible(d)
	case a.measured():
		return "a measure is in force: lift it or let it end first"
	}
	return ""
}

func (f *fold) closedBy(a *Alert, d caselog.OfficerData) {
	ending := string(a.State)
	switch {
	case a.State == Decided && a.DuplicateOf != "":
		ending = "duplicate"
	case a.State == Decided:
		ending = a.ending()
	}
	a.moveOn(d.By)
	f.spend(a, ActClose)
	f.close(a, ending)
}

// moveOn closes the tasks of a state that the alert leaves.
func (a *Alert) moveOn(by string) {
	for _, kind := range []string{"refused", "rejected", "lapsed", "gave_up"} {
		a.done(kind, by)
	}
}

// reroute notes where officers send the alert.
func (f *fold) reroute(a *Alert, d caselog.OfficerData) {
	f.spend(a, ActReroute)
	a.Rerouting = d.About
	if d.About == "" {
		a.Rerouting = NextParty
	}
}

func forbidReroute(a *Alert, d caselog.OfficerData) string {
	switch {
	case !slices.Contains([]State{Proposed, Rejected, Undeliverable, Refused}, a.State), a.Rerouting != "", a.Renewing, len(a.Parents) > 0, a.Party == caselog.Nobody:
		return a.impossible(d)
	case a.measured():
		return "a measure is in force"
	case a.Standing() == 0:
		return "no hit stands that another party could be asked about"
	}
	return ""
}

// reopened takes in that officers let an ended alert go on: where it was, with all
// that partners have said since.
func (f *fold) reopened(a *Alert) {
	var d caselog.OfficerData
	if !f.data(&d) {
		return
	}
	d.Act = ActReopen
	if why := f.forbidsReopening(a, d); why != "" {
		f.refuse("%s", why)
		return
	}
	a.Ending, a.At.Closed, a.Reopened, a.State = "", 0, a.NextSequence()-1, a.reached()
	f.spend(a, ActWithdraw)
	a.moveOn(d.By)
	if a.State == Lapsed {
		f.task(a, "lapsed", a.Request().ID)
	}
	f.restore(a, d)
	a.done("orphan_measure", d.By)
	a.done("contradiction", d.By)
	f.elsewhere(a)
	f.applied()
}

// restore asks people for an amendment where the party was told that the request is
// over. One that lapses by it is sent anew as any other (renew).
func (f *fold) restore(a *Alert, d caselog.OfficerData) {
	r := a.Request()
	if a.Restoring = d.Fold >= againSince && r != nil && a.State != Lapsed && a.withdrawn(r); a.Restoring {
		f.void(a, ActRequest, "taken back since", func(Approval) bool { return true })
		f.task(a, "amend", r.ID)
	}
}

// forbidsReopening says why an alert does not go on, or nothing.
func (f *fold) forbidsReopening(a *Alert, d caselog.OfficerData) string {
	switch {
	case d.By == "":
		return "an officer is needed"
	case !d.Role.Covers(caselog.RoleOfficer):
		return fmt.Sprintf("%s is %s: reopen takes an officer", d.By, d.Role)
	case a.Erasing || a.At.Erased > 0:
		return "its personal data is erased: nothing of it can go on"
	case !slices.Contains([]State{Closed, Withdrawing, Lapsed, Rejected, Undeliverable}, a.State), a.MovedTo != "", a.Ending == endNoConsent, a.Ending == endMoved:
		return a.impossible(d)
	case len(a.Parents) > 0 && !slices.ContainsFunc(a.Items, a.needed):
		return "none of the alerts that it serves needs it any more"
	case a.State == a.reached(), a.State == Lapsed && a.Outcome == nil:
		return "nothing has come since with which it could go on"
	case !a.Open() && slices.ContainsFunc(f.s.Alerts, func(o *Alert) bool { return o != a && o.Open() }):
		return "another episode of the account is open"
	}
	return ""
}

// reached is the state that what happened so far leads to. What the party was told to
// be over, and holds nothing for, officers have to send anew.
func (a *Alert) reached() State {
	r := a.Request()
	switch {
	case r == nil:
		return Proposed
	case a.measured():
		return Decided
	case a.toldOver(r):
		return Lapsed
	case a.Outcome != nil:
		return map[string]State{"refused": Refused, "more_info": InfoNeeded, "pending": Accepted}[a.Outcome.Decision].or(Decided)
	case r.Receipt == freeze.LevelRejected:
		return Rejected
	case r.GaveUp:
		return Undeliverable
	case a.At.Accepted > 0:
		return Accepted
	case r.Receipt != "":
		return Received
	case r.Delivered > 0:
		return Sent
	}
	return Approved
}

// toldOver reports whether the party was told that our latest request is over.
func (a *Alert) toldOver(r *Message) bool {
	return a.Ending == string(Lapsed) && a.At.Decided == 0 || a.withdrawal() != nil || a.Reopened > 0 && a.withdrawn(r)
}

// withdrawn reports whether our request r was taken back.
func (a *Alert) withdrawn(r *Message) bool {
	return slices.ContainsFunc(a.Messages, func(m *Message) bool { return m.Type == freeze.TypeWithdrawal && m.Sequence > r.Sequence })
}

// Unsaid reports whether the party does not know what the alert says now: something has
// changed, or it was told that the request is over.
func (a *Alert) Unsaid() bool {
	r := a.Request()
	return r != nil && a.Open() && (r.Content != a.Content() || a.Restoring)
}

// or returns s, or what stands for none.
func (s State) or(none State) State {
	if s == "" {
		return none
	}
	return s
}

// finish ends a decided alert when the partner has said its last word and holds
// nothing more.
func (f *fold) finish(a *Alert) {
	switch f.r.Type {
	case caselog.Outcome, caselog.Overdue, caselog.ApprovalGiven:
	default:
		return
	}
	if a.Direction == caselog.Out && a.State == Decided && a.Outcome != nil && a.Outcome.Final && !a.measured() {
		f.close(a, a.ending())
	}
}

// ending is how the money of a decided alert ended.
func (a *Alert) ending() string {
	if a.Outcome == nil {
		return "lost"
	}
	if slices.ContainsFunc(a.Outcome.Funds, func(x freeze.Fund) bool { return x.Disposition == "returned" }) {
		return "returned"
	}
	for _, x := range []struct{ state, ending string }{{"converted", "converted"}, {"lapsed", "lapsed"}, {"lifted", "withdrawn"}, {"ended", "returned"}} {
		was := slices.ContainsFunc(a.Outcome.Measures, func(m caselog.MeasureMark) bool { return m.State == x.state })
		if was || slices.ContainsFunc(a.Measures, func(m *Measure) bool { return string(m.Stand) == x.state }) {
			return x.ending
		}
	}
	return "lost"
}

// withdrawal returns our withdrawal since the alert was last reopened, or nil.
func (a *Alert) withdrawal() *Message {
	for _, m := range a.Messages {
		if m.Type == freeze.TypeWithdrawal && m.Sequence > a.Reopened {
			return m
		}
	}
	return nil
}

// settleWithdrawal ends what was taken back, once the partner has our word and holds
// nothing.
func (f *fold) settleWithdrawal(a *Alert) {
	m := a.withdrawal()
	if a.State == Withdrawing && m != nil && m.Receipt != "" && m.Receipt != freeze.LevelRejected && !a.measured() {
		f.close(a, "withdrawn")
	}
}

// late takes in a partner's word that does not fit: nothing was asked, or the alert is
// over, taken back, lapsed or was rejected (rule P). It is recorded, moves nothing, and
// people look at it.
func (f *fold) late(a *Alert, d caselog.OutcomeData) {
	if m := a.withdrawal(); m != nil && d.InReplyTo == m.ID && m.Receipt == "" { // it implies a receipt
		m.Receipt = freeze.LevelReceived
		first(&m.Delivered, f.r.Appended)
	}
	switch {
	case a.measured():
		f.task(a, "orphan_measure", d.MessageID)
	case a.State == Withdrawing:
		f.settleWithdrawal(a)
	case a.Ending == "withdrawn" && d.Final: // it agrees
	default:
		f.task(a, "contradiction", d.MessageID, "decision "+d.Decision+": nothing is asked any more, or was not")
	}
}

// deaf reports whether an outcome no longer moves an outbound alert.
func (a *Alert) deaf() bool {
	return a.ended() || a.Direction == caselog.Out && (a.Request() == nil || a.State == Rejected || a.State == Lapsed)
}
