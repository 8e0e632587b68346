package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

// sights remember which alerts are about an account and which about a payment, in both
// directions and of all parties. Payments are known by the marks of their references.
// An instruction that only serves inbound alerts is no sight of its own.
type sights struct {
	mu       sync.RWMutex
	accounts map[string][]sight // by the subject of the key
	payments map[string][]sight // by mark
}

// sight is one alert that is about something.
type sight struct {
	key   caselog.Key
	alert string
}

func newSights() *sights {
	return &sights{accounts: map[string][]sight{}, payments: map[string][]sight{}}
}

// take notes an alert after an event that may have changed what it is about.
func (s *sights) take(r apply.Record, a *apply.Alert) {
	told := []caselog.Type{caselog.Hit, caselog.HitChanged, caselog.HitOverturned, caselog.Received}
	if a == nil || !slices.Contains(told, r.Type) || len(a.Parents) > 0 && len(a.Hits) == 0 {
		return
	}
	x := sight{r.Key, a.ID}
	_, _, subject := r.Key.Split()
	s.mu.Lock()
	defer s.mu.Unlock()
	note(s.accounts, subject, x)
	for _, i := range a.Items {
		for _, mark := range i.Refs {
			note(s.payments, mark, x)
		}
	}
}

func note(in map[string][]sight, at string, x sight) {
	if !slices.Contains(in[at], x) {
		in[at] = append(in[at], x)
	}
}

// maxMatches bounds what is told of one account; those that share a payment come first.
const maxMatches = 50

// matches lists the other alerts about the account or the payments of a.
func (s *sights) matches(key caselog.Key, a *apply.Alert) []caselog.Match {
	var out []caselog.Match
	self := sight{key, a.ID}
	add := func(x sight, item string) {
		i := slices.IndexFunc(out, func(m caselog.Match) bool { return m.Alert == x.alert && m.Key == x.key })
		if i < 0 && x != self && len(out) < maxMatches {
			out, i = append(out, caselog.Match{Alert: x.alert, Key: x.key}), len(out)
		}
		if i >= 0 && item != "" && !slices.Contains(out[i].Items, item) {
			out[i].Items = append(out[i].Items, item)
		}
	}
	_, _, subject := key.Split()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, i := range a.Items {
		for _, mark := range i.Refs {
			for _, x := range s.payments[mark] {
				add(x, i.ID)
			}
		}
	}
	for _, x := range s.accounts[subject] {
		add(x, "")
	}
	return out
}

// MatchView is another alert about the same account or the same payments. It is shown
// to our people only: nothing of it goes to a partner.
type MatchView struct {
	ID        string         `json:"alert_id"`
	Direction string         `json:"direction"`
	Party     string         `json:"party"`
	State     string         `json:"state"`
	Items     []string       `json:"items,omitempty"` // of this alert, which are payments there too
	Rules     []string       `json:"rules,omitempty"` // of our own hits
	Totals    []freeze.Total `json:"totals"`
	Held      []freeze.Money `json:"held,omitempty"`
	Opened    int64          `json:"opened"`
}

// matched shows the other alerts about the account and payments of a.
func (d *Desk) matched(key caselog.Key, a *apply.Alert) []MatchView {
	var out []MatchView
	for _, m := range d.fold.sights.matches(key, a) {
		d.fold.with(m.Key, func(s *apply.Subject) {
			if s == nil || s.Alert(m.Alert) == nil {
				return
			}
			v := view(s.Alert(m.Alert))
			x := MatchView{ID: v.ID, Direction: v.Direction, Party: v.Party, State: v.State, Items: m.Items, Rules: v.Rules, Totals: v.Totals, Opened: v.At.Opened}
			for _, sum := range v.Amounts {
				if !sum.Held.Zero() {
					x.Held = append(x.Held, freeze.Money{Amount: sum.Held, Currency: sum.Currency})
				}
			}
			out = append(out, x)
		})
	}
	return out
}

