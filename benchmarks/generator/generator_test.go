package generator_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/generator"
)

func start() time.Time { return time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC) }

func TestSameSeedSameReports(t *testing.T) {
	a := generator.New(generator.Options{Seed: 7, Fraud: 0.05})
	b := generator.New(generator.Options{Seed: 7, Fraud: 0.05})
	for i := range 5000 {
		x, y := a.Next(start()), b.Next(start())
		if x.Topic != y.Topic || x.Key != y.Key || !bytes.Equal(x.Value, y.Value) {
			t.Fatalf("report %d differs:\n%s\n%s", i, x.Value, y.Value)
		}
	}
}

// TestReports checks that every report is JSON with an identity of its own, that
// fraud stories come as asked, and that a story's account is abroad.
func TestReports(t *testing.T) {
	for _, country := range []string{"IN", "GB"} {
		g := generator.New(generator.Options{Seed: 1, Country: country, Fraud: 0.02})
		ids, kinds, disputed := map[string]bool{}, map[string]int{}, 0
		for range 20000 {
			r := g.Next(start())
			var v struct {
				ReportID      string `json:"report_id"`
				Reporter      string
				Kind          string
				Authorisation string
				Creditor      struct{ Account string }
			}
			if err := json.Unmarshal(r.Value, &v); err != nil {
				t.Fatalf("%s: %v", r.Value, err)
			}
			if ids[v.ReportID] || v.ReportID == "" || v.Reporter != r.Key || v.Kind == "" {
				t.Fatalf("report without an identity of its own: %s", r.Value)
			}
			ids[v.ReportID] = true
			kinds[v.Kind]++
			if v.Authorisation != "" {
				disputed++
				if iban := strings.HasPrefix(v.Creditor.Account, "GB"); iban != (country == "IN") {
					t.Fatalf("stolen money of %s stays at home: %s", country, r.Value)
				}
			}
		}
		if len(kinds) < 7 || disputed < 300 || disputed > 1200 {
			t.Errorf("%s: kinds %v, %d disputed of 20000", country, kinds, disputed)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	g := generator.New(generator.Options{Seed: 1, Fraud: 0.001})
	at, n := start(), 0
	for b.Loop() {
		n += len(g.Next(at).Value)
	}
	b.ReportMetric(float64(n)/float64(b.N), "B/report")
}
