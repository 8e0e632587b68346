package ruleset

import (
	"cmp"
	"slices"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
)

// Cost is what one window of the rules that are judged keeps in memory when reports
// come at some rates: at most so much, since all of a kind are taken to feed it.
type Cost struct {
	Window  string   `json:"window"`             // as the first of Rules calls it: rule.window
	Rules   []string `json:"rules"`              // that look into it
	Rate    float64  `json:"reports_per_second"` // of the kinds that feed it
	Seconds float64  `json:"kept_seconds"`       // within and the lateness
	Entries float64  `json:"entries"`
	Bytes   float64  `json:"bytes"`
}

// Kept returns how long an entry is kept.
func (c Cost) Kept() time.Duration { return time.Duration(c.Seconds * float64(time.Second)) }

// Costs returns what each window keeps at the rates of b, the greatest first.
func Costs(set *lang.Set, b lang.Budget) []Cost {
	out := []Cost{}
	for _, win := range set.Judged() {
		w := set.Windows[win]
		c := Cost{Rules: []string{}, Seconds: (time.Duration(w.Within)*time.Millisecond + b.Lateness).Seconds(), Bytes: w.Size(b)}
		for _, kind := range w.From {
			c.Rate += b.Rates[kind]
		}
		c.Entries = c.Rate * c.Seconds
		for _, r := range set.Rules {
			i := slices.IndexFunc(r.Windows, func(u lang.WindowUse) bool { return u.Win == win })
			if i < 0 || !r.Status.Judged() {
				continue
			}
			c.Rules = append(c.Rules, r.ID)
			c.Window = cmp.Or(c.Window, r.ID+"."+r.Windows[i].Name)
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Cost) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Window, b.Window)) })
	return out
}
