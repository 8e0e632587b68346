package explain

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// explanation says everything about the report in b but the reports in windows.
func (e *Explainer) explanation(b *event.Batch, own *hit.Hit) *Explanation {
	v := e.eval
	x := &Explanation{
		Rule:   Rule{ID: e.rule.ID, Version: e.rule.Version, Status: string(e.status), Title: e.rule.Title, Hash: e.rule.Hash, On: e.rule.On},
		Report: e.describe(b), When: v.node(e.rule.Guard),
		Stops: []Stop{}, Lets: []Let{}, Weights: []Weight{}, Cases: []Case{}, Windows: []Window{}, Lists: []Lookup{}, Tables: []Lookup{}, Exceptions: []Exception{}, Notes: []string{},
	}
	read := v.read()
	for _, l := range e.rule.Lets {
		if stands(l.Node, read) {
			x.Lets = append(x.Lets, Let{l.Name, v.node(l.Node)})
		}
	}
	v.score(x)
	v.cases(x)
	v.exceptions(x, b.Columns[e.at.occurredAt].I64[0])
	v.lookedUp(x)
	on := slices.Contains(e.rule.On, x.Report.Kind)
	x.Truth = v.outcome(x, on)
	x.Fires = x.Truth == True
	if !x.Fires {
		x.Case = ""
		x.Stops = append(x.Stops, v.why(x, on)...)
	}
	return x
}

// read returns the keys of all nodes that the rule reads, lets only where something
// uses them.
func (e *evaluator) read() map[string]bool {
	keys := map[string]bool{}
	note := func(n *lang.Node) bool {
		keys[n.Key] = true
		return true
	}
	e.rule.Guard.Walk(note)
	e.rule.Score.Walk(note)
	outcomes := []lang.Outcome{e.rule.Outcome}
	for _, w := range e.rule.Weights {
		w.When.Walk(note)
	}
	for _, c := range e.rule.Cases {
		c.When.Walk(note)
		outcomes = append(outcomes, c.Outcome)
	}
	for _, o := range outcomes {
		if o.Alert == nil {
			continue
		}
		for _, part := range o.Alert.Facts {
			part.Expr.Walk(note)
		}
	}
	return keys
}

// stands reports whether n is among what is read, perhaps as a part of a longer
// connective.
func stands(n *lang.Node, read map[string]bool) bool {
	if read[n.Key] {
		return true
	}
	return (n.Op == lang.And || n.Op == lang.Or) && !slices.ContainsFunc(n.Args, func(a *lang.Node) bool { return !stands(a, read) })
}

// describe returns who made the report in b and where it stands.
func (e *Explainer) describe(b *event.Batch) Report {
	_, version := e.identity(b, 0)
	at := b.Position(0)
	return Report{
		Reporter: e.question.Reporter, ReportID: e.question.ReportID, Revision: version.Revision, Kind: string([]byte(b.Columns[e.at.kind].String(0))),
		OccurredAt: event.FormatTime(b.Columns[e.at.occurredAt].I64[0]), Topic: at.Topic, Partition: at.Partition, Offset: at.Offset,
	}
}

// score fills in the weights and what they add up to.
func (e *evaluator) score(x *Explanation) {
	total, ok := decimal.D{}, true
	for _, w := range e.rule.Weights {
		out := e.weight(w)
		x.Weights = append(x.Weights, out)
		if ok {
			total, ok = total.Add(out.Adds)
		}
	}
	if e.rule.Score != nil {
		x.Score.Node = e.node(e.scored)
		v := e.value(e.scored)
		total, ok = v.Num, v.Type == lang.Number
	}
	e.frame.Score = kernel.Num{D: total, OK: ok}
	if ok {
		x.Score.Value = &total
	}
}

func (e *evaluator) weight(w lang.Weight) Weight {
	out := Weight{Name: w.Name, Points: w.Points, Truth: False}
	if w.Rule == "" {
		out.When, out.Truth = e.node(w.When), e.truth(w.When)
	} else {
		out.Rule, out.Points = w.Rule, w.Hit
		if e.frame.Hits(w.Rule, "") {
			out.Truth = True
			out.Case = e.caseOf(w)
			out.Points = w.PointsOf(out.Case)
		}
	}
	if out.Truth == True {
		out.Adds = out.Points
	}
	return out
}

// caseOf returns with which case the rule of a weight hits.
func (e *evaluator) caseOf(w lang.Weight) string {
	i := slices.IndexFunc(e.set.Rules, func(r *lang.Rule) bool { return r.ID == w.Rule })
	if i < 0 {
		return ""
	}
	for _, c := range e.set.Rules[i].Cases {
		if e.frame.Hits(w.Rule, c.Name) {
			return c.Name
		}
	}
	return ""
}

