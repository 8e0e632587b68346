package demo_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/demo"
)

var rewrite = flag.Bool("rewrite", false, "write what the code prints into testdata")

func TestRender(t *testing.T) {
	s := demo.Snapshot{
		Elapsed: 12300 * time.Millisecond, Left: 8 * time.Second,
		Countries: []demo.CountryView{
			{Code: "IN", Reports: 1234567, Rate: 2003.4, Dead: 12, Hits: 57, Out: map[string]int{"decided": 12, "sent": 1, "received": 4}},
			{Code: "GB", Reports: 89, Rate: 500, In: map[string]int{"answered": 12, "instructed": 3}},
		},
		P50: 18 * time.Millisecond, P99: 12500 * time.Millisecond, Receipts: 17,
		Last: []demo.AlertLine{{
			Opened: time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC), From: "IN", To: "GB", Amount: "18,000.00 GBP", Held: "15,500.00 GBP",
			State: "decided", Rule: "unauthorised-abroad", ReceiptAfter: 21 * time.Millisecond,
		}, {Opened: time.Date(2026, 3, 2, 4, 9, 0, 0, time.UTC), From: "IN", To: "GB", Amount: "600.00 GBP", State: "sent", Rule: "recall-abroad"}},
	}
	for _, c := range []struct {
		name  string
		s     demo.Snapshot
		width int
	}{{"busy", s, 120}, {"narrow", s, 60}, {"nothing-yet", demo.Snapshot{Countries: []demo.CountryView{{Code: "IN"}}}, 120}} {
		t.Run(c.name, func(t *testing.T) {
			var got bytes.Buffer
			demo.Render(&got, c.s, c.width)
			for _, l := range strings.Split(got.String(), "\n") {
				if len([]rune(l)) > c.width {
					t.Errorf("line wider than %d: %q", c.width, l)
				}
			}
			path := filepath.Join("testdata", c.name+".txt")
			if *rewrite {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", &got, want)
			}
		})
	}
}
