package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts that officers approve.
const (
	ActRequest   = "request"   // out: the request or amendment may go
	ActWithdraw  = "withdraw"  // out: take it back
	ActAuthorise = "authorise" // in: a measure under our law
	ActRefuse    = "refuse"    // in: nothing is done
	ActRelease   = "release"   // in: the answer may go
	ActLift      = "lift"      // in: the partner needs it no more
)

// need is how many different officers an act takes.
func (a *Alert) need(act string) int {
	switch act {
	case ActRelease:
		return 1
	case ActRequest:
		one := func(h *Hit) bool { return !h.Gone && h.Approval == "one_person" }
		if a.Request() == nil && slices.ContainsFunc(a.Hits, one) {
			return 1
		}
	}
	return 2
}

func (f *fold) officer(a *Alert) {
	var d caselog.OfficerData
	if !f.data(&d) {
		return
	}
	if d.By == "" {
		f.refuse("an officer is needed")
		return
	}
	switch f.r.Type {
	case caselog.Reviewed:
		f.reviewed(a, d)
	case caselog.Confirmed:
		f.confirmed(a, d)
	case caselog.Withdrawn:
		d.Act = ActWithdraw
		f.approve(a, d)
	case caselog.ApprovalGiven:
		f.approve(a, d)
	case caselog.ApprovalRefused:
		f.refused(a, d)
	case caselog.TaskClosed:
		f.closeTask(a, d)
	}
}

// reviewed is the desk's word that it took an inbound alert up, or what was
// amended of it since.
func (f *fold) reviewed(a *Alert, d caselog.OfficerData) {
	if a.Direction != caselog.In || a.State != Received && (a.State == Closed || !a.untaken()) {
		f.refuse("alert is %s, not received", a.State)
		return
	}
	if a.State == Received {
		a.State = Accepted
		first(&a.At.Accepted, f.r.Appended)
	}
	a.takeUp(d.By)
	f.applied()
}

// untaken reports whether an amendment waits for an officer to take it up.
func (a *Alert) untaken() bool {
	return slices.ContainsFunc(a.Inbox, func(in *Inbound) bool { return in.Type == freeze.TypeAmendment && !in.Parked && !in.Taken })
}

// takeUp notes that an officer has the request, as amended, before him.
func (a *Alert) takeUp(by string) {
	for _, in := range a.Inbox {
		if (in.Type == freeze.TypeRequest || in.Type == freeze.TypeAmendment) && !in.Parked {
			in.Taken = true
		}
	}
	a.done("amended", by)
}

func (f *fold) confirmed(a *Alert, d caselog.OfficerData) {
	switch {
	case a.Direction != caselog.Out || !a.Provisional:
		f.refuse("nothing provisional to confirm")
	case a.Confirmed:
		f.refuse("already confirmed")
	case !a.Open():
		f.refuse("alert is %s", a.State)
	default:
		a.Confirmed = true
		a.Approvals = append(a.Approvals, Approval{By: d.By, Act: "confirm", Digest: d.Digest, Reason: d.Reason})
		first(&a.At.Confirmed, f.r.Appended)
		a.done("overdue", d.By)
		f.applied()
	}
}

// approve takes in one officer's yes. The same officer counts once.
func (f *fold) approve(a *Alert, d caselog.OfficerData) {
	if why := a.allows(d); why != "" {
		f.refuse("%s", why)
		return
	}
	if slices.Contains(a.Officers(d.Act), d.By) {
		f.refuse("%s has approved this already: another officer is needed", d.By)
		return
	}
	a.Approvals = append(a.Approvals, Approval{By: d.By, Act: d.Act, Digest: d.Digest, Reason: d.Reason})
	f.applied()
	if len(a.Officers(d.Act)) >= a.need(d.Act) {
		f.complete(a, d)
	}
}

// allows says why an act is not possible now, or nothing.
func (a *Alert) allows(d caselog.OfficerData) string {
	possible := a.possibleIn
	if a.Direction == caselog.Out {
		possible = a.possibleOut
	}
	switch {
	case !possible(d.Act):
		return "alert is " + string(a.State) + ": " + d.Act + " is not possible"
	case d.Act == ActRequest && a.Blocked != "":
		return "blocked: " + a.Blocked
	case d.Act == ActRequest && d.Digest != "" && d.Digest != a.Content():
		return "the alert has changed since: look again"
	case d.Act == ActRelease && a.Outcome != nil && !a.Outcome.Balanced:
		return "the bank's funds do not balance: have them corrected first"
	}
	return ""
}

func (a *Alert) possibleOut(act string) bool {
	r := a.Request()
	switch act {
	case ActRequest:
		return a.State == Proposed || r != nil && r.Content != a.Content() && a.Open()
	case ActWithdraw:
		return r != nil && a.Open()
	}
	return false
}

func (a *Alert) possibleIn(act string) bool {
	switch act {
	case ActAuthorise:
		return a.State == Accepted
	case ActRefuse:
		return a.State == Accepted || a.State == Received
	case ActRelease:
		return a.State == BankAnswered
	case ActLift:
		return a.State == Review
	}
	return false
}

func (f *fold) complete(a *Alert, d caselog.OfficerData) {
	switch d.Act {
	case ActRequest:
		if a.State == Proposed {
			a.State = Approved
		}
		first(&a.At.Approved, f.r.Appended)
	case ActWithdraw:
		a.State = Withdrawing
	case ActAuthorise:
		a.State, a.Basis = Authorised, d.Basis
		a.takeUp(d.By)
	case ActRefuse:
		a.State, a.Refusal, a.Released = Refused, d.Code, true
	case ActRelease:
		a.Released = true
	}
}

// refused ends a proposal.
func (f *fold) refused(a *Alert, d caselog.OfficerData) {
	if a.Direction != caselog.Out || a.State != Proposed {
		f.refuse("alert is %s, not proposed", a.State)
		return
	}
	a.Approvals = append(a.Approvals, Approval{By: d.By, Act: "not_approved", Reason: d.Reason})
	f.close(a, "not_approved")
	f.applied()
}

func (f *fold) closeTask(a *Alert, d caselog.OfficerData) {
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.ID == d.Task && t.Done == "" {
			t.Done = d.By
			if t.Kind == "amended" {
				a.takeUp(d.By)
			}
			f.applied()
			return
		}
	}
	f.refuse("no open task %s", d.Task)
}
