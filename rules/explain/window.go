package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

// day is from which length on windows count reports whose time is known to the day
// only.
const day = 86_400_000

// windows fills in the windows of the rule as of the report in b.
func (e *Explainer) windows(x *Explanation, b *event.Batch) error {
	var scans []*scan
	for _, u := range e.rule.Windows {
		s, err := e.newScan(u, b)
		if err != nil {
			return fmt.Errorf("explain window %s: %w", u.Name, err)
		}
		scans = append(scans, s)
	}
	if len(scans) > 0 {
		for _, recs := range e.runs {
			all, _ := e.decode.Whole(recs)
			for r := range all.Rows {
				for _, s := range scans {
					s.look(all, r)
				}
			}
			all.Release()
		}
	}
	for _, s := range scans {
		x.Windows = append(x.Windows, s.finish())
	}
	return nil
}

// scan looks for the reports of one window's key in the whole input.
type scan struct {
	of     *Explainer
	use    lang.WindowUse
	window *lang.Window
	time   int64 // of the judged report
	match  []lang.Value
	why    string // no value: a part of the key is missing, or the time is known to the day
	judged lang.BatchRow

	keys           map[string][]*lang.Program
	where, dynamic []condition
	once           *lang.Program
	values         []argument
	seen           map[version]bool
	found          []candidate
}

// version is one version of a report.
type version struct {
	plan.Ref
	hit.Version
}

// candidate is a report of the key.
type candidate struct {
	Entry
	version
	time int64
	once string // what once_per is, quoted; "" = missing
}

// condition is a conjunct of where.
type condition struct {
	node    *lang.Node
	program *lang.Program
	reads   []argument // what it reads of reports
}

// argument is a named value of an entry.
type argument struct {
	name    string
	program *lang.Program
}

func (e *Explainer) newScan(u lang.WindowUse, b *event.Batch) (*scan, error) {
	w := e.set.Windows[u.Win]
	s := &scan{of: e, use: u, window: w, time: b.Columns[e.at.occurredAt].I64[0], keys: map[string][]*lang.Program{}, seen: map[version]bool{}}
	s.judged = e.row(b, 0)
	for _, n := range w.Match {
		v := e.eval.value(n)
		if v.Type == lang.Invalid {
			s.why = "every value is missing, since a part of the key is: " + e.eval.text(n)
		}
		s.match = append(s.match, v)
	}
	if e.undated(w, b, 0) {
		s.why = "every value is missing, since the time of the report is known to the day only and the window is shorter"
	}
	return s, s.compile()
}

func (e *Explainer) row(b *event.Batch, r int) lang.BatchRow {
	row := lang.BatchRow{Batch: b, Row: r}
	if e.options.Lookups != nil {
		row.Lookups = outside{e.options.Lookups}
	}
	return row
}

// undated reports whether the time of row r is known to the day only and w is
// shorter than one.
func (e *Explainer) undated(w *lang.Window, b *event.Batch, r int) bool {
	v := &b.Columns[e.at.precision]
	return w.Within < day && v.Has(r) && v.String(r) == "day"
}

func (s *scan) compile() (err error) {
	w := s.window
	for kind, parts := range w.KeyBy {
		for _, n := range parts {
			p, err := lang.Compile(n)
			if err != nil {
				return err
			}
			s.keys[kind] = append(s.keys[kind], p)
		}
	}
	if s.where, err = s.conditions(w.Where); err != nil {
		return err
	}
	if s.dynamic, err = s.conditions(w.Dynamic); err != nil {
		return err
	}
	if w.OncePer != nil {
		if s.once, err = lang.Compile(w.OncePer); err != nil {
			return err
		}
	}
	for _, v := range s.use.Values {
		a := w.Values[v.Col]
		if a.Arg == nil || slices.ContainsFunc(s.values, func(x argument) bool { return x.name == s.of.eval.text(a.Arg) }) {
			continue
		}
		p, err := lang.Compile(a.Arg)
		if err != nil {
			return err
		}
		s.values = append(s.values, argument{s.of.eval.text(a.Arg), p})
	}
	return nil
}

// conditions compiles the conjuncts of n.
func (s *scan) conditions(n *lang.Node) ([]condition, error) {
	if n == nil {
		return nil, nil
	}
	conjuncts := []*lang.Node{n}
	if n.Op == lang.And {
		conjuncts = n.Args
	}
	var all []condition
	for _, c := range conjuncts {
		p, err := lang.Compile(c)
		if err != nil {
			return nil, err
		}
		out := condition{node: c, program: p}
		c.Walk(func(m *lang.Node) bool {
			name := s.of.eval.text(m)
			known := slices.ContainsFunc(out.reads, func(a argument) bool { return a.name == name })
			if m.Op != lang.Column && m.Op != lang.This && m.Op != lang.Extra || known {
				return true
			}
			if q, err := lang.Compile(m); err == nil {
				out.reads = append(out.reads, argument{name, q})
			}
			return true
		})
		all = append(all, out)
	}
	return all, nil
}

