// Package caselog owns the form of the case log: the envelope of its events,
// what each event type carries, how ids and keys are made, how personal data is
// sealed and erased, and the rows that analysts get of it.
//
// It is a leaf: it knows neither Kafka nor ClickHouse nor what an event means
// for an alert; sinks/desk/apply decides that.
//
// # What rules say
//
// 2026-11-24: haltwire.case.hit, .hit.changed and .hit.overturned are the words of
// a rule about one version of a report, each for one subject. hit.changed is a hit
// whose case rose; hit.overturned one that holds no more, or, with stands, one
// whose case fell, and then it carries the lower case in full. The last word in the
// order of the log counts; one about a lower version than is known counts nothing.
// Words that later evidence made carry its latest report as cause, which is in
// their id: the same word told again is the same event. Events of before that date
// have no fold member and keep the meaning that they had.
//
// haltwire.case.revised is about a report and no alert: it has a version beyond its
// first (reporter, report_id, revision, hash, position). Its key is
// none/-/ID of the report, so it lies in another partition than the hits on the
// report; every instance keeps it for at least a week on the clock of the log, and
// the owner of a hit on a lower version writes hit.overturned with that version as
// superseded, unless the rule hit that version too. It is written after the hits on
// the version, and writing it again is harmless. It opens, closes and changes no
// alert by itself and has no data.personal.
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
