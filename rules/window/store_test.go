package window_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window"
)

// TestSnapshot takes a snapshot somewhere, restores it into a new store and plays
// everything again: the answers are those of a store that saw it once.
func TestSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Bool().Draw(t, "remember all")
		w := drawWorld(t, false, all)
		o := window.Options{All: all}
		s, in := newStore(t, w.defs, o), w.drawInput(t)
		after := rapid.IntRange(0, len(in)).Draw(t, "snapshot after")
		shots := make([]bytes.Buffer, window.Shards)
		early := rapid.IntRange(0, window.Shards).Draw(t, "shards before the last batch")
		for i, b := range in[:after] {
			if i == after-1 { // the cut is fuzzy: some shards are a batch behind
				snapshot(t, s, shots, 0, early)
			}
			feed(s, w.defs, b)
		}
		if after == 0 {
			early = 0
		}
		snapshot(t, s, shots, early, window.Shards)
		again := newStore(t, w.defs, o)
		for shard := range shots {
			got, offsets, err := again.Restore(bytes.NewReader(shots[shard].Bytes()))
			if err != nil || got != shard || string(offsets) != fmt.Sprint("offsets of ", shard) {
				t.Fatalf("restore shard %d: %d, %q, %v", shard, got, offsets, err)
			}
		}
		if early == 0 {
			a, b := s.Stats(), again.Stats()
			if a.Keys != b.Keys || a.Entries != b.Entries || a.Remembered != b.Remembered {
				t.Fatalf("restored %+v, want %+v", b, a)
			}
		}
		for _, b := range in {
			feed(again, w.defs, b)
		}
		w.compare(t, again)
	})
}

func snapshot(t rapid.TB, s *window.Store, to []bytes.Buffer, from, until int) {
	for shard := from; shard < until; shard++ {
		if err := s.Snapshot(&to[shard], shard, fmt.Append(nil, "offsets of ", shard)); err != nil {
			t.Fatal(err)
		}
	}
}

// sample returns a store with something of everything, and its windows.
func sample(t rapid.TB, o window.Options) (*window.Store, []window.Definition, []*report) {
	defs := []window.Definition{
		{Key: "a", Within: 100, Self: true, OncePer: true, Args: []window.Kind{window.Text, window.Number, window.Time, window.Bool},
			Values: []window.Aggregate{{Func: window.Count, Arg: -1}, {Func: window.Distinct, Arg: 0}, {Func: window.Sum, Arg: 1}}},
		{Key: "b", Within: 50, Self: true, Values: []window.Aggregate{{Func: window.Count, Arg: -1}}},
	}
	exact, _ := decimal.Parse([]byte("12345678901234567.123456789012345678"))
	var all []*report
	for i := range 200 {
		args := []cell{{ok: true, text: texts[i%len(texts)]}, {ok: true, num: exact}, {ok: true, ms: int64(i)}, {ok: true, b: i%2 == 0}}
		all = append(all, &report{reporter: "A", id: fmt.Sprint(i), hash: 1, time: int64(i), feeds: []feeding{
			{on: true, key: fmt.Sprintf("key %d of more than thirty-six bytes, so elsewhere", i%7), once: cell{ok: true, text: fmt.Sprint(i)}, args: args},
			{on: true, key: fmt.Sprint(i % 50)}}})
	}
	all[3].revision = 2
	s := newStore(t, defs, o)
	feed(s, defs, all)
	return s, defs, all
}

// TestSnapshotDamaged cuts a snapshot anywhere and flips each of its bits: it is
// refused and the store stays usable.
func TestSnapshotDamaged(t *testing.T) {
	s, defs, all := sample(t, window.Options{Seed: 7})
	shots := make([]bytes.Buffer, window.Shards)
	snapshot(t, s, shots, 0, window.Shards)
	var whole []byte
	for i := range shots {
		if b := shots[i].Bytes(); len(b) > len(whole) {
			whole = b
		}
	}
	to := newStore(t, defs, window.Options{Seed: 7})
	for n := range whole {
		if _, _, err := to.Restore(bytes.NewReader(whole[:n])); !errors.Is(err, window.ErrSnapshot) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
		bad := slices.Clone(whole)
		bad[n] ^= 1 << (n % 8)
		if _, _, err := to.Restore(bytes.NewReader(bad)); err == nil {
			t.Fatalf("byte %d changed: no error", n)
		}
	}
	if st := to.Stats(); st.Keys != 0 || st.Entries != 0 {
		t.Fatalf("damaged snapshots left %+v", st)
	}
	feed(to, defs, all)
	if a, b := s.Stats(), to.Stats(); a.Entries != b.Entries || a.Keys != b.Keys {
		t.Errorf("after that %+v, want %+v", b, a)
	}
	if _, _, err := to.Restore(bytes.NewReader(whole)); err == nil {
		t.Error("a shard that is not empty is restored")
	}
}

