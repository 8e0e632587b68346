package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/window"
)

// input returns random reports with identities and revisions, whose offset is
// their row.
func (f *filler) input(t *rapid.T, rows int) *event.Batch {
	from := f.batch(t, rows)
	recs := from.Records
	for r := range rows {
		recs.Values[r] = fmt.Appendf(nil, "content %d", r)
	}
	b := event.NewBatch(f.schema, nil)
	b.Reset(recs)
	for r := range rows {
		for c := range b.Columns {
			copyCell(&b.Columns[c], r, &from.Columns[c], r)
		}
		f.setSymbol(b, r, "reporter", rapid.SampledFrom([]string{"HWBIINBB", "HWBAGB2L"}).Draw(t, "reporter"))
		b.Columns[f.schema.Must("report_id")].SetText(r, fmt.Appendf(nil, "R-%d", rapid.IntRange(0, 8).Draw(t, "id")))
		if n := rapid.Uint32Range(0, 2).Draw(t, "revision"); n > 0 {
			b.Columns[f.schema.Must("revision")].SetUint(r, n)
		}
		b.Accept(r)
	}
	b.Finish()
	for col, d := range f.dicts {
		if !b.Columns[col].Empty() {
			d.Bind(&b.Columns[col])
		}
	}
	return b
}

// decoder decodes records whose offsets are rows of b.
func decoder(b *event.Batch) plan.Decode {
	return func(recs *event.Records) (*event.Batch, []event.Dead) {
		p := event.NewBatch(b.Schema, nil)
		p.Reset(recs)
		for i, r := range recs.Offsets {
			for c := range b.Columns {
				copyCell(&p.Columns[c], i, &b.Columns[c], int(r))
			}
			p.Accept(i)
		}
		p.Finish()
		for c := range p.Columns {
			if v := &p.Columns[c]; v.Type == event.Symbol && !v.Empty() {
				v.Values, v.Generation = b.Columns[c].Values, b.Columns[c].Generation
			}
		}
		return p, nil
	}
}

// outside returns the list and the table that random rules look into.
func outside(t testing.TB) *lookup.Set {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	list := lookup.ListSpec{Name: "some", File: write("some.csv", "value,from,until\nGB,,\na,1970-01-01T00:00:01Z,1970-01-02T00:00:00Z\n")}
	table := lookup.TableSpec{Name: "limits", File: write("limits.csv", "currency,floor\nGB,2\nIN,\n"), Key: "currency", Columns: map[string]lookup.Kind{"floor": lookup.Decimal}}
	s, err := lookup.Load([]lookup.ListSpec{list}, []lookup.TableSpec{table})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// judge returns a line a hit of the rows of b in an order, in batches of sizes
// that are drawn.
func judge(t *rapid.T, b *event.Batch, p *plan.Plan, order []int) []string {
	lines := []string{}
	for _, h := range hits(t, b, p, order, window.Options{}) {
		lines = append(lines, line(h))
	}
	slices.Sort(lines)
	return lines
}

func hits(t *rapid.T, b *event.Batch, p *plan.Plan, order []int, bounds window.Options) []*hit.Hit {
	d := decoder(b)
	j, err := whole.New(p, b.Schema, whole.Options{Decoders: whole.Decoders{Plan: d, Whole: d, About: d}, Windows: bounds})
	if err != nil {
		t.Fatal(err)
	}
	for len(order) > 0 {
		n := rapid.IntRange(1, len(order)).Draw(t, "size")
		recs := &event.Records{}
		for _, r := range order[:n] {
			plan.AppendRecord(recs, b.Records, r)
		}
		order = order[n:]
		if _, _, err := j.Add(recs); err != nil {
			t.Fatal(err)
		}
	}
	all, err := j.Hits()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func line(h *hit.Hit) string {
	values := make([]string, len(h.Values))
	for i, v := range h.Values {
		values[i] = fmt.Sprintf("%s=%v", v.Name, v.Value)
	}
	about := []int64{}
	for _, a := range h.Alerts {
		for _, p := range a.Payments {
			about = append(about, p.ExecutedAt)
		}
	}
	slices.Sort(about)
	cut := ""
	if h.Cut {
		cut = " cut"
	}
	return fmt.Sprintf("%s/%s %s v%d case %q score %s values %v about %v%s", h.Reporter, h.ReportID, h.Rule, h.Revision, h.Case, h.Score, values, about, cut)
}

// TestWindowsAgainstNaive compares hits, their values and the reports of their
// alerts with a reference that keeps no state, whatever the order of the reports,
// the batches and the repetitions.
func TestWindowsAgainstNaive(t *testing.T) {
	lookups := outside(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		set := grower{t: t, s: f.schema}.set(4)
		b := f.input(t, rapid.IntRange(1, 12).Draw(t, "rows"))
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		want := newHistory(b, set).expect()
		for range 2 {
			order := positions(b.Rows)
			for range rapid.IntRange(0, 4).Draw(t, "repetitions") {
				order = append(order, rapid.IntRange(0, b.Rows-1).Draw(t, "again"))
			}
			order = rapid.Permutation(order).Draw(t, "arrival")
			if got := judge(t, b, p, order); !slices.Equal(got, want) {
				t.Fatalf("hits\n%q\nwant\n%q", got, want)
			}
		}
	})
}

// TestCutNeverCausesAHit bounds what a key keeps: every condition that is true then
// is true without a bound.
func TestCutNeverCausesAHit(t *testing.T) {
	lookups := outside(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		set := grower{t: t, s: f.schema}.set(4)
		for _, r := range set.Rules {
			r.Alert = nil
			for i := range r.Cases {
				r.Cases[i].Alert = nil
			}
			for i := range r.Weights {
				if w := &r.Weights[i]; rapid.Bool().Draw(t, "less") {
					w.Points, w.Hit = w.Points.Neg(), w.Hit.Neg()
				}
			}
		}
		b := f.input(t, rapid.IntRange(2, 12).Draw(t, "rows"))
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		full := map[string]string{}
		for _, h := range hits(t, b, p, positions(b.Rows), window.Options{}) {
			full[h.ID] = line(h)
		}
		for _, h := range hits(t, b, p, positions(b.Rows), window.Options{Entries: 1 + rapid.IntRange(0, 2).Draw(t, "entries")}) {
			l, ok := full[h.ID]
			if !ok {
				t.Fatalf("caused by a cut: %s by %v", line(h), set.Rules)
			}
			if !h.Cut && l != line(h) {
				t.Fatalf("%s is not marked as cut; without a bound it is %s", line(h), l)
			}
		}
	})
}

