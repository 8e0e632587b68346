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
// The package knows neither YAML nor Kafka nor what becomes of a hit.
package plan
