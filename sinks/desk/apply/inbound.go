package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts of direction in beside those of act.go.
const (
	ActAskInfo   = "ask_info"  // tell the partner what we need to know
	ActEmergency = "emergency" // in: a supervisor orders the measure alone, another one confirms it
	ActDuplicate = "duplicate" // in: the partner has asked this before
)

// The texts that officers give with ActAuthorise and ActEmergency.
const (
	// TickA and TickB say why neither ground of article 47(2) of CETS 198 stands
	// against the measure: the money comes of no such offence, or it would not be
	// suspended in a domestic case.
	TickA = "47_2_a"
	TickB = "47_2_b"
	// Proportionality says why nothing less than suspending the account does.
	Proportionality = "proportionality"
)

// Hold is a measure that one supervisor ordered, because money would be gone before
// a second officer can be found.
type Hold struct {
	By        string `json:"by"`
	At        int64  `json:"at"`
	Confirmed string `json:"confirmed,omitempty"` // by whom
}

// holdSteps are the steps of T5: people are told again up the chain, and nothing is
// taken back by itself.
const holdSteps = 3

func inboundActs() []act {
	in := func(name string, least caselog.Role, forbids func(*Alert, caselog.OfficerData) string, complete func(*fold, *Alert, caselog.OfficerData)) act {
		return act{name: name, direction: caselog.In, least: least, need: always(2), forbids: forbids, terms: sameCode, complete: complete}
	}
	officer, open := caselog.RoleOfficer, []State{Accepted, Assessing, InfoNeeded}
	emergency := in(ActEmergency, caselog.RoleSupervisor, forbidOrder(open...), (*fold).emergency)
	emergency.need, emergency.terms = always(1), orderTerms
	authorise := in(ActAuthorise, officer, forbidOrder(open...), (*fold).authorise)
	authorise.terms = orderTerms
	release := in(ActRelease, officer, forbidRelease, func(_ *fold, a *Alert, _ caselog.OfficerData) { a.Released = true })
	release.need = needRelease
	lift := in(ActLift, officer, forbidLetGo, (*fold).letItGo)
	release.terms, lift.terms = nil, nil
	return slices.Concat([]act{
		authorise,
		in(ActRefuse, officer, forbidRefuse, (*fold).refuseRequest),
		in(ActDuplicate, officer, forbidDuplicate, (*fold).duplicate),
		emergency, release, lift,
	}, infoActs())
}

func forbidIn(states ...State) func(*Alert, caselog.OfficerData) string {
	return func(a *Alert, d caselog.OfficerData) string {
		if d.Fold >= peopleSince && d.Digest != "" && d.Digest != a.Content() {
			return "the alert has changed since: look again"
		}
		if d.Fold >= peopleSince && !a.readable() {
			return "the request waits for messages that come before it"
		}
		return a.unless(slices.Contains(states, a.State), d)
	}
}

// sameCode lets approvals add up that say the same code, and the same texts.
func sameCode(d caselog.OfficerData) string { return d.Code }

// agreedOn leaves of the approvals of an act those that decided.
func (a *Alert) agreedOn(d caselog.OfficerData) {
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool {
		return d.Fold >= peopleSince && p.Act == d.Act && (p.About != d.About || p.Code != d.Code || p.TextMark != d.TextMark)
	})
}

func (f *fold) authorise(a *Alert, d caselog.OfficerData) {
	a.onTerms(d)
	a.order(d)
	a.State, a.Basis, a.Granted, a.Hold = Authorised, d.Basis, d.About, nil
	a.Telling, a.Anew = d.Fold >= peopleSince, false
	a.takeUp(d.By)
	f.resume(a)
}

func (f *fold) emergency(a *Alert, d caselog.OfficerData) {
	f.spend(a, ActAuthorise)
	f.authorise(a, d)
	a.Hold = &Hold{By: d.By, At: f.r.Appended}
	f.task(a, "confirm", "")
}

// confirmHold is the second person's word on a measure ordered in an emergency.
func (f *fold) confirmHold(a *Alert, d caselog.OfficerData) {
	switch h := a.Hold; {
	case h == nil || a.State == Closed:
		f.refuse("nothing provisional to confirm")
	case h.Confirmed != "":
		f.refuse("already confirmed")
	case !d.Role.Covers(caselog.RoleOfficer):
		f.refuse("%s is %s: confirm takes a %s", d.By, d.Role, caselog.RoleOfficer)
	case d.By == h.By:
		f.refuse("%s has ordered this: another officer confirms it", d.By)
	case a.typedIn(d.By, "confirms") != "":
		f.refuse("%s", a.typedIn(d.By, "confirms"))
	default:
		h.Confirmed = d.By
		a.Approvals = append(a.Approvals, Approval{By: d.By, Act: "confirm", Digest: d.Digest, Reason: d.Reason})
		first(&a.At.Confirmed, f.r.Appended)
		a.done("confirm", d.By)
		a.silence("T5")
		a.needing() // the instruction says how many people stand behind it
		f.applied()
	}
}

