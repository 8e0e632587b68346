package apply

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts of the request machine, beside those of act.go.
const (
	ActConfirm = "confirm" // out: another person stands behind a provisional request
	ActEdit    = "edit"    // out: texts, asks and amounts of the request
	ActRenew   = "renew"   // out: send the request once more
	ActClose   = "close"   // out: nothing more is asked
	ActReopen  = "reopen"  // out: it goes on
	ActReroute = "reroute" // out: another party is asked instead
	ActNote    = "note"    // a remark
)

func requestActs() []act {
	out := func(name string, need func(*Alert, caselog.OfficerData) int, forbids func(*Alert, caselog.OfficerData) string, complete func(*fold, *Alert, caselog.OfficerData)) act {
		return act{name: name, direction: caselog.Out, least: caselog.RoleOfficer, need: need, forbids: forbids, complete: complete}
	}
	withdraw := out(ActWithdraw, always(2), forbidWithdraw, (*fold).withdraw)
	withdraw.terms, withdraw.since = sameCode, againSince
	return []act{
		out(ActRequest, needRequest, forbidRequest, (*fold).approvedRequest), withdraw,
		out(ActRenew, needRenew, forbidRenew, (*fold).renewed),
		out(ActClose, always(1), forbidClose, (*fold).closedBy),
		out(ActReroute, always(1), forbidReroute, (*fold).reroute),
	}
}

// forbidWithdraw says why the request cannot be taken back, or nothing. Both officers say
// the same code; who was wrong says it once more, with another one.
func forbidWithdraw(a *Alert, d caselog.OfficerData) string {
	if d.Fold >= peopleSince && a.served() && !a.instructs() {
		return "other alerts need it: lift there what is needed no more"
	}
	for _, p := range a.Approvals {
		if d.Fold >= againSince && p.Act == ActWithdraw && p.Fold >= againSince && p.By != d.By && p.Code != d.Code {
			return fmt.Sprintf("%s takes it back with the code %q, not %q: say the same, or have %s say another", p.By, p.Code, d.Code, p.By)
		}
	}
	return a.unless(a.Request() != nil && a.Open(), d)
}

// withdraw takes the request back. What the party was to hear anew it need not hear.
func (f *fold) withdraw(a *Alert, d caselog.OfficerData) {
	if a.Restoring {
		a.done("amend", d.By)
	}
	a.State, a.Restoring = Withdrawing, false
}

func (f *fold) approvedRequest(a *Alert, d caselog.OfficerData) {
	if a.State == Proposed {
		a.State = Approved
	}
	a.done("serve", d.By)
	first(&a.At.Approved, f.r.Appended)
}

// needRequest is how many officers a request takes: what rule and party ask for, one
// more when a budget is used up, and one for an amendment that asks for less.
func needRequest(a *Alert, _ caselog.OfficerData) int {
	r := a.Request()
	switch {
	case r == nil && a.Exceeded != nil:
		return a.people() + 1
	case r != nil && r.Said != nil && !a.Restoring && !a.Grows(r.Said):
		return 1
	}
	return a.people()
}

// people is how many officers the hits that stand ask for, at most. What no hit asks
// for takes two.
func (a *Alert) people() int {
	if a.instructs() && len(a.Hits) == 0 {
		return 1 // the bank's own customer is asked for it
	}
	most, named := 0, false
	for _, h := range a.Hits {
		if !h.Gone {
			most, named = max(most, h.People), named || h.Approval == "one_person"
		}
	}
	switch {
	case most == 0 && named && a.Request() == nil: // before version 4
		return 1
	case most == 0 || a.Edit != nil && len(a.Edit.Added) > 0:
		return max(most, 2)
	}
	return most
}

func forbidRequest(a *Alert, d caselog.OfficerData) string {
	r := a.Request()
	switch {
	case a.State != Proposed && !a.Unsaid() && (r == nil || !a.unrecalled() || !a.Open()), a.Rerouting != "":
		return a.impossible(d)
	case a.Blocked != "":
		return "blocked: " + a.Blocked
	}
	return a.outdated(d)
}

// outdated says that the officer has seen another content, or nothing.
func (a *Alert) outdated(d caselog.OfficerData) string {
	seen := d.Content
	if d.Fold < peopleSince {
		seen = d.Digest
	}
	if seen != "" && seen != a.Content() {
		return "the alert has changed since: look again"
	}
	return ""
}

