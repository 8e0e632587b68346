package window_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/window"
)

// cell is a value of any kind; nil of all is missing.
type cell struct {
	ok   bool
	b    bool
	text string
	num  decimal.D
	ms   int64
}

// report is one version of a report, with what it feeds to each window.
type report struct {
	reporter, id string
	revision     uint32
	hash         uint64
	time         int64
	feeds        []feeding
}

type feeding struct {
	on   bool
	key  string
	once cell
	args []cell
}

func (r *report) name() string { return r.reporter + "/" + r.id }

func order(a, b *report) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.reporter, b.reporter), cmp.Compare(a.id, b.id))
}

// latest returns the greatest version of each report, in order.
func latest(all []*report) []*report {
	best := map[string]*report{}
	for _, r := range all {
		b := best[r.name()]
		if b == nil || cmp.Or(cmp.Compare(r.revision, b.revision), cmp.Compare(r.hash, b.hash)) > 0 {
			best[r.name()] = r
		}
	}
	var out []*report
	for _, r := range best {
		out = append(out, r)
	}
	slices.SortFunc(out, order)
	return out
}

// query is a read of a window.
type query struct {
	judged *report // identity and time
	key    string
	seen   []cell // as Values
	filter cell   // compared with argument Filter[0] of the entries: unequal or missing does not count
}

// naive answers from all reports, without any state.
func naive(d *window.Definition, w int, all []*report, q query) []cell {
	var in []*report
	for _, r := range latest(all) {
		f := &r.feeds[w]
		if !f.on || f.key != q.key || r.time <= q.judged.time-d.Within || r.time > q.judged.time-d.Until {
			continue
		}
		if len(d.Filter) > 0 && f.args[d.Filter[0]] != q.filter || !d.Self && r.name() == q.judged.name() {
			continue
		}
		if d.OncePer && f.once.ok && slices.ContainsFunc(in, func(o *report) bool { return o.feeds[w].once == f.once }) {
			continue
		}
		in = append(in, r)
	}
	if d.Last > 0 && len(in) > d.Last {
		in = in[len(in)-d.Last:]
	}
	var out []cell
	for i, a := range d.Values {
		var args []cell
		for _, r := range in {
			if a.Arg < 0 {
				args = append(args, cell{ok: true, b: true})
			} else if c := r.feeds[w].args[a.Arg]; c.ok {
				args = append(args, c)
			}
		}
		out = append(out, naiveValue(a.Func, args, q.seen[i]))
	}
	return out
}

func naiveValue(f window.Func, args []cell, seen cell) cell {
	yes := 0
	for _, c := range args {
		if c.b {
			yes++
		}
	}
	n := int64(len(args))
	switch f {
	case window.Count:
		return cell{ok: true, num: decimal.FromInt(int64(yes))}
	case window.Distinct:
		set := map[cell]bool{}
		for _, c := range args {
			set[c] = true
		}
		return cell{ok: true, num: decimal.FromInt(int64(len(set)))}
	case window.Seen:
		if !seen.ok {
			return cell{}
		}
		return cell{ok: true, b: slices.Contains(args, seen)}
	case window.Sum:
		sum := new(big.Rat)
		for _, c := range args {
			sum.Add(sum, rat(c.num))
		}
		return rounded(sum)
	}
	if n == 0 {
		return cell{}
	}
	switch f {
	case window.Ratio:
		return rounded(big.NewRat(int64(yes), n))
	case window.First:
		return args[0]
	case window.Last:
		return args[n-1]
	case window.Min:
		return slices.MinFunc(args, compareCells)
	case window.Max:
		return slices.MaxFunc(args, compareCells)
	}
	return naiveMoments(f, args)
}

func naiveMoments(f window.Func, args []cell) cell {
	mean := new(big.Rat)
	for _, c := range args {
		mean.Add(mean, rat(c.num))
	}
	mean.Quo(mean, big.NewRat(int64(len(args)), 1))
	if f == window.Avg {
		return rounded(mean)
	}
	v := new(big.Rat)
	for _, c := range args {
		x := new(big.Rat).Sub(rat(c.num), mean)
		v.Add(v, x.Mul(x, x))
	}
	v.Quo(v, big.NewRat(int64(len(args)), 1))
	num, den := new(big.Int).Sqrt(v.Num()), new(big.Int).Sqrt(v.Denom())
	if exact := new(big.Rat).SetFrac(num, den); new(big.Rat).Mul(exact, exact).Cmp(v) == 0 {
		return rounded(exact) // may be halfway between two decimals
	}
	root := new(big.Float).SetPrec(2000)
	root.Sqrt(new(big.Float).SetPrec(2000).SetRat(v))
	r, _ := root.Rat(nil)
	return rounded(r)
}

