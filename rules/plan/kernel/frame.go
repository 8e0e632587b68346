package kernel

import (
	"unsafe"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/window"
)

// Tri is a truth value of Kleene's logic.
type Tri uint8

// The truth values. The zero value is Unknown.
const (
	Unknown Tri = iota
	False
	True
)

// Of returns True or False.
func Of(b bool) Tri {
	if b {
		return True
	}
	return False
}

// not returns the Kleene negation.
func (t Tri) not() Tri {
	if t == Unknown {
		return t
	}
	return True + False - t
}

// maxTable is how many codes of a dictionary a predicate remembers: 4 KB a
// predicate. Codes beyond are judged a row, which costs what a Text column costs.
const maxTable = 4096

// Frame is the mutable state of one evaluator. It is used by one goroutine.
type Frame struct {
	Row   int
	Errs  int   // run-time errors met since the caller last looked
	Score Num   // what `score` means in a case
	Bound Bound // what Score is worth

	Windows Windows                      // nil = every value of a window is missing
	Hits    func(rule, name string) bool // whether a rule hits the row, with the case called name unless it is ""; nil = none does
	Doubt   func(rule, name string) bool // whether a cut may have changed what Hits says; nil = never
	Entries []window.Column              // of the window whose `this.` conditions are evaluated
	Entry   int                          // row of Entries

	batch *event.Batch
	epoch uint32 // one a row; tells which cached values are of this row
	truth []cached[Tri]
	nums  []cached[Num]
	dicts []dict       // one a schema column
	table []table      // one a predicate over a Symbol column
	args  []lang.Value // stack of function arguments
	arena []byte       // texts made by concatenation, valid for one row
	pasts []past       // one a window
	cuts  int          // values met that a cut made missing
}

// Bound says what a cut window has done to a number.
type Bound uint8

// The bounds.
const (
	Exact   Bound = iota
	AtLeast       // it may be greater
	Unsure        // it may be less: it counts as missing
)

// Cuts returns how many values a cut has made missing so far.
func (f *Frame) Cuts() int { return f.cuts }

// Num is a number, time or duration that may be missing.
type Num struct {
	D  decimal.D
	OK bool
}

type cached[T any] struct {
	epoch uint32
	errs  uint16
	cuts  uint16
	value T
}

// dict remembers which dictionary a Symbol column had in the last batch.
type dict struct {
	values     []string
	generation uint64
	version    uint32
}

type table struct {
	version uint32
	judged  []Tri // by code; judgedYet is added to tell it from "not yet"
}

const notYet, judgedYet = Tri(0), Tri(1)

// Bind makes b the batch that closures read.
func (f *Frame) Bind(b *event.Batch) {
	f.batch = b
	for i := range b.Columns {
		if v := &b.Columns[i]; v.Type == event.Symbol && !v.Empty() {
			f.dicts[i].follow(v)
		}
	}
}

// Version returns a number that changes when column col starts a dictionary
// whose codes mean something else.
func (f *Frame) Version(col int) uint32 { return f.dicts[col].version }

// follow takes note of the dictionary of v. Generations are counted a decoder,
// so the values themselves decide whether codes still mean the same.
func (d *dict) follow(v *event.Vector) {
	same := d.version > 0 && d.generation == v.Generation && len(d.values) <= len(v.Values)
	if same && unsafe.SliceData(d.values) != unsafe.SliceData(v.Values) {
		for i, s := range d.values {
			if s != v.Values[i] {
				same = false
				break
			}
		}
	}
	if !same {
		d.version++
	}
	d.values, d.generation = v.Values, v.Generation
}

// Start makes r the row that closures read.
func (f *Frame) Start(r int) {
	f.Row = r
	f.arena = f.arena[:0]
	f.epoch++
	if f.epoch == 0 { // 2^32 rows later: forget what looks like this row
		clear(f.truth)
		clear(f.nums)
		clear(f.pasts)
		f.epoch = 1
	}
}

// column returns column col of the batch.
func (f *Frame) column(col int) *event.Vector { return &f.batch.Columns[col] }

// Batch returns the batch bound last.
func (f *Frame) Batch() *event.Batch { return f.batch }
