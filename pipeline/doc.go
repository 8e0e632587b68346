// Package pipeline owns the way of a report: the detect loop (decode the columns
// that rules use, judge, put the hits on the log, commit) and the archive loop
// (decode all columns, write blocks, commit), each with its own cursor, and what
// they need of the outside as small interfaces.
//
// It knows rules and leaves, and neither Kafka nor ClickHouse nor the desk: app
// hands those in.
package pipeline