// TestReplace keeps the state of windows that stay, and leaves no trace of others.
func TestReplace(t *testing.T) {
	s, defs, all := sample(t, window.Options{Dirty: true})
	next := []window.Definition{{Key: "new", Within: 5, Values: defs[1].Values}, defs[0]}
	kept, err := s.Replace(next)
	if err != nil || !slices.Equal(kept, []bool{false, true}) {
		t.Fatalf("kept %v, %v", kept, err)
	}
	q := query{judged: all[199], key: all[199].feeds[0].key, seen: make([]cell, 3)}
	got, _ := ask(s, &defs[0], 1, []query{q})
	if want := naive(&defs[0], 0, all, q); !slices.Equal(got[0], want) {
		t.Errorf("after Replace %v, want %v", got[0], want)
	}
	changed := *all[0]
	changed.revision = 1
	changed.hash = 2
	changed.feeds = []feeding{{}, {}}
	feed(s, next, []*report{&changed})
	if n := s.Stats().Entries; n != 199 {
		t.Errorf("%d entries after one was taken back, want 199", n)
	}
	other := defs[0]
	other.Args = other.Args[:3]
	if kept, err = s.Replace([]window.Definition{other}); err != nil || kept[0] {
		t.Errorf("a window with other columns is kept: %v %v", kept, err)
	}
	if st := s.Stats(); st.Entries != 0 || st.Keys != 0 {
		t.Errorf("%+v left", st)
	}
	for _, bad := range [][]window.Definition{
		{defs[0], defs[0]}, {{Key: "x"}}, {{Key: "x", Within: 1, Values: []window.Aggregate{{Func: window.Sum, Arg: -1}}}},
		{{Key: "x", Within: 1, Args: []window.Kind{window.Text}, Values: []window.Aggregate{{Func: window.Sum}}}},
		{{Key: "x", Within: 1, Filter: []int{0}}},
	} {
		if _, err := s.Replace(bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// TestEvict drops what is old; later reads are as before, earlier ones are cut.
func TestEvict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, false, false)
		s, in := newStore(t, w.defs, window.Options{}), w.drawInput(t)
		clock := rapid.Int64Range(0, 30).Draw(t, "clock")
		lateness := rapid.Int64Range(0, 5).Draw(t, "lateness")
		for i, b := range in {
			feed(s, w.defs, b)
			if rapid.IntRange(0, 3).Draw(t, "evict") == 0 && i == len(in)-1 {
				s.Evict(clock, lateness)
			}
		}
		s.Evict(clock, lateness)
		for i := range w.defs {
			qs := w.drawQueries(t, i)
			got, cut := ask(s, &w.defs[i], i, qs)
			for j, q := range qs {
				want := naive(&w.defs[i], i, w.versions, q)
				late := q.judged.time < clock-lateness
				if !late && (cut[j] || !slices.Equal(got[j], want)) || late && !cut[j] && !slices.Equal(got[j], want) {
					t.Fatalf("as of %d, clock %d, lateness %d: %v (cut %v), want %v", q.judged.time, clock, lateness, got[j], cut[j], want)
				}
			}
		}
		s.Evict(1000, 0)
		if st := s.Stats(); st.Keys != 0 || st.Entries != 0 || st.Remembered != 0 {
			t.Fatalf("%+v left", st)
		}
	})
}

// holds fails unless what a cut read says is true of the whole.
func holds(t *rapid.T, d *window.Definition, got, want []cell) {
	for i, a := range d.Values {
		g, w := got[i], want[i]
		if !g.ok {
			continue
		}
		switch a.Func {
		case window.Count, window.Distinct, window.Sum:
			if w.ok && g.num.Cmp(w.num) > 0 {
				t.Fatalf("value %d %+v: %s is no lower bound of %s\n%+v", i, a, g.num, w.num, *d)
			}
		case window.Seen:
			if !g.b || !w.b {
				t.Fatalf("value %d: seen %v of a cut window, truth %v", i, g.b, w.b)
			}
		case window.Last:
			if g != w {
				t.Fatalf("value %d: last %v, truth %v", i, g, w)
			}
		default:
			t.Fatalf("value %d %+v of a cut window is %v", i, a, g)
		}
	}
}

