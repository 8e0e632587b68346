package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// maxTrail bounds how many alerts the tree of a trail shows.
const maxTrail = 50

// branch is one line of the tree that says who holds what where.
type branch struct {
	text string
	sub  []*branch
}

func (b *branch) add(format string, args ...any) *branch {
	x := &branch{text: strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")}
	b.sub = append(b.sub, x)
	return x
}

// draw writes the tree.
func (b *branch) draw(w io.Writer, indent string) {
	for i, x := range b.sub {
		corner, line := "├─ ", "│  "
		if i == len(b.sub)-1 {
			corner, line = "└─ ", "   "
		}
		fmt.Fprintln(w, indent+corner+x.text)
		x.draw(w, indent+line)
	}
}

// trail builds the tree of an alert: its payments, where the money went, and the
// alerts that follow it.
type trail struct {
	show func(ctx context.Context, id string) (*desk.Detail, error)
	seen map[string]bool
}

func (t *trail) of(ctx context.Context, d *desk.Detail) *branch {
	root := &branch{}
	t.seen = map[string]bool{}
	t.alert(ctx, root, d)
	return root
}

func (t *trail) alert(ctx context.Context, into *branch, d *desk.Detail) {
	t.seen[d.ID] = true
	b := into.add("%s %s: %s, %s", d.Party, account(d.Subject), short(d.ID), stateText(d.View))
	hops := slices.DeleteFunc(slices.Clone(d.Trail), func(h desk.HopView) bool { return h.Gone })
	for _, p := range d.Items {
		item := b.add("%s %s at %s", suffix(d.ID, p.ItemID), money(p.Disputed), p.ExecutedAt)
		t.funds(item, d, p.ItemID)
		for _, h := range hops {
			if len(h.ParentItems) > 0 && h.ParentItems[0] == p.ItemID {
				t.hop(ctx, item, d, h)
			}
		}
	}
	for _, m := range d.Measures {
		if m.Amount != nil {
			b.add("measure %s %s: %s %s%s", suffix(d.ID, m.MeasureID), m.Kind, m.State, money(*m.Amount), until(m.ExpiresAt))
		} else {
			b.add("measure %s %s: %s%s", suffix(d.ID, m.MeasureID), m.Kind, m.State, until(m.ExpiresAt))
		}
	}
	for _, id := range slices.Concat(d.Parents, []string{d.Child}) {
		if id != "" && !t.seen[id] {
			b.add("together with %s", short(id))
		}
	}
}

// funds adds what the partner says of the money of an item.
func (t *trail) funds(into *branch, d *desk.Detail, item string) {
	if d.Outcome == nil {
		return
	}
	for _, f := range d.Outcome.Funds {
		if f.ItemID == item && f.Disposition != "moved_on" {
			into.add("%s %s", strings.ReplaceAll(f.Disposition, "_", " "), money(f.Money))
		}
	}
}

// hop adds an onward movement, with the alert about it where there is one.
func (t *trail) hop(ctx context.Context, into *branch, d *desk.Detail, h desk.HopView) {
	where := h.Country
	if h.Account != nil {
		where += " " + h.Account.ID
	}
	from := ""
	if len(h.ParentItems) > 1 {
		var all []string
		for _, i := range h.ParentItems {
			all = append(all, suffix(d.ID, i))
		}
		from = " (from " + strings.Join(all, ", ") + ")"
	}
	b := into.add("moved on %s to %s%s: %s", money(h.Money), where, from, t.standing(h))
	if h.Child == "" || t.seen[h.Child] || len(t.seen) >= maxTrail {
		return
	}
	child, err := t.show(ctx, h.Child)
	if err != nil {
		b.add("%s: %v", short(h.Child), err)
		return
	}
	t.alert(ctx, b, child)
}

// standing says who looks after an onward movement.
func (t *trail) standing(h desk.HopView) string {
	switch {
	case h.Child != "":
		return "asked of " + cmp.Or(h.To, "-") + ", " + short(h.Child)
	case h.Blocked != "":
		return "blocked: " + h.Blocked
	case h.HandledBy == "responder":
		return "the partner looks after it"
	}
	return cmp.Or(h.Consent, h.OnwardUse) + ", nobody is asked yet"
}

func account(s *freeze.Subject) string {
	if s == nil {
		return "-"
	}
	return strings.TrimSpace(s.AccountCountry + " " + s.Account.ID + " " + s.Account.SubAccount)
}

func money(m freeze.Money) string { return string(m.Amount) + " " + m.Currency }

func until(t *freeze.Time) string {
	if t == nil {
		return ""
	}
	return " until " + t.UTC().Format("2006-01-02 15:04Z")
}

// short is an id as lists show it.
func short(id string) string { return id[:min(10, len(id))] }

// suffix is an id without the alert that it begins with.
func suffix(alert, id string) string { return strings.TrimPrefix(id, alert+"-") }

// timeline writes what happened, oldest first.
func timeline(w io.Writer, d *desk.Detail, events []desk.EventView) {
	fmt.Fprintln(w, "\nAT\tEVENT\tBY\tWHAT")
	for _, e := range events {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.Appended.UTC().Format(time.DateTime)+"Z", e.Type, dash(e.By), dash(gist(d, e)))
	}
}

// gist is what one line of a time line says of an event.
func gist(d *desk.Detail, e desk.EventView) string {
	var out []string
	for _, name := range []string{
		"rule", "act", "code", "about", "message_id", "type", "verdict", "channel", "receipt_of", "level", "decision", "field", "timer", "task", "to", "reason",
	} {
		switch v := e.Data[name].(type) {
		case string:
			if v != "" {
				out = append(out, oneLine(v))
			}
		case map[string]any:
			continue
		}
	}
	for _, m := range d.Inbox {
		if text := older(d.ID, m); text != "" && e.Type == m.Type && e.Data["message_id"] == m.ID {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}

// oneLine keeps a text from breaking a table.
func oneLine(s string) string {
	const most = 80
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}
