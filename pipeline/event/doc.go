// Package event owns the shape of a report: the schema of all columns (DESIGN
// §3), runs of raw records as a source read them (Records), the decoded columns
// of such a run (Batch) and what could not be decoded (Dead).
//
// A Batch is column-wise from the start. A codec fills Columns, which own plain
// Go buffers, and Finish wraps those buffers, without a copy, as one Arrow
// record. Arrow's own builders cost 65 % more (ENGINE A4), so nothing here uses
// them. Text of few distinct values is a Symbol: codes into a dictionary that
// lives as long as its decoder, so that a plan judges each value once.
//
// Ownership: a batch has one owner at a time and is immutable after Finish;
// Release gives its buffers back. Nothing in here knows JSON, Kafka, rules or
// ClickHouse.
package event
