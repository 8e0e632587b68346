package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

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

// refused ends a proposal.
func (f *fold) refused(a *Alert, d caselog.OfficerData) {
	if a.Direction != caselog.Out || a.State != Proposed && a.State != AwaitingConsent {
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
