package apply

import "github.com/haltwire/haltwire/sinks/caselog"

// Info is what somebody needs to know: the partner of us, or we of the partner.
type Info struct {
	Field string `json:"field"`
}

func inboundActs() []act {
	in := func(name string, need int, states ...State) act {
		return act{
			name: name, direction: caselog.In, least: caselog.RoleOfficer, need: always(need), forbids: forbidIn(states...),
			complete: completeIn,
		}
	}
	return []act{
		in(ActAuthorise, 2, Accepted), in(ActRefuse, 2, Accepted, Received), in(ActRelease, 1, BankAnswered), in(ActLift, 2, Review),
	}
}

func forbidIn(states ...State) func(*Alert, caselog.OfficerData) string {
	return func(a *Alert, d caselog.OfficerData) string {
		for _, s := range states {
			if a.State != s {
				continue
			}
			if d.Act == ActRelease && a.Outcome != nil && !a.Outcome.Balanced {
				return "the bank's funds do not balance: have them corrected first"
			}
			return ""
		}
		return a.impossible(d)
	}
}

func completeIn(_ *fold, a *Alert, d caselog.OfficerData) {
	switch d.Act {
	case ActAuthorise:
		a.State, a.Basis = Authorised, d.Basis
		a.takeUp(d.By)
	case ActRefuse:
		a.State, a.Refusal, a.Released = Refused, d.Code, true
	case ActRelease:
		a.Released = true
	}
}

// inboundEvent takes in the events of direction in beyond the plain ones, and of
// info in both directions. It reports whether the event is one of them.
func (f *fold) inboundEvent(*Alert) bool { return false }

// infoMessage takes in a partner's info_response or feedback. It reports whether the
// message is one of them.
func (f *fold) infoMessage(*Alert, *Inbound) bool { return false }

func dueInbound(*Alert, func(Effect)) {}

func timersOfInbound(*Alert, Schedule) []Timer { return nil }
