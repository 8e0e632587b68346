package desk

import (
	"slices"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
)

// countOnward counts an account to which a partner's word has led: the first thing that
// one of its alerts tells of it, unless officers wanted it.
func (d *Desk) countOnward(r apply.Record, s *apply.Subject, v apply.Verdict) {
	if r.Type != caselog.TrailFollowed || !v.Applied {
		return
	}
	var data caselog.FollowedData
	if err := r.Into(&data); err != nil || data.AlertID != "" || data.Moved || data.Decided || !firstOf(s, data.Parent, r.Appended) {
		return
	}
	d.spending.spend(r.Appended, reservation(data.Parent, r.Key), []string{onwardKey(data.Party)})
}

// firstOf reports whether what came at a moment is all that a parent has told of the
// account.
func firstOf(s *apply.Subject, parent string, at int64) bool {
	n, now := 0, false
	for _, a := range s.Alerts {
		for _, i := range slices.Concat(a.Items, a.Held, a.Shed) {
			for _, x := range i.Facts {
				if x.Parent == parent {
					n, now = n+1, now || x.At == at
				}
			}
		}
	}
	return n == 1 && now
}

func onwardKey(party string) string { return apply.Onward + "/" + party }

func reservation(parent string, child caselog.Key) string { return parent + "/" + string(child) }

// onward puts the word that the budget of a party's words is used up in the place of
// what would open one alert more. Everything that would waits then: the word comes after
// the notes of what is followed before it.
func (d *Desk) onward(s *apply.Subject, a *apply.Alert, drafts []intake.Draft) []intake.Draft {
	for _, x := range drafts {
		data, ok := x.Data.(*caselog.FollowedData)
		if !ok || data.AlertID != "" || data.Moved {
			continue
		}
		h := a.Hop(data.Mark.ItemID)
		if h == nil || !a.Opens(h) {
			continue
		}
		over := d.spending.takeOnward(d.opt.Budgets.Onward, reservation(a.ID, data.ChildKey), a)
		if over == nil {
			continue
		}
		return []intake.Draft{{
			ID: hit.Text32("budget", a.ID, over.What, over.Of, a.OutcomeID), Key: s.Key, Type: caselog.BudgetExceeded, Trace: a.Trace, Alerts: true, Note: true, Data: over,
		}}
	}
	return nil
}

// takeOnward reserves an account that is followed to under a name, or returns the
// budget that is used up.
func (s *spending) takeOnward(limit int, name string, a *apply.Alert) *caselog.BudgetData {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = max(s.latest, a.At.Updated)
	s.expire()
	key := onwardKey(a.Party)
	if n, used := s.over(name, key, limit); used {
		return &caselog.BudgetData{AlertID: a.ID, What: apply.Onward, Of: a.Party, Limit: limit, Count: n}
	}
	s.reserve(name, spent{s.latest, []string{key}})
	return nil
}