// machine answers a program from a history.
type machine struct{ history }

func (m *machine) row(r int, lookups *lookup.Set) lang.BatchRow {
	return lang.BatchRow{Batch: m.b, Row: r, Lookups: tables{lookups}, Windows: func(win, col int) (lang.Value, bool) {
		n := known(m.set.Windows[win].Values[col].Type, m.value(r, win, col))
		return n.Value, n.Op == lang.Const
	}}
}

// tables lets the machine look into lists and tables.
type tables struct{ *lookup.Set }

func (t tables) Listed(list, x string, at int64) bool { return t.List(list).Has([]byte(x), at) }

func (t tables) Cell(table, key, column string, at int64) (lang.Value, bool) {
	col, _, ok := t.Table(table).Column(column)
	v, has := t.Table(table).Cell([]byte(key), col, at)
	return lang.Value{Type: lang.Number, Num: v.Num}, ok && has
}

// TestWindowsAgainstMachine compares conditions over windows, lists and tables
// with expr's machine.
func TestWindowsAgainstMachine(t *testing.T) {
	lookups := outside(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		g := grower{t: t, s: f.schema}
		set := g.set(1)
		g.wins = set.Windows
		guard := g.truth(3)
		set.Rules[0].On, set.Rules[0].Guard, set.Rules[0].Cases = kinds, guard, nil
		b := f.input(t, rapid.IntRange(1, 8).Draw(t, "rows"))
		p, err := plan.New(set, lookups)
		if err != nil {
			t.Fatal(err)
		}
		program, err := lang.Compile(guard)
		if err != nil {
			t.Fatal(err)
		}
		m := &machine{*newHistory(b, set)}
		var want []string
		for _, r := range m.latest {
			if v, _ := program.Eval(m.row(r, lookups)); v.Type == lang.Bool && kernel.Of(v.Bool) == kernel.True {
				want = append(want, m.ref(r))
			}
		}
		slices.Sort(want)
		var got []string
		for _, l := range judge(t, b, p, positions(b.Rows)) {
			var ref string
			if _, err := fmt.Sscan(l, &ref); err != nil {
				t.Fatal(err)
			}
			got = append(got, ref)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: plan %v, machine %v", guard.Key, got, want)
		}
	})
}
