package index_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/index"
)

// TestPagesAreTheSortedList compares pages with what sorting and filtering all
// entries gives, while alerts change.
func TestPagesAreTheSortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, model := index.New(), map[string]index.Entry{}
		for range rapid.IntRange(0, 60).Draw(t, "puts") {
			e := draw(t)
			if old, known := model[e.Path()]; known {
				e.Opened = old.Opened // an alert opens once
			}
			x.Put(e)
			model[e.Path()] = e
		}
		f := index.Filter{
			Direction: rapid.SampledFrom([]string{"", "in", "out"}).Draw(t, "direction"), State: rapid.SampledFrom([]string{"", "sent", "closed", "none"}).Draw(t, "state"),
			Task: rapid.SampledFrom([]string{"", index.Any, "T1"}).Draw(t, "task"), Since: rapid.Int64Range(0, 3).Draw(t, "since"),
			Severity: rapid.SampledFrom([]string{"", "high"}).Draw(t, "severity"), Party: rapid.SampledFrom([]string{"", "GB-FIU"}).Draw(t, "party"),
		}
		want := sorted(model, f)
		limit := rapid.IntRange(1, 7).Draw(t, "limit")
		var got []string
		var after *index.Entry
		for {
			page, more := x.Page(f, after, limit)
			for _, e := range page {
				got = append(got, e.Path())
			}
			if more != (len(got) < len(want)) || len(page) > limit {
				t.Fatalf("more %t after %d of %d, page of %d", more, len(got), len(want), len(page))
			}
			if !more {
				break
			}
			after = &page[len(page)-1]
		}
		if !slices.Equal(got, want) || x.Len() != len(model) {
			t.Fatalf("pages %v\nwant  %v", got, want)
		}
		checkTasks(t, x, model)
	})
}

func draw(t *rapid.T) index.Entry {
	e := index.Entry{
		ID: rapid.StringMatching(`[AB]{2}`).Draw(t, "id"), Direction: rapid.SampledFrom([]string{"in", "out"}).Draw(t, "d"), Party: rapid.SampledFrom([]string{"GB-FIU", "AE-FIU"}).Draw(t, "p"),
		State: rapid.SampledFrom([]string{"sent", "closed"}).Draw(t, "s"), Severity: rapid.SampledFrom([]string{"high", "low"}).Draw(t, "v"), Opened: rapid.Int64Range(0, 4).Draw(t, "o"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "tasks") {
		e.Tasks = append(e.Tasks, rapid.SampledFrom([]string{"T1", "T2"}).Draw(t, "kind"))
	}
	e.Key = caselog.Key(e.Direction + "/" + e.Party + "/X")
	return e
}

func sorted(model map[string]index.Entry, f index.Filter) []string {
	var list []index.Entry
	for _, e := range model {
		task := f.Task == "" || f.Task == index.Any && len(e.Tasks) > 0 || slices.Contains(e.Tasks, f.Task)
		if (f.Direction == "" || f.Direction == e.Direction) && (f.State == "" || f.State == e.State) && (f.Severity == "" || f.Severity == e.Severity) &&
			(f.Party == "" || f.Party == e.Party) && task && e.Opened >= f.Since {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b index.Entry) int {
		return cmp.Or(cmp.Compare(b.Opened, a.Opened), strings.Compare(a.ID, b.ID), strings.Compare(a.Direction, b.Direction), strings.Compare(a.Party, b.Party))
	})
	out := []string(nil)
	for _, e := range list {
		out = append(out, e.Path())
	}
	return out
}

func checkTasks(t *rapid.T, x *index.Index, model map[string]index.Entry) {
	want := sorted(model, index.Filter{Task: index.Any})
	slices.Reverse(want)
	var got []string
	x.Oldest(func(e index.Entry) bool { got = append(got, e.Path()); return true })
	if !slices.Equal(got, want) {
		t.Fatalf("with tasks %v, want %v", got, want)
	}
}

func TestIDsAreFoundByTheirBeginning(t *testing.T) {
	x := index.New()
	for _, e := range []index.Entry{
		{ID: "AB22", Direction: "out", Party: "GB-FIU", Key: "out/GB-FIU/1"}, {ID: "AB33", Direction: "in", Party: "GB-FIU", Key: "in/GB-FIU/1"},
		{ID: "AC22", Direction: "out", Party: "AE-FIU", Key: "out/AE-FIU/2"}, {ID: "AC22", Direction: "in", Party: "AE-FIU", Key: "in/AE-FIU/2"},
	} {
		x.Put(e)
	}
	for prefix, want := range map[string]int{"AB2": 1, "AB": 2, "AB22": 1, "AC22": 2, "AB222": 0, "Z": 0, "A": 2} {
		if got := x.Begins(prefix); len(got) != want {
			t.Errorf("%s: %v, want %d", prefix, got, want)
		}
	}
	if key, ok := x.Find("in", "AE-FIU", "AC22"); !ok || key != "in/AE-FIU/2" {
		t.Errorf("found %s %t", key, ok)
	}
	if _, ok := x.Find("in", "GB-FIU", "AC22"); ok {
		t.Error("an alert of another party was found")
	}
}

func BenchmarkPage(b *testing.B) {
	x := index.New()
	const alerts = 1_000_000
	for i := range alerts {
		state := "closed"
		if i%1000 == 0 {
			state = "proposed"
		}
		x.Put(index.Entry{ID: fmt.Sprintf("%026d", i), Direction: "out", Party: "GB-FIU", State: state, Severity: "high", Opened: int64(i / 3)})
	}
	for name, f := range map[string]index.Filter{"newest": {}, "state": {State: "proposed"}, "worst": {Severity: "low"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				x.Page(f, nil, 50)
			}
		})
	}
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			x.Put(index.Entry{ID: fmt.Sprintf("%026d", 500_000), Direction: "out", Party: "GB-FIU", State: "sent", Opened: 500_000 / 3})
		}
	})
}
