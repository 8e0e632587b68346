package apply

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts about measures.
const (
	ActExtend  = "extend"  // out: ask for it; in: decide what the partner asked for
	ActChase   = "chase"   // out: ask where it stands
	ActMeasure = "measure" // record what a court or a bank said of it
)

func measureActs() []act {
	out := func(name string, need int, forbids func(*Alert, caselog.OfficerData) string, complete func(*fold, *Alert, caselog.OfficerData)) act {
		return act{
			name: name, direction: caselog.Out, least: caselog.RoleOfficer, need: always(need), terms: termsOf, forbids: forbids,
			complete: complete,
		}
	}
	in := func(name string, forbids func(*Alert, caselog.OfficerData) string, complete func(*fold, *Alert, caselog.OfficerData)) act {
		x := out(name, 2, forbids, complete)
		x.direction = caselog.In
		return x
	}
	return []act{
		out(ActExtend, 2, forbidExtend, completeExtend), out(ActLift, 2, forbidAskLift, completeAskLift), out(ActChase, 1, forbidChase, completeChase),
		out(ActMeasure, 2, forbidRecord, completeRecord),
		in(ActExtend, forbidDecide, completeDecide), in(ActMeasure, forbidRecord, completeRecord),
	}
}

// termsOf returns what every officer has to approve the same: where the measure ends,
// how much of it, why, and what was recorded of it.
func termsOf(d caselog.OfficerData) string {
	text, err := json.Marshal(struct {
		Until   *freeze.Time
		Amount  *freeze.Money
		Code    string
		Measure *caselog.MeasureMark
	}{d.Until, d.Amount, d.Code, d.Measure})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// about says why an act cannot be about the measure that d names, or nothing.
func (a *Alert) about(d caselog.OfficerData) (*Measure, string) {
	m := a.Measure(d.About)
	switch {
	case m == nil && d.About == "":
		return nil, "about which measure? about is its id"
	case m == nil:
		return nil, "no measure " + d.About
	case !m.Standing():
		return m, "measure is " + string(m.Stand) + ": " + d.Act + " is not possible"
	case a.served():
		return m, "the measure serves other alerts: decide there"
	}
	return m, ""
}

// pending says that the same is on its way to the partner already, or nothing.
func (a *Alert) pending(m *Measure, do string) string {
	x := m.asking(func(x *MeasureAsk) bool { return x.Do == do && x.said() })
	if x == nil {
		return ""
	}
	if sent := a.Message(x.Message); sent != nil && (sent.GaveUp || sent.Reject != "") {
		return ""
	}
	return "the partner has not answered " + x.Message + " yet"
}

func forbidExtend(a *Alert, d caselog.OfficerData) string {
	m, why := a.about(d)
	switch {
	case why != "":
		return why
	case !a.Open() || !m.Live():
		return "measure is " + string(m.Stand) + ", alert is " + string(a.State) + ": extend is not possible"
	case !m.Extendable:
		return "the responder says that the measure cannot be extended: have it converted"
	case d.Until == nil || d.Until.UnixMilli() <= m.end():
		return "until has to be later than the end of the measure"
	case d.Personal == "" && len(a.officers(d.Act, d.About)) == 0:
		return "a justification is needed"
	}
	return a.pending(m, doExtend)
}

func completeExtend(f *fold, a *Alert, d caselog.OfficerData) {
	f.ask(a, d, MeasureAsk{Do: doExtend, Until: d.Until, Personal: d.Personal})
	a.doneAbout("expiring", d.About)
	a.doneAbout("half_life", d.About)
}

// ask puts the officers' question in the place of the one that did not go out.
func (f *fold) ask(a *Alert, d caselog.OfficerData, x MeasureAsk) {
	m := a.Measure(d.About)
	x.By = a.officers(d.Act, d.About)
	m.Asked = append(slices.DeleteFunc(m.Asked, func(o *MeasureAsk) bool { return o.Do == x.Do }), &x)
	a.spendAbout(d)
	a.doneAbout(x.Do+"_refused", d.About)
}

func forbidAskLift(a *Alert, d caselog.OfficerData) string {
	m, why := a.about(d)
	switch {
	case why != "":
		return why
	case !slices.Contains([]string{"victim_withdrew", "false_positive", "returned", "court"}, d.Code):
		return "why is it lifted? code is victim_withdrew, false_positive, returned or court"
	}
	if why := m.partial(d.Amount); why != "" {
		return why
	}
	return a.pending(m, doLift)
}

// partial says why an amount cannot be lifted of the measure, or nothing. No amount is
// all of it.
func (m *Measure) partial(amount *freeze.Money) string {
	switch {
	case amount == nil:
		return ""
	case m.Amount == nil:
		return "the measure is not of an amount: lift all of it"
	case amount.Currency != m.Amount.Currency || amount.Amount.Zero() || !amount.Amount.Valid() || amount.Amount.Cmp(m.Amount.Amount) > 0:
		return "the measure is of " + string(m.Amount.Amount) + " " + m.Amount.Currency + ": a part of that can be lifted"
	}
	return ""
}

func completeAskLift(f *fold, a *Alert, d caselog.OfficerData) {
	x := MeasureAsk{Do: doLift, Amount: d.Amount, Reason: d.Code}
	if m := a.Measure(d.About); d.Amount != nil && d.Amount.Amount.Cmp(m.Amount.Amount) == 0 {
		x.Amount = nil
	}
	f.ask(a, d, x)
	a.doneAbout("necessity_review", d.About)
}

func forbidChase(a *Alert, d caselog.OfficerData) string {
	known := a.Message(d.About) != nil || a.Inbound(d.About) != nil || a.Measure(d.About) != nil
	switch {
	case a.Request() == nil:
		return a.impossible(d)
	case d.About != "" && !known:
		return "no message or measure " + d.About
	case slices.ContainsFunc(a.Chases, func(c *Chase) bool { return c.Message == "" }):
		return "a question is on its way already"
	}
	return ""
}

func completeChase(_ *fold, a *Alert, d caselog.OfficerData) {
	a.spendAbout(d)
	if d.About == "" {
		d.About = a.Request().ID
	}
	a.chase(d.About, d.By)
}

// chase asks the partner where a message or a measure stands, unless it was asked that
// already and has not answered.
func (a *Alert) chase(about, by string) {
	if !slices.ContainsFunc(a.Chases, func(c *Chase) bool { return c.About == about && c.Message == "" }) {
		a.Chases = append(a.Chases, &Chase{About: about, By: by})
	}
}

// forbidRecord says why what a court or a bank said by letter cannot be recorded.
func forbidRecord(a *Alert, d caselog.OfficerData) string {
	answered := a.Outcome != nil && !a.Lifting && (a.State == Answered || a.State == BankAnswered)
	switch why := unrecordable(d.Measure); {
	case why != "":
		return why
	case a.Direction == caselog.In && !answered, a.Direction == caselog.Out && a.Request() == nil:
		return a.impossible(d)
	case d.About != "":
		_, why := a.about(d)
		return why
	case d.Measure.State != "in_force" || d.Measure.Kind == "" || d.Measure.AuthorityKind == "":
		return "a new measure is in force, and has a kind and an authority"
	}
	return ""
}

// unrecordable says what is missing of what is recorded of a measure, or nothing.
func unrecordable(m *caselog.MeasureMark) string {
	states := []string{"in_force", "extended", "converted", "lifted", "lapsed", "ended"}
	switch {
	case m == nil || !slices.Contains(states, m.State):
		return "what is it now? code is one of " + strings.Join(states, ", ")
	case m.State == "extended" && m.ExpiresAt == nil:
		return "until when is it extended?"
	}
	return ""
}

// completeRecord takes in what people recorded. A conversion makes a new measure.
func completeRecord(f *fold, a *Alert, d caselog.OfficerData) {
	a.spendAbout(d)
	m, said := a.Measure(d.About), *d.Measure
	if said.InForceAt.IsZero() {
		said.InForceAt = freezeAt(f.r.Appended)
	}
	switch {
	case m == nil:
		f.recordNew(a, nil, said, d.Personal)
	case said.State == "converted":
		f.recordNew(a, m, said, d.Personal)
		m.become(StandConverted, f.r.Appended)
		m.Recorded, m.Asked = true, nil
		a.settled(m)
	case said.State == "in_force" || said.State == "extended":
		m.Recorded, m.Personal = true, d.Personal
		m.State = said.State
		if said.ExpiresAt != nil {
			m.ExpiresAt = said.ExpiresAt
		}
		if said.Amount != nil {
			m.Amount = said.Amount
		}
		f.period(a, m)
		f.needsEnd(a, m)
	default:
		m.Recorded, m.Personal, m.Asked = true, d.Personal, nil
		m.become(Stand(said.State), f.r.Appended)
		m.State, m.Ending = said.State, "recorded"
		a.settled(m)
	}
	if a.Direction == caselog.In {
		f.change(a)
		return
	}
	f.settleWithdrawal(a)
}

// recordNew adds a measure that people recorded, which old was converted into.
func (f *fold) recordNew(a *Alert, old *Measure, said caselog.MeasureMark, personal string) {
	letter := "H"
	if a.Direction == caselog.In {
		letter = "M"
	}
	n := &Measure{
		MeasureMark: said, Stand: StandInForce, Recorded: true, Personal: personal,
		Born: f.r.Appended, Since: f.r.Appended, From: f.r.Appended,
	}
	n.State, n.MeasureID = "in_force", a.measureID(letter)
	if old != nil {
		n.AskID, n.Before, old.After = old.AskID, []string{old.MeasureID}, n.MeasureID
		if n.Amount == nil {
			n.Amount = old.Amount
		}
		if n.Kind == "" {
			n.Kind = "freezing_order"
		}
		if n.AuthorityKind == "" {
			n.AuthorityKind = "court"
		}
	}
	a.Measures = append(a.Measures, n)
	f.needsEnd(a, n)
}