func compareCells(a, b cell) int {
	return cmp.Or(a.num.Cmp(b.num), cmp.Compare(a.ms, b.ms), cmp.Compare(a.text, b.text))
}

func rat(d decimal.D) *big.Rat {
	r, _ := new(big.Rat).SetString(d.String())
	return r
}

// rounded returns r half to even at the 18th place, missing beyond 38 digits.
func rounded(r *big.Rat) cell {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
	n := new(big.Rat).Mul(r, new(big.Rat).SetInt(unit))
	num := new(big.Int).Abs(n.Num())
	q, rest := new(big.Int).QuoRem(num, n.Denom(), new(big.Int))
	if c := rest.Lsh(rest, 1).Cmp(n.Denom()); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	text := fmt.Sprintf("%039s", q.String())
	if len(text) > 39 || text[0] != '0' {
		return cell{}
	}
	text = text[1:21] + "." + text[21:]
	if n.Sign() < 0 {
		text = "-" + text
	}
	d, err := decimal.ParseSigned([]byte(text))
	if err != nil {
		panic(err)
	}
	return cell{ok: true, num: d}
}

func appendCell(c *window.Column, v cell) {
	switch {
	case !v.ok:
		c.AppendMissing()
	case c.Kind == window.Bool:
		c.AppendBool(v.b)
	case c.Kind == window.Text:
		c.AppendText([]byte(v.text))
	case c.Kind == window.Number:
		c.AppendNumber(v.num)
	default:
		c.AppendTime(v.ms)
	}
}

func cellOf(c *window.Column, i int) cell {
	if !c.Has(i) {
		return cell{}
	}
	switch c.Kind {
	case window.Bool:
		return cell{ok: true, b: c.True.Has(i)}
	case window.Text:
		return cell{ok: true, text: string(c.Text(i))}
	case window.Number:
		return cell{ok: true, num: c.Num[i]}
	}
	return cell{ok: true, ms: c.Int[i]}
}

func reports(rs []*report) *window.Reports {
	var out window.Reports
	for _, r := range rs {
		out.Reporter.Append([]byte(r.reporter))
		out.ID.Append([]byte(r.id))
		out.Revision = append(out.Revision, r.revision)
		out.Hash = append(out.Hash, r.hash<<40) // entries keep the upper half
		out.Time = append(out.Time, r.time)
	}
	return &out
}

// feed gives a batch to a store as a detect loop does.
func feed(s *window.Store, defs []window.Definition, batch []*report) {
	rs := reports(batch)
	verdicts := s.Accept(rs, nil, nil)
	for w := range defs {
		f := window.Feed{Args: make([]window.Column, len(defs[w].Args))}
		for i, k := range defs[w].Args {
			f.Args[i].Reset(k)
		}
		for row, r := range batch {
			g := &r.feeds[w]
			if !g.on || verdicts[row] == window.Superseded {
				continue
			}
			f.Rows = append(f.Rows, int32(row))
			f.Keys.Append([]byte(g.key))
			if g.once.ok {
				f.Once.Append([]byte(g.once.text))
			} else {
				f.Once.AppendMissing()
			}
			for i := range g.args {
				appendCell(&f.Args[i], g.args[i])
			}
		}
		s.Feed(w, rs, &f)
	}
}

// ask reads a window for some queries; the cells are by query, then value.
func ask(s *window.Store, d *window.Definition, w int, qs []query) (values [][]cell, cut []bool) {
	var judged []*report
	read := window.Read{Seen: make([]window.Column, len(d.Values))}
	for j, a := range d.Values {
		if a.Func == window.Seen {
			read.Seen[j].Reset(d.Args[a.Arg])
		}
	}
	for i, q := range qs {
		judged = append(judged, q.judged)
		read.Rows = append(read.Rows, int32(i))
		read.Keys.Append([]byte(q.key))
		for j, a := range d.Values {
			if a.Func == window.Seen {
				appendCell(&read.Seen[j], q.seen[j])
			}
		}
	}
	if len(d.Filter) > 0 {
		read.Filter = func(i int, entries []window.Column, keep event.Bits) {
			for e := range entries[0].Rows {
				if cellOf(&entries[0], e) != qs[i].filter {
					keep[e>>6] &^= 1 << (e & 63)
				}
			}
		}
	}
	out := make([]window.Column, len(d.Values))
	s.ReadAsOf(w, reports(judged), &read, out)
	for i := range qs {
		var row []cell
		c := false
		for j := range out {
			row = append(row, cellOf(&out[j], i))
			c = out[j].IsCut(i)
		}
		values, cut = append(values, row), append(cut, c)
	}
	return values, cut
}

// world is a random set of windows and reports.
type world struct {
	defs     []window.Definition
	versions []*report
	single   bool // one version a report
}