// TestEntriesBound keeps the newest of a key; whatever the order, reads that do
// not need the dropped are exact, and the others say nothing false.
func TestEntriesBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, true, false)
		for i := range w.defs {
			w.defs[i].Identify = true // so that the order of one millisecond is known here too
		}
		bound := rapid.IntRange(1, 5).Draw(t, "bound")
		s := newStore(t, w.defs, window.Options{Entries: bound})
		for _, b := range w.drawInput(t) {
			feed(s, w.defs, b)
		}
		for i := range w.defs {
			d := &w.defs[i]
			qs := w.drawQueries(t, i)
			got, cut := ask(s, d, i, qs)
			for j, q := range qs {
				var times []int64 // of the key, newest first
				for _, r := range slices.Backward(latest(w.versions)) {
					if f := r.feeds[i]; f.on && f.key == q.key {
						times = append(times, r.time)
					}
				}
				reached := len(times) > bound && q.judged.time-d.Within < times[bound]
				want := naive(d, i, w.versions, q)
				switch {
				case cut[j]:
					if !reached {
						t.Fatalf("cut for no reason: %v, bound %d, as of %d", times, bound, q.judged.time)
					}
					holds(t, d, got[j], want)
				case reached && d.Last == 0:
					t.Fatalf("not cut: %v, bound %d, as of %d", times, bound, q.judged.time)
				case !slices.Equal(got[j], want):
					t.Fatalf("as of %d: %v, want %v", q.judged.time, got[j], want)
				}
			}
		}
	})
}

// TestStoreBound: over the bounds of the store, what is left is inside them and
// reads say nothing false.
func TestStoreBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t, false, false)
		o := window.Options{Keys: rapid.IntRange(1, 4).Draw(t, "keys")}
		s := newStore(t, w.defs, o)
		for _, b := range w.drawInput(t) {
			feed(s, w.defs, b)
			if st := s.Stats(); st.Keys > int64(o.Keys) {
				t.Fatalf("%d keys, bound %d", st.Keys, o.Keys)
			}
		}
		for i := range w.defs {
			qs := w.drawQueries(t, i)
			got, cut := ask(s, &w.defs[i], i, qs)
			for j, q := range qs {
				want := naive(&w.defs[i], i, w.versions, q)
				if cut[j] {
					holds(t, &w.defs[i], got[j], want)
				} else if !slices.Equal(got[j], want) {
					t.Fatalf("as of %d: %v, want %v", q.judged.time, got[j], want)
				}
			}
		}
	})
}

func TestBytesBound(t *testing.T) {
	_, defs, _ := sample(t, window.Options{})
	var all []*report
	for i := range 20_000 {
		all = append(all, &report{reporter: "A", id: fmt.Sprint(i), hash: 1, time: int64(i), feeds: []feeding{
			{on: true, key: fmt.Sprint(i), once: cell{ok: true, text: "x"}, args: make([]cell, 4)}, {}}})
	}
	big := window.Options{Bytes: 1 << 20}
	s := newStore(t, defs, big)
	for b := range slices.Chunk(all, 500) {
		feed(s, defs, b)
		if n := s.Stats().Bytes; n > big.Bytes {
			t.Fatalf("%d bytes, bound %d", n, big.Bytes)
		}
	}
	st := s.Stats()
	if st.CutByBound == 0 || st.Entries < 1000 {
		t.Errorf("%+v", st)
	}
	q := query{judged: all[19_999], key: "19999", seen: make([]cell, 3)}
	if got, cut := ask(s, &defs[0], 0, []query{q}); cut[0] || got[0][0].num != decimal.FromInt(1) {
		t.Errorf("the newest does not stay: %v %v", got, cut)
	}
	q = query{judged: all[5], key: "5", seen: make([]cell, 3)}
	if got, cut := ask(s, &defs[0], 0, []query{q}); !cut[0] || got[0][0].num != (decimal.D{}) {
		t.Errorf("the oldest is not cut: %v %v", got, cut)
	}
}