// look takes row r of b, when it is of the key and not further from the window
// than the window is long.
func (s *scan) look(b *event.Batch, r int) {
	e, w := s.of, s.window
	kind := b.Columns[e.at.kind].String(r)
	keys, feeds := s.keys[kind]
	ms := b.Columns[e.at.occurredAt].I64[r]
	if !feeds || s.why != "" || ms <= s.time-2*w.Within || ms > s.time-w.Until+w.Within {
		return
	}
	row := e.row(b, r)
	for i, p := range keys {
		if v, _ := p.Eval(row); v != s.match[i] {
			return
		}
	}
	ref, v := e.identity(b, r)
	at := version{plan.Ref{Reporter: strings.Clone(ref.Reporter), ID: strings.Clone(ref.ID)}, v}
	if s.seen[at] {
		return
	}
	s.seen[at] = true
	row.Judged = &s.judged
	c := candidate{version: at, time: ms, Entry: Entry{
		Reporter: at.Reporter, ReportID: at.ID, Revision: v.Revision, Kind: strings.Clone(kind), OccurredAt: event.FormatTime(ms), Values: []Field{},
	}}
	c.Reason, c.Detail = s.reason(&c, row)
	for _, a := range s.values {
		v, _ := a.program.Eval(row)
		v.Text = strings.Clone(v.Text)
		c.Values = append(c.Values, field(a.name, v))
	}
	if s.once != nil {
		if v, state := s.once.Eval(row); state == lang.Known {
			c.once = quoted(v.Text)
		}
	}
	s.found = append(s.found, c)
}

// reason says why a report does not count, as far as that depends on no other one;
// "" otherwise.
func (s *scan) reason(c *candidate, row lang.BatchRow) (Reason, string) {
	e, w := s.of, s.window
	latest := e.latest[c.Ref]
	switch {
	case latest != c.Version:
		return Superseded, fmt.Sprintf("revision %d is the latest version", latest.Revision)
	case c.time <= s.time-w.Within:
		return Older, duration(s.time-w.Within-c.time) + " before the window, whose beginning is not in it"
	case c.time > s.time-w.Until:
		return Newer, duration(c.time-s.time+w.Until) + " after the window"
	case e.undated(w, row.Batch, row.Row):
		return DayOnly, "its time is known to the day only and the window is shorter"
	}
	if detail := s.failing(s.where, row); detail != "" {
		return Where, detail
	}
	if detail := s.failing(s.dynamic, row); detail != "" {
		return This, detail
	}
	if c.Ref == e.question.Ref() && !w.Self {
		return Self, "it is the judged report, and self is false"
	}
	return "", ""
}

// failing names the first condition that is not true, with what it reads; "" when
// all are.
func (s *scan) failing(all []condition, row lang.BatchRow) string {
	for _, c := range all {
		v, _ := c.program.Eval(row)
		if truthOf(v) == True {
			continue
		}
		var reads []string
		for _, a := range c.reads {
			got, _ := a.program.Eval(row)
			reads = append(reads, a.name+" is "+shown(got))
		}
		return fmt.Sprintf("%s is %s: %s", s.of.eval.text(c.node), truthOf(v), strings.Join(reads, ", "))
	}
	return ""
}

// finish decides what depends on other reports and returns the window.
func (s *scan) finish() Window {
	slices.SortFunc(s.found, candidate.order)
	s.duplicates()
	s.last()
	s.compare()
	out := s.frame()
	for _, c := range s.found {
		out.Reasons[c.Reason]++
	}
	listed := s.telling()
	out.Omitted = len(s.found) - len(listed)
	for _, c := range listed {
		out.Entries = append(out.Entries, c.Entry)
	}
	return out
}

// order sorts by time, and as windows do where that is equal.
func (c candidate) order(d candidate) int {
	return cmp.Or(cmp.Compare(c.time, d.time), cmp.Compare(c.Reporter, d.Reporter), cmp.Compare(c.ID, d.ID), c.Compare(d.Version))
}

// telling returns what is listed: the newest that count, then the newest of the
// others in the window, then those outside.
func (s *scan) telling() []candidate {
	if len(s.found) <= s.of.options.Entries {
		return s.found
	}
	rank := func(c candidate) int {
		switch c.Reason {
		case Counted:
			return 0
		case Older, Newer, Superseded:
			return 2
		}
		return 1
	}
	all := slices.Clone(s.found)
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), b.order(a)) })
	all = all[:s.of.options.Entries]
	slices.SortFunc(all, candidate.order)
	return all
}

// duplicates marks those whose once_per an earlier one has.
func (s *scan) duplicates() {
	if s.once == nil {
		return
	}
	first := map[string]plan.Ref{}
	for i := range s.found {
		c := &s.found[i]
		if c.Reason != "" || c.once == "" {
			continue
		}
		if ref, again := first[c.once]; again {
			c.Reason, c.Detail = Duplicate, fmt.Sprintf("%s is %s, as of %s/%s, which counts", s.of.eval.text(s.window.OncePer), c.once, ref.Reporter, ref.ID)
			continue
		}
		first[c.once] = c.Ref
	}
}

// last marks those beyond the newest.
func (s *scan) last() {
	if s.window.Last == 0 {
		return
	}
	room := s.window.Last
	for i := len(s.found) - 1; i >= 0; i-- {
		c := &s.found[i]
		if c.Reason != "" {
			continue
		}
		if room--; room < 0 {
			c.Reason, c.Detail = BeyondLast, fmt.Sprintf("last: %d newer ones count", s.window.Last)
		}
	}
}

// compare makes what the window itself counts decide.
func (s *scan) compare() {
	if s.why != "" || s.of.eval.reader == nil {
		return
	}
	entries, _ := s.of.eval.reader.Entries(s.of.eval.frame, s.use.Win, math.MaxInt32)
	counts := map[plan.Ref]bool{}
	for _, e := range entries {
		counts[plan.Ref{Reporter: string(e.Reporter), ID: string(e.ID)}] = true
	}
	for i := range s.found {
		c := &s.found[i]
		switch {
		case counts[c.Ref] && c.Reason != Superseded:
			c.Reason, c.Detail = Counted, ""
		case c.Reason == "":
			c.Reason, c.Detail = Cut, "dropped over a bound of windows: the newest stay"
		}
	}
}
