package shelf

import (
	"encoding/binary"

	"github.com/haltwire/haltwire/rules/window/slab"
)

// Verdict is what a rule, by the caller's number, has said of a report.
type Verdict struct {
	Rule   int32
	State  int16
	Pinned bool // the report must not be dropped over a bound
}

// verdictBytes is the size of a verdict in the arena.
const verdictBytes = 8

// Count returns how many verdicts a report has.
func (s *Shelf) Count(ref Ref) int { return int(s.rows[ref].count) }

// Verdict returns verdict i of a report.
func (s *Shelf) Verdict(ref Ref, i int) Verdict {
	return verdictOf(s.verdict(ref, i))
}

func verdictOf(b []byte) Verdict {
	return Verdict{int32(binary.LittleEndian.Uint32(b)), int16(binary.LittleEndian.Uint16(b[4:])), b[6] != 0}
}

// SetVerdict replaces verdict i of a report.
func (s *Shelf) SetVerdict(ref Ref, i int, v Verdict) {
	b, r := s.verdict(ref, i), &s.rows[ref]
	if b[6] != 0 {
		r.pinned--
	}
	if v.Pinned {
		r.pinned++
	}
	put(b, v)
}

func put(b []byte, v Verdict) {
	binary.LittleEndian.PutUint32(b, uint32(v.Rule))
	binary.LittleEndian.PutUint16(b[4:], uint16(v.State))
	b[6], b[7] = 0, 0
	if v.Pinned {
		b[6] = 1
	}
}

func (s *Shelf) verdict(ref Ref, i int) []byte {
	r := &s.rows[ref]
	return s.arena.Bytes(r.verdicts, slab.Units(int(r.count)*verdictBytes))[i*verdictBytes:][:verdictBytes]
}

// maxVerdicts is how many rules one report can be a candidate of; further ones do
// not judge it again.
const maxVerdicts = 1<<16 - 1

// Judge adds verdicts to a report, which makes it a candidate.
func (s *Shelf) Judge(ref Ref, more []Verdict) {
	r := &s.rows[ref]
	had := int(r.count)
	if more = more[:min(len(more), maxVerdicts-had)]; len(more) == 0 {
		return
	}
	units := slab.Units((had + len(more)) * verdictBytes)
	to := s.arena.Alloc(units)
	b := s.arena.Bytes(to, units)
	if had > 0 {
		old := slab.Units(had * verdictBytes)
		copy(b, s.arena.Bytes(r.verdicts, old))
		s.arena.Free(r.verdicts, old)
	} else {
		s.holding++
	}
	for i, v := range more {
		put(b[(had+i)*verdictBytes:][:verdictBytes], v)
		if v.Pinned {
			r.pinned++
		}
	}
	r.verdicts, r.count = to, uint16(had+len(more))
}
