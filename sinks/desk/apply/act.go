package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Acts that officers approve. The files of the machines declare the rest.
const (
	ActRequest   = "request"   // out: the request or amendment may go
	ActWithdraw  = "withdraw"  // out: take it back
	ActAuthorise = "authorise" // in: a measure under our law
	ActRefuse    = "refuse"    // in: nothing is done
	ActRelease   = "release"   // in: the answer may go
	ActLift      = "lift"      // in: the partner needs it no more
)

// act is something that one or more officers have to approve, each about the same
// thing (OfficerData.About).
type act struct {
	name      string
	direction string       // of the alert
	least     caselog.Role // who may; since version 4 of the fold
	// need returns how many different officers it takes.
	need func(*Alert, caselog.OfficerData) int
	// forbids says why it is not possible now, or nothing.
	forbids func(*Alert, caselog.OfficerData) string
	// complete draws the consequences, once enough have approved.
	complete func(*fold, *Alert, caselog.OfficerData)
}

// acts lists every act. A machine adds its own in its own file.
func acts() []act {
	return slices.Concat(requestActs(), measureActs(), recallActs(), consentActs(), inboundActs())
}

// actOf returns the act of that name in that direction, or nil.
func actOf(direction, name string) *act {
	for _, a := range acts() {
		if a.name == name && a.direction == direction {
			return &a
		}
	}
	return nil
}

// Acts lists the acts of a direction, for those who write them.
func Acts(direction string) []string {
	var out []string
	for _, a := range acts() {
		if a.direction == direction {
			out = append(out, a.name)
		}
	}
	return out
}

// always returns a need that does not depend on the alert.
func always(n int) func(*Alert, caselog.OfficerData) int {
	return func(*Alert, caselog.OfficerData) int { return n }
}

// need is how many different officers an act takes.
func (a *Alert) need(name string) int {
	if x := actOf(a.Direction, name); x != nil {
		return x.need(a, caselog.OfficerData{Act: name})
	}
	return 2
}

// approve takes in one officer's yes. The same officer counts once.
func (f *fold) approve(a *Alert, d caselog.OfficerData) {
	x := actOf(a.Direction, d.Act)
	if x == nil {
		f.refuse("alert is %s: %s is not possible", a.State, d.Act)
		return
	}
	if why := x.forbids(a, d); why != "" {
		f.refuse("%s", why)
		return
	}
	if d.Fold >= peopleSince {
		if !d.Role.Covers(x.least) {
			f.refuse("%s is %s: %s takes a %s", d.By, d.Role, d.Act, x.least)
			return
		}
		if why := a.biased(d); why != "" {
			f.refuse("%s", why)
			return
		}
	}
	if slices.Contains(a.officers(d.Act, d.About), d.By) {
		f.refuse("%s has approved this already: another officer is needed", d.By)
		return
	}
	a.Approvals = append(a.Approvals, Approval{By: d.By, Act: d.Act, About: d.About, Digest: d.Digest, Reason: d.Reason, Until: d.Until, Amount: d.Amount})
	f.applied()
	if len(a.officers(d.Act, d.About)) >= x.need(a, d) {
		x.complete(f, a, d)
	}
}

// Officers lists who said yes to an act, each once.
func (a *Alert) Officers(act string) []string { return a.officers(act, "") }

// officers lists who said yes to an act about something; "" = about anything.
func (a *Alert) officers(act, about string) []string {
	var out []string
	for _, p := range a.Approvals {
		if p.Act == act && (about == "" || p.About == about) && !slices.Contains(out, p.By) {
			out = append(out, p.By)
		}
	}
	return out
}

// impossible is the reason that an act of another state is refused for.
func (a *Alert) impossible(d caselog.OfficerData) string {
	return "alert is " + string(a.State) + ": " + d.Act + " is not possible"
}

// unless returns the reason impossible unless ok.
func (a *Alert) unless(ok bool, d caselog.OfficerData) string {
	if ok {
		return ""
	}
	return a.impossible(d)
}
