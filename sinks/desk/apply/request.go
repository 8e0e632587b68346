package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Edit is what officers wrote into a request: who, and the sealed texts.
type Edit struct {
	By       []string `json:"by"`
	Digest   string   `json:"digest"` // of the texts
	Personal string   `json:"personal,omitempty"`
}

func requestActs() []act {
	return []act{
		{
			name: ActRequest, direction: caselog.Out, least: caselog.RoleOfficer, need: needRequest, forbids: forbidRequest,
			complete: func(f *fold, a *Alert, _ caselog.OfficerData) {
				if a.State == Proposed {
					a.State = Approved
				}
				first(&a.At.Approved, f.r.Appended)
			},
		},
		{
			name: ActWithdraw, direction: caselog.Out, least: caselog.RoleOfficer, need: always(2),
			forbids: func(a *Alert, d caselog.OfficerData) string {
				return a.unless(a.Request() != nil && a.Open(), d)
			},
			complete: func(_ *fold, a *Alert, _ caselog.OfficerData) { a.State = Withdrawing },
		},
	}
}

func needRequest(a *Alert, _ caselog.OfficerData) int {
	one := func(h *Hit) bool { return !h.Gone && h.Approval == "one_person" }
	if a.Request() == nil && slices.ContainsFunc(a.Hits, one) {
		return 1
	}
	return 2
}

func forbidRequest(a *Alert, d caselog.OfficerData) string {
	r := a.Request()
	switch {
	case a.State != Proposed && (r == nil || r.Content == a.Content() || !a.Open()):
		return a.impossible(d)
	case a.Blocked != "":
		return "blocked: " + a.Blocked
	case d.Digest != "" && d.Digest != a.Content():
		return "the alert has changed since: look again"
	}
	return ""
}

// biased says why the officer may not approve: what he proposed, edited or is the
// author of; or nothing.
func (a *Alert) biased(d caselog.OfficerData) string {
	if d.Act == ActRequest && a.Edit != nil && slices.Contains(a.Edit.By, d.By) {
		return d.By + " has edited this: somebody else approves it"
	}
	return ""
}

// requestEvent takes in the events of the request machine beyond the plain ones. It
// reports whether the event is one of them.
func (f *fold) requestEvent(*Alert) bool { return false }

func dueRequest(*Alert, func(bool, Kind)) {}

func timersOfRequest(*Alert, Schedule) []Timer { return nil }
