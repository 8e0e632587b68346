// Package explain says why a rule fires, or does not, on one report: its
// conditions as trees with every value, what was in its windows at that moment and
// what was not, and for a rule that stays silent the fewest conditions that keep
// it so and how far off they are.
//
// Whether the rule fires is what rules/plan/whole says of the whole input. The
// value of a node is computed by the same kernel over windows that were fed by the
// same feeder, so that a lower bound of a cut window means here what it means
// there; an explanation that would contradict the plan is an error, never shown.
//
// Reports that do not count in a window are found by going through the input once
// more: a window keeps only what may count.
//
// The package knows neither where reports come from nor where explanations go.
package explain
