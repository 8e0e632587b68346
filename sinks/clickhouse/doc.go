// Package clickhouse keeps reports and the folded case log for analysts.
//
// Reports go the hot way: a batch becomes one native block straight from its
// vectors (package block) and one INSERT with a deduplication token, so that a
// retry of the same rows stores them once. Everything else is a few rows a
// second and goes row by row into tables that keep the largest version of an
// identity, so that writing again is harmless. Tables, views and roles are made
// by package schema.
//
// The package must not know Kafka, rules or what an event means for an alert.
//
// 2026-11-24: columns are written by our own proto.ColInput types rather than
// ch-go's: its String and LowCardinality columns want the values copied into
// their own slices first, and its Nullable wants an interface. The native format
// of the seven types we use is 200 lines.
//
// 2026-11-24: parts below 512 MiB are compact (one file for all columns). With
// wide parts the files of the hundred columns that a report leaves out cost
// more than the columns that it fills: 6.9 against 1.4 µs a row on insert.
//
// 2026-11-24: what is personal of an erased subject is taken out by mutations that
// rewrite the stored parts (Store.Erase). Rows with a higher version would not do:
// older ones stay until parts merge, and a hit with a higher version than the word that
// overturned it would stand again. Rows that are written again later, after a crash,
// hold nothing personal, because what is sealed of the subject cannot be opened any more.
package clickhouse
