package plan

import (
	"cmp"
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan/index"
	"github.com/haltwire/haltwire/rules/plan/kernel"
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
	frame   *kernel.Frame
	scanner *index.Scanner
	matches []Match
	first   int      // of the current row in matches
	rows    uint64   // judged in all earlier batches
	errors  []uint64 // by rule
	faulted []uint64 // by rule: 1 + the last row, over all batches, that counted; nil until the first error
}

// NewEvaluator returns an evaluator of p.
func NewEvaluator(p *Plan) *Evaluator {
	e := &Evaluator{plan: p, frame: p.compiler.Frame(), errors: make([]uint64, len(p.rules))}
	e.scanner = index.NewScanner(p.index, e.frame, e.candidate, e.fault)
	return e
}

// Eval returns every match of b, by row and rule. The slice is the evaluator's
// own until the next call. b needs the plan's Columns; others do no harm.
func (e *Evaluator) Eval(b *event.Batch) []Match {
	e.matches, e.first = e.matches[:0], 0
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
	before := e.frame.Errs
	which, score, ok := e.plan.outcomes[rule].decide(e.frame)
	if e.frame.Errs != before {
		e.fault(rule)
	}
	if ok {
		e.matches = append(e.matches, Match{int32(e.frame.Row), rule, which, score})
	}
}

// endRow brings the matches of a row into the order of rules.
func (e *Evaluator) endRow(int) {
	if len(e.matches)-e.first > 1 {
		slices.SortFunc(e.matches[e.first:], func(a, b Match) int { return cmp.Compare(a.Rule, b.Rule) })
	}
	e.first = len(e.matches)
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
