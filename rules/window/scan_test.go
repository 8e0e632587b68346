package window_test

import (
	"strconv"
	"testing"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/window"
)

// TestScan feeds one key with more entries than a filter is asked about: it sees the
// newest, the count is a lower bound and says so; one fewer is exact.
func TestScan(t *testing.T) {
	for n, c := range map[int]struct {
		asked int
		cut   bool
	}{window.MaxScan: {window.MaxScan, false}, window.MaxScan + 500: {window.MaxScan, true}} {
		def := window.Definition{
			Key: "k", Within: 1 << 40, Self: true, Args: []window.Kind{window.Number}, Filter: []int{0},
			Values: []window.Aggregate{{Func: window.Count, Arg: -1}, {Func: window.Min, Arg: 0}},
		}
		s, err := window.New([]window.Definition{def}, window.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var r window.Reports
		f := window.Feed{Args: make([]window.Column, 1)}
		f.Args[0].Reset(window.Number)
		for i := range n {
			r.Reporter.Append([]byte("bank"))
			r.ID.Append([]byte(strconv.Itoa(i)))
			r.Revision, r.Hash, r.Time = append(r.Revision, 0), append(r.Hash, uint64(i)), append(r.Time, int64(1000+i))
			f.Rows = append(f.Rows, int32(i))
			f.Keys.Append([]byte("key"))
			f.Args[0].AppendNumber(decimal.FromInt(int64(i)))
		}
		s.Accept(&r, nil, nil)
		s.Feed(0, &r, &f)
		asked, least := 0, decimal.D{}
		q := window.Read{Rows: []int32{int32(n - 1)}, Seen: make([]window.Column, 2), Filter: func(_ int, entries []window.Column, _ event.Bits) {
			asked, least = entries[0].Rows, entries[0].Num[0]
		}}
		q.Keys.Append([]byte("key"))
		out := make([]window.Column, 2)
		s.ReadAsOf(0, &r, &q, out)
		if asked != c.asked || least.Cmp(decimal.FromInt(int64(n-c.asked))) != 0 || out[0].IsCut(0) != c.cut || out[0].Num[0].Cmp(decimal.FromInt(int64(c.asked))) != 0 {
			t.Errorf("%d entries: asked about %d from %v on, count %v, cut %t", n, asked, least, out[0].Num[0], out[0].IsCut(0))
		}
		if out[1].Has(0) == c.cut {
			t.Errorf("%d entries: the least is there: %t", n, out[1].Has(0))
		}
	}
}
