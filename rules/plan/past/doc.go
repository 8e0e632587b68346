// Package past joins the windows of a set of rules to rules/window: what feeds
// them, what of it is kept, and what a judged report asks of them.
//
// A Past is what a set's windows mean, compiled; immutable and shared. A Feeder
// enters batches into a store. A Reader answers kernel.Windows for the row that a
// frame is at, lazily: a window that no condition gets to is not read.
//
// The conditions of a where without `this.` and all values are evaluated once,
// when a report feeds; what conditions with `this.` need of an entry is kept with
// it as columns, and they are evaluated for each entry in (t - within, t - until].
//
// The package knows neither rules nor cases nor hits.
package past
