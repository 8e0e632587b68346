package draft

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// measureDrafts makes the messages about measures: what we ask of a partner, and our
// last outcome once more. It reports whether the effect is one of them.
func (d *Maker) measureDrafts(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) (out []Draft, mine bool, err error) {
	switch e.Kind {
	case apply.Extend:
		out, err = d.extension(ctx, s, e, party)
	case apply.LiftMeasure:
		out, err = d.liftRequest(s, e, party)
	case apply.ChaseUp:
		head := d.asking(e.Alert, party, freeze.TypeStatusRequest)
		out, err = d.about(s, e, party, &freeze.StatusRequest{Envelope: head, About: e.About}, nil)
	case apply.Restate:
		out, err = d.restated(ctx, s, e, party)
	default:
		return nil, false, nil
	}
	return out, true, err
}

// asking makes the envelope of a message to a responder, about our request.
func (d *Maker) asking(a *apply.Alert, party *policy.Party, t freeze.Type) freeze.Envelope {
	f := policy.Facts{AlertID: a.ID, CaseID: a.CaseID, Sequence: a.NextSequence(), Environment: d.Environment, Now: d.Now()}
	head := d.Book.Envelope(party, f, t, freeze.RequesterID(a.ID, f.Sequence))
	head.RecipientRef = a.PartnerRef
	if r := a.Request(); r != nil {
		head.InReplyTo = r.ID
	}
	return head
}

// about freezes a message about the thing that the effect is about.
func (d *Maker) about(s *apply.Subject, e apply.Effect, party *policy.Party, m freeze.Message, by []string) ([]Draft, error) {
	profile, err := policy.ProfileOf(party.Policy.Profile)
	if err != nil {
		return nil, err
	}
	body, err := profile.Filter(m)
	if err != nil {
		return nil, err
	}
	q := d.queue(e.Alert, m, body)
	q.About = e.About
	if len(by) > 0 {
		q.Approval = &caselog.ApprovalData{Mode: mode(len(by)), ContentDigest: freeze.DigestOf(body).Value, By: by}
	}
	return []Draft{frozen(s.Key, e.Alert, q, body)}, nil
}

// asked returns the measure that an effect is about, and what people want of it.
func asked(e apply.Effect, do string) (*apply.Measure, *apply.MeasureAsk, error) {
	m := e.Alert.Measure(e.About)
	if m == nil {
		return nil, nil, fmt.Errorf("no measure %s", e.About)
	}
	i := slices.IndexFunc(m.Asked, func(x *apply.MeasureAsk) bool { return x.Do == do && x.Message == "" })
	if i < 0 {
		return nil, nil, fmt.Errorf("nothing is asked about measure %s", e.About)
	}
	return m, m.Asked[i], nil
}

// extension makes the request that a measure lasts longer, with the officers'
// justification.
func (d *Maker) extension(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	m, x, err := asked(e, apply.ActExtend)
	if err != nil {
		return nil, err
	}
	var texts caselog.OfficerPersonal
	if err := d.Open(ctx, x.Personal, &texts); err != nil {
		return nil, err
	}
	why := texts.Texts["justification"]
	if why == "" {
		return nil, &policy.Gate{Field: "justification", Text: "why should it last longer? propose the extension anew"}
	}
	head := d.asking(e.Alert, party, freeze.TypeExtensionRequest)
	return d.about(s, e, party, &freeze.ExtensionRequest{Envelope: head, MeasureID: m.MeasureID, Until: *x.Until, Justification: why}, x.By)
}

func (d *Maker) liftRequest(s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	m, x, err := asked(e, apply.ActLift)
	if err != nil {
		return nil, err
	}
	head := d.asking(e.Alert, party, freeze.TypeLiftRequest)
	return d.about(s, e, party, &freeze.LiftRequest{Envelope: head, MeasureID: m.MeasureID, Amount: x.Amount, Reason: x.Reason}, x.By)
}

// restated says our last outcome once more, in answer to a message: the same words
// under a new sequence.
func (d *Maker) restated(ctx context.Context, s *apply.Subject, e apply.Effect, party *policy.Party) ([]Draft, error) {
	a, last := e.Alert, e.Alert.LastOutcome()
	if last == nil {
		return nil, fmt.Errorf("no outcome to say again")
	}
	var personal caselog.BodyPersonal
	if err := d.Open(ctx, last.Personal, &personal); err != nil {
		return nil, err
	}
	m, err := freeze.Parse([]byte(personal.Body))
	if err != nil {
		return nil, err
	}
	o, ok := m.(*freeze.Outcome)
	if !ok {
		return nil, fmt.Errorf("message %s is no outcome", last.ID)
	}
	o.Sequence, o.CreatedAt, o.InReplyTo = a.NextSequence(), freeze.At(d.Now()), e.About
	o.MessageID = freeze.ResponderID(a.ID, o.Sequence)
	out, err := d.about(s, e, party, o, nil)
	if err != nil {
		return nil, err
	}
	r, _, err := d.Asked(ctx, a)
	if err != nil {
		return nil, err
	}
	mark := intake.OutcomeMark(d.Root, o, r.Subject.Servicer)
	if q, ok := out[0].Data.(*caselog.QueuedData); ok {
		q.Outcome = &mark
	}
	return out, nil
}

