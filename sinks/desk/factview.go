package desk

import (
	"context"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// FactView is what a partner told of a payment of an alert, and what it lets us do
// with it. As long as it is held nobody else may read of it.
type FactView struct {
	Party    string            `json:"party"` // that told
	Parent   string            `json:"parent_alert"`
	ItemID   string            `json:"item_id"` // of the hop, in the partner's outcome
	Consent  string            `json:"consent"` // needed | granted | refused
	Part     bool              `json:"part,omitempty"`
	Held     bool              `json:"held,omitempty"` // no request says it
	Own      bool              `json:"own,omitempty"`  // reports of ours tell of it too
	Amount   freeze.Money      `json:"amount"`         // that arrived
	Subject  *freeze.Subject   `json:"subject,omitempty"`
	Handling *freeze.Handling  `json:"handling,omitempty"` // how the partner told of it
	Granted  *freeze.Handling  `json:"granted,omitempty"`  // how it consented
	Texts    map[string]string `json:"texts,omitempty"`    // purpose, conditions, ground and text of its answer
}

// facts collects what partners told of an alert.
func (d *Desk) facts(ctx context.Context, a *apply.Alert) []FactView {
	var out []FactView
	for _, i := range slices.Concat(a.Items, a.Held, a.Shed) {
		for _, x := range i.Facts {
			v := FactView{
				Party: x.Party, Parent: x.Parent, ItemID: x.Item, Consent: x.Consent, Part: x.Part, Held: slices.Contains(a.Held, i),
				Own: x.HeardOwn, Amount: x.Amount, Handling: x.Handling, Granted: x.Granted,
			}
			var hop caselog.HopPersonal
			if d.open(ctx, x.Source.Personal, &hop) == nil {
				v.Subject = &hop.Subject
			}
			var texts caselog.OfficerPersonal
			if x.Texts != "" && d.open(ctx, x.Texts, &texts) == nil {
				v.Texts = texts.Texts
			}
			out = append(out, v)
		}
	}
	return out
}
