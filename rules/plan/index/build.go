package index

import (
	"fmt"
	"sort"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/automaton"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// builder makes an Index of drafts.
type builder struct {
	schema   *event.Schema
	compiler *kernel.Compiler
	index    *Index
	drafts   []*draft
	position map[int]int   // schema column → index.columns
	groupOf  map[shape]int //
	patterns map[haystack]map[string]int32
	waiting  map[uint64]map[listKey][]waiting
	sources  map[string]int32
	residual map[string]int32 // conjunction → index.residuals
}

type listKey struct {
	source int32
	op     lang.Op
}

type waiting struct {
	entry
	limit decimal.D
	under *decimal.D   // no value above it can be true; nil = not known
	left  []*lang.Node // what the access does not prove, cheapest first
}

func newBuilder(s *event.Schema, rules int, c *kernel.Compiler) *builder {
	return &builder{
		schema: s, compiler: c, index: &Index{rules: rules},
		position: map[int]int{}, groupOf: map[shape]int{}, patterns: map[haystack]map[string]int32{},
		waiting: map[uint64]map[listKey][]waiting{}, sources: map[string]int32{}, residual: map[string]int32{},
	}
}

// shapes decides what every draft is hashed by and makes the columns, groups
// and automata for it.
func (b *builder) shapes() error {
	constants := map[int]map[string]struct{}{}
	for _, d := range b.drafts {
		for _, a := range d.equal {
			if constants[a.col] == nil {
				constants[a.col] = map[string]struct{}{}
			}
			for _, v := range a.values {
				constants[a.col][v] = struct{}{}
			}
		}
	}
	share := func(a *atom) float64 {
		n := vocabulary(b.schema.Columns[a.col], len(constants[a.col]))
		return float64(len(a.values)) / float64(n)
	}
	if err := b.searches(); err != nil {
		return err
	}
	budget := allKeys
	for _, d := range b.drafts {
		budget = d.chooseShape(share, budget)
	}
	b.column(b.schema.Must("kind"))
	for i, s := range settle(b.drafts) {
		b.groupOf[s] = i
		g := group{b.column(s.first), b.column(s.second), -1}
		for j, a := range b.index.automata {
			if a.haystack == s.needle {
				g.needle = j
			}
		}
		b.index.groups = append(b.index.groups, g)
	}
	return nil
}

// searches builds an automaton for each column with needles. One that would be
// too large is left out, and its needles are residual conjuncts.
func (b *builder) searches() error {
	for _, d := range b.drafts {
		if d.sift == nil {
			continue
		}
		ids := b.patterns[d.sift.haystack()]
		if ids == nil {
			ids = map[string]int32{}
			b.patterns[d.sift.haystack()] = ids
		}
		if _, ok := ids[d.sift.needle]; !ok {
			ids[d.sift.needle] = int32(len(ids))
		}
	}
	for h, ids := range b.patterns {
		words := make([]string, len(ids))
		for w, i := range ids {
			words[i] = w
		}
		ac, err := automaton.New(words)
		if err != nil || len(words) >= 1<<classBits {
			delete(b.patterns, h)
			continue
		}
		b.index.automata = append(b.index.automata, search{h, b.schema.Columns[h.col].Type, ac})
		b.compiler.Read(h.col)
	}
	for _, d := range b.drafts {
		if d.sift != nil && b.patterns[d.sift.haystack()] == nil {
			d.sift = nil
		}
	}
	return nil
}

// column returns the position of schema column col among the hashed ones, -1
// for -1.
func (b *builder) column(col int) int {
	if col < 0 {
		return -1
	}
	if i, ok := b.position[col]; ok {
		return i
	}
	b.compiler.Read(col)
	b.position[col] = len(b.index.columns)
	b.index.columns = append(b.index.columns, column{col: col, typ: b.schema.Columns[col].Type, classes: map[string]uint32{}, masks: make([]uint64, 2)})
	return b.position[col]
}

// class returns the class of value in column i and notes that g has it.
func (b *builder) class(i int, value string, g int) (uint32, error) {
	c := &b.index.columns[i]
	id, ok := c.classes[value]
	if !ok {
		id = uint32(len(c.masks))
		limit := 1 << classBits
		if i == 0 {
			limit = 1 << kindBits
		}
		if int(id) >= limit {
			return 0, fmt.Errorf("index %s: more than %d values in rules", b.schema.Columns[c.col].Name, limit-2)
		}
		c.classes[value] = id
		c.masks = append(c.masks, 0)
	}
	c.masks[id] |= 1 << g
	c.users |= 1 << g
	return id, nil
}

// add puts d under each of its keys.
func (b *builder) add(d *draft) error {
	g := b.groupOf[d.shape]
	w, lk, err := b.entry(d)
	if err != nil {
		return err
	}
	kinds, err := b.classesOf(0, d.on, g)
	if err != nil {
		return err
	}
	shape := b.index.groups[g]
	firsts, err := b.classesOf(shape.first, d.values(d.shape.first), g)
	if err != nil {
		return err
	}
	seconds, err := b.classesOf(shape.second, d.values(d.shape.second), g)
	if err != nil {
		return err
	}
	if shape.needle >= 0 {
		seconds = []uint32{uint32(b.patterns[d.sift.haystack()][d.sift.needle])}
	}
	for _, k := range kinds {
		for _, x := range firsts {
			for _, y := range seconds {
				b.wait(key(g, k, x, y), lk, w)
			}
		}
	}
	return nil
}

func (b *builder) wait(k uint64, lk listKey, w waiting) {
	lists := b.waiting[k]
	if lists == nil {
		lists = map[listKey][]waiting{}
		b.waiting[k] = lists
	}
	lists[lk] = append(lists[lk], w)
}

func (b *builder) classesOf(i int, values []string, g int) ([]uint32, error) {
	if i < 0 {
		return []uint32{0}, nil
	}
	out := make([]uint32, len(values))
	for j, v := range values {
		id, err := b.class(i, v, g)
		if err != nil {
			return nil, err
		}
		out[j] = id
	}
	return out, nil
}

// entry compiles what is left of d.
func (b *builder) entry(d *draft) (waiting, listKey, error) {
	lk := listKey{source: -1}
	w := waiting{entry: entry{rule: d.rule, residual: -1, many: d.many}}
	if d.bound != nil {
		id, err := b.source(d.bound.source)
		if err != nil {
			return w, lk, err
		}
		lk = listKey{id, d.bound.op}
		w.limit = d.bound.limit
		if d.under != nil {
			w.under = &d.under.limit
		}
	}
	w.left = d.residual()
	sort.SliceStable(w.left, func(i, j int) bool { // windows last: they are read only where all else is true
		if p, q := kernel.Windowed(w.left[i]), kernel.Windowed(w.left[j]); p != q {
			return q
		}
		return kernel.Cost(w.left[i]) < kernel.Cost(w.left[j])
	})
	for _, n := range w.left { // compiled here, so that finish cannot fail
		if _, err := b.compiler.Truth(n); err != nil {
			return w, lk, err
		}
	}
	if d.bound != nil {
		w.residual = b.residuals(w.left)
	}
	return w, lk, nil
}

// residuals returns the position of the conjunction of left in the index, -1 when
// left is empty.
func (b *builder) residuals(left []*lang.Node) int32 {
	if len(left) == 0 {
		return -1
	}
	keys := make([]string, len(left))
	for i, n := range left {
		keys[i] = n.Key
	}
	name := strings.Join(keys, "\x00")
	if id, ok := b.residual[name]; ok {
		return id
	}
	id := int32(len(b.index.residuals))
	b.residual[name] = id
	r := residual{all: make([]kernel.Truth, len(left)), free: len(left)}
	for i, n := range left {
		r.all[i] = b.truth(n)
		if kernel.Windowed(n) {
			r.free = min(r.free, i)
		}
	}
	b.index.residuals = append(b.index.residuals, r)
	return id
}

// truth returns the closure of a node that was compiled before.
func (b *builder) truth(n *lang.Node) kernel.Truth {
	t, err := b.compiler.Truth(n)
	if err != nil {
		panic(err) // invariant: entry compiled every residual conjunct
	}
	return t
}

func (b *builder) source(n *lang.Node) (int32, error) {
	if id, ok := b.sources[n.Key]; ok {
		return id, nil
	}
	num, err := b.compiler.Number(n)
	if err != nil {
		return 0, err
	}
	id := int32(len(b.index.sources))
	b.sources[n.Key] = id
	b.index.sources = append(b.index.sources, num)
	return id, nil
}
