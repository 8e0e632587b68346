package plan

import (
	"cmp"
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/index"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/window"
)

// Match says that a rule fires on a row.
type Match struct {
	Row   int32
	Rule  int32     // position in Plan.Rules
	Case  int16     // position in the rule's Cases, -1 for a rule without any
	Score decimal.D // 0 when the rule has no points or its score is missing
}

// Evaluator judges batches with the scratch of one goroutine.
type Evaluator struct {
	plan    *Plan
	state   *State // nil = windows are missing
	frame   *kernel.Frame
	scanner *index.Scanner
	matches []Match
	waiting []int32  // rules whose guard is true on the row, while they must decide in order
	first   int      // of the current row in matches
	rows    uint64   // judged in all earlier batches
	errors  []uint64 // by rule
	faulted []uint64 // by rule: 1 + the last row, over all batches, that counted; nil until the first error
	open    []Open
	opened  []uint64 // by rule: 1 + the last row, over all batches, in open; nil = nobody wants to know
}

// Open says that later reports can change what a rule says of a row: it looks into
// windows, and everything is true of the row that it demands of the report alone.
type Open struct{ Row, Rule int32 }

// NewEvaluator returns an evaluator of p.
func NewEvaluator(p *Plan) *Evaluator {
	e := &Evaluator{plan: p, frame: p.compiler.Frame(), errors: make([]uint64, len(p.rules))}
	e.frame.Hits, e.frame.Doubt = e.hits, e.doubts
	e.scanner = index.NewScanner(p.index, e.frame, e.candidate, e.fault)
	return e
}

// With makes e look into the windows of s, and returns it.
func (e *Evaluator) With(s *State) *Evaluator {
	e.state, e.frame.Windows = s, s.judging
	return e
}

// Open makes e note what Opened returns, and returns it.
func (e *Evaluator) Open() *Evaluator {
	if e.plan.Windowed() {
		e.opened = make([]uint64, len(e.plan.rules))
		e.scanner.Tell(e.tell)
	}
	return e
}

// Opened returns, by row, the rules and rows of the last batch that later reports
// can change: at least those. The slice is the evaluator's own until the next one.
func (e *Evaluator) Opened() []Open { return e.open }

func (e *Evaluator) tell(rule int32) {
	if at := e.rows + uint64(e.frame.Row) + 1; e.plan.outcomes[rule].open && e.opened[rule] != at {
		e.opened[rule] = at
		e.open = append(e.open, Open{int32(e.frame.Row), rule})
	}
}

// Key appends the key by which the rules that look into window w of the state look
// for row of the last batch; false when a part is missing, so that nothing is ever
// found.
func (e *Evaluator) Key(row, w int, key []byte) ([]byte, bool) {
	e.frame.Start(row)
	return e.state.judging.Key(e.frame, w, key)
}

// Cut reports whether a window that rule looks into was cut for row of the last
// batch.
func (e *Evaluator) Cut(row, rule int) bool {
	e.frame.Start(row)
	return e.cut(int32(rule))
}

func (e *Evaluator) cut(rule int32) bool {
	return slices.ContainsFunc(e.plan.rules[rule].Windows, func(u lang.WindowUse) bool {
		return slices.ContainsFunc(e.frame.Window(u.Win), func(c window.Column) bool { return c.IsCut(0) })
	})
}

// Eval returns every match of b, by row and rule. The slice is the evaluator's
// own until the next call. b needs the plan's Columns; others do no harm.
func (e *Evaluator) Eval(b *event.Batch) []Match {
	e.matches, e.first, e.open = e.matches[:0], 0, e.open[:0]
	e.frame.Bind(b)
	e.scanner.Scan(b, e.endRow)
	e.rows += uint64(b.Rows)
	return e.matches
}

// Errors returns, by position in Plan.Rules, on how many reports evaluating the
// rule met a run-time error. It is the evaluator's own and grows.
func (e *Evaluator) Errors() []uint64 { return e.errors }

// candidate is called for a rule whose guard is true on the frame's row.
func (e *Evaluator) candidate(rule int32) {
	if e.opened != nil {
		e.tell(rule)
	}
	if e.plan.rank != nil {
		e.waiting = append(e.waiting, rule)
		return
	}
	e.decide(rule)
}

func (e *Evaluator) decide(rule int32) {
	before := e.frame.Errs
	which, score, ok := e.outcome(&e.plan.outcomes[rule])
	if e.frame.Errs != before {
		e.fault(rule)
	}
	if ok {
		e.matches = append(e.matches, Match{int32(e.frame.Row), rule, which, score})
	}
}

