package explain

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// Need says which reports one window can have, so that others need not be added.
type Need struct {
	Window      string             // as the rule calls it
	Time        int64              // of the report, ms
	After, UpTo int64              // occurred_at, ms: exclusive, inclusive; the window and its length on both sides
	Kinds       map[string][]Equal // kind → what its reports have in common
}

// Equal says that a text column has a value.
type Equal struct{ Column, Value string }

// Needs returns which reports the windows of the rule, and of the rules that it
// counts, can have. The report of the question must be added before.
func (e *Explainer) Needs() ([]Need, error) {
	version, ok := e.latest[e.question.Ref()]
	if !ok {
		return nil, e.noReport()
	}
	b, _, err := e.report(version)
	if err != nil {
		return nil, err
	}
	defer b.Release()
	var all []Need
	done := map[int]bool{}
	for _, r := range e.set.Rules {
		for _, u := range r.Windows {
			if done[u.Win] {
				continue
			}
			done[u.Win] = true
			need, ok, err := e.need(u, b)
			if err != nil {
				return nil, fmt.Errorf("window %s of %s: %w", u.Name, r.ID, err)
			}
			if ok {
				all = append(all, need)
			}
		}
	}
	return all, nil
}

// need returns what a window needs for the report in b; false when its key is
// missing.
func (e *Explainer) need(u lang.WindowUse, b *event.Batch) (Need, bool, error) {
	w := e.set.Windows[u.Win]
	t := b.Columns[e.at.occurredAt].I64[0]
	n := Need{Window: u.Name, Time: t, After: t - 2*w.Within, UpTo: t - w.Until + w.Within, Kinds: map[string][]Equal{}}
	var values []lang.Value
	for _, m := range w.Match {
		p, err := lang.Compile(m)
		if err != nil {
			return n, false, err
		}
		v, _ := p.Eval(e.row(b, 0))
		if v.Type == lang.Invalid {
			return n, false, nil
		}
		values = append(values, v)
	}
	for kind, parts := range w.KeyBy {
		n.Kinds[kind] = nil
		for i, m := range parts {
			c := e.set.Schema.Columns[m.Col]
			if m.Op == lang.Column && slices.Contains([]event.Type{event.Text, event.Symbol}, c.Type) {
				n.Kinds[kind] = append(n.Kinds[kind], Equal{c.Name, string([]byte(values[i].Text))})
			}
		}
	}
	return n, true, nil
}
