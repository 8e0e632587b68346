package window

import (
	"bytes"
	"math"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window/exact"
)

// value adds the value of an aggregate over v for row i to a column.
func (s *Store) value(v *view, a Aggregate, seen *Column, i int, to *Column) {
	if v.cut && !v.standsCut(a) {
		to.AppendMissing()
		return
	}
	switch a.Func {
	case Count:
		to.AppendNumber(decimal.FromInt(v.count(a.Arg)))
	case Sum, Avg:
		v.sum(a, to)
	case Stddev:
		s.stddev(v, a.Arg, to)
	case Ratio:
		v.ratio(a.Arg, to)
	case Distinct:
		to.AppendNumber(decimal.FromInt(s.distinct(v, a.Arg)))
	case Seen:
		v.seen(a.Arg, seen, i, to)
	default:
		v.chosen(a, to)
	}
}

// standsCut reports whether an aggregate means something over a window that was
// cut. With once_per, the report that stands for a text may be another than the
// first, so only how many there are is known to be no more than the truth; the
// same holds of the newest few when one that was dropped may belong to them.
func (v *view) standsCut(a Aggregate) bool {
	same := !v.t.def.OncePer && (v.t.def.Last == 0 || !v.loose())
	switch a.Func {
	case Count:
		return same || a.Arg < 0
	case Sum:
		return same && !v.t.negative[a.Arg]
	case Distinct, Seen:
		return same
	case Last:
		return same && v.newest(a.Arg) > v.dropped
	}
	return false
}

// newest returns the time of the newest entry that has an argument; the least
// int64 without any.
func (v *view) newest(arg int) int64 {
	for i := len(v.sel) - 1; i >= 0; i-- {
		if e := v.at(v.sel[i]); v.t.lay.has(e, arg) {
			return timeOf(e)
		}
	}
	return math.MinInt64
}

func (v *view) count(arg int) int64 {
	if arg < 0 {
		return int64(len(v.sel))
	}
	n := int64(0)
	for _, j := range v.sel {
		if e := v.at(j); v.t.lay.has(e, arg) && v.t.lay.isTrue(e, arg) {
			n++
		}
	}
	return n
}

func (v *view) sum(a Aggregate, to *Column) {
	var sum exact.Sum
	l := &v.t.lay
	for _, j := range v.sel {
		if e := v.at(j); l.has(e, a.Arg) {
			sum.Add(numberAt(v.a, e, l.cell[a.Arg]))
		}
	}
	var d decimal.D
	var ok bool
	if a.Func == Avg {
		d, ok = sum.Mean()
	} else {
		d, ok = sum.Total()
	}
	appendNumber(to, d, ok)
}

func appendNumber(to *Column, d decimal.D, ok bool) {
	if ok {
		to.AppendNumber(d)
	} else {
		to.AppendMissing()
	}
}

func (s *Store) stddev(v *view, arg int, to *Column) {
	s.dev.Reset()
	l := &v.t.lay
	for _, j := range v.sel {
		if e := v.at(j); l.has(e, arg) {
			s.dev.Add(numberAt(v.a, e, l.cell[arg]))
		}
	}
	d, ok := s.dev.Root()
	appendNumber(to, d, ok)
}

func (v *view) ratio(arg int, to *Column) {
	yes, known := int64(0), int64(0)
	for _, j := range v.sel {
		if e := v.at(j); v.t.lay.has(e, arg) {
			known++
			if v.t.lay.isTrue(e, arg) {
				yes++
			}
		}
	}
	d, ok := exact.Ratio(yes, known)
	appendNumber(to, d, ok)
}

// fewValues is up to how many entries are compared with each other rather than
// hashed.
const fewValues = 8

func (s *Store) distinct(v *view, arg int) int64 {
	if len(v.sel) > fewValues {
		return s.distinctHashed(v, arg)
	}
	n, l := int64(0), &v.t.lay
next:
	for i, j := range v.sel {
		e := v.at(j)
		if !l.has(e, arg) {
			continue
		}
		for _, k := range v.sel[:i] {
			if x := v.at(k); l.has(x, arg) && l.equal(v.a, x, e, arg) {
				continue next
			}
		}
		n++
	}
	return n
}

