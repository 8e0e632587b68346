// Package caselog owns the form of the case log: the envelope of its events,
// what each event type carries, how ids and keys are made, how personal data is
// sealed and erased, and the rows that analysts get of it.
//
// It is a leaf: it knows neither Kafka nor ClickHouse nor what an event means
// for an alert; sinks/desk/apply decides that.
//
// # Sealing
//
// 2026-10-02: what names a person or an account stands in data.personal, a
// compact JWE (dir, A256GCM). A data key belongs to one log key (direction,
// party, subject), so erasing a person erases all episodes about the account:
// the writer of a hit cannot know the episode, which only the fold of the log
// decides, and a late word about a closed episode needs a key too. Two writers
// that meet the same new subject make two data keys; each has an id of its own
// (log key + "/" + random), the JWE names the one it used, and readers keep
// them all. So there is no race to lose, no read-back before the first event,
// and compaction of the keys topic cannot drop a key that is in use. Erasing
// tombstones every data key of the log key.
package caselog