// measuresOf puts the measures into our outcome: what the bank says, under ids of ours,
// and what our officers recorded, which goes before it.
func (d *Maker) measuresOf(ctx context.Context, o *freeze.Outcome, a *apply.Alert, r *freeze.Request, bank []freeze.Measure) error {
	for i, said := range bank {
		known := a.Sourced(said.MeasureID)
		said.MeasureID, said.AskID = fmt.Sprintf("%s-M%02d", a.ID, i+1), askOf(r)
		if said.Amount != nil && len(bank) == 1 {
			theirs(&said, o.Funds)
		}
		if known != nil {
			said.MeasureID = known.MeasureID
			if err := d.overlay(ctx, &said, known); err != nil {
				return err
			}
		}
		said.Account = accountOf(r)
		o.Measures = append(o.Measures, said)
	}
	for _, m := range a.Measures {
		if m.Source != "" {
			continue
		}
		said := freeze.Measure{
			MeasureID: m.MeasureID, AskID: theirAsk(r, m.AskID), Kind: m.Kind, Account: accountOf(r), InForceAt: m.InForceAt,
			Authority: freeze.Authority{Name: d.Book.Self.Name, Kind: m.AuthorityKind}, LegalBasis: or(a.Basis, "order"), Convert: freeze.Convert{Need: "none"},
		}
		if err := d.overlay(ctx, &said, m); err != nil {
			return err
		}
		o.Measures = append(o.Measures, said)
	}
	concluded(o, a)
	return nil
}

// theirAsk returns the ask of the partner that a measure answers. A measure that took
// the place of the bank's knows that of our instruction, which is not theirs to know.
func theirAsk(r *freeze.Request, id string) string {
	if slices.ContainsFunc(r.Asks, func(k freeze.Ask) bool { return k.AskID == id }) {
		return id
	}
	return askOf(r)
}

// theirs makes of the bank's only measure what it is to the partner: it may serve others
// too, and of what those hold the partner hears nothing.
func theirs(m *freeze.Measure, funds []freeze.Fund) {
	switch sum := held(funds); {
	case len(sum) == 1:
		m.Amount = &sum[0]
	case len(sum) == 0 && len(funds) > 0 && holding(m.State):
		none := freeze.Money{Amount: freeze.Dec("0"), Currency: m.Amount.Currency}
		m.State, m.Amount = "lifted", &none
	}
}

func accountOf(r *freeze.Request) freeze.Account {
	account := r.Subject.Account
	account.Name = ""
	return account
}

// overlay puts what our officers and our clock say of a measure over what the bank
// says.
func (d *Maker) overlay(ctx context.Context, said *freeze.Measure, m *apply.Measure) error {
	if !m.Live() {
		said.State = string(m.Stand)
	}
	if !m.Recorded {
		return nil
	}
	if m.Live() {
		said.State = m.State
	}
	said.Amount, said.ExpiresAt = m.Amount, m.ExpiresAt
	said.Extendable, said.ExtendBy, said.EndsIfSilent = m.Extendable, m.ExtendBy, m.EndsIfSilent
	if m.Personal == "" {
		return nil
	}
	var personal caselog.OfficerPersonal
	if err := d.Open(ctx, m.Personal, &personal); err != nil {
		return err
	}
	said.Authority.Name = or(personal.Texts["authority"], said.Authority.Name)
	said.LegalBasis = or(personal.Texts["legal_basis"], said.LegalBasis)
	return nil
}

// concluded makes the outcome later than what was told before, and the last one if no
// measure of ours stands any more: then nobody accounts for what was held.
func concluded(o *freeze.Outcome, a *apply.Alert) {
	for _, at := range []int64{a.Changed, a.Told} {
		if at > o.AsOf.UnixMilli() {
			o.AsOf = freeze.At(time.UnixMilli(at))
		}
	}
	if a.Changed == 0 || slices.ContainsFunc(a.Measures, func(m *apply.Measure) bool { return m.Standing() }) {
		return
	}
	o.Final, o.Funds = true, freeze.Lifted(o.Funds)
	o.Amounts = freeze.AmountsOf(o.Funds)
}

func holding(state string) bool {
	return state == "in_force" || state == "extended" || state == "converted"
}

// ordered reports whether a measure stands on an order that our officers recorded: it
// ends by another one.
func ordered(m *apply.Measure) bool {
	return m != nil && m.Recorded && m.Standing()
}

// until is how long the bank is to hold, where people have decided about that.
func until(a *apply.Alert) *freeze.Time {
	if a.Terms == nil {
		return nil
	}
	return a.Terms.Until
}

func revision(a *apply.Alert) int {
	if a.Terms == nil {
		return 0
	}
	return a.Terms.Revision
}

// endOf returns the end of a measure that a timer announces, or nil.
func endOf(t apply.Timer) *freeze.Time {
	if t.End == 0 {
		return nil
	}
	end := freeze.At(time.UnixMilli(t.End))
	return &end
}
