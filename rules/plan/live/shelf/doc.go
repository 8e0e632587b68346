// Package shelf keeps reports that may be judged again: whose they are, what was
// said of them, by which keys of windows later reports find them, and their bytes.
//
// A report is known by a hash of (reporter, report_id). It is kept for two reasons,
// which end apart: as a candidate, of which rules have said something that later
// reports can change, and as evidence, which alerts of other reports are about.
//
// Bytes stand in blocks of 16 KiB in the order in which reports came, compressed
// when they are full: the JSON of a bank takes an eighth, about what the columns of
// it would. A block is given back as a whole, when none of its reports is kept any
// more. Reports are rows of a table without pointers, verdicts extents of an arena,
// keys entries of one map: no object on the heap a report. What a report leaves in
// the index of keys is swept out, not removed.
//
// 2026-11-24: of 635 bytes of JSON zstd's fastest level leaves 99, 80 or 68 in blocks
// of 8, 16 or 64 KiB, and a block takes 6, 13 or 35 us to unpack; s2 leaves 145 in 16
// KiB and takes 5 us.
//
// The package knows neither rules nor windows nor what a verdict means.
package shelf
