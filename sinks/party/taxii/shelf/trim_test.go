package shelf_test

import (
	"fmt"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

func name(kind string, n int) string {
	return fmt.Sprintf("%s--00000000-0000-4000-8000-%012d", kind, n)
}

func entry(id string, refs ...string) shelf.Entry {
	return shelf.Entry{ID: id, Body: fmt.Appendf(nil, `{"id":%q,"refs":%q}`, id, refs)}
}

func held(t rapid.TB, s *shelf.Shelf) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, e := range page(t, s, shelf.Query{Versions: shelf.Versions{All: true}}).Entries {
		out[e.ID]++
	}
	return out
}

// TestTrimKeepsWhatIsNeeded: an old report goes with its account, and leaves the
// identity that a later report names; a note of today keeps an old report whole.
func TestTrimKeepsWhatIsNeeded(t *testing.T) {
	s := shelf.New(shelf.Bounds{})
	bank, bank2, gone, kept := name("identity", 1), name("identity", 2), name("report", 1), name("report", 2)
	add(t, s, at(0), entry(bank), entry(name("bank-account", 1), bank2), entry(bank2), entry(gone, bank, name("bank-account", 1)))
	add(t, s, at(1), entry(name("bank-account", 2), bank), entry(kept, name("bank-account", 2)), entry(kept, name("bank-account", 2), "x"))
	add(t, s, at(9), entry(name("note", 1), kept, name("report", 99)))
	if n := s.Trim(at(5)); n != 4 {
		t.Errorf("dropped %d", n)
	}
	got := held(t, s)
	if len(got) != 4 || got[bank] != 1 || got[name("bank-account", 2)] != 1 || got[kept] != 1 || got[name("note", 1)] != 1 {
		t.Error(got)
	}
	if e, found, _ := s.Last(ctx, "c", kept); !found || string(e.Body) != string(entry(kept, name("bank-account", 2), "x").Body) {
		t.Errorf("%s", e.Body)
	}
	if n := s.Trim(at(5)); n != 0 {
		t.Errorf("dropped %d more", n)
	}
	add(t, s, at(2), entry(gone)) // a clock that went back
	if got := page(t, s, shelf.Query{After: at(8)}).Entries; len(got) != 2 || !got[1].Added.After(got[0].Added) {
		t.Errorf("moments do not grow any more: %+v", got)
	}
	if n := s.Trim(at(100)); n != 5 || len(held(t, s)) != 0 {
		t.Errorf("dropped %d", n)
	}
	add(t, s, at(1), entry(gone))
	if got := page(t, s, shelf.Query{After: at(9)}).Entries; len(got) != 1 {
		t.Error("a reader that saw everything misses what comes after a trim")
	}
}

// TestTrimLeavesNoReferenceBehind: whatever stays, what it names stays, if it
// was there; nothing that is new goes, and bounds count what is there.
func TestTrimLeavesNoReferenceBehind(t *testing.T) {
	ids := regexp.MustCompile(`[a-z]+--[0-9a-f-]{36}`)
	rapid.Check(t, func(rt *rapid.T) {
		s := shelf.New(shelf.Bounds{Objects: 60})
		for i := range rapid.IntRange(1, 40).Draw(rt, "entries") {
			var refs []string
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 9), 0, 3).Draw(rt, "refs") {
				refs = append(refs, name("a", n))
			}
			add(rt, s, at(i), entry(name("a", rapid.IntRange(0, 9).Draw(rt, "id")), refs...))
		}
		had := held(rt, s)
		cut := rapid.IntRange(0, 45).Draw(rt, "cut")
		newer := len(page(rt, s, shelf.Query{After: at(cut).Add(-1), Versions: shelf.Versions{All: true}}).Entries)
		dropped := s.Trim(at(cut))
		has := held(rt, s)
		all := page(rt, s, shelf.Query{Versions: shelf.Versions{All: true}}).Entries
		for _, e := range all {
			for _, id := range ids.FindAllString(string(e.Body), -1) {
				if had[id] > 0 && has[id] == 0 {
					rt.Fatalf("%s names %s, which is gone", e.ID, id)
				}
			}
		}
		if got := len(page(rt, s, shelf.Query{After: at(cut).Add(-1), Versions: shelf.Versions{All: true}}).Entries); got != newer {
			rt.Fatalf("%d of %d new versions are left", got, newer)
		}
		for range 60 - len(all) {
			add(rt, s, at(50), entry(name("b", 1)))
		}
		if err := s.Append(ctx, "c", at(51), []shelf.Entry{entry(name("b", 2))}); err == nil || dropped < 0 {
			rt.Fatal("the bound is forgotten")
		}
	})
}
