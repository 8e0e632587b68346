// Package audit owns the proof of the case log: a Merkle tree a partition over every
// event, signed checkpoints of it, the verification of both, and bundles that prove
// some events to a stranger and show him nothing else.
//
// # Leaves
//
// A record's members (those of its CloudEvents envelope, each member of its data, and
// its place and time on the log) are committed to one by one: SHA-256 over a salt of
// its own, 16 bytes, name, NUL and value. The leaf is the sorted list of these
// commitments. So a bundle can show that a message was queued, with its digest and
// moment, and hide who approved it: hidden members are 32 bytes that tell nothing,
// because a salt is 128 bits that only the holder of keys.log can make.
//
// What names people is sealed inside the event under a key that erasure destroys. The
// sealed text stays, so the leaf does, and the proof with it.
//
// # Trees and checkpoints
//
// Record n of a partition is leaf n of the partition's tree (RFC 6962 hashing,
// golang.org/x/mod/sumdb/tlog). Every instance computes the same tree. A checkpoint is
// a signed note (golang.org/x/mod/sumdb/note, C2SP tlog-checkpoint): origin, size,
// root, then our own lines time, offset and previous, the last of which is the digest
// of an earlier checkpoint of the partition. Checkpoints lie on a topic of their own.
// A tree's hashes lie in files that can be made again from the log.
//
// A log that was altered, reordered, thinned out or cut short within what a checkpoint
// covers does not have the root that was signed. What is younger than the last
// checkpoint is not proven yet, and the report says so.
//
// It must not know Kafka, the fold, policies or ClickHouse: records, checkpoints and
// the filter of bundles are handed in.
package audit
