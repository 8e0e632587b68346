package ledger

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/calendar"
)

// seen is what an alert was before an event, of all that is written again only when it
// changes: what else stands in an alert is told by the event itself.
type seen struct {
	measures, hops, legs, consents map[string]string // by id, as JSON
	items                          []*apply.Item
	tasks                          []string // taskMark of each
	told                           []bool   // which messages of ours the party has
	voided                         int
	hop                            string // the only hop that the event may change; "" = any
}

// look notes what the alerts of a subject are before r.
func look(s *apply.Subject, r apply.Record) map[*apply.Alert]seen {
	if s == nil {
		return nil
	}
	out := make(map[*apply.Alert]seen, len(s.Alerts))
	only := aboutHop(r)
	for _, a := range s.Alerts {
		v := seen{
			hop: only, measures: marks(a.Measures, measureID), hops: marks(hops(a, only), hopID), legs: marks(a.Legs, legItem), consents: marks(a.Consents, consentMessage),
			voided: len(a.Voided),
		}
		if changesPayments(r.Type) {
			v.items = slices.Clone(a.Items)
		}
		for _, t := range a.Tasks {
			v.tasks = append(v.tasks, taskMark(t))
		}
		for _, m := range a.Messages {
			v.told = append(v.told, known(m) != "")
		}
		out[a] = v
	}
	return out
}

// aboutHop returns the hop that an event is about and leaves the others as they are, or
// "". A trail of hundreds of hops is followed with as many events.
func aboutHop(r apply.Record) string {
	switch r.Type {
	case caselog.TrailFollowed:
		var d caselog.FollowedData
		if err := r.Into(&d); err == nil && d.AlertID != "" {
			return d.Mark.ItemID
		}
	case caselog.ConsentGiven, caselog.ConsentRefused:
		var d caselog.ConsentData
		if err := r.Into(&d); err == nil && d.AlertID != "" {
			return d.ItemID
		}
	}
	return ""
}

// hops returns those of an alert that an event about one of them, or about any, may
// change.
func hops(a *apply.Alert, only string) []*apply.Hop {
	if only == "" {
		return a.Trail
	}
	if h := a.Hop(only); h != nil {
		return []*apply.Hop{h}
	}
	return nil
}

func measureID(m *apply.Measure) string      { return m.MeasureID }
func hopID(h *apply.Hop) string              { return h.ItemID }
func legItem(l *apply.Leg) string            { return l.Item }
func consentMessage(c *apply.Consent) string { return c.Message }

func marks[T any](list []*T, id func(*T) string) map[string]string {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, v := range list {
		out[id(v)] = mark(v)
	}
	return out
}

