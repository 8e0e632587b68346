// Package pipeline owns the way of a report: the detect loop (decode the columns
// that rules use, judge, put the hits on the log, commit) and the archive loop
// (decode all columns, write blocks, commit), each with its own cursor, and what
// they need of the outside as small interfaces.
//
// It knows rules and leaves, and neither Kafka nor ClickHouse nor the desk: app
// hands those in.
//
// One membership makes an instance the owner of partitions; both loops work on
// what is owned. The detect loop commits an offset under that membership, after
// every hit below it is on the log: a refused commit is how an owner that slept
// through the loss of its partitions learns of it, and from then on it publishes
// nothing for them. Between waking and that answer it may put the hits of the
// runs that were in flight on the log once more, which is harmless: a hit is
// known by its evidence key.
//
// The archive loop keeps its cursor in a group without members. Before the first
// try to store a block the cursor says where the block ends, so that a successor
// re-forms exactly this block; its token holds a hash of version and rows, so
// that a block that has other rows is never taken for it. Blocks of an instance
// that are re-formed come one after the other: a block gives its memory back only
// when it is whole, and many half ones could hold the whole budget for ever. The
// cursor of a partition without traffic is saved once an hour, because a broker
// forgets the offsets of a group without members.
//
// Everything between two steps is bounded by the budgets of the two readers: what
// is not on the log, or not stored, is not released, and the reader stops.
//
// Windows, which need the reports before the committed offset again, will start a
// reader below it: hits below owned.emit are judged and not published.
package pipeline