func (e *evaluator) cases(x *Explanation) {
	won := false
	for _, c := range e.rule.Cases {
		out := Case{Name: c.Name, When: e.node(c.When)}
		out.Wins = !won && e.truth(c.When) == True
		if out.Wins {
			won, x.Case = true, c.Name
		}
		x.Cases = append(x.Cases, out)
	}
}

// outcome returns whether the rule fires.
func (e *evaluator) outcome(x *Explanation, on bool) Truth {
	guard, which := e.truth(e.rule.Guard), True
	if len(e.rule.Cases) > 0 {
		which = False
		for _, c := range e.rule.Cases {
			switch e.truth(c.When) {
			case True:
				which = True
			case Unknown:
				if which == False {
					which = Unknown
				}
			}
		}
	}
	switch {
	case !on || guard == False || which == False:
		return False
	case guard == Unknown || which == Unknown:
		return Unknown
	}
	return True
}

func (e *evaluator) exceptions(x *Explanation, occurred int64) {
	for _, ex := range e.set.Exceptions {
		if !slices.Contains(ex.Rules, e.rule.ID) {
			continue
		}
		out := Exception{Name: ex.Name, Until: event.FormatTime(ex.Until), Over: occurred >= ex.Until, Reason: ex.Reason, Owner: ex.Owner, When: e.node(ex.When)}
		out.Covers = !out.Over && e.truth(ex.When) == True
		x.Exceptions = append(x.Exceptions, out)
	}
}

// lookedUp lists the lists and tables of the rule with what is asked of them about
// the report.
func (e *evaluator) lookedUp(x *Explanation) {
	if e.lookups == nil {
		return
	}
	lists, tables := map[string][]Ask{}, map[string][]Ask{}
	seen := map[string]bool{}
	for _, root := range e.roots() {
		root.Walk(func(n *lang.Node) bool {
			if seen[n.Key] {
				return true
			}
			switch n.Op {
			case lang.InList:
				lists[n.Name] = append(lists[n.Name], e.ask(n))
			case lang.Cell:
				tables[n.Name] = append(tables[n.Name], e.ask(n))
			default:
				return true
			}
			seen[n.Key] = true
			return true
		})
	}
	for _, name := range e.rule.Lists {
		out := Lookup{Name: name, Asked: append([]Ask{}, lists[name]...)}
		if l := e.lookups.List(name); l != nil {
			out.Digest, out.Rows = l.Digest(), l.Len()
		}
		x.Lists = append(x.Lists, out)
	}
	for _, name := range e.rule.Tables {
		out := Lookup{Name: name, Asked: append([]Ask{}, tables[name]...)}
		if t := e.lookups.Table(name); t != nil {
			out.Digest = t.Digest()
		}
		x.Tables = append(x.Tables, out)
	}
}

func (e *evaluator) ask(n *lang.Node) Ask {
	return Ask{Text: e.text(n), Type: n.Type.String(), Key: plain(e.value(n.Args[0])), Answer: plain(e.value(n))}
}

// frame returns the window without its reports.
func (s *scan) frame() Window {
	w, v := s.window, s.of.eval
	out := Window{
		Name: s.use.Name, Why: s.why, Kinds: w.From, Last: w.Last, Self: w.Self,
		After: event.FormatTime(s.time - w.Within), UpTo: event.FormatTime(s.time - w.Until),
		Key: []Field{}, Values: []Field{}, Reasons: map[Reason]int{}, Entries: []Entry{},
	}
	for i, n := range w.Match {
		out.Key = append(out.Key, field(v.text(n), s.match[i]))
	}
	for _, n := range []*lang.Node{w.Where, w.Dynamic} {
		if n != nil {
			out.Where = strings.TrimPrefix(out.Where+" and "+v.text(n), " and ")
		}
	}
	if w.OncePer != nil {
		out.OncePer = v.text(w.OncePer)
	}
	cols := v.frame.Window(s.use.Win)
	for _, u := range s.use.Values {
		a := w.Values[u.Col]
		arg := ""
		if a.Arg != nil {
			arg = v.text(a.Arg)
		}
		f := field(u.Name, lang.Value{})
		if cols != nil {
			got, cut := v.windowed(&lang.Node{Op: lang.Windowed, Type: a.Type, Win: s.use.Win, Col: u.Col})
			f = field(u.Name, got)
			f.Bound = cut
			out.Cut = out.Cut || cols[u.Col].IsCut(0)
		}
		f.Text = a.Func + "(" + arg + ")"
		out.Values = append(out.Values, f)
	}
	return out
}
