package shelf_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/haltwire/haltwire/rules/plan/live/shelf"
)

// transfer is the JSON of a bank's report, about 600 bytes, which has with others in
// common what those of one bank have.
func transfer(r *rand.Rand, n int) []byte {
	names := []string{"ASHA RAO", "JOHN SMITH", "MEERA NAIR", "LEE WEI", "ANNA KOWALSKA", "OMAR HADDAD"}
	return fmt.Appendf(nil, `{"report_id":"HWBI%012d","reporter":"HWBIINBB","kind":"bank.transfer","occurred_at":"2026-11-24T10:%02d:%02d.%03dZ","amount":"%d.%02d","currency":"INR","rail":"imps","status":"settled","debtor":{"account":"%012d","scheme":"bban","clearing_system":"INFSC","clearing_id":"HWBI0%06d","name":"%s","phone":"+9198%08d","country":"IN"},"creditor":{"account":"%012d","scheme":"bban","clearing_system":"INFSC","clearing_id":"HDFC0%06d","name":"%s","country":"IN","opened_at":"2026-0%d-1%dT00:00:00.000Z"},"payment":{"end_to_end_id":"E2E%016d","rrn":"%012d","remittance":"rent november"}}`,
		n, n/60_000%60, n/1000%60, n%1000, r.IntN(900_000), r.IntN(100), r.Int64N(1e12), r.IntN(1e3), names[r.IntN(6)], r.IntN(1e8), r.Int64N(1e12), r.IntN(1e3), names[r.IntN(6)], 1+r.IntN(9), r.IntN(9), r.Int64N(1e16), r.Int64N(1e12))
}

// filled returns a shelf of n candidates with two keys each.
func filled(b *testing.B, n int) (s *shelf.Shelf, refs []shelf.Ref, raw int) {
	r := rand.New(rand.NewPCG(1, 2))
	s = fresh(b)
	for i := range n {
		text := transfer(r, i)
		raw += len(text)
		ref := s.Put(shelf.Report{Identity: uint64(i + 1), Time: int64(i)}, text, nil)
		s.Judge(ref, []shelf.Verdict{{Rule: int32(i % 50), State: -2}})
		s.Watch(r.Uint64N(uint64(n)), ref)
		s.Watch(r.Uint64N(uint64(n)), ref)
		refs = append(refs, ref)
	}
	return s, refs, raw
}

func BenchmarkPut(b *testing.B) {
	n := 50_000
	for b.Loop() {
		s, _, raw := filled(b, n)
		b.ReportMetric(float64(s.Bytes())/float64(n), "bytes/candidate")
		b.ReportMetric(float64(raw)/float64(n), "raw/candidate")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/candidate")
}

// BenchmarkRead reads candidates as they came, and from all over.
func BenchmarkRead(b *testing.B) {
	s, refs, _ := filled(b, 50_000)
	random := rand.New(rand.NewPCG(3, 4))
	for _, spread := range []bool{false, true} {
		b.Run(fmt.Sprintf("spread=%v", spread), func(b *testing.B) {
			var buf []byte
			i := 0
			for b.Loop() {
				at := i % len(refs)
				if spread {
					at = random.IntN(len(refs))
				}
				buf, _, _, _ = s.Read(refs[at], buf[:0])
				i++
			}
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	s, _, _ := filled(b, 50_000)
	var out []byte
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			out = s.AppendTo(out[:0])
		}
		b.ReportMetric(float64(len(out))/50_000, "bytes/candidate")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			if err := fresh(b).Restore(out); err != nil {
				b.Fatal(err)
			}
		}
	})
}
