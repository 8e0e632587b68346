package window_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window"
)

// benchKeys is how many keys the benchmarks have; HALTWIRE_BENCH_KEYS sets another
// number.
func benchKeys(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("HALTWIRE_BENCH_KEYS"))
	if os.Getenv("HALTWIRE_BENCH_KEYS") != "" && err != nil {
		b.Fatal(err)
	}
	if n == 0 {
		return 1_000_000
	}
	return n
}

const benchRows = 10_000

var day int64 = 1_780_000_000_000

// shapes are windows as the shipped rules have them.
var shapes = []struct {
	name string
	def  window.Definition
}{
	{"count", window.Definition{Values: []window.Aggregate{{Func: window.Count, Arg: -1}}}},
	{"sum", window.Definition{Args: []window.Kind{window.Number}, Values: []window.Aggregate{{Func: window.Count, Arg: -1}, {Func: window.Sum}}}},
	{"distinct", window.Definition{Args: []window.Kind{window.Text}, Values: []window.Aggregate{{Func: window.Distinct}}}},
	{"seen", window.Definition{Args: []window.Kind{window.Text}, Values: []window.Aggregate{{Func: window.Seen}}}},
	{"full", window.Definition{OncePer: true, Identify: true, Args: []window.Kind{window.Number, window.Text, window.Bool},
		Values: []window.Aggregate{{Func: window.Count, Arg: -1}, {Func: window.Sum}, {Func: window.Avg}, {Func: window.Distinct, Arg: 1}, {Func: window.Ratio, Arg: 2}, {Func: window.Last, Arg: 1}}}},
}

// load is batches of reports with keys of 22 bytes.
type load struct {
	def  *window.Definition
	r    *rand.Rand
	n    int64
	rs   window.Reports
	feed window.Feed
	read window.Read
	out  []window.Column
}

func newLoad(def *window.Definition) *load {
	return &load{def: def, r: rand.New(rand.NewPCG(1, 2)), feed: window.Feed{Args: make([]window.Column, len(def.Args))},
		read: window.Read{Seen: make([]window.Column, len(def.Values))}, out: make([]window.Column, len(def.Values))}
}

// next makes a batch of reports whose keys are what key says for each row.
func (l *load) next(key func(row int) int) {
	l.rs.Reporter.Reset()
	l.rs.ID.Reset()
	l.rs.Revision, l.rs.Hash, l.rs.Time = l.rs.Revision[:0], l.rs.Hash[:0], l.rs.Time[:0]
	l.feed.Rows = l.feed.Rows[:0]
	l.feed.Keys.Reset()
	l.feed.Once.Reset()
	for i, k := range l.def.Args {
		l.feed.Args[i].Reset(k)
	}
	for i, a := range l.def.Values {
		if a.Func == window.Seen {
			l.read.Seen[i].Reset(window.Text)
		}
	}
	var id [26]byte
	for row := range benchRows {
		l.n++
		l.rs.Reporter.Append([]byte("HWBAGB2L"))
		copy(id[:], "2026-11-24/")
		binary.BigEndian.PutUint64(id[12:], uint64(l.n))
		l.rs.ID.Append(id[:])
		l.rs.Revision = append(l.rs.Revision, 0)
		l.rs.Hash = append(l.rs.Hash, l.r.Uint64())
		l.rs.Time = append(l.rs.Time, day+l.n/10)
		l.feed.Rows = append(l.feed.Rows, int32(row))
		l.feed.Keys.Data = fmt.Appendf(l.feed.Keys.Data, "GB52HWBA%014d", key(row))
		l.feed.Keys.Close(true)
		l.feed.Once.Append(id[:])
		l.arguments()
	}
	l.read.Rows, l.read.Keys = l.feed.Rows, l.feed.Keys
}

func (l *load) arguments() {
	uid := fmt.Appendf(nil, "GB52HWBA%014d", l.r.IntN(1<<20))
	for i, k := range l.def.Args {
		switch k {
		case window.Number:
			l.feed.Args[i].AppendNumber(decimal.FromInt(int64(l.r.IntN(10_000))))
		case window.Text:
			l.feed.Args[i].AppendText(uid)
		case window.Bool:
			l.feed.Args[i].AppendBool(l.r.IntN(2) == 0)
		}
	}
	for i, a := range l.def.Values {
		if a.Func == window.Seen {
			l.read.Seen[i].AppendText(uid)
		}
	}
}

