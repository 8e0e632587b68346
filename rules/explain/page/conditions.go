package page

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/rules/explain"
)

func (p *printer) head(x *explain.Explanation) {
	p.line("%s v%d (%s): %s", x.Rule.ID, x.Rule.Version, x.Rule.Status, x.Rule.Title)
	r := x.Report
	versions := ""
	if r.Versions > 1 {
		versions = fmt.Sprintf(", the latest of %d versions", r.Versions)
	}
	p.line("on %s/%s revision %d%s, %s of %s, from %s/%d/%d", r.Reporter, r.ReportID, r.Revision, versions, r.Kind, r.OccurredAt, r.Topic, r.Partition, r.Offset)
	p.out.WriteByte('\n')
	if x.Fires {
		p.fires(x)
		return
	}
	what := "this is not as it must be"
	if len(x.Stops) > 1 {
		what = fmt.Sprintf("these %d are not as they must be", len(x.Stops))
	}
	p.line("DOES NOT FIRE (%s): %s", x.Truth, what)
	for _, s := range x.Stops {
		text := s.Part + ": " + s.Text
		if s.Want == explain.False {
			text = s.Part + ": not (" + s.Text + ")"
		}
		if s.Let != "" {
			text += " (" + s.Let + ")"
		}
		p.row(1, text, string(s.Truth), s.Off.Text)
	}
	p.flush()
}

func (p *printer) fires(x *explain.Explanation) {
	text := "FIRES"
	if x.Case != "" {
		text += " with case " + x.Case
	}
	if h := x.Hit; h != nil {
		text += fmt.Sprintf(": hit %s, severity %s", h.ID, h.Severity)
		if len(x.Weights) > 0 || x.Score.Node != nil {
			text += ", score " + h.Score.String()
		}
		if h.Excepted {
			text += ", excepted: never alerted"
		}
		switch cut := slices.ContainsFunc(x.Windows, func(w explain.Window) bool { return w.Cut }); {
		case h.Cut && cut:
			text += ", with a cut window"
		case h.Cut:
			text += ", its alerts are about the newest reports only"
		}
		if len(h.Unknown) > 0 {
			text += ", unknown weights " + strings.Join(h.Unknown, ", ")
		}
	}
	p.line("%s", text)
	if x.Hit == nil {
		return
	}
	for _, a := range x.Hit.Alerts {
		who, where := a.Subject.UID, a.Subject.Country
		if who == "" {
			who = "an account that is missing"
		}
		if where == "" {
			where = "no country: nobody can be asked"
		}
		p.line("  alert about %s, %s, for %d payments", who, where, len(a.Payments))
	}
}

func (p *printer) conditions(x *explain.Explanation) {
	p.out.WriteByte('\n')
	if x.When != nil {
		p.row(0, "when", string(x.When.Truth), "")
		p.node(1, x.When)
	}
	shown := lets(x)
	for _, l := range x.Lets {
		if shown[l.Name] {
			continue
		}
		if l.Node.Truth != "" {
			p.row(0, "let "+l.Name, string(l.Node.Truth), "")
			p.node(1, l.Node)
		} else {
			p.row(0, "let "+l.Name+" = "+l.Node.Text, "", valueOf(l.Node))
		}
	}
	for _, w := range x.Weights {
		p.weight(w)
	}
	if len(x.Weights) > 0 || x.Score.Node != nil {
		score := "missing"
		if x.Score.Value != nil {
			score = x.Score.Value.String()
		}
		p.row(0, "score", "", score)
		if x.Score.Node != nil {
			p.node(1, x.Score.Node)
		}
	}
	for _, c := range x.Cases {
		wins := ""
		if c.Wins {
			wins = "the first true one: this is the hit's"
		}
		p.row(0, "case "+c.Name, string(c.When.Truth), wins)
		p.node(1, c.When)
	}
	p.flush()
}

// lets returns the names of the lets that stand somewhere in a condition.
func lets(x *explain.Explanation) map[string]bool {
	names := map[string]bool{}
	var visit func(n *explain.Node)
	visit = func(n *explain.Node) {
		if n == nil {
			return
		}
		names[n.Let] = true
		for _, a := range n.Args {
			visit(a)
		}
	}
	visit(x.When)
	for _, w := range x.Weights {
		visit(w.When)
	}
	for _, c := range x.Cases {
		visit(c.When)
	}
	return names
}

func (p *printer) weight(w explain.Weight) {
	adds := fmt.Sprintf("adds %s", w.Adds)
	if w.Truth != explain.True {
		adds = fmt.Sprintf("adds nothing; it is worth %s", w.Points)
	}
	p.row(0, "weight "+w.Name, string(w.Truth), adds)
	switch {
	case w.When != nil:
		p.node(1, w.When)
	case w.Truth == explain.True && w.Case != "":
		p.row(1, "rule "+w.Rule, "", "hits this report with case "+w.Case)
	case w.Truth == explain.True:
		p.row(1, "rule "+w.Rule, "", "hits this report")
	default:
		p.row(1, "rule "+w.Rule, "", "does not hit this report")
	}
}

// node writes a condition, or another expression, and what it is made of.
func (p *printer) node(indent int, n *explain.Node) {
	remark := ""
	if n.Let != "" {
		remark = "let " + n.Let
	}
	switch n.Op {
	case "and", "or", "not":
		name := map[string]string{"and": "all of", "or": "any of", "not": "not"}[n.Op]
		p.row(indent, name, string(n.Truth), remark)
		p.nodes(indent+1, n.Args)
		return
	}
	if n.Truth == "" {
		if n.Op == "const" {
			return
		}
		p.row(indent, n.Text, "", valueOf(n))
		p.nodes(indent+1, n.Args)
		return
	}
	deeper := n.Op == "??" || n.Op == "?:"
	switch {
	case n.Off != nil:
		remark += "; " + n.Off.Text
	case !deeper:
		remark += "; " + reads(n)
	}
	if n.Error {
		remark += " (its computation failed)"
	}
	p.row(indent, n.Text, string(n.Truth), strings.Trim(remark, "; "))
	if deeper {
		p.nodes(indent+1, n.Args)
	}
}

func (p *printer) nodes(indent int, all []*explain.Node) {
	for _, n := range all {
		if n.Op != "const" {
			p.node(indent, n)
		}
	}
}

// reads names the operands of n and the leaves below them with their values.
func reads(n *explain.Node) string {
	var all []string
	add := func(m *explain.Node) {
		if s := m.Text + " is " + valueOf(m); m.Op != "const" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	var leaves func(m *explain.Node)
	leaves = func(m *explain.Node) {
		if len(m.Args) == 0 {
			add(m)
		}
		for _, a := range m.Args {
			leaves(a)
		}
	}
	for _, a := range n.Args {
		add(a)
	}
	for _, a := range n.Args {
		leaves(a)
	}
	return strings.Join(all, ", ")
}

func valueOf(n *explain.Node) string { return bounded(n.Type, n.Value, n.Bound) }

func bounded(typ string, v any, bound bool) string {
	switch {
	case bound && v == nil:
		return "missing, for the window was cut"
	case bound:
		return "at least " + explain.Said(typ, v) + ", for the window was cut"
	}
	return explain.Said(typ, v)
}
