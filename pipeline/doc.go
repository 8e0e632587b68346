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
// # Judges that remember
//
// A Memory sees the reports of every partition. What it says is addressed: it is
// published by the owner of the partition of the report that it is about, whichever
// report gave rise to it. So every instance
// reads all partitions, those of others in silence, and is the hot standby of all
// the others.
//
// After a start reading begins where Begin says, with all partitions at once, so
// that it is aligned by record time: the instance waits until the group has given
// out what it has. Everything below the committed offsets of all partitions is judged
// in silence first, and what is new waits at the reader: an owner committed no report
// before all its consequences were on the log (Judgement.Hold bounds it), so that all
// of it has been said. Judging the new with half of the old would say what is taken
// back when the rest has come; and a process that died in between would leave that on
// the log, where the silent replay of the next one would not find it. When the replay
// is through everything is said, and the log ignores what it knows. A partition whose
// leader is away for long does not hold it up.
//
// When a partition comes to an instance, it is read again from its committed offset,
// and Memory.Recent says once more what it was silent about. The owner before may
// have ended with reports of others unseen. At a start that waits for the end of
// the replay, and no snapshot counts before it is on the log. A partition that is
// given back is read on.
//
// The clock of a Memory is the least record time up to which a partition has been
// judged: of one that is read to its end it is the time of the answer that said so,
// less what a record needs to get there. A partition whose leader is away for long
// does not stop it: what comes from there later is late evidence.
//
// 2026-11-24: the reader is told to add and remove partitions by the detect loop
// alone. When the goroutines of ownership did it, a run that was on its way from
// before could be taken for the new owner's, and a commit pass over a gap.
package pipeline
