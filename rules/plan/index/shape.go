package index

import (
	"cmp"
	"maps"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// maxGroups is how many combinations of hashed columns an index has: one bit
// each of a word.
const maxGroups = 64

// shape is the columns that entries of a group are hashed by, beside the kind;
// -1 where it has fewer. needle is a Text column searched by its automaton.
type shape struct {
	first, second int
	needle        haystack
}

// haystack is a column searched by an automaton, folded first; column -1 is
// none.
type haystack struct {
	col  int
	fold fold
}

func (a *atom) haystack() haystack { return haystack{a.col, a.fold} }

// kindOnly returns the shape of entries that are hashed by the kind alone.
func kindOnly() shape { return shape{-1, -1, haystack{col: -1}} }

// draft is an entry before its group is known: one way in which a rule can be
// true.
type draft struct {
	rule  int32
	many  bool // the rule has other drafts
	on    []string
	equal []*atom // one a column, most selective first
	sift  *atom   // the needle, or nil
	bound *atom   // or nil
	under *atom   // when bound is a floor: a ceiling of the same source, or nil
	conj  []*lang.Node
	how   []branch // how[i] is the branch that conj[i] took, without atoms when none
	kind  int      // schema column of the kind, whose atoms narrow on
	shape shape
}

// drafts returns the ways in which a rule whose condition is the conjunction of
// conj can be true. A conjunct over a hashed column makes one draft; only a rule
// that has none spends its best disjunction on several.
func drafts(s *event.Schema, rule int32, on []string, conj []*lang.Node) []*draft {
	base := &draft{rule: rule, on: on, conj: conj, how: make([]branch, len(conj)), kind: s.Must("kind")}
	split, options := -1, []branch(nil)
	hashed := false
	for i, n := range conj {
		switch b := branches(s, n); {
		case len(b) == 1:
			base.how[i] = b[0]
			hashed = hashed || slices.ContainsFunc(b[0].atoms, func(a *atom) bool { return a.source == nil && a.col != base.kind })
		case len(b) > 1 && (options == nil || len(b) < len(options)):
			split, options = i, b
		}
	}
	if hashed || split < 0 {
		return alive(base)
	}
	var all []*draft
	for _, b := range options {
		d := *base
		d.how = slices.Clone(base.how)
		d.how[split] = b
		d.many = true
		all = append(all, alive(&d)...)
	}
	return all
}

// alive sorts the atoms of d by what they can be used for. It returns nothing
// when two of them exclude each other.
func alive(d *draft) []*draft {
	d.equal = nil
	for _, b := range d.how {
		for _, a := range b.atoms {
			if !d.take(a) {
				return nil
			}
		}
	}
	if d.bound != nil && d.bound.rising() {
		d.under = d.ceiling()
	}
	return []*draft{d}
}

// take notes what a can be used for. It reports false when d can never be true.
func (d *draft) take(a *atom) bool {
	switch {
	case a.source != nil:
		if d.bound == nil || rank(a) < rank(d.bound) {
			d.bound = a
		}
	case a.needle != "":
		if d.sift == nil || len(a.needle) > len(d.sift.needle) {
			d.sift = a
		}
	case a.col == d.kind:
		d.on = intersect(d.on, a.values)
		return len(d.on) > 0
	default:
		i := slices.IndexFunc(d.equal, func(e *atom) bool { return e.col == a.col })
		if i < 0 {
			c := *a
			d.equal = append(d.equal, &c)
			return true
		}
		d.equal[i].values = intersect(d.equal[i].values, a.values)
		return len(d.equal[i].values) > 0
	}
	return true
}

// ceiling returns a ceiling of what bound is a floor of, or nil.
func (d *draft) ceiling() *atom {
	for _, b := range d.how {
		for _, a := range b.atoms {
			if a.source != nil && !a.rising() && a.source.Key == d.bound.source.Key {
				return a
			}
		}
	}
	return nil
}

// rising reports whether a is a floor: true of all values from its limit on.
func (a *atom) rising() bool { return a.op == lang.Ge || a.op == lang.Gt }

// rank orders bounds by how much they are likely to leave out: authors put the
// floor of an amount last in a rule and above most amounts.
func rank(a *atom) int {
	r := 0
	if a.source.Op != lang.Column {
		r += 2
	}
	if !a.rising() {
		r++
	}
	return r
}

// vocabulary estimates how many values a column has, from its code list and
// from the constants that rules compare it with.
func vocabulary(c event.Column, constants int) int {
	floor := 30
	switch {
	case c.Type == event.Text:
		floor = 1_000_000
	case c.List == event.Closed:
		floor = len(c.Values)
	case c.List == event.Country, c.List == event.Currency:
		floor = 100
	}
	return max(floor, constants)
}

// certain is the share of reports below which a hashed column needs no help.
const certain = 1e-4

// chooseShape picks what d is hashed by and returns what is left of budget, the
// keys that entries with long lists may still make.
func (d *draft) chooseShape(share func(a *atom) float64, budget int) int {
	slices.SortStableFunc(d.equal, func(a, b *atom) int { return cmp.Compare(share(a), share(b)) })
	d.shape = kindOnly()
	keys, sure := len(d.on), false
	for _, a := range d.equal {
		more := keys * len(a.values)
		if more > freeKeys && more > min(maxKeys, budget) {
			continue
		}
		keys = more
		if d.shape.first < 0 {
			d.shape.first = a.col
			if sure = share(a) < certain; sure {
				break
			}
			continue
		}
		d.shape.second = a.col
		break
	}
	if d.sift != nil && !sure {
		d.shape.second, d.shape.needle = -1, d.sift.haystack()
	}
	if keys > freeKeys {
		budget -= keys
	}
	return budget
}

// simpler returns s with one column less.
func (s shape) simpler() shape {
	k := kindOnly()
	if s.needle != k.needle {
		k.needle = s.needle
	} else if s.second >= 0 {
		k.first = s.first
	}
	return k
}

// settle gives every draft a shape of at most maxGroups, which it returns. When
// there are more, the commonest stay and the others lose a column, or all.
func settle(all []*draft) []shape {
	kept := commonest(all)
	if len(kept) >= maxGroups {
		kept = kept[:maxGroups*5/8]
		rest := without(all, kept)
		for _, d := range rest {
			d.shape = d.shape.simpler()
		}
		rest = without(rest, kept)
		fewer := commonest(rest)
		kept = append(kept, fewer[:min(len(fewer), maxGroups-1-len(kept))]...)
		for _, d := range without(rest, kept) {
			d.shape = kindOnly()
		}
	}
	if !slices.Contains(kept, kindOnly()) {
		kept = append(kept, kindOnly())
	}
	return kept
}

// without returns the drafts whose shape is none of kept.
func without(all []*draft, kept []shape) []*draft {
	var rest []*draft
	for _, d := range all {
		if !slices.Contains(kept, d.shape) {
			rest = append(rest, d)
		}
	}
	return rest
}

// commonest returns the shapes of drafts, those of many drafts first.
func commonest(all []*draft) []shape {
	count := map[shape]int{}
	for _, d := range all {
		count[d.shape]++
	}
	return slices.SortedFunc(maps.Keys(count), func(a, b shape) int {
		return cmp.Or(-cmp.Compare(count[a], count[b]), cmp.Compare(a.first, b.first), cmp.Compare(a.second, b.second),
			cmp.Compare(a.needle.col, b.needle.col), cmp.Compare(a.needle.fold, b.needle.fold))
	})
}

// residual returns the conjuncts that d's access does not prove.
func (d *draft) residual() []*lang.Node {
	var left []*lang.Node
	for i, n := range d.conj {
		if !d.proves(d.how[i]) {
			left = append(left, n)
		}
	}
	return left
}

func (d *draft) proves(b branch) bool {
	if !b.exact || len(b.atoms) == 0 {
		return false
	}
	return !slices.ContainsFunc(b.atoms, func(a *atom) bool {
		switch {
		case a.source != nil:
			return a != d.bound
		case a.needle != "":
			return a != d.sift || d.shape.needle.col < 0
		}
		return a.col != d.kind && a.col != d.shape.first && a.col != d.shape.second
	})
}

// values returns what d accepts in column col.
func (d *draft) values(col int) []string {
	for _, a := range d.equal {
		if a.col == col {
			return a.values
		}
	}
	return nil
}
