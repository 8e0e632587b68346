package past

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/window"
)

// Past is the windows of a set that are used, compiled for frames of one compiler.
type Past struct {
	set    *lang.Set
	parts  [][]part // by index of Set.Windows; none = not used
	defs   []window.Definition
	feeds  []feed
	reads  []read
	byKind map[string][]int // windows of the store that a kind feeds

	reporter, reportID kernel.Text
	cols               columns
}

// part is a window of the store and which values of a window it has. A window with
// more arguments than an entry has room for is kept as several.
type part struct {
	w    int
	cols []int
}

// maxArgs is how many arguments an entry has room for.
const maxArgs = 15

// columns are the schema columns that identify and date a report.
type columns struct{ kind, occurredAt, revision, precision int }

// feed is what a window takes of a report.
type feed struct {
	keys  map[string][]key // by kind
	where kernel.Truth     // nil = all
	once  kernel.Text      // nil = every report counts
	args  []func(f *kernel.Frame, to *window.Column)
	kinds []window.Kind
}

type key = func(f *kernel.Frame, key []byte) ([]byte, bool)

// read is what a judged report asks a window by.
type read struct {
	match   []key
	seen    []func(f *kernel.Frame, to *window.Column) // one a value, nil but for seen
	kinds   []window.Kind                              // of seen
	dynamic kernel.Truth                               // nil = none
}

// day is from which length on windows count reports whose time is known to the
// day only.
const day = 86_400_000

// New compiles the windows of set that used names, for frames of c. identify names
// those whose entries are asked for by Reader.Entries.
func New(set *lang.Set, used, identify []int, c *kernel.Compiler) (*Past, error) {
	p := &Past{set: set, byKind: map[string][]int{}}
	p.parts = make([][]part, len(set.Windows))
	used = slices.Compact(slices.Sorted(slices.Values(used)))
	for _, win := range used {
		cols := make([]int, len(set.Windows[win].Values))
		for i := range cols {
			cols[i] = i
		}
		if err := p.add(win, cols, slices.Contains(identify, win), c); err != nil {
			return nil, fmt.Errorf("window %s: %w", set.Windows[win].Key, err)
		}
	}
	if len(used) > 0 {
		p.cols = columns{c.Column("kind"), c.Column("occurred_at"), c.Column("revision"), c.Column("time_precision")}
		p.reporter, p.reportID = c.TextColumn("reporter"), c.TextColumn("report_id")
	}
	return p, nil
}

// Definitions returns the windows of a store for p.
func (p *Past) Definitions() []window.Definition { return p.defs }

// Parts returns the windows of a store that keep window win of the set.
func (p *Past) Parts(win int) []int {
	out := make([]int, len(p.parts[win]))
	for i, part := range p.parts[win] {
		out[i] = part.w
	}
	return out
}

// Empty reports whether nothing uses a window.
func (p *Past) Empty() bool { return len(p.defs) == 0 }

// builder gathers what is kept of an entry.
type builder struct {
	*kernel.Compiler
	def  window.Definition
	feed feed
	args map[string]int // key of the node → index of def.Args
}

// add compiles some values of a window, as several windows of the store where one
// has no room for their arguments.
func (p *Past) add(win int, cols []int, identify bool, c *kernel.Compiler) error {
	w := p.set.Windows[win]
	b := &builder{Compiler: c, args: map[string]int{}, def: window.Definition{
		Key: w.Key + c.Digests(w), Within: w.Within, Until: w.Until, Last: w.Last, Self: w.Self, OncePer: w.OncePer != nil, Identify: identify,
	}}
	if n := len(p.parts[win]); n > 0 {
		b.def.Key += fmt.Sprintf("part %d\n", n+1)
	}
	r, err := b.reading(w, cols)
	if err != nil {
		return err
	}
	if len(b.def.Args) > maxArgs && len(cols) > 1 {
		half := len(cols) / 2
		if err := p.add(win, cols[:half], identify, c); err != nil {
			return err
		}
		return p.add(win, cols[half:], identify, c)
	}
	if err := b.feeding(w); err != nil {
		return err
	}
	at := len(p.defs)
	p.parts[win] = append(p.parts[win], part{at, cols})
	p.defs, p.feeds, p.reads = append(p.defs, b.def), append(p.feeds, b.feed), append(p.reads, r)
	for _, kind := range w.From {
		p.byKind[kind] = append(p.byKind[kind], at)
	}
	return nil
}

