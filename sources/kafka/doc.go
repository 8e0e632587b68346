// Package kafka owns reading from Kafka: taking part in a consumer group, reading
// record batches over connections of its own, and the two kinds of offsets.
//
// Source joins the group and is told by Kafka which partitions it owns; sarama's
// consumer group does nothing else here: its own fetching is paused at once.
// Reader reads any partitions that it is given, one request for all partitions
// of a leader, in the order of their record times. Cursor keeps offsets in a
// group without members. A Source and each Reader have connections of their own,
// because sarama holds the lock of a connection for as long as a broker takes to
// answer, and a fetch takes long when there is nothing to read.
//
// Three things differ from what sarama's group would do by itself. Offsets are
// committed by requests of our own with the member and generation of the
// session, because session.Commit swallows its errors and a refused commit is
// how an owner learns that it is one no more. Committed offsets are read the
// same way, because the offset of a claim is silently reset when retention has
// eaten it. A batch that cannot be decoded fails the whole response, so its
// partition is asked again alone, the bytes on the wire are looked at, and the
// batch becomes a dead letter.
//
// It must not know what is in a record, nor what is done with it.
package kafka
