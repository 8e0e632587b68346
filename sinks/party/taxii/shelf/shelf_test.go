package shelf_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

var ctx = context.Background()

func at(seconds int) time.Time { return time.Date(2026, 3, 2, 4, 0, seconds, 0, time.UTC) }

func page(t rapid.TB, s *shelf.Shelf, q shelf.Query) shelf.Page {
	t.Helper()
	p, err := s.Page(ctx, "c", q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func add(t rapid.TB, s *shelf.Shelf, when time.Time, entries ...shelf.Entry) {
	t.Helper()
	if err := s.Append(ctx, "c", when, entries); err != nil {
		t.Fatal(err)
	}
}

func TestMomentsAreUniqueAndGrow(t *testing.T) {
	s := shelf.New(shelf.Bounds{})
	add(t, s, at(5), shelf.Entry{ID: "a--1"}, shelf.Entry{ID: "a--2", Version: at(1)})
	add(t, s, at(3), shelf.Entry{ID: "a--3"}) // a clock that went back
	add(t, s, at(9).Add(1500*time.Nanosecond), shelf.Entry{ID: "a--4"})
	var got []time.Duration
	for _, e := range page(t, s, shelf.Query{}).Entries {
		got = append(got, e.Added.Sub(at(5)))
		if want := e.Added; e.ID != "a--2" && !e.Version.Equal(want) || e.ID == "a--2" && !e.Version.Equal(at(1)) {
			t.Errorf("%s has version %v", e.ID, e.Version)
		}
	}
	if want := []time.Duration{0, time.Microsecond, 2 * time.Microsecond, 4*time.Second + time.Microsecond}; !slices.Equal(got, want) {
		t.Error(got)
	}
}

func TestBoundsHoldAndNothingIsAddedInPart(t *testing.T) {
	for name, b := range map[string]shelf.Bounds{"objects": {Objects: 2}, "bytes": {Bytes: 5}} {
		s := shelf.New(b)
		add(t, s, at(0), shelf.Entry{ID: "a--1", Body: []byte("xyz")})
		two := []shelf.Entry{{ID: "a--2", Body: []byte("x")}, {ID: "a--3", Body: []byte("yz")}}
		if err := s.Append(ctx, "c", at(1), two); !errors.Is(err, shelf.ErrFull) {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(page(t, s, shelf.Query{}).Entries); n != 1 {
			t.Errorf("%s: %d entries", name, n)
		}
		if err := s.Append(ctx, "other", at(1), two); err != nil {
			t.Errorf("%s: another collection is full, too: %v", name, err)
		}
	}
}

func TestNothingIsThere(t *testing.T) {
	s := shelf.New(shelf.Bounds{})
	if p := page(t, s, shelf.Query{}); len(p.Entries) > 0 || p.More {
		t.Error(p)
	}
	if _, found, err := s.Last(ctx, "c", "a--1"); found || err != nil {
		t.Error(found, err)
	}
	add(t, s, at(0), shelf.Entry{ID: "a--1", Version: at(1)}, shelf.Entry{ID: "a--1", Version: at(2)})
	if e, found, _ := s.Last(ctx, "c", "a--1"); !found || !e.Version.Equal(at(2)) {
		t.Error(e, found)
	}
	if _, found, _ := s.Last(ctx, "c", "a--2"); found {
		t.Error("found what is not there")
	}
}

// naive finds a page the slow way: every filter over the whole list.
func naive(all []shelf.Entry, q shelf.Query) shelf.Page {
	newest := map[string]string{}
	for _, e := range all {
		newest[e.ID] = max(newest[e.ID], e.Spec)
	}
	var counted []shelf.Entry
	for _, e := range all {
		if len(q.Specs) > 0 && slices.Contains(q.Specs, e.Spec) || len(q.Specs) == 0 && e.Spec == newest[e.ID] {
			counted = append(counted, e)
		}
	}
	first, last := map[string]time.Time{}, map[string]time.Time{}
	for _, e := range counted {
		if _, there := first[e.ID]; !there {
			first[e.ID] = e.Added
		}
		last[e.ID] = e.Added
	}
	var out shelf.Page
	for _, e := range counted {
		v := q.Versions
		version := v.All || slices.ContainsFunc(v.At, e.Version.Equal) || v.First && first[e.ID].Equal(e.Added) ||
			(v.Last || !v.First && len(v.At) == 0) && last[e.ID].Equal(e.Added)
		if !version || !e.Added.After(q.After) || len(q.IDs) > 0 && !slices.Contains(q.IDs, e.ID) || len(q.Types) > 0 && !slices.Contains(q.Types, e.Type) {
			continue
		}
		if q.Limit > 0 && len(out.Entries) == q.Limit {
			out.More = true
			break
		}
		out.Entries = append(out.Entries, e)
	}
	return out
}

func some[T any](t *rapid.T, from []T, name string) []T {
	return rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, name)
}

// TestPagesAreThoseOfANaiveSearch over random collections and queries.
func TestPagesAreThoseOfANaiveSearch(t *testing.T) {
	ids := []string{"a--1", "a--2", "b--1", "b--2"}
	rapid.Check(t, func(rt *rapid.T) {
		s := shelf.New(shelf.Bounds{})
		for range rapid.IntRange(0, 30).Draw(rt, "appends") {
			id := rapid.SampledFrom(ids).Draw(rt, "id")
			add(rt, s, at(rapid.IntRange(0, 20).Draw(rt, "at")), shelf.Entry{
				ID: id, Type: id[:1], Spec: rapid.SampledFrom([]string{"2.0", "2.1"}).Draw(rt, "spec"), Version: at(rapid.IntRange(0, 5).Draw(rt, "version")),
			})
		}
		all := page(rt, s, shelf.Query{Versions: shelf.Versions{All: true}, Specs: []string{"2.0", "2.1"}}).Entries
		for range 5 {
			q := shelf.Query{
				After: at(rapid.IntRange(-1, 25).Draw(rt, "after")), Limit: rapid.IntRange(0, 5).Draw(rt, "limit"),
				IDs: some(rt, append(ids, "c--1"), "ids"), Types: some(rt, []string{"a", "b", "c"}, "types"), Specs: some(rt, []string{"2.0", "2.1"}, "specs"),
				Versions: shelf.Versions{
					All: rapid.Bool().Draw(rt, "all"), First: rapid.Bool().Draw(rt, "first"), Last: rapid.Bool().Draw(rt, "last"),
					At: some(rt, []time.Time{at(1), at(2)}, "versions"),
				},
			}
			if got, want := page(rt, s, q), naive(all, q); !reflect.DeepEqual(got, want) {
				rt.Fatalf("%+v:\n%+v\nwant\n%+v", q, got, want)
			}
		}
	})
}

// TestPagingUnderInserts: whatever is added between two pages, a reader that
// goes on from the last moment it saw holds in the end the last version of every
// object, has seen no entry twice, and only forward.
func TestPagingUnderInserts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := shelf.New(shelf.Bounds{})
		version := 0
		grow := func(n int) {
			for range n {
				version++
				id := fmt.Sprintf("a--%d", rapid.IntRange(1, 8).Draw(rt, "id"))
				add(rt, s, at(rapid.IntRange(0, 50).Draw(rt, "at")), shelf.Entry{ID: id, Version: at(version), Body: make([]byte, rapid.IntRange(1, 40).Draw(rt, "size"))})
			}
		}
		grow(rapid.IntRange(0, 20).Draw(rt, "before"))
		held := map[string]time.Time{}
		q := shelf.Query{Limit: rapid.IntRange(1, 4).Draw(rt, "limit"), Bytes: rapid.IntRange(0, 60).Draw(rt, "bytes")}
		for pages := 0; ; pages++ {
			p := page(rt, s, q)
			size := 0
			for i, e := range p.Entries {
				if size += len(e.Body); q.Bytes > 0 && size > q.Bytes && i > 0 {
					rt.Fatalf("page of %d bytes", size)
				}
				if !e.Added.After(q.After) {
					rt.Fatal("went back")
				}
				q.After, held[e.ID] = e.Added, e.Version
			}
			if len(p.Entries) > q.Limit {
				rt.Fatalf("%d entries", len(p.Entries))
			}
			if pages < 5 {
				grow(rapid.IntRange(0, 3).Draw(rt, "between"))
			} else if !p.More {
				break
			}
		}
		for _, e := range page(rt, s, shelf.Query{}).Entries {
			if !held[e.ID].Equal(e.Version) {
				rt.Fatalf("holds %v of %s, the last is %v", held[e.ID], e.ID, e.Version)
			}
		}
	})
}
