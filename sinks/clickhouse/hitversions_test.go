package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// hits reports whether a rule of the test hits v: by its content alone.
func (v version) hits(rule string) bool {
	h := event.ContentHash([]byte(v.content))
	return h[len(rule)]%3 != 0
}

func (v version) hit(rule, evidence string) caselog.HitRow {
	return caselog.HitRow{
		HitID: hit.Text32(rule, v.id, fmt.Sprint(v.revision), v.content), EvidenceKey: evidence, Rule: rule, RuleVersion: 1, Status: "live",
		Reporter: "HWBIINBB", ReportID: v.id, Revision: v.revision, Hash: event.ContentHash([]byte(v.content)), Version: 1,
	}
}

// versionsOf makes versions of 25 reports; the content decides the month.
func versionsOf(rnd *rand.Rand) (all []version) {
	for i := range 60 {
		v := version{id: fmt.Sprint("R", i%25), revision: uint32(rnd.IntN(3)), content: fmt.Sprint("c", rnd.IntN(6))}
		v.month = 1 + int(event.ContentHash([]byte(v.content))[0])%4
		all = append(all, v)
	}
	return all
}

// TestHitsOfLatestVersions stores versions of reports and the hits on them in
// any order, some twice, with an archive that lags behind, and compares v_hits
// and v_rule_quality with the definition.
func TestHitsOfLatestVersions(t *testing.T) {
	address := enginetest.Start(t)
	rules := []string{"r", "rr"}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			c := configured(t, address, fmt.Sprint("hv_", seed))
			s, w := open(t, c, event.Default()), newWriter(event.Default())
			if seed%2 == 0 {
				execute(t, c, "SYSTEM STOP MERGES reports")
				execute(t, c, "SYSTEM STOP MERGES hits")
			}
			all := versionsOf(rnd)
			latest := map[string]version{}
			known := map[string]bool{} // evidence
			var steps []func()
			archived := 0
			for i, v := range all {
				newest := func() {
					if old, ok := latest[v.id]; !ok || v.newer(old) {
						latest[v.id] = v
					}
				}
				var rows []caselog.HitRow
				for _, rule := range rules {
					if v.hits(rule) {
						rows = append(rows, v.hit(rule, rule+" "+v.id))
						known[rule+" "+v.id] = true
					}
				}
				if len(rows) > 0 {
					newest()
					steps = append(steps, func() {
						if err := s.WriteHits(t.Context(), rows); err != nil {
							t.Fatal(err)
						}
					})
				}
				if seed == 3 && rnd.IntN(3) == 0 {
					continue // not archived yet: only its hits are known
				}
				newest()
				archived++
				steps = append(steps, func() { insert(t, s, w.batch(v.row()), fmt.Sprint("t/0/", i)) })
			}
			steps = append(steps, steps[:10]...) // told again
			rnd.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for _, step := range steps {
				step()
			}
			var want []string
			stand := map[string]int{}
			for _, v := range latest {
				for _, rule := range rules {
					if v.hits(rule) {
						want = append(want, fmt.Sprintf("%s %s/%d/%s", rule, v.id, v.revision, v.hit(rule, "").HitID))
						stand[rule]++
					}
				}
			}
			slices.Sort(want)
			got := askAll(t, c, "SELECT concat(evidence_key, '/', toString(revision), '/', hit_id) AS x FROM v_hits ORDER BY x")
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("v_hits, %d of %d versions archived\n%v\nwant\n%v", archived, len(all), got, want)
			}
			if len(want) == 0 || len(want) == len(known) {
				t.Errorf("%d hits stand of %d: proves nothing", len(want), len(known))
			}
			ever := map[string]int{}
			for e := range known {
				ever[strings.Fields(e)[0]]++
			}
			quality := askAll(t, c, "SELECT concat(rule, ' ', toString(hits), ' ', toString(hits + overturned)) AS x FROM v_rule_quality ORDER BY x")
			if w := fmt.Sprintf("[r %d %d rr %d %d]", stand["r"], ever["r"], stand["rr"], ever["rr"]); fmt.Sprint(quality) != w {
				t.Errorf("v_rule_quality %s, want %s", quality, w)
			}
		})
	}
}
