package json_test

import (
	stdjson "encoding/json"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
)

// sample returns n varied transfers of about 428 bytes, as banks send them: few
// banks, many accounts, amounts, references and times.
func sample(n int) *event.Records {
	r := rand.New(rand.NewPCG(1, 2))
	banks := []string{"HWBIINBB", "HWBJINBB", "HWBKINDD", "HWBLINAA", "HWBMINCC"}
	foreign := []string{"HWBAGB2L", "HWBBGB2L", "HWBCAEAD", "HWBDSGSG"}
	recs := &event.Records{Topic: "bank.reports", Codec: "json"}
	for i := range n {
		doc := fmt.Appendf(nil, `{"report_id":"TX-%09d","reporter":%q,"kind":"bank.transfer","occurred_at":"2026-03-%02dT%02d:%02d:%02d.%03dZ",`+
			`"status":"settled","amount":"%d.%02d","currency":"INR","rail":"swift","payment":{"uetr":"%08x-269e-4d37-b2a7-%012x"},`+
			`"debtor":{"account":"%012d","scheme":"bban","bic":%q,"phone":"+91%010d"},`+
			`"creditor":{"account":"GB%02dHWBA%014d","scheme":"iban","bic":%q,"name":"Payee %d"}}`,
			i, banks[r.IntN(5)], 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000), 1+r.IntN(900000), r.IntN(100),
			r.Uint32(), r.Uint64N(1<<48), r.Uint64N(1e12), banks[r.IntN(5)], 7000000000+r.Uint64N(1e9), r.IntN(97), r.Uint64N(1e14), foreign[r.IntN(4)], r.IntN(1e6))
		recs.Offsets = append(recs.Offsets, int64(i))
		recs.Times = append(recs.Times, recordTime+30*86_400_000)
		recs.Values = append(recs.Values, doc)
		recs.Bytes += len(doc)
	}
	return recs
}

func benchmark(b *testing.B, o codec.Options) {
	recs := sample(8192)
	d := json.New(o)
	b.SetBytes(int64(recs.Bytes))
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		batch, dead := d.Decode(recs)
		if len(dead) > 0 {
			b.Fatal(dead[0].Message)
		}
		batch.Release()
	}
	used := cpu(b) - before
	reports := float64(b.N) * float64(recs.Len())
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/reports, "ns/report")
	b.ReportMetric(float64(used)/reports, "cpu-ns/report")
	b.ReportMetric(float64(recs.Bytes)/float64(recs.Len()), "B/report")
}

// cpu returns the CPU time of the process, which other load on the machine changes
// less than the clock.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// underived is every column but those that are derived.
func underived(s *event.Schema) []bool {
	p := s.Whole()
	for i, c := range s.Columns {
		p[i] = !c.Derived
	}
	return p
}

func BenchmarkDecodeWhole(b *testing.B) { benchmark(b, whole(codec.Options{ReporterCountry: "IN"})) }

// BenchmarkEncodingJSON is the standard library into a struct of the same members,
// without checks, columns or derivation: for scale.
func BenchmarkEncodingJSON(b *testing.B) {
	type side struct{ Account, Scheme, BIC, Phone, Name string }
	recs := sample(8192)
	before := cpu(b)
	for b.Loop() {
		for _, raw := range recs.Values {
			var r struct {
				ReportID                                       string `json:"report_id"`
				OccurredAt                                     string `json:"occurred_at"`
				Reporter, Kind, Status, Amount, Currency, Rail string
				Payment                                        struct{ UETR string }
				Debtor, Creditor                               side
			}
			if err := stdjson.Unmarshal(raw, &r); err != nil {
				b.Fatal(err)
			}
		}
	}
	used := cpu(b) - before
	b.ReportMetric(float64(used)/float64(b.N*recs.Len()), "cpu-ns/report")
}

func BenchmarkDecodeUnderived(b *testing.B) {
	s := event.Default()
	benchmark(b, codec.Options{Schema: s, Project: underived(s)})
}

func BenchmarkDecodeProjected(b *testing.B) {
	s := event.Default()
	benchmark(b, codec.Options{Schema: s, Project: s.Projection("amount", "currency", "status", "debtor.account_country", "creditor.account_country", "creditor.bic")})
}