func mark(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// changed returns the elements that are not as they were.
func changed[T any](list []*T, id func(*T) string, before map[string]string) []*T {
	var out []*T
	for _, v := range list {
		if old, known := before[id(v)]; !known || old != mark(v) {
			out = append(out, v)
		}
	}
	return out
}

// standings makes the rows of what the event changed of the alerts, whichever of them
// it was about.
func (x *step) standings(s *apply.Subject, before map[*apply.Alert]seen) {
	for _, a := range s.Alerts {
		y, was := *x, before[a]
		y.a = a
		y.gone(was.items)
		for _, m := range changed(a.Measures, measureID, was.measures) {
			x.rows.Measures = append(x.rows.Measures, y.measure(m))
		}
		for _, h := range changed(hops(a, was.hop), hopID, was.hops) {
			x.rows.Trail = append(x.rows.Trail, y.hop(h))
		}
		for _, c := range changed(a.Consents, consentMessage, was.consents) {
			x.rows.Consents = append(x.rows.Consents, y.consent(c))
		}
		y.legs(was.legs)
		y.tasks(was.tasks)
		y.disclosures(was.told)
		y.voided(was.voided)
	}
}

func (x *step) measure(m *apply.Measure) caselog.MeasureRow {
	row := caselog.MeasureRow{
		MeasureID: m.MeasureID, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, AskID: m.AskID, Kind: m.Kind, State: m.State,
		Stand: string(m.Stand), Ending: m.Ending, Standing: m.Standing(), Recorded: m.Recorded, Amount: money(m.Amount), AuthorityKind: m.AuthorityKind,
		InForceAt: m.InForceAt.UnixMilli(), ExpiresAt: millis(m.ExpiresAt), Extendable: m.Extendable, ExtendBy: millis(m.ExtendBy),
		ConvertNeed: m.ConvertNeed, ConvertBy: millis(m.ConvertBy), EndsIfSilent: m.EndsIfSilent, Before: m.Before, After: m.After,
		BornAt: m.Born, SinceAt: m.Since, Version: version(x.r),
	}
	for _, q := range m.Asked {
		row.Asked = append(row.Asked, q.Do)
	}
	if x.a.Outcome != nil {
		row.AsOf = x.a.Outcome.AsOf.UnixMilli()
	}
	if m.Standing() && m.ExpiresAt != nil {
		row.WorkingDays = workingDays(x.days(), m.InForceAt.Time, m.ExpiresAt.Time)
	}
	if said := x.said(m); said != nil {
		row.Authority, row.LegalBasis, row.AccountScheme, row.AccountID = said.Authority.Name, said.LegalBasis, said.Account.Scheme, said.Account.ID
	}
	return row
}

// days returns the working days that a measure of the alert lasts by: those of whoever
// took it.
func (x *step) days() *calendar.Calendar {
	if p := x.Book.Party(x.a.Party); p != nil && x.a.Direction == caselog.Out {
		return x.Book.Calendar(p.Country)
	}
	return x.Book.Calendar(x.Book.Self.Country)
}

// farthest bounds the list of working days: two years have some 500.
const farthest = 800 * 24 * time.Hour

// workingDays lists the beginnings of the working days after the day of from, up to and
// with the day of end, in Unix ms. Counting those that are still to come says how many
// working days are left (calendar.Between).
func workingDays(c *calendar.Calendar, from, end time.Time) []int64 {
	if end.Sub(from) > farthest {
		end = from.Add(farthest)
	}
	from, end = from.In(c.Zone()), end.In(c.Zone())
	var out []int64
	for n := 1; ; n++ {
		day := time.Date(from.Year(), from.Month(), from.Day()+n, 0, 0, 0, 0, c.Zone())
		if day.After(end) {
			return out
		}
		if c.Working(day) {
			out = append(out, day.UnixMilli())
		}
	}
}

// said returns what the latest message that names a measure says of it, or nil: the
// partner's outcome, the bank's, or our own.
func (x *step) said(m *apply.Measure) *freeze.Measure {
	bodies := []string{x.a.Sealed(x.a.OutcomeID)}
	for _, in := range slices.Backward(x.a.Inbox) {
		if in.Type == freeze.TypeOutcome {
			bodies = append(bodies, in.Personal)
		}
	}
	for _, out := range slices.Backward(x.a.Messages) {
		if out.Type == freeze.TypeOutcome {
			bodies = append(bodies, out.Personal)
		}
	}
	for _, body := range bodies {
		o := x.opens(body)
		if o == nil {
			continue
		}
		for i := range o.Measures {
			if id := o.Measures[i].MeasureID; id == m.MeasureID || id == m.Source {
				return &o.Measures[i]
			}
		}
	}
	return nil
}

// keptOutcomes bounds the outcomes that are kept open, of half a megabyte each.
const keptOutcomes = 4

// opens returns a sealed outcome, or nil when it is erased.
func (x *step) opens(personal string) *freeze.Outcome {
	if personal == "" {
		return nil
	}
	if o, known := x.outcomes[personal]; known {
		return o
	}
	var o *freeze.Outcome
	if m, err := freeze.Parse([]byte(x.body(personal))); err == nil {
		o, _ = m.(*freeze.Outcome)
	}
	if x.outcomes == nil || len(x.outcomes) >= keptOutcomes {
		x.outcomes = map[string]*freeze.Outcome{}
	}
	x.outcomes[personal] = o
	return o
}

func (x *step) hop(h *apply.Hop) caselog.TrailRow {
	row := caselog.TrailRow{
		ItemID: h.ItemID, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, OutcomeID: h.Outcome, ParentItems: h.ParentItems,
		Hop: x.a.Number(h), Money: money(&h.Money), Credited: money(h.Credited), Country: h.Country, HandledBy: h.HandledBy, OnwardUse: h.OnwardUse,
		Consent: consent(h), ToParty: h.To, ChildAlert: h.Child, Gone: h.Gone, Version: version(x.r),
	}
	o := x.opens(x.a.Sealed(h.Outcome))
	if o == nil || h.Index >= len(o.Trail) || o.Trail[h.Index].ItemID != h.ItemID {
		return row
	}
	told := o.Trail[h.Index]
	row.ExecutedAt, row.AccountScheme, row.AccountID = told.ExecutedAt.UnixMilli(), told.To.Account.Scheme, told.To.Account.ID
	row.SubAccount, row.ServicerBIC = told.To.Account.SubAccount, told.To.Servicer.BIC
	return row
}

// consent says how far the question stands whether a hop may be passed on.
func consent(h *apply.Hop) string {
	if h.Consent == caselog.ConsentNeeded && h.Asked != "" {
		return "asked"
	}
	return h.Consent
}

func (x *step) consent(c *apply.Consent) caselog.ConsentRow {
	row := caselog.ConsentRow{
		MessageID: c.Message, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, Facts: c.Facts, To: c.To,
		AskedAt: c.At, AnswerID: c.Answer, Granted: c.Code, AnsweredBy: c.By, Version: version(x.r),
	}
	if in := x.a.Inbound(c.Answer); in != nil {
		row.AnsweredAt = in.At
	}
	if out := x.a.Message(c.Answer); out != nil {
		row.AnsweredAt = out.Queued
	}
	return row
}

// legs makes the rows of recalls, and of those that are asked for no more.
func (x *step) legs(before map[string]string) {
	row := func(l *apply.Leg) caselog.RecallRow {
		row := caselog.RecallRow{
			AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, ItemID: l.Item, Instruction: len(x.a.Parents) > 0, State: l.State, Why: l.Why,
			Bank: l.Bank, ChildAlert: l.Child, Camt056ID: l.Camt056ID, ReasonISO: l.Reason, Codes: l.Codes, AskedAt: l.Asked, InitiatedAt: l.Initiated,
			AnsweredAt: l.Answered, ChasedAt: l.Dunned, Amount: money(l.Amount), Returned: money(l.Returned), Costs: money(l.Costs), Differs: l.Differs,
			NextAgent: l.Next, Version: version(x.r),
		}
		for _, i := range x.a.Items {
			if i.ID == l.Item {
				row.PaymentKey = i.Key
			}
		}
		return row
	}
	for _, l := range changed(x.a.Legs, legItem, before) {
		x.rows.Recalls = append(x.rows.Recalls, row(l))
	}
	for item := range before {
		if !slices.ContainsFunc(x.a.Legs, func(l *apply.Leg) bool { return l.Item == item }) {
			x.rows.Recalls = append(x.rows.Recalls, row(&apply.Leg{Item: item, State: "dropped"}))
		}
	}
}

// taskMark tells what of a task changes.
func taskMark(t apply.Task) string { return t.Done + "|" + strings.Join(t.Why, "|") }

// tasks makes the rows of tasks that were opened or done. They name no one but our
// people.
func (x *step) tasks(before []string) {
	for i, t := range x.a.Tasks {
		if i < len(before) && before[i] == taskMark(t) {
			continue
		}
		row := caselog.TaskRow{
			TaskID: t.ID, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, Kind: t.Kind, About: t.About, Why: t.Why,
			Least: string(t.For), OpenedAt: t.At, DoneBy: t.Done, Version: version(x.r),
		}
		if row.Least == "" {
			row.Least = string(caselog.RoleOfficer)
		}
		if t.Done != "" {
			row.DoneAt = x.r.Appended
		}
		x.rows.Tasks = append(x.rows.Tasks, row)
	}
}

// erased makes all rows of a subject anew whose personal data is destroyed: nothing can
// be opened any more.
func (x *step) erased(s *apply.Subject, before map[*apply.Alert]seen) {
	if x.r.Type != caselog.Erased {
		return
	}
	x.outcomes = nil // nothing is known of them any more
	row := caselog.ErasedRow{Key: string(s.Key), Version: version(x.r)}
	for _, a := range s.Alerts {
		row.Alerts = append(row.Alerts, a.ID)
		x.touched[a], x.paid[a] = s, x.r
		was := before[a]
		was.measures, was.hops = nil, nil
		before[a] = was
	}
	x.rows.Erased = append(x.rows.Erased, row)
}