// biased says why the officer may not approve: what he proposed, edited or is the
// author of; or nothing.
func (a *Alert) biased(d caselog.OfficerData) string {
	if a.Direction == caselog.In && slices.Contains([]string{ActAuthorise, ActEmergency}, d.Act) {
		return a.typedIn(d.By, "authorises")
	}
	if !slices.Contains([]string{ActRequest, ActRenew, ActEmergency, ActConfirm}, d.Act) {
		return ""
	}
	switch {
	case a.Edit != nil && slices.Contains(a.Edit.By, d.By):
		return d.By + " has edited this: somebody else approves it"
	case slices.Contains(a.Proposers, d.By):
		return d.By + " has proposed this: somebody else approves it"
	case slices.ContainsFunc(a.Owners(), func(owner string) bool { return strings.EqualFold(owner, d.By) }):
		return d.By + " wrote the rule that proposed this: somebody else approves it"
	}
	return ""
}

// requestEvent takes in the events of the request machine beyond the plain ones. It
// reports whether the event is one of them.
func (f *fold) requestEvent(a *Alert) bool {
	if f.r.Type == caselog.Noted {
		f.remark(a)
		return true
	}
	if a.Direction != caselog.Out {
		return false
	}
	switch f.r.Type {
	case caselog.EmergencySent:
		f.emergencySent(a)
	case caselog.BudgetExceeded:
		f.exceeded(a)
	case caselog.ApprovalVoided:
		f.voided(a)
	case caselog.Reopened:
		f.reopened(a)
	default:
		return false
	}
	return true
}

// emergencySent takes in that one supervisor or head sends the request at once: it
// goes out as provisional, and somebody else confirms it.
func (f *fold) emergencySent(a *Alert) {
	var d caselog.OfficerData
	if !f.data(&d) {
		return
	}
	d.Act = ActEmergency
	why := a.outdated(d)
	switch {
	case d.By == "":
		why = "an officer is needed"
	case a.State != Proposed || a.Request() != nil || a.Party == caselog.Nobody || a.Rerouting != "":
		why = a.impossible(d)
	case a.Blocked != "":
		why = "blocked: " + a.Blocked
	case !d.Role.Covers(caselog.RoleSupervisor):
		why = d.By + " is " + string(d.Role) + ": emergency takes a supervisor"
	case slices.Contains(a.Asks, "suspend_account"):
		why = "suspend_account takes two people: take the ask out first"
	case a.biased(d) != "":
		why = a.biased(d)
	}
	if why != "" {
		f.refuse("%s", why)
		return
	}
	a.Approvals = append(a.Approvals, Approval{By: d.By, Act: ActEmergency, Digest: d.Digest, Reason: d.Reason, Fold: d.Fold})
	a.State, a.Emergency = Approved, d.By
	first(&a.At.Approved, f.r.Appended)
	f.applied()
}

// exceeded takes in that a budget was used up when the request was about to go out:
// it takes one officer more, and never goes out by itself.
func (f *fold) exceeded(a *Alert) {
	var d caselog.BudgetData
	switch {
	case !f.data(&d):
	case d.What == Onward:
		f.overflow(a, d)
	case a.Exceeded != nil:
		f.repeat()
	case a.Request() != nil || a.Emergency != "" || a.State != Proposed && a.State != Approved:
		f.refuse("alert is %s: no budget is asked", a.State)
	default:
		a.Exceeded = &Exceeded{What: d.What, Of: d.Of, Limit: d.Limit, Count: d.Count}
		f.task(a, "budget", d.What)
		f.unapprove(a)
		f.applied()
	}
}

// signing are the acts that stand behind a request.
func signing() []string { return []string{ActRequest, ActRenew, ActEmergency} }

// changed voids the approvals of what the alert no longer says, and asks people for an
// amendment where the party knows of it.
func (f *fold) changed(a *Alert) {
	for _, act := range signing() {
		f.void(a, act, "the content has changed", func(Approval) bool { return true })
	}
	f.unapprove(a)
	switch r := a.Request(); {
	case r != nil && (r.Content != a.Content() || a.Restoring):
		f.task(a, "amend", r.ID)
	case r != nil: // it says again what the party knows
		a.done("amend", "desk")
	}
}

// void takes approvals of an act back. Those of before version 4 leave no trace.
func (f *fold) void(a *Alert, act, why string, which func(Approval) bool) {
	v := Voided{Act: act, Why: why, At: f.r.Appended}
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool {
		gone := p.Act == act && which(p)
		if gone && p.Fold >= peopleSince && !slices.Contains(v.By, p.By) {
			v.By = append(v.By, p.By)
		}
		return gone
	})
	if len(v.By) > 0 {
		a.Voided = append(a.Voided, v)
	}
}