// endRow brings the matches of a row into the order of rules.
func (e *Evaluator) endRow(int) {
	if len(e.waiting) > 0 {
		slices.SortFunc(e.waiting, func(a, b int32) int { return cmp.Compare(e.plan.rank[a], e.plan.rank[b]) })
		for _, rule := range e.waiting {
			e.decide(rule)
		}
		e.waiting = e.waiting[:0]
	}
	if len(e.matches)-e.first > 1 {
		slices.SortFunc(e.matches[e.first:], func(a, b Match) int { return cmp.Compare(a.Rule, b.Rule) })
	}
	e.first = len(e.matches)
}

// outcome returns the case that applies on the row, -1 for a rule without cases,
// and the score. ok is false when no case is true.
func (e *Evaluator) outcome(o *outcome) (which int16, score decimal.D, ok bool) {
	if o.trivial {
		return -1, score, true
	}
	f := e.frame
	f.Score, f.Bound = e.sum(o)
	if len(o.cases) == 0 {
		return -1, f.Score.D, true
	}
	for i, when := range o.cases {
		if when(f) == kernel.True {
			return int16(i), f.Score.D, true
		}
	}
	return 0, score, false
}

// sum returns the score of the row, and what it is worth when windows were cut:
// points that are left out because of that would raise or lower it.
func (e *Evaluator) sum(o *outcome) (kernel.Num, kernel.Bound) {
	f := e.frame
	cuts := f.Cuts()
	if o.score != nil {
		score := o.score(f)
		if !score.OK && f.Cuts() != cuts {
			return score, kernel.Unsure
		}
		return score, kernel.Exact
	}
	total, bound := kernel.Num{OK: true}, kernel.Exact
	for i := range o.weights {
		points, worth := e.points(&o.weights[i])
		bound = max(bound, worth)
		if total.D, total.OK = total.D.Add(points); !total.OK {
			return kernel.Num{}, bound
		}
	}
	if bound == kernel.Unsure {
		return kernel.Num{}, bound
	}
	return total, bound
}

// points returns what w adds on the row, and whether that may be too little or too
// much.
func (e *Evaluator) points(w *weight) (decimal.D, kernel.Bound) {
	if w.when == nil {
		return e.pointsByRule(w)
	}
	cuts := e.frame.Cuts()
	switch w.when(e.frame) {
	case kernel.True:
		return w.points, kernel.Exact
	case kernel.Unknown:
		if e.frame.Cuts() != cuts {
			return decimal.D{}, worth(decimal.D{}, w.points)
		}
	}
	return decimal.D{}, kernel.Exact
}

// pointsByRule is points for what another rule says: where a cut leaves that open,
// it may be everything that the rule can say.
func (e *Evaluator) pointsByRule(w *weight) (points decimal.D, bound kernel.Bound) {
	name, hit := e.hit(w.rule)
	if hit {
		points = w.by.PointsOf(name)
	}
	if w.rule < 0 || !e.shaken(w.rule) {
		return points, kernel.Exact
	}
	bound = worth(points, w.by.Hit)
	for _, c := range w.by.ByCase {
		bound = max(bound, worth(points, c.Points))
	}
	return points, bound
}

// worth says what points are worth where others may be due.
func worth(points, others decimal.D) kernel.Bound {
	switch points.Cmp(others) {
	case -1:
		return kernel.AtLeast
	case 1:
		return kernel.Unsure
	}
	return kernel.Exact
}

// shaken reports whether a window was cut that a rule, or one whose hits it counts,
// reads on the row.
func (e *Evaluator) shaken(rule int32) bool {
	o := &e.plan.outcomes[rule]
	if !o.open {
		return false
	}
	return e.cut(rule) || slices.ContainsFunc(o.counts, e.shaken)
}

// doubts reports whether a cut may have changed what hits says.
func (e *Evaluator) doubts(id, name string) bool {
	rule, ok := e.plan.at[id]
	if !ok || !e.shaken(rule) {
		return false
	}
	_, hit := e.hit(rule)
	return name != "" || !hit // with a bound it may hit by another case
}

// hit returns the case with which a rule, which has decided, hits the row; false
// when it does not.
func (e *Evaluator) hit(rule int32) (name string, ok bool) {
	for _, m := range e.matches[e.first:] {
		if m.Rule != rule {
			continue
		}
		if m.Case >= 0 {
			name = e.plan.rules[rule].Cases[m.Case].Name
		}
		return name, true
	}
	return "", false
}

// hits reports whether a rule hits the row, with a case unless its name is "".
func (e *Evaluator) hits(id, name string) bool {
	rule, ok := e.plan.at[id]
	if !ok {
		return false
	}
	got, ok := e.hit(rule)
	return ok && (name == "" || got == name)
}

// fault counts a run-time error of rule, once a report.
func (e *Evaluator) fault(rule int32) {
	if e.faulted == nil {
		e.faulted = make([]uint64, len(e.plan.rules))
	}
	if at := e.rows + uint64(e.frame.Row) + 1; e.faulted[rule] != at {
		e.faulted[rule] = at
		e.errors[rule]++
	}
}
