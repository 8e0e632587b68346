package window_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window"
)

// TestNumbers keeps any number as it is, and amounts as banks write them in the
// entry itself.
func TestNumbers(t *testing.T) {
	for text, in := range map[string]bool{
		"0": true, "1": true, "-1": true, "0.01": true, "99999999999.99": true, "-99999999999.99": true, "17592186044415": true, "17592186044416": false,
		"0.12345678": true, "100000.12345678": true, "200000.12345678": false, "0.123456789": false, "-0.000000000000000001": false, "99999999999999999999": false,
	} {
		d, err := decimal.ParseSigned([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if back, inCell := window.Kept(d); back != d || inCell != in {
			t.Errorf("%s is kept as %s, in the cell: %v", text, back, inCell)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := decimal.D{Lo: rapid.Uint64().Draw(t, "lo"), Hi: rapid.SampledFrom([]int64{0, -1, 1, rapid.Int64().Draw(t, "hi")}).Draw(t, "high")}
		if whole := decimal.FromInt(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "whole")); rapid.Bool().Draw(t, "round") {
			d = whole
			for range rapid.IntRange(0, 9).Draw(t, "places") {
				d, _ = d.Quo(decimal.FromInt(10))
			}
		}
		if back, _ := window.Kept(d); back != d {
			t.Fatalf("%v is kept as %v", d, back)
		}
	})
}
