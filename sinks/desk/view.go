package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// View is an alert as lists show it, without personal data. Times are Unix ms.
type View struct {
	ID          string           `json:"alert_id"`
	Direction   string           `json:"direction"`
	Party       string           `json:"party"`
	Episode     uint32           `json:"episode"`
	CaseID      string           `json:"case_id,omitempty"`
	State       string           `json:"state"`
	Ending      string           `json:"ending,omitempty"`
	Blocked     string           `json:"blocked,omitempty"`
	BlockedWhy  string           `json:"blocked_why,omitempty"` // and what to do about it
	MovedTo     string           `json:"moved_to,omitempty"`    // of a rerouted alert
	Unrecalled  []Unrecalled     `json:"unrecalled,omitempty"`  // payments that no bank of ours was asked to recall
	Severity    string           `json:"severity,omitempty"`
	Asks        []string         `json:"asks"`
	Rules       []string         `json:"rules,omitempty"`
	Hits        int              `json:"hits"`
	Payments    int              `json:"payments"`
	Totals      []freeze.Total   `json:"totals"`
	Provisional bool             `json:"provisional"`
	Automatic   bool             `json:"automatic"`
	Confirmed   bool             `json:"confirmed"`
	ConfirmBy   int64            `json:"confirm_by,omitempty"`
	Decision    string           `json:"decision,omitempty"`
	Amounts     []freeze.Amounts `json:"amounts,omitempty"`
	PartnerRef  string           `json:"partner_ref,omitempty"`
	Tasks       []apply.Task     `json:"tasks,omitempty"`
	Approvals   []apply.Approval `json:"approvals,omitempty"`
	// Countersign is what some have approved and others have still to.
	Countersign []apply.Countersign `json:"countersign,omitempty"`
	// Underway is, in the answer to an act, what follows from it and is not done yet:
	// sending or preparing.
	Underway string `json:"underway,omitempty"`
	// Content is the digest of what an approval is given to; in lists it is empty until
	// somebody has approved. Needs is how many officers it takes, 0 = nothing is asked.
	Content   string          `json:"content"`
	Needs     int             `json:"needs,omitempty"`
	Editors   []string        `json:"editors,omitempty"`   // who may not approve what they wrote
	Emergency string          `json:"emergency,omitempty"` // on whose word alone it went out
	Exceeded  *apply.Exceeded `json:"exceeded,omitempty"`  // why it takes one officer more
	Voided    []apply.Voided  `json:"voided,omitempty"`    // approvals that no longer count
	// Waiting are onward movements that officers decide about, all at once (follow), and
	// Overflow is the budget for want of which they wait.
	Waiting  int             `json:"waiting_hops,omitempty"`
	Overflow *apply.Exceeded `json:"overflow,omitempty"`
	Golden   int64           `json:"golden_until,omitempty"` // 72 h after the first payment (T10)
	At       apply.Times     `json:"at"`
}

// Unrecalled is a payment that is to be recalled and cannot be, and why.
type Unrecalled struct {
	Item string `json:"item_id"`
	Why  string `json:"why"`
}

// Detail is an alert with what it is about. It holds personal data.
type Detail struct {
	View
	Whole
	Subject  *freeze.Subject  `json:"subject,omitempty"`
	Items    []freeze.Payment `json:"items,omitempty"`
	Request  *RequestView     `json:"request,omitempty"` // of an inbound alert
	Messages []MessageView    `json:"messages"`
	Inbox    []MessageView    `json:"inbox"`
	// Recorded are words of the partner that an officer typed in and another has still
	// to confirm.
	Recorded []WordView           `json:"recorded,omitempty"`
	Outcome  *caselog.OutcomeMark `json:"outcome,omitempty"`
	// Matches are our other alerts about the same account or payments; Infos what
	// somebody needs to know, Hold a measure that one person ordered, Praise feedback.
	Matches []MatchView   `json:"matches,omitempty"`
	Infos   []*apply.Info `json:"infos,omitempty"`
	Hold    *apply.Hold   `json:"hold,omitempty"`
	Praise  *apply.Praise `json:"feedback,omitempty"`
	Notes   []NoteView    `json:"notes,omitempty"`
}

// ErrNoAlert says that there is no such alert.
var ErrNoAlert = errors.New("no such alert")

