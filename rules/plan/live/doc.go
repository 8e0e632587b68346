// Package live judges reports as they come, in any order, and says what later ones
// make of earlier ones: hits that are late, hits whose case rises, hits that hold no
// more. What stands at the end is what plan/whole says of the same reports at once.
//
// # A report
//
// Its batch feeds the windows, then every row is judged as of its own time with all
// that is there. A row of which a rule with windows demands nothing more than windows
// can give is a candidate: plan/live/shelf keeps it, what each such rule said of it,
// and the keys by which it looks into the windows. Every key that the batch changed
// finds the candidates whose windows the change is in, once a key and batch; they
// are decoded again and judged by the ordinary plan, as one batch, and what it says
// is compared with what was said. At most Options.Budget are judged again a batch,
// those of keys that have waited longest first; the rest is deferred to later
// batches and ticks, and Judgement.Hold says so.
//
// A read that a bound has cut can only say less: a hit that a cut window does not
// confirm stands.
//
// # Time
//
// The clock is the aligned record time that Tick brings. A rule that settles is
// judged when the clock has passed the report's time by that; candidates and windows
// end when it has passed them by the lateness, and so one report with a bad date
// empties nothing. A rule that can fire on absence is cold on a report until its
// windows reach back far enough: windows know since when they see all reports.
//
// # Crashes
//
// A snapshot generation is the 64 shards of the windows and then the shelf, each
// with the offsets that it contains, written a piece between two batches. It counts
// when everything that the shelf has said is committed. After a restart reading
// begins at the least offsets of its parts; what is fed twice changes nothing.
//
// What was said after the last commit and before a crash is on the log, but nobody
// remembers it, and other reports may come first now. So the runs that the log had
// at the time of the restart, or of a takeover, are in doubt: of everything that they
// touch the whole verdict is said, whether it holds and with which case, and what is
// known already the log ignores.
//
// 2026-11-24: what is kept of a candidate is its original bytes, compressed. Columns
// of the residual conditions would have needed an evaluator of their own, which a
// late verdict must not have, and as much memory.
//
// The caller owes two things. After a start it judges all that is below the committed
// offsets, of every partition, before anything beyond, and publishes and commits
// nothing until then: a process that dies in the middle of a replay would leave on
// the log what it said half-informed, and the next one, which says nothing of what
// it replays, would not take it back. And runs tell the high watermark, by which
// they are known to be in doubt.
//
// The law behind all this is tested in plan (TestLiveLaw): whatever the order, the
// partitions, repetitions, revisions, budgets, crashes, takeovers and changes of
// rules, what stands at the end is what plan/whole says.
//
// The package knows neither Kafka nor the log; pipeline.Memory is its shape.
package live
