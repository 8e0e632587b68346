package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// bounded says what an edit asks for that it may not: an offence that is not on the
// list, or more of a payment than the reports know of. Zero takes a payment out.
func (d *Desk) bounded(ctx context.Context, key caselog.Key, id string, action Action) error {
	if o := action.Offence; o != "" && !slices.Contains(code.Offences(), o) {
		return fmt.Errorf("%w: offence: %q: want one of %s", ErrRefused, o, strings.Join(code.Offences(), ", "))
	}
	if err := d.covered(key, action); err != nil {
		return err
	}
	if len(action.Amounts) == 0 {
		return nil
	}
	a, err := d.copied(key, id)
	if err != nil {
		return err
	}
	a.Items = slices.Concat(a.Items, a.TakenOut)
	f, err := d.maker.Facts(ctx, a)
	if errors.Is(err, caselog.ErrErased) {
		return fmt.Errorf("%w: personal data of it has been erased", ErrRefused)
	}
	if err != nil {
		return err
	}
	for _, item := range slices.Sorted(maps.Keys(action.Amounts)) {
		n := slices.IndexFunc(f.Payments, func(p freeze.Payment) bool { return p.ItemID == item })
		if n < 0 {
			continue // the log says that there is none
		}
		if err := within(a.Items, f.Payments[n], action.Amounts[item]); err != nil {
			return err
		}
	}
	return nil
}

// covered says which text is too long for the message, or which ask the agreement with
// the party does not cover.
func (d *Desk) covered(key caselog.Key, action Action) error {
	paths := map[string]string{"sub_account": "subject.account.sub_account", "complaint_ref": "payments.complaint_ref"}
	for _, name := range slices.Sorted(maps.Keys(action.Texts)) {
		most := freeze.MaxText(cmp.Or(paths[name], name))
		if n := utf8.RuneCountInString(action.Texts[name]); most > 0 && n > most {
			return fmt.Errorf("%w: text %s: %d characters: want at most %d", ErrRefused, name, n, most)
		}
	}
	party := d.opt.Book.Party(key.Party())
	if party == nil {
		return nil
	}
	agreed, err := party.Profile()
	if err != nil {
		return fmt.Errorf("read the agreement with %s: %w", party.ID, err)
	}
	for _, ask := range action.Asks {
		if kind := strings.TrimPrefix(ask, "+"); !strings.HasPrefix(kind, "-") && !party.Allows(kind) {
			return fmt.Errorf("%w: asks: %q: the agreement with %s (%s) covers %s", ErrRefused, kind, party.ID, agreed.Name, strings.Join(party.Allowed(agreed.Asks), ", "))
		}
	}
	return nil
}

// within holds an amount against what the reports know of a payment.
func within(items []*apply.Item, p freeze.Payment, amount freeze.Money) error {
	most := ceiling(items, p)
	switch {
	case amount.Currency != most.Currency:
		return fmt.Errorf("%w: amounts.%s: %s %s: want %s, the currency of the payment", ErrRefused, p.ItemID, amount.Amount, amount.Currency, most.Currency)
	case amount.Amount.Cmp(most.Amount) > 0:
		return fmt.Errorf("%w: amounts.%s: %s %s: want more than 0 and at most %s %s, or 0 to take it out", ErrRefused, p.ItemID, amount.Amount, amount.Currency, most.Amount, most.Currency)
	}
	return nil
}

// ceiling is the most that can be disputed of a payment: what was credited, else
// settled, else instructed, in its currency; and never less than what was reported as
// disputed.
func ceiling(items []*apply.Item, p freeze.Payment) freeze.Money {
	most := p.Disputed
	for _, i := range items {
		if i.ID == p.ItemID && i.Reported != nil {
			most = *i.Reported
		}
	}
	for _, sum := range []*freeze.Money{p.Credited, p.Settled, p.Instructed} {
		if sum == nil || sum.Currency != most.Currency {
			continue
		}
		if sum.Amount.Cmp(most.Amount) > 0 {
			most = *sum
		}
		break
	}
	return most
}

// routable says why the alert cannot be sent to the party that an officer names, and to
// which it can be.
func (d *Desk) routable(key caselog.Key, id, to string) error {
	a, err := d.copied(key, id)
	if err != nil {
		return err
	}
	a.Rerouting = cmp.Or(to, apply.NextParty)
	_, why := d.other(a)
	if why == "" {
		return nil
	}
	var could []string
	for i := range d.opt.Book.Parties() {
		if p := &d.opt.Book.Parties()[i]; p.ID != a.Party && len(p.Allowed(a.Asks)) > 0 {
			could = append(could, p.ID)
		}
	}
	return fmt.Errorf("%w: about: %s: want one of: %s", ErrRefused, why, cmp.Or(strings.Join(could, ", "), "none, the config has no other party that may be asked"))
}
