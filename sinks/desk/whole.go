package desk

import (
	"context"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Whole is what became of the money of an alert. It holds personal data.
type Whole struct {
	Measures  []*apply.Measure `json:"measures,omitempty"`
	Proposals []Proposal       `json:"proposals,omitempty"` // what officers approved with words of their own, and others have not yet
	Recalls   []*apply.Leg     `json:"recalls,omitempty"`
	Trail     []HopView        `json:"trail,omitempty"`
	Consents  []ConsentView    `json:"consents,omitempty"`
	Facts     []FactView       `json:"facts,omitempty"`         // what partners told of it
	Parents   []string         `json:"parent_alerts,omitempty"` // of an instruction: the alerts that it serves
	Child     string           `json:"child_alert,omitempty"`   // of an inbound alert: the instruction that serves it
}

// HopView is one onward movement with the account that it went to.
type HopView struct {
	caselog.HopMark
	Account  *freeze.Account  `json:"account,omitempty"` // absent: erased, or not told
	Servicer *freeze.Servicer `json:"servicer,omitempty"`
	At       *freeze.Time     `json:"executed_at,omitempty"`
	To       string           `json:"to,omitempty"`          // the party that is asked about it
	Child    string           `json:"child_alert,omitempty"` // the alert that asks
	Consent  string           `json:"consent,omitempty"`     // where the consent of who told it stands
	Blocked  string           `json:"blocked,omitempty"`     // for want of this field nobody is asked
	Waits    string           `json:"waits,omitempty"`       // officers decide: not_granted | served | ended | many | budget
	Gone     bool             `json:"gone,omitempty"`        // the latest outcome has it no more
}

// ConsentView is one question for consent, and its answer.
type ConsentView struct {
	Message string            `json:"message"`
	Facts   []string          `json:"facts"`
	To      []string          `json:"to"`
	Code    string            `json:"code,omitempty"` // all | part | none
	By      []string          `json:"by,omitempty"`
	Texts   map[string]string `json:"texts,omitempty"` // of our answer
}

// whole collects what became of the money.
func (d *Desk) whole(ctx context.Context, a *apply.Alert) Whole {
	w := Whole{Measures: unsealed(a.Measures), Recalls: a.Legs, Proposals: d.proposals(ctx, a)}
	bodies := map[string]*freeze.Outcome{}
	for _, h := range a.Trail {
		if _, read := bodies[h.Outcome]; !read {
			bodies[h.Outcome] = d.outcomeOf(ctx, a.Sealed(h.Outcome))
		}
		w.Trail = append(w.Trail, hopView(h, bodies[h.Outcome]))
	}
	for _, c := range a.Consents {
		v := ConsentView{Message: c.Message, Facts: list(c.Facts), To: list(c.To), Code: c.Code, By: c.By}
		var texts caselog.OfficerPersonal
		if c.Texts != "" && d.open(ctx, c.Texts, &texts) == nil {
			v.Texts = texts.Texts
		}
		w.Consents = append(w.Consents, v)
	}
	w.Facts = d.facts(ctx, a)
	for _, p := range a.Parents {
		w.Parents = append(w.Parents, p.Alert)
	}
	if a.Child != nil {
		w.Child = a.Child.Alert
	}
	return w
}

func hopView(h *apply.Hop, o *freeze.Outcome) HopView {
	v := HopView{HopMark: h.HopMark, To: h.To, Child: h.Child, Consent: h.Consent, Blocked: h.Blocked, Waits: h.Waits, Gone: h.Gone}
	v.ParentItems = list(v.ParentItems)
	if o != nil && h.Index < len(o.Trail) && o.Trail[h.Index].ItemID == h.ItemID {
		x := o.Trail[h.Index]
		v.Account, v.Servicer, v.At = &x.To.Account, &x.To.Servicer, &x.ExecutedAt
	}
	return v
}

// outcomeOf opens a sealed outcome, nil where that is not possible any more.
func (d *Desk) outcomeOf(ctx context.Context, sealed string) *freeze.Outcome {
	var body caselog.BodyPersonal
	if sealed == "" || d.open(ctx, sealed, &body) != nil {
		return nil
	}
	m, err := freeze.Parse([]byte(body.Body))
	if err != nil {
		return nil
	}
	o, _ := m.(*freeze.Outcome)
	return o
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
