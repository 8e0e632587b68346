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
	// terms returns what has to be the same in every approval; nil = nothing. Whoever
	// approves other terms takes his earlier word back.
	terms func(caselog.OfficerData) string
	since int // the version from which on terms count, where it is later than peopleSince
	// complete draws the consequences, once enough have approved.
	complete func(*fold, *Alert, caselog.OfficerData)
}

// acts lists every act. A machine adds its own in its own file.
func acts() []act {
	return slices.Concat(requestActs(), measureActs(), recallActs(), consentActs(), inboundActs(), eraseActs(), manualActs())
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
	d, terms := a.proposed(x, d)
	if slices.Contains(a.agreed(d, terms), d.By) {
		f.refuse("%s has approved this already: another officer is needed", d.By)
		return
	}
	if terms != "" {
		a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool { return p.Act == d.Act && p.About == d.About && p.By == d.By })
	}
	a.Approvals = append(a.Approvals, Approval{
		By: d.By, Act: d.Act, About: d.About, Digest: d.Digest, Reason: d.Reason, Until: d.Until, Amount: d.Amount, Basis: d.Basis,
		Code: d.Code, Fold: d.Fold, Terms: terms, TextMark: d.TextMark, Personal: d.Personal, Fields: d.Fields,
	})
	f.applied()
	if len(a.agreed(d, terms)) >= x.need(a, d) {
		x.complete(f, a, d)
	}
}

// proposed returns d with the texts of whoever proposed it, where d has none of its
// own, and the terms of the approval.
func (a *Alert) proposed(x *act, d caselog.OfficerData) (of caselog.OfficerData, terms string) {
	if x.terms == nil || d.Fold < max(peopleSince, x.since) {
		return d, ""
	}
	for _, p := range a.Approvals {
		if d.TextMark == "" && p.Act == d.Act && p.About == d.About {
			d.TextMark, d.Personal, d.Fields = p.TextMark, p.Personal, p.Fields
		}
		if d.Fold >= orderSince && d.Basis == "" && p.Act == d.Act && p.About == d.About {
			d.Basis = p.Basis
		}
	}
	return d, x.terms(d) + "|" + d.TextMark
}

// agreed lists who said yes to an act on the same terms, each once.
func (a *Alert) agreed(d caselog.OfficerData, terms string) []string {
	if terms == "" {
		return a.officers(d.Act, d.About)
	}
	var out []string
	for _, p := range a.Approvals {
		if p.Act == d.Act && p.About == d.About && p.Terms == terms && !slices.Contains(out, p.By) {
			out = append(out, p.By)
		}
	}
	return out
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
