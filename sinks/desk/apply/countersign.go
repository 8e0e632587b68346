package apply

import (
	"encoding/json"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Countersign is an act that some of the officers that it takes have approved, on the
// same terms. Who they are is not said.
type Countersign struct {
	Act    string        `json:"act"`
	About  string        `json:"about,omitempty"` // measure, message or item
	Code   string        `json:"code,omitempty"`  // of the act: another code is another act
	Until  *freeze.Time  `json:"until,omitempty"`
	Amount *freeze.Money `json:"amount,omitempty"`
	Has    int           `json:"has"`
	Needs  int           `json:"needs"`
	For    caselog.Role  `json:"for"` // the least role that may sign
}

// Countersigns lists what waits for another signature and would be done with it, the
// oldest first.
func (a *Alert) Countersigns() []Countersign {
	var out []Countersign
	type group struct{ act, about, terms string }
	seen := map[group]bool{}
	for _, p := range a.Approvals {
		g := group{p.Act, p.About, p.Terms}
		x := actOf(a.Direction, p.Act)
		if seen[g] || x == nil {
			continue
		}
		seen[g] = true
		d := p.again()
		if x.forbids(a, d) != "" {
			continue
		}
		if has, needs := len(a.agreed(d, p.Terms)), x.need(a, d); has < needs {
			out = append(out, Countersign{Act: p.Act, About: p.About, Code: p.Code, Until: p.Until, Amount: p.Amount, Has: has, Needs: needs, For: x.least})
		}
	}
	return out
}

// again is what an officer would say who approves the same. The digest that he saw is
// his own.
func (p Approval) again() caselog.OfficerData {
	d := caselog.OfficerData{
		Act: p.Act, About: p.About, Code: p.Code, Until: p.Until, Amount: p.Amount, Basis: p.Basis, Fields: p.Fields, TextMark: p.TextMark, Personal: p.Personal, Fold: p.Fold,
	}
	if p.Act == ActMeasure { // what is recorded stands in its terms alone
		var terms struct{ Measure *caselog.MeasureMark }
		if json.NewDecoder(strings.NewReader(p.Terms)).Decode(&terms) == nil {
			d.Measure = terms.Measure
		}
	}
	return d
}