// unconfirmed reports whether only one person stands behind the measure.
func (a *Alert) unconfirmed() bool { return a.Hold != nil && a.Hold.Confirmed == "" }

// formal are the codes of a refusal that says that the request should not have come
// to us like this, before anybody assessed it: the receipt rejects it.
func formal(code string) bool {
	return slices.Contains([]freeze.Code{freeze.CodeNotCompetent, freeze.CodeWrongRecipient, freeze.CodeLegalContentMissing, freeze.CodeOutOfHours}, freeze.Code(code))
}

func forbidRefuse(a *Alert, d caselog.OfficerData) string {
	return forbidIn(Received, Accepted, Assessing, InfoNeeded)(a, d)
}

func (f *fold) refuseRequest(a *Alert, d caselog.OfficerData) {
	a.agreedOn(d)
	reject := d.Fold >= peopleSince && a.State == Received && formal(d.Code)
	a.State, a.Refusal, a.Released, a.Anew = Refused, d.Code, true, false
	if reject {
		a.State = Rejected
	}
	f.resume(a)
	a.silence("T3in", "T4in")
}

// forbidDuplicate lets only what the same partner knows of be the original: that
// somebody else asked is not ours to tell, and his need counts by itself.
func forbidDuplicate(a *Alert, d caselog.OfficerData) string {
	if why := forbidIn(Received, Accepted, Assessing, InfoNeeded)(a, d); why != "" {
		return why
	}
	for _, m := range a.Matches {
		switch {
		case m.Alert != d.About:
		case m.Key.Party() != a.Party:
			return "alert " + m.Alert + " is none of " + a.Party + ": what both need is held once and counted twice"
		default:
			return ""
		}
	}
	return "alert " + d.About + " is not about the same account or payments"
}

func (f *fold) duplicate(a *Alert, d caselog.OfficerData) {
	a.State, a.DuplicateOf, a.Released = Duplicate, d.About, true
	first(&a.At.Accepted, f.r.Appended)
	a.takeUp(d.By)
	a.done("duplicate", d.By)
	f.resume(a)
	a.silence("T3in", "T4in")
}

func forbidRelease(a *Alert, d caselog.OfficerData) string {
	if why := forbidIn(BankAnswered)(a, d); why != "" {
		return why
	}
	switch {
	case a.Outcome != nil && !a.Outcome.Balanced:
		return "the bank's funds do not balance: have them corrected first"
	case a.unconfirmed():
		return a.Hold.By + " ordered the measure alone: somebody else confirms it first"
	}
	return ""
}

// needRelease asks for two officers where the answer names people.
func needRelease(a *Alert, _ caselog.OfficerData) int {
	if a.Outcome != nil && a.Outcome.Holders {
		return 2
	}
	return 1
}

// forbidLetGo allows to let go of what the partner took back and, for reasons of our
// own, of what was instructed.
func forbidLetGo(a *Alert, d caselog.OfficerData) string {
	if _, x := a.askedOf(doLift, d.About); x != nil {
		return forbidPart(a, d)
	}
	if d.Fold >= peopleSince && d.About != "" {
		return "no wish of the partner about a part is open under " + d.About + ": without it all that is held is let go"
	}
	ours := []State{Instructed, BankAnswered, Answered, Refused} // refused what was amended of a request that the bank holds for
	if d.Fold < peopleSince || a.Child == nil || a.Lifting {
		ours = nil
	}
	return forbidIn(append(ours, Review)...)(a, d)
}

func (f *fold) letItGo(a *Alert, d caselog.OfficerData) {
	if _, x := a.askedOf(doLift, d.About); x != nil {
		completePart(f, a, d)
		return
	}
	if a.State != Review {
		a.State, a.OwnLift = Review, true
		a.done("confirm", "desk")
	}
}

// objected takes back approvals that wait for another officer.
func (f *fold) objected(a *Alert, d caselog.OfficerData) {
	var waiting []string
	for _, act := range []string{ActAuthorise, ActRefuse, ActDuplicate, ActRelease, ActLift} {
		if n := len(a.Officers(act)); n > 0 && n < a.need(act) {
			waiting = append(waiting, act)
		}
	}
	switch {
	case len(waiting) == 0 || a.State == Closed || a.Released:
		f.refuse("no approval waits for another officer")
	case !d.Role.Covers(caselog.RoleOfficer):
		f.refuse("%s is %s: reject takes a %s", d.By, d.Role, caselog.RoleOfficer)
	default:
		for _, act := range waiting {
			f.spend(a, act)
		}
		f.applied()
	}
}

