// Package plan turns a checked set of rules into one immutable Plan and judges
// batches of reports with it: columns in, matches out, hits on demand.
//
// A set is judged by what its rules have in common, not a rule at a time:
// plan/index finds the rules that can be true on a row, plan/kernel evaluates
// what is left of them, expr's machine (lang.Program) does what neither covers.
// Weights, score and cases are looked at only where a guard is true.
//
// A Plan is shared by all goroutines and swapped between batches; an Evaluator
// is one goroutine's scratch, allocates nothing a report once it is warm, and
// serves best the batches of one decoder, since it judges the values of a
// dictionary once.
//
// The detect loop decodes Columns only. For the rows that match it decodes the
// records again with all columns and asks Hits for what the case log keeps.
//
// A run-time error is counted for rules that are still in question on a row: an
// operand that no rule needs any more is not evaluated, so it cannot fail. Within
// one conjunct every operand of a function is evaluated, as expr's machine does.
//
// 2026-11-24: rows ask an index for rules, not rules the rows. Evaluating the
// predicates of 1,000 rules over whole columns costs 0.2 to 1 us a report and
// grows with them (ENGINE A5); asking costs, in CPU a report on 10,000 varied
// ones, 0.07 us at 100 rules, 0.18 at 1,000, 0.34 at 10,000 and 1.2 at 100,000,
// where a report matches 0.7 rules. The machine takes 8 us a rule and report.
//
// Windows: a State holds them for one goroutine; Feed enters a batch, and an
// evaluator With the state reads a window only on rows where every cheaper
// condition of a rule holds, once a row, as of the report's occurred_at. Lists and
// tables are part of a plan. An evaluator made to Open says of which rows and rules a
// later report can change the outcome; plan/live judges those again. Rules that count
// the hits of others decide after those, on the same row. plan/whole judges a whole
// input with it.
//
// A number of a cut window is a lower bound: a comparison with it is true or false
// only when no greater number could change that, and everything else that it
// takes part in is unknown, ?? and == nil too, so that a cut never makes a
// condition true. What a condition that is unknown for a cut does to a score is
// not bounded: a weight with negative points is left out like any other.
//
// The package knows neither YAML nor Kafka nor what becomes of a hit.
package plan
