package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Width is how many characters a line of WriteText has at the most, unless one
// word is longer.
const Width = 120

// leftWidth is how many of them expressions take, markWidth their truth.
const (
	leftWidth = 58
	markWidth = 10
)

// WriteText writes x for people: who and what, what stops the rule, and then
// everything that was looked at. colour marks true, false and unknown for a
// terminal; the text says the same without.
func (x *Explanation) WriteText(w io.Writer, colour bool) error {
	p := &printer{colour: colour}
	p.head(x)
	p.conditions(x)
	for i := range x.Windows {
		p.window(&x.Windows[i])
	}
	p.lookups("list", x.Lists)
	p.lookups("table", x.Tables)
	for _, e := range x.Exceptions {
		p.exception(e)
	}
	if _, err := io.WriteString(w, p.out.String()); err != nil {
		return fmt.Errorf("write explanation: %w", err)
	}
	return nil
}

// printer lays out lines of three columns: expression, truth, remark.
type printer struct {
	out    strings.Builder
	rows   []row
	colour bool
}

type row struct{ left, mark, remark string }

func (p *printer) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	for i, l := range wrap(text, Width-2-len(indent)) {
		p.out.WriteString(indent + strings.Repeat("  ", min(i, 1)) + l + "\n")
	}
}

func (p *printer) row(indent int, left, mark, remark string) {
	p.rows = append(p.rows, row{strings.Repeat("  ", indent) + left, mark, remark})
}