// unapprove makes a request that lacks approvals a proposal again.
func (f *fold) unapprove(a *Alert) {
	if len(a.Officers(ActEmergency)) == 0 && a.Request() == nil {
		a.Emergency = ""
	}
	if a.unsent() && a.Emergency == "" && !a.served() && len(a.Officers(ActRequest)) < a.need(ActRequest) {
		a.State = Proposed
		a.shed() // what was approved and no hit asks for any more
		a.override()
	}
	if a.Renewing && len(a.Officers(ActRenew)) < a.people() {
		a.Renewing = false
	}
}

// voided takes in that approvals do not cover what would go out now: somebody changed
// what the state does not show, a text of the config say. It is also the word on the
// log for what the fold has voided by itself.
func (f *fold) voided(a *Alert) {
	var d caselog.VoidedData
	if !f.data(&d) {
		return
	}
	for i := range a.Voided {
		if v := &a.Voided[i]; !v.Told && v.Act == d.Act && slices.Equal(v.By, d.By) {
			v.Told = true
			f.applied()
		}
	}
	if d.Digest != "" {
		n := len(a.Voided)
		f.void(a, d.Act, d.Why, func(p Approval) bool {
			return slices.Contains(d.By, p.By) && p.Digest != "" && p.Digest != d.Digest
		})
		for i := n; i < len(a.Voided); i++ {
			a.Voided[i].Told = true
			f.applied()
		}
		f.unapprove(a)
	}
	if !f.v.Applied {
		f.repeat()
	}
}

// unsigned says why nobody, or not everybody, has signed what d is about to freeze;
// or nothing.
func (a *Alert) unsigned(d caselog.QueuedData) string {
	if d.Fold < peopleSince || d.Type != freeze.TypeRequest && d.Type != freeze.TypeAmendment {
		return ""
	}
	switch {
	case d.Content != a.Content():
		return "the alert has changed since"
	case len(a.Parents) > 0 && (a.served() || a.instructs()): // those who ordered it stand behind it
		return ""
	case d.Approval == nil:
		return "a request has an approval"
	case d.Approval.Mode == "none":
		return a.unaided(d)
	case a.State == Proposed:
		return "the alert is not approved"
	}
	return a.unlike(d.Approval)
}

// unaided says why a request may not go out without approval, or nothing.
func (a *Alert) unaided(d caselog.QueuedData) string {
	switch {
	case !d.Provisional || a.State != Proposed || a.Exceeded != nil:
		return "a request without approval is provisional"
	case d.Fold >= hitSince && !slices.ContainsFunc(a.Hits, (*Hit).Sends):
		return "no hit that stands lets a request go out by itself"
	}
	return ""
}

// unlike says in what the approval of a message differs from those of the alert, or
// nothing.
func (a *Alert) unlike(x *caselog.ApprovalData) string {
	for _, p := range a.Signatures() {
		if p.Digest != "" && p.Digest != x.ContentDigest {
			return p.By + " has signed another content"
		}
	}
	by := a.Signers()
	missing := func(in []string) func(string) bool { return func(p string) bool { return !slices.Contains(in, p) } }
	known := by
	for _, p := range a.Parents {
		known = union(slices.Clone(known), p.By)
	}
	if len(by) == 0 || slices.ContainsFunc(by, missing(x.By)) || slices.ContainsFunc(x.By, missing(known)) {
		return "the approvals are not those of the alert"
	}
	return ""
}

// Signatures lists the approvals that stand behind the request as it would go out.
func (a *Alert) Signatures() []Approval {
	return slices.DeleteFunc(slices.Clone(a.Approvals), func(p Approval) bool { return !slices.Contains(signing(), p.Act) })
}

// Signers lists who stands behind the request as it would go out, each once.
func (a *Alert) Signers() []string {
	var out []string
	for _, p := range a.Signatures() {
		out = union(out, []string{p.By})
	}
	return out
}

// People is how many officers a request takes when no budget is used up.
func (a *Alert) People() int { return a.people() }

// Needs is how many officers have to approve what the alert says now.
func (a *Alert) Needs() int { return a.need(ActRequest) }

// Confirming returns the message that people stand behind with a confirmation: what
// they have signed, else the latest request.
func (a *Alert) Confirming() *Message {
	for _, p := range a.Approvals {
		for i := len(a.Messages) - 1; p.Act == ActConfirm && i >= 0; i-- {
			if m := a.Messages[i]; asks(m.Type) && m.Signed == p.Digest {
				return m
			}
		}
	}
	return a.Request()
}
