package shelf

import (
	"cmp"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/window/slab"
)

// Ref names a report while it is kept.
type Ref = int32

// Report is what is known of a report beside its bytes.
type Report struct {
	Identity uint64 // of Shelf.Identity
	Version  hit.Version
	Time     int64  // occurred_at, Unix ms
	Record   int64  // record time as its source gave it
	Offset   int64  // in its source
	Again    int64  // record time of the report that made it be judged again last, 0 = never
	Source   int32  // the caller's number of the partition
	Turn     uint32 // the caller's number of the judgement in which it was judged last

	CauseSource int32 // where that report came from
	CauseOffset int64

	Evidence bool // alerts of others may be about it

	generation uint32 // of this row of the table, odd = in use
	block      int32
	at, length uint32 // in the block
	verdicts   uint32 // in the arena
	count      uint16 // of verdicts, 0 = no candidate
	pinned     uint16 // verdicts that must not be dropped over a bound
}

// Candidate reports whether rules have said something of r.
func (r *Report) Candidate() bool { return r.count > 0 }

// Pinned reports whether r must not be dropped over a bound.
func (r *Report) Pinned() bool { return r.pinned > 0 }

// rowBytes is what a report costs beside its bytes and keys: its row, its place in
// the map of identities, and a verdict.
const rowBytes = 128 + 24 + 8

// Shelf keeps reports. One goroutine uses it.
type Shelf struct {
	seed    uint64
	rows    []Report
	free    []Ref
	by      map[uint64]Ref // by identity
	arena   slab.Arena     // of verdicts
	keys    index
	blocks  blocks
	holding int64 // candidates
	proving int64 // evidence
}

// New returns an empty shelf whose hashes have a seed.
func New(seed uint64) (*Shelf, error) {
	s := &Shelf{seed: seed, by: map[uint64]Ref{}, keys: newIndex()}
	if err := s.blocks.init(); err != nil {
		return nil, err
	}
	return s, nil
}

// Seed returns the seed of all hashes.
func (s *Shelf) Seed() uint64 { return s.seed }

// Identity returns what a report is known by whatever its version.
func (s *Shelf) Identity(reporter, id []byte) uint64 {
	return xxh3.HashSeed(id, xxh3.HashSeed(reporter, s.seed))
}

// Len returns how many reports are kept.
func (s *Shelf) Len() int { return len(s.by) }

// Candidates returns how many reports are candidates, and Evidence how many are
// evidence.
func (s *Shelf) Candidates() int64 { return s.holding }

// Evidence returns how many reports alerts of others may be about.
func (s *Shelf) Evidence() int64 { return s.proving }

// Bytes returns about how much memory the shelf takes.
func (s *Shelf) Bytes() int64 {
	return int64(len(s.by))*rowBytes + s.blocks.bytes + s.keys.bytes()
}

// Find returns the report of an identity.
func (s *Shelf) Find(identity uint64) (Ref, bool) {
	ref, ok := s.by[identity]
	return ref, ok
}

// At returns a report that is kept, valid until the next Put.
func (s *Shelf) At(ref Ref) *Report { return &s.rows[ref] }

// Kept reports whether ref names a report.
func (s *Shelf) Kept(ref Ref) bool { return s.rows[ref].generation&1 == 1 }

// Put keeps a report, whose identity must not be kept, with its bytes and its
// trace.
func (s *Shelf) Put(r Report, raw, trace []byte) Ref {
	ref := Ref(len(s.rows))
	if n := len(s.free); n > 0 {
		ref, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.rows = append(s.rows, Report{})
	}
	r.generation = s.rows[ref].generation + 1
	r.count, r.pinned, r.verdicts = 0, 0, 0
	r.block, r.at, r.length = s.blocks.add(ref, raw, trace)
	s.rows[ref], s.by[r.Identity] = r, ref
	if r.Evidence {
		s.proving++
	}
	return ref
}

// Prove makes a report evidence, or no evidence any more.
func (s *Shelf) Prove(ref Ref, on bool) {
	r := &s.rows[ref]
	if r.Evidence == on {
		return
	}
	r.Evidence = on
	if on {
		s.proving++
	} else {
		s.proving--
	}
}

// Drop forgets a report.
func (s *Shelf) Drop(ref Ref) {
	r := &s.rows[ref]
	s.Prove(ref, false)
	s.Close(ref)
	delete(s.by, r.Identity)
	s.blocks.remove(r.block)
	*r = Report{generation: r.generation + 1}
	s.free = append(s.free, ref)
}

// Close makes a report no candidate any more; its keys do not find it.
func (s *Shelf) Close(ref Ref) {
	r := &s.rows[ref]
	if r.count == 0 {
		return
	}
	s.arena.Free(r.verdicts, slab.Units(int(r.count)*verdictBytes))
	r.count, r.pinned, r.verdicts = 0, 0, 0
	r.generation += 2
	s.holding--
}

// Read appends the bytes and the trace of a report to buf.
func (s *Shelf) Read(ref Ref, buf []byte) (out, raw, trace []byte, err error) {
	r := &s.rows[ref]
	return s.blocks.read(r.block, r.at, r.length, buf)
}

// Order compares two reports so that reading many in this order unpacks each block
// once.
func (s *Shelf) Order(a, b Ref) int {
	p, q := &s.rows[a], &s.rows[b]
	return cmp.Or(cmp.Compare(p.block, q.block), cmp.Compare(p.at, q.at))
}

// All calls f for every report; f may drop it.
func (s *Shelf) All(f func(ref Ref, r *Report)) {
	for i := range s.rows {
		if s.rows[i].generation&1 == 1 {
			f(Ref(i), &s.rows[i])
		}
	}
}

// Sweep ends candidates that occurred at or before horizon and evidence that
// occurred at or before proof, and forgets who is neither. It returns how many
// candidates ended.
func (s *Shelf) Sweep(horizon, proof int64) (ended int64) {
	s.All(func(ref Ref, r *Report) {
		if r.Candidate() && r.Time <= horizon {
			s.Close(ref)
			ended++
		}
		if r.Evidence && r.Time <= proof {
			s.Prove(ref, false)
		}
		s.Tidy(ref)
	})
	s.keys.sweep(s)
	return ended
}

// Tidy forgets a report that is neither candidate nor evidence.
func (s *Shelf) Tidy(ref Ref) {
	if r := &s.rows[ref]; !r.Candidate() && !r.Evidence {
		s.Drop(ref)
	}
}

// Bound drops the reports that came first, except pinned ones, while the shelf
// takes more than bytes, down to nine tenths of that. It returns how many.
func (s *Shelf) Bound(bytes int64) (dropped int64) {
	if bytes <= 0 || s.Bytes() <= bytes {
		return 0
	}
	s.keys.sweep(s)
	for _, b := range slices.Clone(s.blocks.order) {
		for _, ref := range slices.Clone(s.blocks.all[b].refs) {
			if s.Bytes() <= bytes/10*9 {
				break
			}
			if r := &s.rows[ref]; r.generation&1 == 1 && r.block == b && r.pinned == 0 {
				s.Drop(ref)
				dropped++
			}
		}
	}
	s.keys.sweep(s)
	return dropped
}
