// Package embedded owns the Kafka broker that haltwire can carry inside itself,
// for the demo, for trials and for tests: kfake, in process, its log on disk.
//
// It must not know what the topics are for. It is no production truth: one
// goroutine serves everything, nothing is replicated, and the whole log is read
// into memory at start. Whoever wires it decides whether it may be used at all.
//
// What differs from Apache Kafka, and what is done about it:
//
//   - kfake accepts message.timestamp.type=LogAppendTime but cannot serve it: a
//     batch whose timestamp bit is set comes back with a wrong checksum. Correct
//     moves the times of each batch for such a topic on its way in: the newest
//     record gets the broker's clock, the others keep their distance to it, and
//     the timestamp type that readers see stays CreateTime. The case log's
//     timers read the time of a record and so work unchanged.
//   - Asked for the offsets of a group that does not exist, kfake answers with
//     an error, Apache Kafka with "none". Correct answers "none".
//   - Retention works only on topics that set it. Topics that say nothing get
//     Options.Retention and Options.RetentionBytes; compacted ones do not.
//   - Producer ids do not survive kill -9. An idempotent producer may then leave
//     a record twice, so readers must know records by their own ids.
//   - kill -9 loses no acknowledged record, because the page cache survives the
//     process; a power failure may, unless SyncWrites is set.
package embedded