// TestDirty names each touched key once, with the least time.
func TestDirty(t *testing.T) {
	s, defs, all := sample(t, window.Options{Dirty: true})
	dirty := func() map[string]int64 {
		out := map[string]int64{}
		s.Dirty(func(w int, key []byte, from int64) {
			k := fmt.Sprint(w, " ", string(key))
			if _, twice := out[k]; twice {
				t.Fatalf("%s is named twice", k)
			}
			out[k] = from
		})
		return out
	}
	if got := dirty(); len(got) != 57 || got["1 4"] != 4 {
		t.Errorf("%d keys, want 57; %v", len(got), got)
	}
	feed(s, defs, all)
	if got := dirty(); len(got) != 0 {
		t.Errorf("a repetition touches %v", got)
	}
	moved := *all[10]
	moved.revision, moved.hash, moved.time = 1, 2, 500
	moved.feeds = []feeding{{}, {on: true, key: "new"}}
	feed(s, defs, []*report{&moved})
	if got := dirty(); len(got) != 3 || got["0 "+all[10].feeds[0].key] != 10 || got["1 10"] != 10 || got["1 new"] != 500 {
		t.Errorf("a revision touches %v", got)
	}
}

// TestVerdicts says what Accept makes of versions in and between batches.
func TestVerdicts(t *testing.T) {
	defs := []window.Definition{{Key: "w", Within: 10, Values: []window.Aggregate{{Func: window.Count, Arg: -1}}}}
	s := newStore(t, defs, window.Options{})
	v := func(revision uint32, hash uint64) *report {
		return &report{reporter: "A", id: "1", revision: revision, hash: hash, feeds: []feeding{{on: true, key: "k"}}}
	}
	for i, c := range []struct {
		batch []*report
		want  []window.Verdict
	}{
		{[]*report{v(0, 5)}, []window.Verdict{window.Fresh}},
		{[]*report{v(0, 5), v(0, 4)}, []window.Verdict{window.Repeated, window.Superseded}},
		{[]*report{v(0, 6), v(0, 6), v(1, 1), v(1, 1)}, []window.Verdict{window.Superseded, window.Superseded, window.Replaced, window.Repeated}},
		{[]*report{v(0, 9), v(1, 1)}, []window.Verdict{window.Superseded, window.Repeated}},
	} {
		if got := s.Accept(reports(c.batch), nil, nil); !slices.Equal(got, c.want) {
			t.Errorf("batch %d: %v, want %v", i, got, c.want)
		}
		feed(s, defs, c.batch)
		if n := s.Stats().Entries; n != 1 {
			t.Errorf("batch %d: %d entries", i, n)
		}
	}
}

// TestCompact grows a few keys together, so that every extent they outgrow fits no
// other, and evicts most again: memory follows what is held, values stay.
func TestCompact(t *testing.T) {
	s, defs, _ := sample(t, window.Options{})
	text := cell{ok: true, text: "a text of more than seven bytes"}
	exact, _ := decimal.Parse([]byte("0.000000000000000001"))
	var all []*report
	for i := range 60_000 {
		all = append(all, &report{reporter: "B", id: fmt.Sprint(i), hash: 1, time: 1000 + int64(i/600), feeds: []feeding{
			{on: true, key: fmt.Sprintf("key %d of more than thirty-six bytes, so elsewhere", i%3), once: cell{ok: true, text: fmt.Sprint("payment ", i)},
				args: []cell{text, {ok: true, num: exact}, {ok: true, ms: 5}, {}}}, {}}})
	}
	for b := range slices.Chunk(all, 300) {
		feed(s, defs, b)
		if st := s.Stats(); st.Held > st.Bytes*8/5+64<<16 {
			t.Fatalf("%d bytes held for %d", st.Held, st.Bytes)
		}
	}
	check := func() {
		t.Helper()
		q := query{judged: all[59_999], key: all[59_999].feeds[0].key, seen: make([]cell, 3)}
		got, _ := ask(s, &defs[0], 0, []query{q})
		if want := []cell{{ok: true, num: decimal.FromInt(20_000)}, {ok: true, num: decimal.FromInt(1)}, {ok: true, num: decimal.D{Lo: 20_000}}}; !slices.Equal(got[0], want) {
			t.Fatalf("%v, want %v", got[0], want)
		}
	}
	check()
	feed(s, defs, all)
	check()
	before := s.Stats()
	s.Evict(1190, 0)
	if st := s.Stats(); st.Entries != 600*9 || st.Held > before.Held/2 {
		t.Errorf("%+v, before %+v", st, before)
	}
}