// inboundEvent takes in the events of direction in beyond the plain ones, and of
// info in both directions. It reports whether the event is one of them.
func (f *fold) inboundEvent(a *Alert) bool {
	if f.r.Type != caselog.Matched {
		return false
	}
	var d caselog.MatchedData
	switch {
	case !f.data(&d):
	case !a.Look:
		f.repeat()
	default:
		f.matched(a, d)
	}
	return true
}

// matched notes what the desk knows of the same account. Payments that somebody has
// asked about before are for people: perhaps this is the same request.
func (f *fold) matched(a *Alert, d caselog.MatchedData) {
	a.Look, a.Matches = false, d.Alerts
	for _, m := range d.Alerts {
		told := slices.ContainsFunc(a.Tasks, func(t Task) bool { return t.Kind == "duplicate" && t.About == m.Alert })
		if len(m.Items) > 0 && !told && a.State != Closed {
			f.task(a, "duplicate", m.Alert)
		}
	}
	if a.State == Accepted {
		a.State = Assessing
	}
	f.applied()
}

// endedBy returns how the alert ends when the partner has our outcome, or nothing.
func (a *Alert) endedBy(m *Message) string {
	switch {
	case !m.Closes:
	case a.Lifting && a.OwnLift:
		return "lifted"
	case a.Lifting:
		return "withdrawn"
	case a.State == Duplicate:
		return "duplicate"
	case a.State == BankAnswered:
		return "final"
	}
	return ""
}

// pause stops the clock of deciding, resume lets it go on.
func (f *fold) pause(a *Alert) { first(&a.PausedSince, f.r.Appended) }

func (f *fold) resume(a *Alert) {
	if a.PausedSince > 0 {
		a.Paused += f.r.Appended - a.PausedSince
		a.PausedSince = 0
	}
}

// answers reports whether a message of ours of the type that the effect queues is the
// one that the effect is about: two effects may queue the same type.
func (e Effect) answers(d caselog.QueuedData) bool {
	if d.Fold < peopleSince {
		return true
	}
	decision := ""
	if d.Outcome != nil {
		decision = d.Outcome.Decision
	}
	switch {
	case e.Kind == Accept || e.Kind == Reject:
		return (e.Kind == Reject) == (d.Level == freeze.LevelRejected)
	case e.Kind == AskInfo:
		return decision == "more_info"
	case e.Kind == Answer && e.Alert.State == Refused:
		return decision == "refused"
	case e.Kind == Answer && e.Alert.State == Duplicate:
		return decision == "duplicate"
	}
	return true
}

func dueInbound(a *Alert, add func(Effect)) {
	if a.Direction == caselog.In {
		if a.Look {
			add(Effect{Kind: Match})
		}
		if a.State == Rejected && a.Released {
			add(Effect{Kind: Reject})
		}
	}
	dueInfo(a, add)
}

func timersOfInbound(a *Alert, by Schedule) []Timer {
	var out []Timer
	ring := func(when bool, name, about string, from int64) {
		if !when || from == 0 {
			return
		}
		if due := by.After(a.Party, name, a.Urgency, from); due > 0 {
			out = append(out, Timer{Alert: a.ID, Name: name, About: about, Due: due})
		}
	}
	if a.Direction == caselog.Out {
		ring(a.State == InfoNeeded, "info", a.OutcomeID, a.PausedSince)
		return out
	}
	ring(a.State == Received, "T3in", "", a.At.Received)
	ring(slices.Contains([]State{Accepted, Assessing, Authorised, Instructed}, a.State) && !a.Lifting, "T4in", "", a.decideFrom())
	if n := len(out); n > 0 && out[n-1].Name == "T4in" && a.DecideBy > 0 {
		out[n-1].Due = min(out[n-1].Due, max(a.DecideBy, a.At.Accepted+1)+a.Paused)
	}
	ring(a.State == BankAnswered && !a.Released, "release", a.OutcomeID, a.BankAt)
	for step, name := range []string{"T5", "T5/2", "T5/3"} {
		ring(step < holdSteps && a.unconfirmed() && a.State != Closed, name, "", a.holdAt())
	}
	return out
}

// decideFrom is when our clock of deciding began, as if it had never stood still.
func (a *Alert) decideFrom() int64 {
	if a.At.Accepted == 0 {
		return 0
	}
	return a.At.Accepted + a.Paused
}

func (a *Alert) holdAt() int64 {
	if a.Hold == nil {
		return 0
	}
	return a.Hold.At
}

// letting lists who said that all of it may be let go.
func (a *Alert) letting() []string {
	var out []string
	for _, p := range a.Approvals {
		if p.Act == ActLift && p.About == "" && !slices.Contains(out, p.By) {
			out = append(out, p.By)
		}
	}
	return out
}
