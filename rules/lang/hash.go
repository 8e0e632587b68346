package lang

import (
	"fmt"
	"strings"
)

// hash returns the hash of what the rule means: whatever can change which
// reports it hits or what the hits ask for.
func (r *Rule) hash(set *Set) string {
	var b strings.Builder
	fmt.Fprintf(&b, "on %q\nwhen %s\nscore %s\n", r.On, key(r.Guard), key(r.Score))
	for _, w := range r.Weights {
		w.write(&b)
	}
	r.write(&b, set)
	for _, c := range r.Cases {
		fmt.Fprintf(&b, "case %q %s\n", c.Name, key(c.When))
		c.write(&b, set)
	}
	if r.Settle > 0 {
		fmt.Fprintf(&b, "settle %d\n", r.Settle)
	}
	return digestOf(b.String())
}

func (w Weight) write(b *strings.Builder) {
	if w.Rule == "" {
		fmt.Fprintf(b, "weight %q %s %s\n", w.Name, w.Points, key(w.When))
		return
	}
	fmt.Fprintf(b, "weight %q rule %q %s", w.Name, w.Rule, w.Hit)
	for _, c := range w.ByCase {
		fmt.Fprintf(b, " %q %s", c.Case, c.Points)
	}
	b.WriteByte('\n')
}

func key(n *Node) string {
	if n == nil {
		return ""
	}
	return n.Key
}

func (o Outcome) write(w *strings.Builder, set *Set) {
	fmt.Fprintf(w, "%s %q\n", o.Severity, o.Typology)
	if a := o.Alert; a != nil {
		fmt.Fprintf(w, "alert %s %q %s %s", a.Subject, a.Ask, a.PredicateOffence, a.Approval)
		for _, m := range a.Amount {
			fmt.Fprintf(w, " ?? %s", set.Schema.Columns[m.Amount].Name)
		}
		for _, p := range a.Facts {
			fmt.Fprintf(w, " %q %s", p.Text, key(p.Expr))
		}
		if len(a.About) > 0 {
			fmt.Fprintf(w, " about %t", a.This)
			for _, i := range a.About {
				w.WriteString(" " + set.Windows[i].Hash)
			}
		}
		w.WriteByte('\n')
	}
}
