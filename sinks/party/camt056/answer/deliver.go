package answer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

// Deliver returns what an Inbox's Take does with a letter: it finds the payments that
// the letter is about among those that the bank was asked to recall, and tells desk. A
// letter with entries that fit no payment, or several, is put aside with the reason
// after the others were told; people read it there.
func Deliver(desk delivery.Recalls) func(context.Context, Letter) error {
	return func(ctx context.Context, l Letter) error {
		found, strays, err := find(ctx, desk, l)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := desk.TakeRecalls(ctx, l.Party, found); err != nil {
				return fmt.Errorf("take answer %s: %w", l.File, err)
			}
		}
		if len(strays) > 0 {
			return &spool.Refusal{Code: codeStray, Reason: fmt.Errorf("%d of %d entries: %s", len(strays), len(entries(l.Answer)), strings.Join(strays, "; "))}
		}
		return nil
	}
}

// entries takes an answer apart: each has one status or one return.
func entries(a *Answer) []*Answer {
	var out []*Answer
	for _, s := range a.Statuses {
		one := *a
		one.Statuses, one.Returns = []Status{s}, nil
		out = append(out, &one)
	}
	for _, r := range a.Returns {
		one := *a
		one.Statuses, one.Returns = nil, []Returned{r}
		out = append(out, &one)
	}
	if len(out) == 0 && a.DuplicateOf != "" {
		one := *a
		out = append(out, &one)
	}
	return out
}

// find finds what every entry of a letter is about. Where the letter names the case
// or our message, that is looked at first: all that the bank was ever asked is much.
func find(ctx context.Context, desk delivery.Recalls, l Letter) (out []delivery.RecallWord, strays []string, err error) {
	named := alertsOf(l.Answer)
	var first, all []*freeze.Request
	if len(named) > 0 {
		if first, err = desk.Recalled(ctx, l.Party, named...); err != nil {
			return nil, nil, fmt.Errorf("find payments of %s: %w", l.File, err)
		}
	}
	for _, one := range entries(l.Answer) {
		found, why := match(one, first)
		if len(found) == 0 {
			if all == nil {
				if all, err = desk.Recalled(ctx, l.Party); err != nil {
					return nil, nil, fmt.Errorf("find payments of %s: %w", l.File, err)
				}
			}
			found, why = match(one, all)
		}
		if len(found) == 0 {
			strays = append(strays, why)
		}
		for _, w := range found {
			w.Digest = l.Digest
			out = append(out, w)
		}
	}
	if len(strays) > 0 && len(first) > 0 { // of a case that we know: its people are told
		out = append(out, delivery.RecallWord{
			AlertID: first[0].AlertID, Ref: reference(l.Answer), At: l.Answer.At, Text: strings.Join(strays, "; "), Digest: l.Digest,
		})
	}
	return out, strays, nil
}

// alertsOf lists the alerts that an answer names, by the case or by our messages.
func alertsOf(a *Answer) []string {
	ids := []string{a.CaseID}
	for _, s := range a.Statuses {
		ids = append(ids, s.Refs.MessageID)
	}
	var out []string
	for _, id := range ids {
		alert, _, _ := strings.Cut(id, "-")
		if id != "" && !slices.Contains(out, alert) {
			out = append(out, alert)
		}
	}
	return out
}

// match returns what an answer of one entry says of the payments of one request, or
// why it fits none.
func match(one *Answer, requests []*freeze.Request) (out []delivery.RecallWord, why string) {
	fits := 0
	for _, r := range requests {
		facts, strays := one.Facts(r)
		if len(strays) > 0 && why == "" {
			why = stray(strays[0])
		}
		if len(facts) == 0 {
			continue
		}
		fits++
		if out == nil || one.CaseID == r.AlertID {
			out = wordsOf(one, r, facts)
		}
	}
	switch {
	case fits > 1 && (len(out) == 0 || out[0].AlertID != one.CaseID):
		return nil, fmt.Sprintf("%s fits payments of %d alerts", one.ID, fits)
	case len(out) == 0 && why == "":
		return nil, one.ID + " fits no payment that the bank was asked to recall"
	}
	return out, why
}

func stray(s Stray) string {
	id := s.ID
	if id == "" {
		id = "an entry without an id"
	}
	return id + " " + s.Text
}

func wordsOf(one *Answer, r *freeze.Request, facts []Fact) []delivery.RecallWord {
	out := make([]delivery.RecallWord, 0, len(facts))
	for _, f := range facts {
		w := delivery.RecallWord{
			AlertID: r.AlertID, ItemID: f.ItemID, Ref: reference(one), At: one.At, State: f.State, Codes: f.Codes, Amount: f.Accepted,
			Next: bankOf(f.Next),
		}
		switch {
		case f.Return != nil:
			w.Amount, w.Costs, w.Codes = &f.Return.Money, f.Return.Costs, []string{f.Return.ReasonISO}
			w.Settled = settledOf(r, f.ItemID)
		case f.Refusal != nil:
			w.Text = f.Refusal.Text
		case f.Pending != nil:
			w.Text = f.Pending.Why
		}
		out = append(out, w)
	}
	return out
}

// settledOf returns what a payment was settled at: a return is measured by it.
func settledOf(r *freeze.Request, item string) *freeze.Money {
	for _, p := range r.Payments {
		if p.ItemID == item && p.Settled != nil {
			return p.Settled
		}
	}
	return nil
}

func bankOf(b Bank) string {
	for _, id := range []string{b.BIC, b.ClearingID, b.LEI} {
		if id != "" {
			return id
		}
	}
	return ""
}

// reference names what an answer says, however often and in whichever file it comes.
func reference(a *Answer) string {
	v := *a
	v.Header, v.Mismatch = nil, ""
	text, err := json.Marshal(v)
	if err != nil {
		return a.ID
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
