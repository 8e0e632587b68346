package clickhouse_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// version is one version of one report of the test.
type version struct {
	id       string
	revision uint32
	content  string
	month    int
}

func (v version) row() row {
	r := report(v.id, v.revision, "occurred_at", at(fmt.Sprintf("2026-%02d-10T00:00:00Z", v.month)), "case_ref", v.content)
	r["raw"] = v.content
	return r
}

// newer reports whether v replaces o (DESIGN §1, report).
func (v version) newer(o version) bool {
	a, b := event.ContentHash([]byte(v.content)), event.ContentHash([]byte(o.content))
	return v.revision > o.revision || v.revision == o.revision && bytes.Compare(a[:], b[:]) > 0
}

// TestLatestVersions inserts versions of the same reports in random order, some
// twice, in blocks of any size, and compares v_reports with the definition.
func TestLatestVersions(t *testing.T) {
	address := enginetest.Start(t)
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			c := configured(t, address, fmt.Sprint("v_", seed))
			s, w := open(t, c, event.Default()), newWriter(event.Default())
			if seed%2 == 0 {
				execute(t, c, "SYSTEM STOP MERGES reports")
			}
			latest := map[string]version{}
			var all []version
			for i := range 60 {
				v := version{fmt.Sprint("R", i%25), uint32(rnd.IntN(3)), fmt.Sprint("c", rnd.IntN(4)), 1 + rnd.IntN(4)}
				v.month = 1 + int(event.ContentHash([]byte(v.content))[0])%4 // the content decides the month
				all = append(all, v)
				if old, ok := latest[v.id]; !ok || v.newer(old) {
					latest[v.id] = v
				}
			}
			all = append(all, all[:20]...) // replayed
			rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for n := 0; len(all) > 0; n++ {
				var rows []row
				for range min(len(all), 1+rnd.IntN(12)) {
					rows, all = append(rows, all[0].row()), all[1:]
				}
				insert(t, s, w.batch(rows...), fmt.Sprint("t/0/", n))
			}
			var want []string
			for i := range 25 {
				v := latest[fmt.Sprint("R", i)]
				want = append(want, fmt.Sprintf("%s/%d/%s", v.id, v.revision, v.content))
			}
			query := "SELECT concat(report_id, '/', toString(revision), '/', case_ref) FROM v_reports ORDER BY toUInt32(substring(report_id, 2))"
			if got := askAll(t, c, query); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("v_reports\n%v\nwant\n%v", got, want)
			}
			one := latest["R7"]
			if got := ask(t, c, "SELECT case_ref FROM v_reports WHERE reporter = 'HWBIINBB' AND report_id = 'R7'"); got != one.content {
				t.Errorf("R7 is %s, want %s", got, one.content)
			}
			before := ask(t, c, fmt.Sprintf("SELECT count() FROM v_reports WHERE report_id = 'R7' AND toMonth(occurred_at) != %d", one.month))
			if before != "0" {
				t.Errorf("a filter on time brings back %s superseded versions", before)
			}
		})
	}
}