var functions = map[window.Kind][]window.Func{
	window.Bool:   {window.Count, window.Ratio, window.Distinct, window.First, window.Last, window.Seen},
	window.Text:   {window.Distinct, window.Seen, window.Min, window.Max, window.First, window.Last},
	window.Number: {window.Sum, window.Avg, window.Stddev, window.Min, window.Max, window.Distinct, window.Seen, window.First, window.Last},
	window.Time:   {window.Min, window.Max, window.Distinct, window.Seen, window.First, window.Last},
}

var texts = []string{"", "a", "b", "GB52HW", "GB52HWB", "GB52HWBA00000000000101", "GB52HWBA00000000000102", "a much longer text that no cell can hold in itself"}

func drawCell(t *rapid.T, k window.Kind) cell {
	if rapid.IntRange(0, 5).Draw(t, "missing") == 0 {
		return cell{}
	}
	switch k {
	case window.Bool:
		return cell{ok: true, b: rapid.Bool().Draw(t, "bool")}
	case window.Text:
		return cell{ok: true, text: rapid.SampledFrom(texts).Draw(t, "text")}
	case window.Time:
		return cell{ok: true, ms: rapid.SampledFrom([]int64{-5, 0, 7, 1 << 40}).Draw(t, "ms")}
	}
	s := rapid.SampledFrom([]string{"0", "1", "5300.00", "0.000001", "0.0000001", "-7.5", "12345678901234567.891234567891234567", "99999999999999999999.999999999999999999", "-99999999999999999999"}).Draw(t, "number")
	d, err := decimal.ParseSigned([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return cell{ok: true, num: d}
}

func drawDefinition(t *rapid.T, i int) window.Definition {
	d := window.Definition{
		Key:     fmt.Sprint("window ", i),
		Until:   rapid.Int64Range(0, 3).Draw(t, "until"),
		Last:    max(0, rapid.IntRange(-3, 4).Draw(t, "last")),
		Self:    rapid.Bool().Draw(t, "self"),
		OncePer: rapid.Bool().Draw(t, "once_per"),
		Args:    rapid.SliceOfN(rapid.SampledFrom([]window.Kind{window.Bool, window.Text, window.Number, window.Time}), 0, 15).Draw(t, "args"),
		Values:  []window.Aggregate{{Func: window.Count, Arg: -1}},
	}
	d.Within = d.Until + rapid.Int64Range(1, 12).Draw(t, "within")
	for a, k := range d.Args {
		d.Values = append(d.Values, window.Aggregate{Func: rapid.SampledFrom(functions[k]).Draw(t, "func"), Arg: a})
	}
	if len(d.Args) > 0 && rapid.IntRange(0, 3).Draw(t, "filtered") == 0 {
		d.Filter = []int{rapid.IntRange(0, len(d.Args)-1).Draw(t, "filter")}
	}
	return d
}

func (w *world) drawReport(t *rapid.T, reporter, id string, revision uint32, hash uint64) *report {
	r := &report{reporter: reporter, id: id, revision: revision, hash: hash, time: rapid.Int64Range(0, 20).Draw(t, "time")}
	for i := range w.defs {
		f := feeding{on: rapid.IntRange(0, 4).Draw(t, "on") > 0, key: rapid.SampledFrom([]string{"x", "y", "a key that is longer than what a slot has room for inline"}).Draw(t, "key"), once: drawCell(t, window.Text)}
		for _, k := range w.defs[i].Args {
			f.args = append(f.args, drawCell(t, k))
		}
		r.feeds = append(r.feeds, f)
	}
	return r
}

// drawWorld draws windows and versions of reports; conflicts are versions of one
// revision with other content.
func drawWorld(t *rapid.T, single, conflicts bool) *world {
	w := &world{single: single}
	for i := range rapid.IntRange(1, 3).Draw(t, "windows") {
		w.defs = append(w.defs, drawDefinition(t, i))
	}
	for range rapid.IntRange(0, 40).Draw(t, "reports") {
		reporter, id := rapid.SampledFrom([]string{"A", "B", "BB"}).Draw(t, "reporter"), fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "id"))
		revision, hash := uint32(0), uint64(1)
		if !single {
			revision = uint32(max(0, rapid.IntRange(-4, 2).Draw(t, "revision")))
			hash = uint64(revision) + 1
			if conflicts {
				hash = hash<<1 | rapid.Uint64Range(0, 1).Draw(t, "hash")
			}
		}
		same := func(r *report) bool {
			return r.reporter == reporter && r.id == id && r.revision == revision && r.hash == hash
		}
		if !slices.ContainsFunc(w.versions, same) {
			w.versions = append(w.versions, w.drawReport(t, reporter, id, revision, hash))
		}
	}
	return w
}