// weigh looks at what the log does not decide before an action is written: what our law
// wants of a measure, and which accounts are never suspended. It completes the action.
func (d *Desk) weigh(ctx context.Context, key caselog.Key, id string, action *Action) error {
	if err := nameTexts(key.Direction(), action); err != nil {
		return err
	}
	if key.Direction() != caselog.In && action.Do == apply.ActReroute {
		return d.routable(key, id, action.About)
	}
	if key.Direction() != caselog.In {
		return d.weighAnswer(key, action)
	}
	switch action.Do {
	case apply.ActLift, apply.ActExtend:
		return refusal(action)
	case apply.ActDuplicate:
		if _, full, err := d.locate(action.About); err == nil {
			action.About = full
		}
	case apply.ActAuthorise, apply.ActEmergency:
		return d.weighMeasure(ctx, key, id, action)
	}
	return nil
}

// refusal holds the code of a decision about a partner's wish against those there are:
// without a code the wish is granted, with one it is refused.
func refusal(action *Action) error {
	codes := freeze.RefusalCodes()
	switch {
	case action.Code == "" || slices.Contains(codes, action.Code) && (action.About != "" || action.Do != apply.ActLift):
		return nil
	case action.About == "":
		return fmt.Errorf("%w: code: it refuses a partner's wish about a measure: about names that one; without both all that is held is let go", ErrRefused)
	}
	return fmt.Errorf("%w: code: %q: a code refuses the partner's wish: want one of %s; without a code it is granted", ErrRefused, action.Code, strings.Join(codes, ", "))
}

// weighAnswer checks what a partner is to be told against the agreement with it.
func (d *Desk) weighAnswer(key caselog.Key, action *Action) error {
	party := d.opt.Book.Party(key.Party())
	if action.Do != apply.ActInfo || party == nil {
		return nil
	}
	agreed, err := party.Profile()
	if err != nil {
		return fmt.Errorf("read the agreement with %s: %w", party.ID, err)
	}
	for field := range action.Texts {
		if agreed.Answers(field) == profile.No {
			return fmt.Errorf("%w: the agreement with %s does not let %s be told", ErrRefused, party.ID, field)
		}
	}
	return nil
}

// weighMeasure checks a measure of our own law against the request.
func (d *Desk) weighMeasure(ctx context.Context, key caselog.Key, id string, action *Action) error {
	copied, err := d.copied(key, id)
	if err != nil {
		return err
	}
	r, _, err := d.maker.Asked(ctx, copied)
	if errors.Is(err, caselog.ErrErased) {
		return fmt.Errorf("%w: personal data of it has been erased", ErrRefused)
	}
	if err != nil {
		return err
	}
	asked := func(kind string) bool {
		return (action.About == "" || action.About == kind) && slices.ContainsFunc(r.Asks, func(k freeze.Ask) bool { return k.Kind == kind })
	}
	if action.About != "" && !asked(action.About) {
		return fmt.Errorf("%w: about: %q is not asked for", ErrRefused, action.About)
	}
	suspends := asked("suspend_account")
	if why, guarded := d.opt.Book.Guarded(r.Subject); guarded && suspends {
		return fmt.Errorf("%w: a %s is never suspended: authorise hold_amount about it, ask for the sub_account (ask_info, code pooled_account), or refuse", ErrRefused, why)
	}
	for _, tick := range ticks(r.Legal.Regime, suspends) {
		if !written(copied, action, tick) {
			return fmt.Errorf("%w: text %s is needed under %s", ErrRefused, tick, r.Legal.Regime)
		}
	}
	return nil
}

// written reports whether the officer gives a text, or approves what another one wrote
// who gave it.
func written(a *apply.Alert, action *Action, text string) bool {
	if len(action.Texts) > 0 {
		return action.Texts[text] != ""
	}
	return slices.ContainsFunc(a.Approvals, func(p apply.Approval) bool { return p.Act == action.Do && slices.Contains(p.Fields, text) })
}

// ticks lists the texts that a measure takes.
func ticks(regime string, suspends bool) []string {
	var out []string
	if regime == "cets198" {
		out = append(out, apply.TickA, apply.TickB)
	}
	if suspends {
		out = append(out, apply.Proportionality)
	}
	return out
}
