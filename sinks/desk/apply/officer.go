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
	if d.Fold >= peopleSince && !d.Role.Covers(caselog.RoleOfficer) {
		f.refuse("%s is %s: accept takes a %s", d.By, d.Role, caselog.RoleOfficer)
		return
	}
	if d.Fold >= peopleSince && !a.readable() {
		f.refuse("the request waits for messages that come before it")
		return
	}
	if a.State == Received {
		a.State = Accepted
		first(&a.At.Accepted, f.r.Appended)
	}
	a.takeUp(d.By)
	if d.Fold >= peopleSince {
		a.Look = true
		a.silence("T3in")
		f.need(a, d, freeze.ReceiptID(a.TakenUp().ID, freeze.LevelAccepted))
	}
	f.applied()
}

// untaken reports whether an amendment waits for an officer to take it up.
func (a *Alert) untaken() bool {
	return slices.ContainsFunc(a.Inbox, func(in *Inbound) bool { return in.Type == freeze.TypeAmendment && !in.Parked && !in.Taken })
}

// readable reports whether the request is there and its turn has come.
func (a *Alert) readable() bool {
	return slices.ContainsFunc(a.Inbox, func(in *Inbound) bool { return asks(in.Type) && !in.Parked })
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
	if a.Direction == caselog.In {
		f.confirmHold(a, d)
		return
	}
	d.Act = ActConfirm
	if why := a.unconfirmable(d); why != "" {
		f.refuse("%s", why)
		return
	}
	a.Confirmed = true
	a.Approvals = append(a.Approvals, Approval{By: d.By, Act: ActConfirm, Digest: d.Digest, Reason: d.Reason, Fold: d.Fold})
	first(&a.At.Confirmed, f.r.Appended)
	a.silence("T5")
	f.applied()
}

// unconfirmable says why the officer cannot confirm a provisional request, or nothing.
func (a *Alert) unconfirmable(d caselog.OfficerData) string {
	switch r := a.Request(); {
	case a.Direction != caselog.Out || !a.Provisional:
		return "nothing provisional to confirm"
	case a.Confirmed:
		return "already confirmed"
	case !a.Open():
		return "alert is " + string(a.State)
	case d.Fold < peopleSince:
		return ""
	case !d.Role.Covers(caselog.RoleOfficer):
		return d.By + " is " + string(d.Role) + ": confirm takes an officer"
	case d.By == a.Emergency:
		return d.By + " has sent this: somebody else confirms it"
	case d.Digest != "" && r != nil && d.Digest != r.Signed:
		return "another request went out since: look again"
	}
	return a.biased(d)
}

// remark keeps an officer's remark, in every state and direction.
func (f *fold) remark(a *Alert) {
	var d caselog.OfficerData
	switch {
	case !f.data(&d):
	case d.By == "":
		f.refuse("an officer is needed")
	case !d.Role.Covers(caselog.RoleOfficer):
		f.refuse("%s is %s: note takes an officer", d.By, d.Role)
	case d.Personal == "":
		f.refuse("a note needs a text")
	default:
		a.Notes = append(a.Notes, Note{By: d.By, At: f.r.Appended, Personal: d.Personal})
		f.applied()
	}
}

// refused ends a proposal.
func (f *fold) refused(a *Alert, d caselog.OfficerData) {
	if a.Direction == caselog.In && d.Fold >= peopleSince {
		f.objected(a, d)
		return
	}
	if a.Direction != caselog.Out || a.State != Proposed && a.State != AwaitingConsent && (a.State != Approved || a.Request() != nil) {
		f.refuse("alert is %s, not proposed", a.State)
		return
	}
	if d.Fold >= peopleSince && !d.Role.Covers(caselog.RoleOfficer) {
		f.refuse("%s is %s: reject takes an officer", d.By, d.Role)
		return
	}
	a.Approvals = append(a.Approvals, Approval{By: d.By, Act: "not_approved", Reason: d.Reason, Code: d.Code, Fold: d.Fold})
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

// Owners lists who wrote the rules that proposed the alert, or the alert that its chain
// began with. What a partner found for an alert of somebody's rule is of his rule too.
func (a *Alert) Owners() []string {
	var out []string
	for _, h := range a.Hits {
		if h.Owner != "" && (!h.Gone || a.Standing() == 0) {
			out = union(out, []string{h.Owner})
		}
	}
	for _, i := range slices.Concat(a.Items, a.Held) {
		for _, x := range i.Facts {
			out = union(out, x.Owners)
		}
	}
	return out
}