// flush writes the rows, aligned with each other.
func (p *printer) flush() {
	left := 0
	for _, r := range p.rows {
		left = max(left, min(utf8.RuneCountInString(r.left), leftWidth))
	}
	for _, r := range p.rows {
		indent := strings.Repeat(" ", len(r.left)-len(strings.TrimLeft(r.left, " ")))
		a := wrap(strings.TrimLeft(r.left, " "), left-len(indent))
		b := wrap(r.remark, Width-left-markWidth-4)
		for i := range max(len(a), len(b)) {
			var text, mark, remark string
			if i < len(a) {
				text = indent + strings.Repeat("  ", min(i, 1)) + a[i]
			}
			if i < len(b) {
				remark = b[i]
			}
			if i == 0 {
				mark = r.mark
			}
			line := pad(text, left) + "  " + p.paint(mark) + pad("", markWidth-len(mark)) + "  " + remark
			p.out.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	p.rows = p.rows[:0]
}

// paint gives a truth value its colour.
func (p *printer) paint(mark string) string {
	code := map[string]string{"true": "32", "false": "31", "unknown": "33"}[mark]
	if !p.colour || code == "" {
		return mark
	}
	return "\x1b[" + code + "m" + mark + "\x1b[0m"
}

func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}

// wrap breaks s at blanks into lines of at most n characters; a longer word has a
// line of its own. An empty text has no line.
func wrap(s string, n int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > max(n, 12):
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func (p *printer) head(x *Explanation) {
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
		if s.Want == False {
			text = s.Part + ": not (" + s.Text + ")"
		}
		if s.Let != "" {
			text += " (" + s.Let + ")"
		}
		p.row(1, text, string(s.Truth), s.Off.Text)
	}
	p.flush()
}

func (p *printer) fires(x *Explanation) {
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
		if h.Cut {
			text += ", with a cut window"
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

func (p *printer) conditions(x *Explanation) {
	p.out.WriteByte('\n')
	if x.When != nil {
		p.row(0, "when", string(x.When.Truth), "")
		p.node(1, x.When)
	}
	shown := x.lets()
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
func (x *Explanation) lets() map[string]bool {
	names := map[string]bool{}
	var visit func(n *Node)
	visit = func(n *Node) {
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

func (p *printer) weight(w Weight) {
	adds := fmt.Sprintf("adds %s", w.Adds)
	if w.Truth != True {
		adds = fmt.Sprintf("adds nothing; it is worth %s", w.Points)
	}
	p.row(0, "weight "+w.Name, string(w.Truth), adds)
	switch {
	case w.When != nil:
		p.node(1, w.When)
	case w.Truth == True && w.Case != "":
		p.row(1, "rule "+w.Rule, "", "hits this report with case "+w.Case)
	case w.Truth == True:
		p.row(1, "rule "+w.Rule, "", "hits this report")
	default:
		p.row(1, "rule "+w.Rule, "", "does not hit this report")
	}
}

// node writes a condition, or another expression, and what it is made of.
func (p *printer) node(indent int, n *Node) {
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

func (p *printer) nodes(indent int, all []*Node) {
	for _, n := range all {
		if n.Op != "const" {
			p.node(indent, n)
		}
	}
}

// reads names the operands of n and the leaves below them with their values.
func reads(n *Node) string {
	var all []string
	add := func(m *Node) {
		if s := m.Text + " is " + valueOf(m); m.Op != "const" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	var leaves func(m *Node)
	leaves = func(m *Node) {
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

func valueOf(n *Node) string { return bounded(n.Type, n.Value, n.Bound) }

func bounded(typ string, v any, bound bool) string {
	switch {
	case bound && v == nil:
		return "missing, for the window was cut"
	case bound:
		return "at least " + said(typ, v) + ", for the window was cut"
	}
	return said(typ, v)
}

func (p *printer) window(w *Window) {
	p.out.WriteByte('\n')
	var key []string
	for _, k := range w.Key {
		key = append(key, k.Name+" = "+said(k.Type, k.Value))
	}
	p.line("window %s: %s of the same %s", w.Name, strings.Join(w.Kinds, ", "), strings.Join(key, ", "))
	if w.Why != "" {
		p.line("  %s", w.Why)
		return
	}
	more := ""
	if w.Where != "" {
		more += "; where " + w.Where
	}
	if w.OncePer != "" {
		more += "; once per " + w.OncePer
	}
	if w.Last > 0 {
		more += fmt.Sprintf("; the last %d", w.Last)
	}
	if !w.Self {
		more += "; without the judged report"
	}
	if w.Cut {
		more += "; cut: older reports were dropped over a bound"
	}
	p.line("  after %s up to %s%s", w.After, w.UpTo, more)
	for _, v := range w.Values {
		p.row(1, v.Name+" = "+v.Text, "", bounded(v.Type, v.Value, v.Bound))
	}
	p.flush()
	p.entries(w)
}

func (p *printer) entries(w *Window) {
	if len(w.Entries) == 0 {
		p.out.WriteString("  no report of this key\n")
		return
	}
	var counts []string
	for _, r := range []Reason{Counted, Cut, This, Where, Duplicate, BeyondLast, Self, DayOnly, Superseded, Older, Newer} {
		if n := w.Reasons[r]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(r), "_", " ")))
		}
	}
	p.line("  reports of this key: %s", strings.Join(counts, ", "))
	if w.Omitted > 0 {
		p.line("  %d older ones are not listed", w.Omitted)
	}
	for _, e := range w.Entries {
		id := e.Reporter + "/" + e.ReportID
		if e.Revision > 0 {
			id += fmt.Sprintf(" r%d", e.Revision)
		}
		remark := e.Detail
		if e.Reason == Counted {
			var values []string
			for _, v := range e.Values {
				values = append(values, v.Name+" is "+said(v.Type, v.Value))
			}
			remark = strings.Join(values, ", ")
		}
		p.row(1, e.OccurredAt+"  "+id, strings.ReplaceAll(string(e.Reason), "_", " "), remark)
	}
	p.flush()
}

func (p *printer) lookups(what string, all []Lookup) {
	for _, l := range all {
		p.out.WriteByte('\n')
		rows := ""
		if what == "list" {
			rows = fmt.Sprintf(", %d rows", l.Rows)
		}
		p.line("%s %s%s, sha256 %s", what, l.Name, rows, l.Digest)
		for _, a := range l.Asked {
			mark, answer := "", said(a.Type, a.Answer)
			if what == "list" {
				mark, answer = answer, ""
				if a.Answer == nil {
					mark = string(Unknown)
				}
			}
			p.row(1, a.Text, mark, strings.TrimSuffix(said("text", a.Key)+": "+answer, ": "))
		}
		p.flush()
	}
}

func (p *printer) exception(e Exception) {
	p.out.WriteByte('\n')
	covers := "does not cover this report"
	switch {
	case e.Covers:
		covers = "covers this report: a hit is stored and never alerted"
	case e.Over:
		covers = "does not cover this report: it ended before"
	}
	p.line("exception %s until %s, of %s: %s", e.Name, e.Until, e.Owner, covers)
	p.line("  %s", e.Reason)
	if e.When != nil {
		p.node(1, e.When)
	}
	p.flush()
}