// median reports the median over batches of the time a report took: a batch during
// which other work had the processor does not count.
func median(b *testing.B, batches []time.Duration, unit string) {
	slices.Sort(batches)
	b.ReportMetric(float64(batches[len(batches)/2].Nanoseconds())/benchRows, unit)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// filled returns a store with one entry in each of n keys.
func filled(b *testing.B, def window.Definition, n int) (*window.Store, *load) {
	def.Key, def.Within, def.Self = "bench", 90*24*3_600_000, true
	s := newStore(b, []window.Definition{def}, window.Options{})
	l := newLoad(&def)
	for from := 0; from < n; from += benchRows {
		l.next(func(row int) int { return from + row })
		s.Accept(&l.rs, nil, nil)
		s.Feed(0, &l.rs, &l.feed)
	}
	return s, l
}

// BenchmarkFeed feeds reports of uniformly random keys into a store that has every
// key already: Accept and Feed together, a report.
func BenchmarkFeed(b *testing.B) {
	for _, c := range shapes {
		b.Run(c.name, func(b *testing.B) {
			n := benchKeys(b)
			before := heap()
			s, l := filled(b, c.def, n)
			one := heap() - before
			var verdicts []window.Verdict
			var accepting, feeding []time.Duration
			for b.Loop() {
				b.StopTimer()
				l.next(func(int) int { return l.r.IntN(n) })
				b.StartTimer()
				at := time.Now()
				verdicts = s.Accept(&l.rs, nil, verdicts[:0])
				accepted := time.Now()
				s.Feed(0, &l.rs, &l.feed)
				accepting, feeding = append(accepting, accepted.Sub(at)), append(feeding, time.Since(accepted))
			}
			median(b, accepting, "accept-ns/report")
			median(b, feeding, "feed-ns/report")
			b.ReportMetric(float64(one)/float64(n), "B/key")
			runtime.KeepAlive(s)
		})
	}
}

// BenchmarkRead reads keys at random, each with two entries or so.
func BenchmarkRead(b *testing.B) {
	for _, c := range shapes {
		b.Run(c.name, func(b *testing.B) {
			n := benchKeys(b)
			s, l := filled(b, c.def, n)
			one := heap()
			for range n / benchRows {
				l.next(func(int) int { return l.r.IntN(n) })
				s.Accept(&l.rs, nil, nil)
				s.Feed(0, &l.rs, &l.feed)
			}
			further := heap() - one
			var reading []time.Duration
			for b.Loop() {
				b.StopTimer()
				l.next(func(int) int { return l.r.IntN(n) })
				b.StartTimer()
				at := time.Now()
				s.ReadAsOf(0, &l.rs, &l.read, l.out)
				reading = append(reading, time.Since(at))
			}
			median(b, reading, "ns/read")
			b.ReportMetric(float64(further)/float64(n), "B/further-entry")
			runtime.KeepAlive(s)
		})
	}
}

// BenchmarkHot feeds and reads keys of 1,000 entries each.
func BenchmarkHot(b *testing.B) {
	for _, c := range shapes {
		b.Run(c.name, func(b *testing.B) {
			before := heap()
			s, l := filled(b, c.def, benchRows)
			for range 100 {
				l.next(func(row int) int { return row % 1000 })
				s.Accept(&l.rs, nil, nil)
				s.Feed(0, &l.rs, &l.feed)
			}
			used := heap() - before
			st := s.Stats()
			var reading []time.Duration
			for b.Loop() {
				b.StopTimer()
				l.next(func(row int) int { return row % 1000 })
				b.StartTimer()
				at := time.Now()
				s.ReadAsOf(0, &l.rs, &l.read, l.out)
				reading = append(reading, time.Since(at))
			}
			median(b, reading, "ns/read")
			b.ReportMetric(float64(used)/float64(st.Entries), "B/entry")
			b.ReportMetric(float64(st.Bytes)/float64(st.Entries), "counted-B/entry")
		})
	}
}

// BenchmarkSnapshot writes all shards of a store.
func BenchmarkSnapshot(b *testing.B) {
	n := benchKeys(b)
	s, _ := filled(b, shapes[1].def, n)
	for b.Loop() {
		for shard := range window.Shards {
			if err := s.Snapshot(io.Discard, shard, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
}

// BenchmarkRestore reads all shards into an empty store.
func BenchmarkRestore(b *testing.B) {
	n := benchKeys(b)
	s, l := filled(b, shapes[1].def, n)
	shots, size := make([]bytes.Buffer, window.Shards), 0
	for shard := range window.Shards {
		if err := s.Snapshot(&shots[shard], shard, nil); err != nil {
			b.Fatal(err)
		}
		size += shots[shard].Len()
	}
	def := *l.def
	for b.Loop() {
		again := newStore(b, []window.Definition{def}, window.Options{})
		for shard := range window.Shards {
			if _, _, err := again.Restore(bytes.NewReader(shots[shard].Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
	b.ReportMetric(float64(size)/float64(n), "B/key")
}

// BenchmarkEvict sweeps a store of which nothing is old.
func BenchmarkEvict(b *testing.B) {
	n := benchKeys(b)
	s, _ := filled(b, shapes[1].def, n)
	for b.Loop() {
		s.Evict(day, 0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
}
