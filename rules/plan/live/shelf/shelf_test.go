package shelf_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
)

// kept is what the model knows of a report.
type kept struct {
	r        shelf.Report
	raw      []byte
	trace    []byte
	verdicts []shelf.Verdict
	keys     map[uint64]bool
}

// model is a shelf as simple as can be.
type model struct {
	t    *rapid.T
	s    *shelf.Shelf
	refs map[shelf.Ref]*kept
	next int64
}

func fresh(t interface{ Fatal(...any) }) *shelf.Shelf {
	s, err := shelf.New(7)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content returns bytes as long as those of a report, or as long as a block.
func content(n int64, long bool) []byte {
	text := fmt.Sprintf(`{"report_id":"R-%d","amount":"%d.00"}`, n, n*n)
	if long {
		return []byte(text + strings.Repeat(fmt.Sprint(n), 30_000))
	}
	return []byte(text)
}

func (m *model) put() {
	m.next++
	k := &kept{keys: map[uint64]bool{}, raw: content(m.next, rapid.IntRange(0, 4).Draw(m.t, "long") == 4)}
	if m.next%2 == 0 {
		k.trace = []byte("00-abc")
	}
	k.r = shelf.Report{
		Identity: m.s.Identity([]byte("HWBIINBB"), fmt.Append(nil, m.next)), Time: rapid.Int64Range(0, 9).Draw(m.t, "time"), Record: m.next,
		Offset: m.next, Source: int32(m.next % 3), Version: hit.Version{Revision: uint32(m.next), Hash: event.ContentHash(k.raw)},
		Evidence: rapid.Bool().Draw(m.t, "evidence"), CauseSource: 1, CauseOffset: 5, Again: 6,
	}
	m.refs[m.s.Put(k.r, k.raw, k.trace)] = k
}

// any returns a report that is kept.
func (m *model) any() (shelf.Ref, *kept) {
	var all []shelf.Ref
	for ref := range m.refs {
		all = append(all, ref)
	}
	slices.Sort(all)
	if len(all) == 0 {
		m.put()
		return m.any()
	}
	ref := rapid.SampledFrom(all).Draw(m.t, "report")
	return ref, m.refs[ref]
}

func (m *model) verdict(rule int32) shelf.Verdict {
	return shelf.Verdict{Rule: rule, State: int16(rapid.IntRange(-4, 3).Draw(m.t, "state")), Pinned: rapid.IntRange(0, 5).Draw(m.t, "pinned") == 5}
}

func (m *model) judge() {
	ref, k := m.any()
	var more []shelf.Verdict
	for range rapid.IntRange(1, 3).Draw(m.t, "verdicts") {
		more = append(more, m.verdict(int32(len(k.verdicts)+len(more))))
	}
	m.s.Judge(ref, more)
	k.verdicts = append(k.verdicts, more...)
	for range rapid.IntRange(0, 3).Draw(m.t, "keys") {
		key := rapid.Uint64Range(0, 4).Draw(m.t, "key")
		m.s.Watch(key, ref)
		k.keys[key] = true
	}
}

func (k *kept) close() { k.verdicts, k.keys = nil, map[uint64]bool{} }

func (m *model) act() {
	ref, k := m.any()
	switch rapid.IntRange(0, 6).Draw(m.t, "act") {
	case 0:
		m.s.Drop(ref)
		delete(m.refs, ref)
	case 1:
		m.s.Close(ref)
		k.close()
	case 2:
		on := rapid.Bool().Draw(m.t, "on")
		m.s.Prove(ref, on)
		k.r.Evidence = on
	case 3:
		if len(k.verdicts) > 0 {
			i := rapid.IntRange(0, len(k.verdicts)-1).Draw(m.t, "which")
			k.verdicts[i] = m.verdict(int32(i))
			m.s.SetVerdict(ref, i, k.verdicts[i])
		}
	case 4:
		m.sweep(rapid.Int64Range(-1, 9).Draw(m.t, "horizon"))
	case 5:
		again := fresh(m.t)
		if err := again.Restore(m.s.AppendTo(nil)); err != nil {
			m.t.Fatal(err)
		}
		m.rename(again)
	default:
		m.judge()
	}
}

func (m *model) sweep(horizon int64) {
	m.s.Sweep(horizon, horizon-2)
	for ref, k := range m.refs {
		if k.r.Time <= horizon {
			k.close()
		}
		k.r.Evidence = k.r.Evidence && k.r.Time > horizon-2
		if len(k.verdicts) == 0 && !k.r.Evidence {
			delete(m.refs, ref)
		}
	}
}

// rename makes s, which has the same reports, the shelf of m.
func (m *model) rename(s *shelf.Shelf) {
	m.s = s
	refs := map[shelf.Ref]*kept{}
	for _, k := range m.refs {
		ref, ok := s.Find(k.r.Identity)
		if !ok {
			m.t.Fatalf("report %d is lost", k.r.Offset)
		}
		refs[ref] = k
	}
	m.refs = refs
}

// check compares everything that the shelf tells with the model.
func (m *model) check() {
	candidates, evidence := int64(0), int64(0)
	var buf []byte
	for ref, k := range m.refs {
		var raw, trace []byte
		var err error
		if buf, raw, trace, err = m.s.Read(ref, buf[:0]); err != nil || !bytes.Equal(raw, k.raw) || !bytes.Equal(trace, k.trace) {
			m.t.Fatalf("report %d: %d bytes, trace %q, %v", k.r.Offset, len(raw), trace, err)
		}
		r := m.s.At(ref)
		if r.Version != k.r.Version || r.Time != k.r.Time || r.Offset != k.r.Offset || r.Source != k.r.Source || r.Again != 6 || r.CauseOffset != 5 || r.Evidence != k.r.Evidence || !m.s.Kept(ref) {
			m.t.Fatalf("report %+v, want %+v", r, k.r)
		}
		var got []shelf.Verdict
		for i := range m.s.Count(ref) {
			got = append(got, m.s.Verdict(ref, i))
		}
		pinned := slices.ContainsFunc(k.verdicts, func(v shelf.Verdict) bool { return v.Pinned })
		if !slices.Equal(got, k.verdicts) || r.Pinned() != pinned || r.Candidate() != (len(got) > 0) {
			m.t.Fatalf("verdicts %v, want %v", got, k.verdicts)
		}
		if len(got) > 0 {
			candidates++
		}
		if k.r.Evidence {
			evidence++
		}
	}
	if m.s.Len() != len(m.refs) || m.s.Candidates() != candidates || m.s.Evidence() != evidence {
		m.t.Fatalf("%d reports, %d candidates, %d evidence; want %d, %d, %d", m.s.Len(), m.s.Candidates(), m.s.Evidence(), len(m.refs), candidates, evidence)
	}
	for key := range uint64(5) {
		m.find(key, rapid.Int64Range(0, 9).Draw(m.t, "from"), rapid.Int64Range(0, 10).Draw(m.t, "to"))
	}
}

func (m *model) find(key uint64, from, to int64) {
	var got, want []int64
	last := int64(math.MinInt64)
	m.s.Between(key, from, to, func(_ shelf.Ref, r *shelf.Report) {
		if r.Time < last {
			m.t.Fatalf("key %d: %d after %d", key, r.Time, last)
		}
		last = r.Time
		got = append(got, r.Offset)
	})
	for _, k := range m.refs {
		if k.keys[key] && k.r.Time >= from && k.r.Time < to {
			want = append(want, k.r.Offset)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || m.s.Finds(key, from, to) != (len(want) > 0) {
		m.t.Fatalf("key %d in [%d, %d): %v, want %v", key, from, to, got, want)
	}
}

// TestShelf does random things and compares with a model, snapshots among them.
func TestShelf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, s: fresh(t), refs: map[shelf.Ref]*kept{}}
		for range rapid.IntRange(1, 40).Draw(t, "acts") {
			if rapid.Bool().Draw(t, "put") {
				m.put()
				m.judge()
			} else {
				m.act()
			}
			m.check()
		}
	})
}

