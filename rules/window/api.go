package window

import "io"

// Shards is the fixed number of parts that keys are split into by hash.
const Shards = 64

// Store is the state of a set of windows. It has one owner.
type Store struct{}

// New returns an empty store of windows, which Feed and ReadAsOf name by index.
func New(windows []Definition, o Options) (*Store, error) { panic("later") }

// Replace makes the store one of other windows, keeps the state of those whose
// Key and columns did not change, and returns which those are.
func (s *Store) Replace(windows []Definition) (kept []bool, err error) { panic("later") }

// Accept appends a verdict a row to verdicts (rows nil = every row of r).
func (s *Store) Accept(r *Reports, rows []int32, verdicts []Verdict) []Verdict { panic("later") }

// Feed enters reports into window w.
func (s *Store) Feed(w int, r *Reports, f *Feed) { panic("later") }

// ReadAsOf fills out, one column a value of window w, one row a row of q.
func (s *Store) ReadAsOf(w int, r *Reports, q *Read, out []Column) { panic("later") }

// Entries appends the reports that count in window w for row i of q, the newest
// limit in the order of time, and adds a row each to cols, as Definition.Args. It
// reports whether reports are missing by the limit or a cut.
func (s *Store) Entries(w int, r *Reports, q *Read, i, limit int, cols []Column, entries []Entry) (all []Entry, cut bool) {
	panic("later")
}

// Dirty calls f for each key that changed since the last call, with the least
// time of what was fed or taken back; the key is valid during the call.
func (s *Store) Dirty(f func(w int, key []byte, from int64)) { panic("later") }

// Evict drops what no read at or after clock-lateness can need: entries with
// time <= clock - lateness - Within, and remembered versions as old. The clock
// follows the record time of the input, never occurred_at.
func (s *Store) Evict(clock, lateness int64) { panic("later") }

// Stats returns what the store holds.
func (s *Store) Stats() Stats { panic("later") }

// Snapshot writes a shard with the offsets of the sources that it contains, which
// are the caller's own bytes.
func (s *Store) Snapshot(to io.Writer, shard int, offsets []byte) error { panic("later") }

// Restore reads what Snapshot wrote into the store, whose shard must be empty,
// and returns the shard and its offsets. Windows that the store no longer has are
// left out. An error leaves the shard empty.
func (s *Store) Restore(from io.Reader) (shard int, offsets []byte, err error) { panic("later") }
