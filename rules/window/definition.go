package window

import "fmt"

// Func is an aggregate function.
type Func uint8

// The functions, of RULES §1.
const (
	Count    Func = iota // Number: entries, or those whose Bool argument is true
	Sum                  // Number, of Numbers
	Min                  // of Numbers, Times or Texts
	Max                  //
	Avg                  // Number, of Numbers
	Distinct             // Number: different values of any kind
	First                // of any kind, by (occurred_at, reporter, report_id)
	Last                 //
	Ratio                // Number: true over known, of Bools
	Stddev               // Number, of Numbers
	Seen                 // Bool: an entry has the judged report's value
)

// ParseFunc returns the function of a name of RULES §1.
func ParseFunc(name string) (Func, bool) {
	for f, n := range [...]string{"count", "sum", "min", "max", "avg", "distinct", "first", "last", "ratio", "stddev", "seen"} {
		if n == name {
			return Func(f), true
		}
	}
	return 0, false
}

// Definition says what a window keeps of each report and what it answers.
type Definition struct {
	Key           string // equal for equal meaning; state of an equal Key survives Replace
	Within, Until int64  // ms: entries with t-Within < time <= t-Until
	Last          int    // only the newest Last; 0 = all
	Self          bool   // the judged report counts
	OncePer       bool   // Feed.Once is given, entries with equal texts count once
	Identify      bool   // keep reporter and report_id of every entry, for Entries
	Args          []Kind // columns kept of every entry: arguments of Values, and what Filter and Entries need; at most 15
	Filter        []int  // indexes of Args that Read.Filter sees
	Values        []Aggregate
}

// MaxScan is how many entries, the newest, Read.Filter is asked about: it is asked of
// each one by one, for every report that is judged. A window with more is cut.
const MaxScan = 1000

// Aggregate is one value of a window.
type Aggregate struct {
	Func Func
	Arg  int // index of Args; -1 = none, for Count only
}

// Kind returns the kind of a value.
func (d *Definition) Kind(a Aggregate) Kind {
	switch a.Func {
	case Seen:
		return Bool
	case Min, Max, First, Last:
		return d.Args[a.Arg]
	}
	return Number
}

// maxArgs is what the validity bits of an entry hold.
const maxArgs = 15

func (d *Definition) validate() error {
	if d.Within <= d.Until || d.Until < 0 || d.Last < 0 || len(d.Args) > maxArgs {
		return fmt.Errorf("within %d ms, until %d ms, last %d, %d arguments of at most %d: out of range", d.Within, d.Until, d.Last, len(d.Args), maxArgs)
	}
	for _, i := range d.Filter {
		if i < 0 || i >= len(d.Args) {
			return fmt.Errorf("filter argument %d of %d", i, len(d.Args))
		}
	}
	for i, a := range d.Values {
		if a.Arg >= len(d.Args) || a.Arg < 0 && a.Func != Count {
			return fmt.Errorf("value %d: argument %d of %d", i, a.Arg, len(d.Args))
		}
		if a.Arg >= 0 && !a.Func.takes(d.Args[a.Arg]) {
			return fmt.Errorf("value %d: function %d of kind %d", i, a.Func, d.Args[a.Arg])
		}
	}
	return nil
}

// takes reports whether f has a meaning on arguments of kind k.
func (f Func) takes(k Kind) bool {
	switch f {
	case Count, Ratio:
		return k == Bool
	case Sum, Avg, Stddev:
		return k == Number
	case Min, Max:
		return k != Bool
	}
	return true
}

// ordered reports whether a value can depend on the order of reports of one
// millisecond, so that entries keep their identity.
func (d *Definition) ordered() bool {
	if d.Identify || d.OncePer || d.Last > 0 {
		return true
	}
	for _, a := range d.Values {
		if a.Func == First || a.Func == Last {
			return true
		}
	}
	return false
}