// TestBound gives up what came first and is not pinned.
func TestBound(t *testing.T) {
	s := fresh(t)
	var refs []shelf.Ref
	for i := range int64(3_000) {
		raw := content(i, i%100 == 0)
		ref := s.Put(shelf.Report{Identity: uint64(i + 1), Time: i, Evidence: i%3 == 0}, raw, nil)
		s.Judge(ref, []shelf.Verdict{{Rule: 1, Pinned: i == 5}})
		s.Watch(uint64(i%7), ref)
		refs = append(refs, ref)
	}
	before := s.Bytes()
	dropped := s.Bound(before / 2)
	if s.Bytes() > before/2 || dropped == 0 || int64(s.Len())+dropped != 3_000 {
		t.Fatalf("%d bytes of %d, %d dropped, %d left", s.Bytes(), before, dropped, s.Len())
	}
	if !s.Kept(refs[5]) || s.Kept(refs[4]) || !s.Kept(refs[2_999]) {
		t.Error("the pinned one, or what came last, is gone, or what came first is not")
	}
	if s.Bound(0) != 0 || s.Bound(before) != 0 {
		t.Error("dropped without need")
	}
	s.Sweep(math.MaxInt64, math.MaxInt64)
	if s.Len() != 0 || s.Bytes() != 0 {
		t.Errorf("%d reports, %d bytes after everything ended", s.Len(), s.Bytes())
	}
}

// TestRestoreHostile changes bytes of a snapshot: they are refused or read, and
// nothing panics.
func TestRestoreHostile(t *testing.T) {
	s := fresh(t)
	for i := range int64(300) {
		ref := s.Put(shelf.Report{Identity: uint64(i + 1), Time: i, Evidence: i%2 == 0}, content(i, i%50 == 0), []byte("t"))
		s.Judge(ref, []shelf.Verdict{{Rule: 1}, {Rule: 2}})
		s.Watch(uint64(i%5), ref)
	}
	whole := s.AppendTo(nil)
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 2_000 {
		bad := slices.Clone(whole)
		for range 1 + random.IntN(3) {
			bad[random.IntN(len(bad))] = byte(random.Uint32())
		}
		if random.IntN(3) == 0 {
			bad = bad[:random.IntN(len(bad))]
		}
		again := fresh(t)
		if err := again.Restore(bad); err != nil {
			if !errors.Is(err, shelf.ErrSnapshot) {
				t.Fatal(err)
			}
			refused++
			continue
		}
		again.All(func(ref shelf.Ref, _ *shelf.Report) { again.Read(ref, nil) })
		again.Sweep(100, 200)
		again.Bound(1)
	}
	if refused < 500 {
		t.Errorf("%d refused", refused)
	}
}
