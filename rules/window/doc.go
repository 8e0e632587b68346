// Package window keeps what rules remember of earlier reports: for each window
// and key the reports that count there, exact as of any time, whatever the order
// in which they came.
//
// One batch of reports goes through a Store in this order:
//
//	Accept    which of the reports are the latest versions of themselves; what an
//	          earlier version had fed to any window is taken back
//	Feed      once a window: the rows whose kind feeds it, whose key is whole and
//	          whose where is true
//	ReadAsOf  once a window: the values for the rows that are judged
//	Dirty     which keys changed, and from which time on
//
// Everything is a column: row i of keys, arguments and results belongs to Rows[i],
// an index of the batch's Reports. Nothing is allocated, locked or timed a key.
//
// # Meaning
//
// A read at time t looks at the entries of its key with t-Within < time <=
// t-Until. Of these Filter (the conditions with `this.`) keeps some, Self false
// leaves out the report that is judged, OncePer keeps of equal texts the first by
// (occurred_at, reporter, report_id), and Last the newest n of what is left.
// Aggregates skip missing arguments. Over nothing, count, distinct and sum are 0,
// seen is false and the rest is missing. seen is missing when the judged report
// has no argument. sum is missing when it needs more than 38 digits; avg and
// stddev (of the population: the root of the mean squared distance from the mean)
// are exact until one rounding, half to even, at the 18th place.
//
// # Bounds
//
// Filter is asked about the newest MaxScan entries of a window; what lies before is cut.
// A key keeps its newest Options.Entries reports; a store over Options.Keys or
// Options.Bytes drops what is oldest in all windows. A read that may have needed
// what was dropped is cut: its count, distinct and sum are lower bounds with the
// Cut bit set, true is what seen can still say, last stands when something is
// left (without OncePer), and the other values are missing.
//
// # Identity
//
// A report is known by a 64-bit hash of (reporter, report_id) under the store's
// seed, its version by (revision, content hash). Entries keep the upper 32 bits of
// the content hash: two contents without a revision that agree in them count as one
// version. Keys, once_per texts and the arguments of distinct and seen are kept and
// compared whole; reporter and report_id are kept where their order can matter or
// Definition.Identify asks.
//
// # Memory
//
// Rows are worked on 32 at a time, and the memory that they need, the index, the
// slots, the entries, is asked for a kind at a time before: a random access that
// waits takes as long as ten that do not.
//
// 2026-11-24: a revision must find what its earlier version fed under another key,
// so slab.Places notes for each entry the slot it is in: 8 bytes, 11 with the
// table's air. An entry has 18 bytes and 6 a number; 8 a text, which stands
// elsewhere when it is longer than 7. A key of 22 bytes with one entry takes 120 (count)
// to 143 bytes (distinct over accounts, whose text alone is 24). An index of reports
// would have cost 40 bytes a report and tied the shards of a snapshot together.
//
// The package knows neither rules nor their expressions nor Kafka.
package window