// drawInput draws an order of all versions with some of them twice, in batches.
func (w *world) drawInput(t *rapid.T) [][]*report {
	in := slices.Clone(w.versions)
	for _, r := range w.versions {
		if rapid.IntRange(0, 3).Draw(t, "twice") == 0 {
			in = append(in, r)
		}
	}
	if len(in) > 0 {
		in = rapid.Permutation(in).Draw(t, "order")
	}
	var batches [][]*report
	for len(in) > 0 {
		n := rapid.IntRange(1, len(in)).Draw(t, "batch")
		batches, in = append(batches, in[:n]), in[n:]
	}
	return batches
}

func (w *world) drawQueries(t *rapid.T, i int) []query {
	var qs []query
	d := &w.defs[i]
	for range rapid.IntRange(1, 6).Draw(t, "queries") {
		q := query{judged: &report{reporter: "A", id: "none", time: rapid.Int64Range(0, 24).Draw(t, "as of")}, key: rapid.SampledFrom([]string{"x", "y", "a key that is longer than what a slot has room for inline", "z"}).Draw(t, "asked key")}
		if len(w.versions) > 0 && rapid.Bool().Draw(t, "known") {
			q.judged = rapid.SampledFrom(w.versions).Draw(t, "judged")
			q.key = q.judged.feeds[i].key
		}
		for _, a := range d.Values {
			c := cell{}
			if a.Func == window.Seen {
				c = drawCell(t, d.Args[a.Arg])
			}
			q.seen = append(q.seen, c)
		}
		if len(d.Filter) > 0 {
			q.filter = drawCell(t, d.Args[d.Filter[0]])
		}
		qs = append(qs, q)
	}
	return qs
}

func newStore(t rapid.TB, defs []window.Definition, o window.Options) *window.Store {
	s, err := window.New(defs, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) compare(t *rapid.T, s *window.Store) {
	for i := range w.defs {
		qs := w.drawQueries(t, i)
		got, cut := ask(s, &w.defs[i], i, qs)
		for j, q := range qs {
			if want := naive(&w.defs[i], i, w.versions, q); !slices.Equal(got[j], want) || cut[j] {
				t.Fatalf("window %d %+v\nas of %d, key %q: %v (cut %v)\nwant %v", i, w.defs[i], q.judged.time, q.key, got[j], cut[j], want)
			}
		}
	}
}

// TestNaive compares a store with the naive reference over random windows,
// reports, orders, duplicates, revisions, conflicts and batches.
func TestNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Bool().Draw(t, "remember all")
		w := drawWorld(t, false, all)
		s := newStore(t, w.defs, window.Options{All: all, Dirty: rapid.Bool().Draw(t, "dirty")})
		for _, b := range w.drawInput(t) {
			feed(s, w.defs, b)
			if rapid.IntRange(0, 3).Draw(t, "compact") == 0 {
				s.Compact()
			}
		}
		w.compare(t, s)
		w.entries(t, s)
	})
}

// entries compares the reports that Entries names.
func (w *world) entries(t *rapid.T, s *window.Store) {
	for i := range w.defs {
		d := w.defs[i]
		d.Filter = nil // no callback below
		if d.Key != w.defs[i].Key || len(w.versions) == 0 {
			continue
		}
		q := query{judged: rapid.SampledFrom(w.versions).Draw(t, "hit")}
		q.key = q.judged.feeds[i].key
		q.seen = make([]cell, len(d.Values))
		read := window.Read{Rows: []int32{0}}
		read.Keys.Append([]byte(q.key))
		cols := make([]window.Column, len(d.Args))
		for a, k := range d.Args {
			cols[a].Reset(k)
		}
		got, cut := s.Entries(i, reports([]*report{q.judged}), &read, 0, 3, cols, nil)
		n := naive(&d, i, w.versions, q)[0].num
		if want := min(n.Lo/1_000_000_000_000_000_000, 3); len(got) != int(want) || cut != (n.Cmp(decimal.FromInt(3)) > 0) {
			t.Fatalf("window %d: %d entries (cut %v), %s count", i, len(got), cut, n)
		}
		for _, e := range got {
			w.isEntry(t, i, e, cols)
		}
	}
}

// isEntry finds the report of an entry and compares its columns.
func (w *world) isEntry(t *rapid.T, i int, e window.Entry, cols []window.Column) {
	for _, r := range latest(w.versions) {
		same := r.time == e.Time && (e.ID == nil || bytes.Equal(e.ID, []byte(r.id)) && bytes.Equal(e.Reporter, []byte(r.reporter)))
		for a := range cols {
			same = same && cellOf(&cols[a], e.Row) == r.feeds[i].args[a]
		}
		if same {
			return
		}
	}
	t.Fatalf("window %d: no report is entry %+v", i, e)
}