func (s *Store) distinctHashed(v *view, arg int) int64 {
	n, l := int64(0), &v.t.lay
	s.set.reset(len(v.sel))
	for _, j := range v.sel {
		e := v.at(j)
		if !l.has(e, arg) {
			continue
		}
		at := s.set.probe(v.hash(e, arg))
		for ; s.set.slots[at] > 0; at = s.set.next(at) {
			if l.equal(v.a, v.at(s.set.slots[at]-1), e, arg) {
				break
			}
		}
		if s.set.slots[at] == 0 {
			s.set.slots[at] = j + 1
			n++
		}
	}
	return n
}

// hash returns a hash of an argument that the entry has.
func (v *view) hash(e []byte, arg int) uint64 {
	l := &v.t.lay
	at := l.cell[arg]
	switch l.kinds[arg] {
	case Bool:
		if l.isTrue(e, arg) {
			return 1
		}
		return 0
	case Text:
		return cellHash(e, at)
	case Number:
		c := word48(e, at)
		if c&farNumber != 0 {
			d := numberAt(v.a, e, at)
			return d.Lo ^ uint64(d.Hi)
		}
		return c
	}
	return word(e, at)
}

// cellHash returns a hash of the text in a cell.
func cellHash(e []byte, at int) uint64 {
	c := word(e, at)
	if c&0xFF == far {
		c &= 0xFFFFFFFF
	}
	return c
}

// seen says whether an entry has the judged report's value.
func (v *view) seen(arg int, judged *Column, i int, to *Column) {
	if !judged.Has(i) {
		to.AppendMissing()
		return
	}
	var text uint64
	if judged.Kind == Text {
		text, _ = textCell(judged.Text(i))
	}
	for _, j := range v.sel {
		if e := v.at(j); v.t.lay.has(e, arg) && v.is(e, arg, judged, i, text) {
			to.AppendBool(true)
			return
		}
	}
	if v.cut {
		to.AppendMissing()
	} else {
		to.AppendBool(false)
	}
}

// is reports whether an argument of e equals row i of a column, whose textCell is
// given.
func (v *view) is(e []byte, arg int, c *Column, i int, text uint64) bool {
	at := v.t.lay.cell[arg]
	switch v.t.lay.kinds[arg] {
	case Bool:
		return v.t.lay.isTrue(e, arg) == c.True.Has(i)
	case Text:
		if text&0xFF != far {
			return word(e, at) == text
		}
		return uint32(word(e, at)) == uint32(text) && string(textAt(v.a, e, at)) == string(c.Text(i))
	case Number:
		return numberAt(v.a, e, at) == c.Num[i]
	}
	return int64(word(e, at)) == c.Int[i]
}

// chosen adds the argument of one entry: the first, last, least or greatest.
func (v *view) chosen(a Aggregate, to *Column) {
	best := int32(-1)
	for _, j := range v.sel {
		if !v.t.lay.has(v.at(j), a.Arg) {
			continue
		}
		switch {
		case best < 0, a.Func == Last,
			a.Func == Min && v.compare(j, best, a.Arg) < 0,
			a.Func == Max && v.compare(j, best, a.Arg) > 0:
			best = j
		}
		if a.Func == First {
			break
		}
	}
	if best < 0 {
		to.AppendMissing()
		return
	}
	v.t.lay.append(v.a, v.at(best), a.Arg, to)
}

// compare orders two entries by an argument.
func (v *view) compare(i, j int32, arg int) int {
	x, y, at := v.at(i), v.at(j), v.t.lay.cell[arg]
	switch v.t.lay.kinds[arg] {
	case Text:
		return bytes.Compare(textAt(v.a, x, at), textAt(v.a, y, at))
	case Number:
		return numberAt(v.a, x, at).Cmp(numberAt(v.a, y, at))
	}
	switch a, b := int64(word(x, at)), int64(word(y, at)); {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