func view(a *apply.Alert) View {
	v := View{
		ID: a.ID, Direction: a.Direction, Party: a.Party, Episode: a.Episode, CaseID: a.CaseID, State: string(a.State), Ending: a.Ending,
		Blocked: a.Blocked, BlockedWhy: advice(a), MovedTo: a.MovedTo, Severity: a.Severity, Asks: append([]string{}, a.Asks...), Hits: a.Standing(), Payments: len(a.Items), Totals: a.Totals(),
		Provisional: a.Provisional, Automatic: a.Automatic, Confirmed: a.Confirmed, ConfirmBy: a.ConfirmBy, PartnerRef: a.PartnerRef,
		Tasks: slices.Clone(a.Tasks), Approvals: slices.Clone(a.Approvals), Countersign: a.Countersigns(), At: a.At,
	}
	v.asked(a)
	for _, l := range a.Legs {
		if l.Why != "" {
			v.Unrecalled = append(v.Unrecalled, Unrecalled{Item: l.Item, Why: l.Why})
		}
	}
	for _, h := range a.Hits {
		if !slices.Contains(v.Rules, h.Rule) {
			v.Rules = append(v.Rules, h.Rule)
		}
	}
	if a.Outcome != nil {
		v.Decision, v.Amounts = a.Outcome.Decision, summed(a.Outcome)
	}
	return v
}

// summed returns the sums of the funds, whatever the partner says that they are: only
// where there are no funds its word stands for them.
func summed(o *caselog.OutcomeMark) []freeze.Amounts {
	if len(o.Funds) == 0 {
		return o.Amounts
	}
	return freeze.AmountsOf(o.Funds)
}

// advice says why an alert cannot go out and what people can do about it.
func advice(a *apply.Alert) string {
	const again = "; after a restart with that the alert goes on by itself"
	switch a.Blocked {
	case "":
		return ""
	case "route":
		return "nobody can be asked about this account: the config has no partner of its country whose agreement covers what is asked, and no bank of ours that keeps it; add one" + again
	case "amount":
		return "no report tells the amount of a payment: one that does opens an alert at the party; then reject this one"
	case "erased":
		return "personal data of it has been erased: nothing can be sent any more; reject it"
	}
	return strings.TrimPrefix(a.BlockedWhy+"; ", "; ") + "add it to the agreement with " + a.Party + " (policy), or have the report say it" + again
}

// Show returns one alert with its subject, payments and messages.
func (d *Desk) Show(ctx context.Context, id string) (*Detail, error) {
	key, full, err := d.locate(id)
	if err != nil {
		return nil, err
	}
	copied, err := d.copied(key, full)
	if err != nil {
		return nil, err
	}
	out, err := d.detail(ctx, copied)
	if err == nil {
		out.Matches = d.matched(key, copied)
	}
	return out, err
}

// copied returns an alert as it is now, to be read without the lock of its subject.
func (d *Desk) copied(key caselog.Key, id string) (*apply.Alert, error) {
	var out *apply.Alert
	d.fold.with(key, func(s *apply.Subject) { out = clone(s.Alert(id)) })
	if out == nil {
		return nil, fmt.Errorf("%w: %q", ErrNoAlert, id)
	}
	return out, nil
}

func (d *Desk) detail(ctx context.Context, a *apply.Alert) (*Detail, error) {
	out := &Detail{View: view(a), Messages: []MessageView{}, Inbox: []MessageView{}, Outcome: a.Outcome, Infos: a.Infos, Hold: a.Hold, Praise: a.Praise}
	if a.Direction == caselog.Out {
		f, err := d.maker.Facts(ctx, a)
		if err != nil && !errors.Is(err, caselog.ErrErased) {
			return nil, err
		}
		out.Subject, out.Items = &f.Subject, f.Payments
	} else if r, _, err := d.maker.Asked(ctx, a); err == nil {
		out.Subject, out.Items, out.Request = &r.Subject, r.Payments, requestView(r)
	}
	out.Whole, out.Notes, out.Content = d.whole(ctx, a), d.notes(ctx, a), d.content(ctx, a)
	d.messages(ctx, a, out)
	if a.Outcome != nil { // a is a copy
		a.Outcome.Amounts = summed(a.Outcome)
	}
	return out, nil
}

// body opens a sealed body; one that is gone reads so.
func (d *Desk) body(ctx context.Context, personal string) string {
	var body caselog.BodyPersonal
	if err := d.open(ctx, personal, &body); err != nil {
		return "(" + err.Error() + ")"
	}
	return body.Body
}
