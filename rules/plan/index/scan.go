package index

import (
	"math/bits"
	"slices"
	"sort"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// Scanner finds candidates with the scratch of one goroutine.
type Scanner struct {
	index   *Index
	frame   *kernel.Frame
	emit    func(rule int32)
	fault   func(rule int32)
	tell    func(rule int32) // nil = nobody wants to know
	symbols []symbol         // one a hashed column, used for Symbol ones
	classes []uint32         // one a hashed column: class of the row, for Text ones
	live    []uint64         // by row: groups that the row may be in
	finders []finder         // one an automaton
	seen    []uint64         // by rule: the last row, counted over all batches, on which it was emitted
	count   uint64           // rows begun
}

// symbol is what the values of a Symbol column's dictionary mean to the index.
type symbol struct {
	version uint32
	class   []uint32 // by code
	mask    []uint64 // by code
}

// NewScanner returns a scanner of x whose closures read f. On the row that f is
// at, emit gets each rule that is true, once, and fault each whose evaluation
// met a run-time error.
func NewScanner(x *Index, f *kernel.Frame, emit, fault func(rule int32)) *Scanner {
	return &Scanner{
		index: x, frame: f, emit: emit, fault: fault,
		symbols: make([]symbol, len(x.columns)), finders: make([]finder, len(x.automata)), classes: make([]uint32, len(x.columns)),
		seen: make([]uint64, x.rules),
	}
}

// Tell makes s call f, on the row that its frame is at, for each rule of which
// everything is true that reads no window, when the rest may not be; it can be
// called for one rule several times, before emit or without it, and is not called
// for rules that emit gets without a window.
func (s *Scanner) Tell(f func(rule int32)) { s.tell = f }

// Scan judges every row of b, to which the frame is bound. done is called after
// each row on which a rule was a candidate.
func (s *Scanner) Scan(b *event.Batch, done func(row int)) {
	if len(s.index.buckets) == 0 {
		return
	}
	s.mask(b)
	for r, live := range s.live {
		if live == 0 {
			continue
		}
		if live&s.index.texts != 0 {
			live = s.readTexts(b, r, live)
		}
		if live != 0 {
			s.count++
			s.frame.Start(r)
			s.row(b, r, live)
			done(r)
		}
	}
}

// mask computes from the Symbol columns which groups each row can be in.
func (s *Scanner) mask(b *event.Batch) {
	base := ^uint64(0) >> (maxGroups - len(s.index.groups))
	for i := range s.index.columns {
		c := &s.index.columns[i]
		if b.Columns[c.col].Empty() {
			base &= c.masks[0]
		}
	}
	s.live = slices.Grow(s.live[:0], b.Rows)[:b.Rows]
	for r := range s.live {
		s.live[r] = base
	}
	for i := range s.index.columns {
		c := &s.index.columns[i]
		v := &b.Columns[c.col]
		if c.typ != event.Symbol || v.Empty() {
			continue
		}
		s.learn(i, v)
		if base&c.users == 0 {
			continue
		}
		mask := s.symbols[i].mask
		for r, code := range v.Codes {
			s.live[r] &= mask[code]
		}
	}
}

// learn looks up the values that the dictionary of hashed column i has gained.
func (s *Scanner) learn(i int, v *event.Vector) {
	c, sym := &s.index.columns[i], &s.symbols[i]
	if version := s.frame.Version(c.col); sym.version != version {
		*sym = symbol{version, sym.class[:0], sym.mask[:0]}
	}
	for code := len(sym.class); code < len(v.Values); code++ {
		id := uint32(0)
		if code > 0 {
			id = c.classOf(v.Values[code])
		}
		sym.class = append(sym.class, id)
		sym.mask = append(sym.mask, c.masks[id])
	}
}

func (c *column) classOf(value string) uint32 {
	if id, ok := c.classes[value]; ok {
		return id
	}
	return 1
}

// readTexts classifies the Text columns that the groups in live are hashed by
// and returns the groups that remain.
func (s *Scanner) readTexts(b *event.Batch, r int, live uint64) uint64 {
	for i := range s.index.columns {
		c := &s.index.columns[i]
		if c.typ != event.Text || live&c.users == 0 {
			continue
		}
		v := &b.Columns[c.col]
		id := uint32(0)
		if v.Has(r) {
			id = 1
			if known, ok := c.classes[string(v.Text(r))]; ok {
				id = known
			}
		}
		s.classes[i] = id
		live &= c.masks[id]
	}
	return live
}

// row asks the table for the row's key in every group of live.
func (s *Scanner) row(b *event.Batch, r int, live uint64) {
	kind := s.classAt(b, 0, r)
	for ; live != 0; live &= live - 1 {
		g := bits.TrailingZeros64(live)
		shape := s.index.groups[g]
		first := s.classAt(b, shape.first, r)
		if shape.needle < 0 {
			s.bucket(key(g, kind, first, s.classAt(b, shape.second, r)))
			continue
		}
		for _, id := range s.finders[shape.needle].find(s, shape.needle, b, r) {
			s.bucket(key(g, kind, first, uint32(id)))
		}
	}
}

func (s *Scanner) classAt(b *event.Batch, i, r int) uint32 {
	if i < 0 {
		return 0
	}
	c := &s.index.columns[i]
	if c.typ == event.Text {
		return s.classes[i]
	}
	return s.symbols[i].class[b.Columns[c.col].Codes[r]]
}

// bucket checks the entries under key.
func (s *Scanner) bucket(key uint64) {
	x := s.index
	at := x.table.find(key)
	if at < 0 {
		return
	}
	for _, l := range x.lists[x.buckets[at].from:x.buckets[at].to] {
		if l.source < 0 {
			s.walk(l)
			continue
		}
		s.bounds(l)
	}
}

// bounds checks the entries of l whose bound holds.
func (s *Scanner) bounds(l list) {
	x := s.index
	v := x.sources[l.source](s.frame)
	if !v.OK || !holds(l.op, v.D, x.limits[l.from]) {
		return
	}
	to := l.from + 1 + int32(sort.Search(int(l.to-l.from-1), func(i int) bool { return !holds(l.op, v.D, x.limits[int(l.from)+1+i]) }))
	if l.shared >= 0 {
		if s.all(l.shared, l.from, to) {
			s.accept(l.from, to)
		}
		return
	}
	for i := l.from; i < to; {
		if n := i - l.from; l.blocks >= 0 && n%blockSize == 0 && x.ceilings[l.blocks+n/blockSize].Cmp(v.D) < 0 {
			i += blockSize
			continue
		}
		if r := x.entries[i].residual; r < 0 || s.all(r, i, i+1) {
			s.accept(i, i+1)
		}
		i++
	}
}

// all reports whether every conjunct of a residual is true; a run-time error is
// one of entries[from:to].
func (s *Scanner) all(residual, from, to int32) bool {
	before := s.frame.Errs
	all := true
	r := &s.index.residuals[residual]
	for i, t := range r.all {
		if i == r.free && s.tell != nil {
			s.told(from, to)
		}
		if t(s.frame) != kernel.True {
			all = false
			break
		}
	}
	if s.frame.Errs != before {
		s.blame(from, to)
	}
	return all
}

// told tells of the rules of entries[from:to].
func (s *Scanner) told(from, to int32) {
	for _, e := range s.index.entries[from:to] {
		s.tell(e.rule)
	}
}

// blame counts a run-time error of every rule of entries[from:to].
func (s *Scanner) blame(from, to int32) {
	for _, e := range s.index.entries[from:to] {
		s.fault(e.rule)
	}
}

func holds(op lang.Op, v, limit decimal.D) bool {
	c := v.Cmp(limit)
	switch op {
	case lang.Lt:
		return c < 0
	case lang.Le:
		return c <= 0
	case lang.Gt:
		return c > 0
	}
	return c >= 0
}

// walk emits the entries of a list without bounds that are true.
func (s *Scanner) walk(l list) {
	x := s.index
	s.accept(l.from, l.to)
	for i := l.first; i < l.last; {
		n := &x.steps[i]
		if n.past && s.tell != nil {
			s.told(n.from, n.end)
		}
		before := s.frame.Errs
		holds := n.test(s.frame) == kernel.True
		if s.frame.Errs != before {
			s.blame(n.from, n.end)
		}
		if !holds {
			i = n.skip
			continue
		}
		s.accept(n.from, n.to)
		i++
	}
}

// accept emits entries[from:to], which are true.
func (s *Scanner) accept(from, to int32) {
	for _, e := range s.index.entries[from:to] {
		if e.many {
			if s.seen[e.rule] == s.count {
				continue
			}
			s.seen[e.rule] = s.count
		}
		s.emit(e.rule)
	}
}
