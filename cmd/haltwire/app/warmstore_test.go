package app

import (
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

// TestPastRows reads from ClickHouse the reports that windows are warmed with: each
// once, as they came, with their original bytes or without.
func TestPastRows(t *testing.T) {
	address := enginetest.Start(t)
	for _, raw := range []string{clickhouse.RawAll, clickhouse.RawDeadOnly} {
		c := database(t, address, "warm_"+raw, raw)
		store, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		db, err := clickhouse.Dial(c)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		kinds := map[string]bool{}
		for _, dir := range asked() {
			recs := read(t, dir)
			tally(t, recs, want, kinds)
			for i := range recs.Times {
				recs.Times[i] = 1_776_000_000_000 + int64(i-recs.Len()/2)*1000
			}
			b, _ := jsoncodec.New(codec.Options{Schema: event.Default(), Project: event.Default().Whole()}).Decode(recs)
			if refused, err := store.Insert(t.Context(), b, dir); err != nil || len(refused) > 0 {
				t.Fatal(err, refused)
			}
			b.Release()
		}
		delete(kinds, "telecom.sim_swap") // feeds nothing
		maps.DeleteFunc(want, func(report string, _ int) bool { return report[:16] == "telecom.sim_swap" })
		got, shown := map[string]int{}, 0
		p := &pastRows{db: db, schema: event.Default(), show: func(recs *event.Records) error {
			if recs.Times[0] < 1_775_000_000_000 || recs.Times[0] > 1_777_000_000_000 {
				t.Errorf("%s: a report came at %d", raw, recs.Times[0])
			}
			for i := 1; i < recs.Len(); i++ {
				if recs.Offsets[i] < recs.Offsets[i-1] {
					t.Errorf("%s: offset %d follows %d", raw, recs.Offsets[i], recs.Offsets[i-1])
				}
			}
			shown += recs.Len()
			tally(t, recs, got, map[string]bool{})
			return nil
		}}
		for kind := range kinds {
			p.kinds = append(p.kinds, kind)
		}
		var n int64
		for _, span := range [][2]int64{{0, 1_776_000_000_000}, {1_776_000_000_000, 1_776_000_003_000}, {1_776_000_003_000, 1_800_000_000_000}} {
			m, err := p.slice(t.Context(), time.UnixMilli(span[0]), time.UnixMilli(span[1]))
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
		if len(want) < 20 || int(n) != shown || !maps.Equal(keys(want), keys(got)) {
			t.Errorf("raw %s: %d rows, %d shown, reports\n%v\nwant\n%v", raw, n, shown, keys(got), keys(want))
		}
		p.show = func(*event.Records) error { return fmt.Errorf("no") }
		if _, err := p.slice(t.Context(), time.UnixMilli(0), time.UnixMilli(1_800_000_000_000)); err == nil {
			t.Error("an error of the judge is lost")
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// tally counts the reports of recs as windows see them, and notes their kinds.
func tally(t *testing.T, recs *event.Records, count map[string]int, kinds map[string]bool) {
	t.Helper()
	s := event.Default()
	b, _ := jsoncodec.New(codec.Options{Schema: s, Project: s.Whole()}).Decode(recs)
	defer b.Release()
	text := func(name string, r int) string {
		if v := &b.Columns[s.Must(name)]; v.Has(r) {
			return v.String(r)
		}
		return "-"
	}
	for r := range b.Rows {
		kinds[text("kind", r)] = true
		at := b.Columns[s.Must("occurred_at")].I64[r]
		count[fmt.Sprint(text("kind", r), " ", text("reporter", r), "/", text("report_id", r), " ", at, " ", text("debtor.account", r), " ", text("creditor.uid", r))]++
	}
}

func keys(m map[string]int) map[string]bool {
	out := map[string]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}
