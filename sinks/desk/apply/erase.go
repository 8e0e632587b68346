package apply

import (
	"github.com/haltwire/haltwire/sinks/caselog"
)

// ActErase destroys what the log knows of people under a key: the subject, texts,
// references and bodies of all its alerts.
const ActErase = "erase"

// Erase is the effect of it: the data keys of the subject's key are destroyed.
const Erase Kind = "erase"

func eraseActs() []act {
	erase := func(direction string) act {
		return act{
			name: ActErase, direction: direction, least: caselog.RoleSupervisor, need: always(2), forbids: forbidErase,
			complete: func(f *fold, a *Alert, d caselog.OfficerData) {
				a.Erasing = true
				if !f.s.over() {
					f.task(a, "erase_waits", "")
				}
				a.done("erase", d.By)
			},
		}
	}
	return []act{erase(caselog.Out), erase(caselog.In)}
}

func forbidErase(a *Alert, _ caselog.OfficerData) string {
	switch {
	case a.At.Erased > 0:
		return "it is erased already"
	case a.Erasing:
		return "its erasure is decided already"
	case a.State != Closed:
		return "alert is " + string(a.State) + ": what an open alert needs is not erased; close it first"
	}
	return ""
}

// over reports whether no alert of the subject needs its personal data any more.
func (s *Subject) over() bool {
	for _, a := range s.Alerts {
		if a.State != Closed || a.unsettled() {
			return false
		}
	}
	return true
}

// unsettled reports whether a message of the alert is still on its way.
func (a *Alert) unsettled() bool {
	for _, m := range a.Messages {
		if !m.Settled() {
			return true
		}
	}
	return false
}

// dueErasure is due once for a subject, when every alert of it is over.
func dueErasure(s *Subject) []Effect {
	for _, a := range s.Alerts {
		if a.Erasing && a.At.Erased == 0 && s.over() {
			return []Effect{{Kind: Erase, Alert: a}}
		}
	}
	return nil
}

// erased notes that the data keys are gone. All alerts of the key shared them. A hit
// or message that comes later has a new one.
func (f *fold) erased(a *Alert) {
	if a.At.Erased > 0 || !a.Erasing {
		f.repeat()
		return
	}
	for _, x := range f.s.Alerts {
		x.Erasing, x.At.Erased = false, f.r.Appended
		x.done("erase", "desk")
		x.done("erase_waits", "desk")
	}
	f.applied()
}

// timersOfErasure let people know that what is kept has been kept long enough (T12).
func timersOfErasure(a *Alert, by Schedule) []Timer {
	if a.State != Closed || a.At.Erased > 0 {
		return nil
	}
	return []Timer{{Alert: a.ID, Name: "T12", Due: by.After(a.Party, "T12", a.Urgency, a.At.Closed)}}
}

// eraseRang asks people to erase what has been kept long enough. It reports whether the
// timer is one of erasure.
func (f *fold) eraseRang(a *Alert, d caselog.OverdueData) bool {
	if d.Timer != "T12" {
		return false
	}
	f.task(a, "erase", "")
	return true
}
