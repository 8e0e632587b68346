package window

import "github.com/haltwire/haltwire/pipeline/event"

// Options are the bounds of a store. A zero bound is none.
type Options struct {
	Entries int    // per key and window; the newest stay
	Keys    int    // over all windows
	Bytes   int64  // over all windows
	Dirty   bool   // keep what Dirty tells; without it nothing is kept
	All     bool   // remember the version of every accepted report, also of those that feed nothing (Accept)
	Seed    uint64 // of all hashes; 0 = random
}

// Reports are the identities, versions and times of the rows of a batch.
type Reports struct {
	Reporter Texts
	ID       Texts
	Revision []uint32
	Hash     []uint64 // the first 8 bytes of the content hash, big-endian
	Time     []int64  // occurred_at, ms
}

// Verdict is what Accept says of a report.
type Verdict uint8

// The verdicts.
const (
	Fresh      Verdict = iota // not seen before, or not remembered
	Repeated                  // this very version is known; feeding it again changes nothing
	Replaced                  // an earlier version was known and is taken back
	Superseded                // a later version is known: neither feed nor judge it
)

// Feed are the reports that feed a window.
type Feed struct {
	Rows []int32  // of the Reports, rising
	Keys Texts    // whole keys: equal bytes are the same key, so parts must be delimited; at most 64 KiB
	Once Texts    // once_per; empty without Definition.OncePer
	Args []Column // as Definition.Args
}

// Read are reports whose windows are read as of their own time.
type Read struct {
	Rows []int32  // of the Reports
	Keys Texts    // none missing
	Seen []Column // as Definition.Values; used for Seen only: the judged report's argument

	// Filter, unless nil, clears the bits of keep for the entries that do not count
	// for row i (of Rows). The columns are those of Definition.Filter, one row an
	// entry in the order of time; they are valid during the call.
	Filter func(i int, entries []Column, keep event.Bits)
}

// Entry is a report that counts in a window.
type Entry struct {
	Reporter, ID []byte // nil unless Definition.Identify
	Time         int64
	Row          int // of the columns that Entries filled
}

// Stats counts what a store holds and what it cut.
type Stats struct {
	Keys, Entries int64
	Bytes         int64 // of keys, entries and indexes
	CutEntries    int64 // dropped over Options.Entries
	CutByBound    int64 // entries dropped, or refused on arrival, over Options.Keys or Options.Bytes
	Evicted       int64
	Remembered    int64 // versions kept apart from entries
}
