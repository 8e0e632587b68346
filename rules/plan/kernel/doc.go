// Package kernel turns nodes of the typed tree into Go closures over the
// columns of a batch, and owns the Frame: all mutable state of one evaluator.
//
// A closure reads columns in place: no value of a report is copied or boxed. A
// predicate over one Symbol column is judged once a dictionary value and
// generation, not once a row (ENGINE D12); a costly sub-expression that stands in
// several rules is evaluated once a row. Closures are built once a plan, hold
// nothing but constants, and are shared by all frames.
//
// Logic is Kleene's: a Truth says true, false or unknown. Callers that want
// only "is it true" compare with True; nothing keeps a second bitset.
//
// The package knows neither rules nor cases nor how candidates are found.
package kernel
