package index

import (
	"math/bits"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/automaton"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// Rule is the condition of one rule: it can be true on reports of a kind in On
// when all Conjuncts are.
type Rule struct {
	On        []string
	Conjuncts []*lang.Node
}

// Index is a set of rules arranged by access. Immutable.
type Index struct {
	rules     int
	columns   []column // hashed columns; columns[0] is the kind
	groups    []group
	automata  []search
	table     table
	buckets   []bucket
	lists     []list
	entries   []entry
	steps     []step
	limits    []decimal.D // limits[i] of entries[i], where its list has a source
	ceilings  []decimal.D // of blocks of entries
	sources   []kernel.Number
	residuals []residual
	texts     uint64 // groups that hash a Text column
}

// column is a hashed column. Class 0 is a missing value, 1 a value that no rule
// names, the others one constant each.
type column struct {
	col     int
	typ     event.Type
	classes map[string]uint32
	masks   []uint64 // by class: groups in which a row of this class can be
	users   uint64   // groups hashed by this column
}

// group is a shape with its columns as positions; -1 where it has fewer.
type group struct{ first, second, needle int }

// search is the automaton of one column.
type search struct {
	haystack
	typ event.Type
	ac  *automaton.Automaton
}

// bucket is all entries of one key: lists[from:to].
type bucket struct{ from, to int32 }

// list is some entries of a bucket. With a source they are sorted so that those
// whose bound holds come first; what is left to check is the same for all of
// them, or each entry's own. Without one, entries[from:to] are true as they are,
// and those with something left to check stand in the tree steps[first:last].
type list struct {
	source      int32 // -1 = none
	shared      int32 // residual of all entries, -1 = each has its own or none
	op          lang.Op
	from, to    int32
	first, last int32
	blocks      int32 // ceilings[blocks+j] is that of the j-th block of entries, -1 = not known
}

// step is a node of a tree of residual conjuncts, laid out parents first: the
// path from the root to an entry is what must be true for it. A conjunct that
// entries share is evaluated once for all of them.
type step struct {
	test     kernel.Truth
	past     bool  // test is the first on its path that reads a window
	skip     int32 // the step after this one's subtree
	from, to int32 // entries that are true when test is
	end      int32 // entries[from:end] are those of the subtree
}

// residual is a conjunction; those before free read no window.
type residual struct {
	all  []kernel.Truth
	free int
}

// entry is one way in which a rule can be true.
type entry struct {
	rule     int32
	residual int32 // -1 = nothing left to check, or a step or the list does it
	many     bool  // another entry may be true of the same row
}

// Bits of a key: group 6, kind 10, two classes of 24.
const (
	classBits = 24
	kindBits  = 10
)

func key(group int, kind, first, second uint32) uint64 {
	return uint64(group)<<(kindBits+2*classBits) | uint64(kind)<<(2*classBits) | uint64(first)<<classBits | uint64(second)
}

// New arranges rules; what it does not prove by access is compiled by c.
func New(s *event.Schema, rules []Rule, c *kernel.Compiler) (*Index, error) {
	b := newBuilder(s, len(rules), c)
	for i, r := range rules {
		b.drafts = append(b.drafts, drafts(s, int32(i), r.On, r.Conjuncts)...)
	}
	if err := b.shapes(); err != nil {
		return nil, err
	}
	for _, d := range b.drafts {
		if err := b.add(d); err != nil {
			return nil, err
		}
	}
	b.finish()
	return b.index, nil
}

// table maps keys to buckets: open addressing, at most half full. Key 0 does
// not occur, since no kind has class 0.
type table struct {
	slots []slot
	shift int
}

type slot struct {
	key    uint64
	bucket int32
}

func newTable(n int) table {
	size := max(8, 1<<bits.Len(uint(2*n)))
	return table{slots: make([]slot, size), shift: 64 - bits.TrailingZeros(uint(size))}
}

// golden is 2^64 divided by the golden ratio: Knuth, TAOCP 6.4, multiplicative
// hashing. The key is folded first, as its low bits are often constant.
const golden = 0x9e3779b97f4a7c15

func (t *table) home(key uint64) int {
	return int((key ^ key>>29) * golden >> t.shift)
}

func (t *table) put(key uint64, bucket int32) {
	i := t.home(key)
	for t.slots[i].key != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = slot{key, bucket}
}

// find returns the bucket of key, -1 when it has none.
func (t *table) find(key uint64) int32 {
	i := t.home(key)
	for {
		s := &t.slots[i]
		switch s.key {
		case key:
			return s.bucket
		case 0:
			return -1
		}
		i = (i + 1) & (len(t.slots) - 1)
	}
}
