package apply

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// fits has people look at an outcome that counts and does not fit: one task an outcome,
// which says why. The next word takes its place: it ends the task when it fits, opens
// another one when something else does not, and none when it says the same again, which
// people look at already or have looked at.
func (f *fold) fits(a *Alert, d *caselog.OutcomeData) {
	words := a.unfit(d)
	if d.Fold < fitSince {
		if len(words) > 0 {
			f.task(a, "contradiction", d.MessageID, words...)
		}
		return
	}
	if slices.Equal(words, a.Unfit) {
		return
	}
	a.outdate()
	a.Unfit = words
	if len(words) > 0 {
		f.task(a, "contradiction", d.MessageID, slices.Clone(words)...)
	}
}

// outdate ends the task about the word that counted before.
func (a *Alert) outdate() {
	other := func(why string) bool { return !slices.Contains(a.Unfit, why) }
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == "contradiction" && t.Done == "" && len(t.Why) > 0 && !slices.ContainsFunc(t.Why, other) {
			t.Done = "desk"
		}
	}
}

// unfit says what of an outcome does not fit what was asked, the payments or itself.
func (a *Alert) unfit(d *caselog.OutcomeData) []string {
	var out []string
	if a.Message(d.OutcomeOf) == nil && d.Fold >= fitSince {
		out = append(out, "outcome_of "+d.OutcomeOf+" is no message of ours")
	}
	for _, item := range d.Mismatched {
		if slices.ContainsFunc(d.Misfits, func(m caselog.Misfit) bool { return m.ID == item && m.Field == caselog.MisfitFunds }) {
			continue // which says it better
		}
		out = union(out, []string{"item " + item + ": funds do not sum to what was credited, or the trail does not show what moved on"})
	}
	for _, x := range d.Funds {
		if !a.names(x.ItemID) {
			out = union(out, []string{"item " + x.ItemID + ": funds tell of a payment that we did not name"})
		}
	}
	for _, m := range d.Misfits {
		out = union(out, []string{m.String()})
	}
	return out
}

// unsummed reports whether the amounts of an outcome are not the sums of its funds, and
// nothing that is told of it says so.
func unsummed(d *caselog.OutcomeData) bool {
	return !d.Balanced && !slices.ContainsFunc(d.Misfits, func(m caselog.Misfit) bool { return m.Of == caselog.MisfitAmounts })
}

// names reports whether a request of the alert may have named a payment.
func (a *Alert) names(item string) bool {
	named := func(i *Item) bool { return i.ID == item }
	return slices.ContainsFunc(a.Items, named) || slices.ContainsFunc(a.Shed, named) || slices.ContainsFunc(a.Held, named)
}

// older keeps an outcome that is of an earlier moment than the one that counts: it
// changes nothing. People look where it does not fit, or says what the newer one cannot
// have taken back.
func (f *fold) older(a *Alert, in *Inbound, d *caselog.OutcomeData) {
	in.Older = a.OutcomeID
	if d.Fold < fitSince {
		if slices.ContainsFunc(d.Measures, func(m caselog.MeasureMark) bool { return a.Measure(m.MeasureID) == nil }) {
			f.task(a, "contradiction", d.MessageID) // the later word does not know of its measure
		}
		return
	}
	words := a.unfit(d)
	words = slices.DeleteFunc(append(words, a.takenBack(&d.OutcomeMark)...), func(why string) bool { return slices.Contains(a.Unfit, why) })
	if len(words) > 0 {
		f.task(a, "contradiction", d.MessageID, words...)
	}
}

// takenBack says what an older outcome tells that cannot have ceased to be so, and that
// the one which counts tells otherwise: a measure or a movement that it does not know,
// one that was over, money that was gone, a last word, a decision.
func (a *Alert) takenBack(o *caselog.OutcomeMark) []string {
	var out []string
	newer := "; newer outcome " + a.OutcomeID
	now := a.Outcome
	if o.Final && !now.Final {
		out = append(out, "final"+newer+" is not")
	}
	decided := []string{"granted", "partly", "nothing_found"}
	if slices.Contains(decided, o.Decision) && (now.Decision == "pending" || now.Decision == "more_info") {
		out = append(out, "decision "+o.Decision+newer+" says "+now.Decision)
	}
	for _, m := range o.Measures {
		switch i := slices.IndexFunc(now.Measures, func(n caselog.MeasureMark) bool { return n.MeasureID == m.MeasureID }); {
		case i < 0 && a.Measure(m.MeasureID) == nil:
			out = append(out, "measure "+m.MeasureID+": state "+m.State+newer+" does not know of it")
		case i >= 0 && !stands(m.State) && stands(now.Measures[i].State):
			out = append(out, "measure "+m.MeasureID+": state "+m.State+newer+" says "+now.Measures[i].State)
		}
	}
	out = append(out, goneBack(o.Funds, now.Funds, newer)...)
	return append(out, otherTrail(o.Trail, now.Trail, newer)...)
}

// otherTrail says which onward movements the newer trail lacks or tells otherwise.
func otherTrail(trail, now []caselog.HopMark, newer string) []string {
	var out []string
	for _, h := range trail {
		switch i := slices.IndexFunc(now, func(n caselog.HopMark) bool { return n.ItemID == h.ItemID }); {
		case i < 0:
			out = append(out, "hop "+h.ItemID+": it is told of"+newer+" does not know of it")
		case now[i].Account != h.Account:
			out = append(out, "hop "+h.ItemID+": account"+newer+" names another one")
		case !sameMoney(now[i].Money, h.Money):
			out = append(out, fmt.Sprintf("hop %s: money %s %s%s says %s %s", h.ItemID, h.Money.Amount, h.Money.Currency, newer, now[i].Money.Amount, now[i].Money.Currency))
		}
	}
	return out
}

func stands(state string) bool { return state == "in_force" || state == "extended" }

func sameMoney(a, b freeze.Money) bool {
	return a.Currency == b.Currency && a.Amount.Cmp(b.Amount) == 0
}

// goneBack says of which money that was gone less is gone in the newer funds.
func goneBack(funds, now []freeze.Fund, newer string) []string {
	type part struct{ item, disposition, currency string }
	sum := func(list []freeze.Fund, p part) freeze.Dec {
		total := freeze.Dec("0")
		for _, x := range list {
			if p == (part{x.ItemID, x.Disposition, x.Money.Currency}) {
				total = total.Add(x.Money.Amount)
			}
		}
		return total
	}
	var out []string
	for _, x := range funds {
		p := part{x.ItemID, x.Disposition, x.Money.Currency}
		if !slices.Contains([]string{"moved_on", "withdrawn_cash", "spent", "converted", "returned"}, p.disposition) {
			continue
		}
		if was, is := sum(funds, p), sum(now, p); was.Cmp(is) > 0 {
			out = union(out, []string{fmt.Sprintf("item %s: %s %s %s%s says %s", p.item, p.disposition, was, p.currency, newer, is)})
		}
	}
	return out
}