// arg returns the column of entries that keeps n, a value of the feeding report.
func (b *builder) arg(n *lang.Node) (int, error) {
	if i, ok := b.args[n.Key]; ok {
		return i, nil
	}
	kind, ok := kernel.Kind(n.Type)
	if !ok {
		return 0, fmt.Errorf("keep %s: no entry has a value of type %s", n.Key, n.Type)
	}
	keep, err := b.Append(n)
	if err != nil {
		return 0, err
	}
	i := len(b.def.Args)
	b.args[n.Key] = i
	b.def.Args = append(b.def.Args, kind)
	b.feed.args, b.feed.kinds = append(b.feed.args, keep), append(b.feed.kinds, kind)
	return i, nil
}

func (b *builder) feeding(w *lang.Window) (err error) {
	b.feed.keys = map[string][]key{}
	for kind, parts := range w.KeyBy {
		if b.feed.keys[kind], err = b.keys(parts); err != nil {
			return err
		}
	}
	if w.Where != nil {
		if b.feed.where, err = b.Truth(w.Where); err != nil {
			return err
		}
	}
	if w.OncePer != nil {
		b.feed.once, err = b.Text(w.OncePer)
	}
	return err
}

func (b *builder) keys(parts []*lang.Node) ([]key, error) {
	var out []key
	for _, n := range parts {
		k, err := b.Key(n)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

func (b *builder) reading(w *lang.Window, cols []int) (r read, err error) {
	if r.match, err = b.keys(w.Match); err != nil {
		return r, err
	}
	r.seen, r.kinds = make([]func(*kernel.Frame, *window.Column), len(cols)), make([]window.Kind, len(cols))
	for i, col := range cols {
		a := w.Values[col]
		v := window.Aggregate{Arg: -1}
		var ok bool
		if v.Func, ok = window.ParseFunc(a.Func); !ok {
			return r, fmt.Errorf("aggregate %s: unknown", a.Func)
		}
		if a.Arg != nil {
			if v.Arg, err = b.arg(a.Arg); err != nil {
				return r, err
			}
		}
		if v.Func == window.Seen {
			r.seen[i], r.kinds[i] = b.feed.args[v.Arg], b.feed.kinds[v.Arg]
		}
		b.def.Values = append(b.def.Values, v)
	}
	if w.Dynamic != nil {
		r.dynamic, err = b.dynamic(w.Dynamic)
	}
	return r, err
}

// dynamic compiles a condition with `this.`: what it reads of the entry alone is
// kept with the entry, `this.x` is x of the judged report. Lists and tables under
// a `this.` are looked into as of the judged report.
func (b *builder) dynamic(n *lang.Node) (kernel.Truth, error) {
	m, err := b.split(n)
	if err != nil {
		return nil, err
	}
	return b.Truth(m)
}

// split returns n over columns of the judged report and kept ones of the entry.
func (b *builder) split(n *lang.Node) (*lang.Node, error) {
	_, kept := kernel.Kind(n.Type)
	switch {
	case n.Op == lang.Const || n.Op == lang.Missing:
		return n, nil
	case n.Op == lang.This:
		return &lang.Node{Op: lang.Column, Type: n.Type, Col: n.Col, Key: "judged " + n.Key}, nil
	case kept && !mentions(n, lang.This):
		arg, err := b.arg(n)
		if err != nil {
			return nil, err
		}
		i := slices.Index(b.def.Filter, arg)
		if i < 0 {
			i = len(b.def.Filter)
			b.def.Filter = append(b.def.Filter, arg)
		}
		return &lang.Node{Op: lang.Windowed, Type: n.Type, Win: kernel.Entry, Col: i, Key: fmt.Sprintf("entry of %q %d", b.def.Key, i)}, nil
	}
	m := *n
	m.Key, m.Args = fmt.Sprintf("entry of %q %s", b.def.Key, n.Key), make([]*lang.Node, len(n.Args))
	for i, a := range n.Args {
		var err error
		if m.Args[i], err = b.split(a); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

func mentions(n *lang.Node, op lang.Op) bool {
	return n.Op == op || slices.ContainsFunc(n.Args, func(a *lang.Node) bool { return mentions(a, op) })
}
