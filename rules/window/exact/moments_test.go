package exact_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/window/exact"
)

func units(d decimal.D) *big.Int {
	r, _ := new(big.Rat).SetString(d.String())
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)))
	return r.Num()
}

func draw(t *rapid.T) []decimal.D {
	var out []decimal.D
	for range rapid.IntRange(1, 12).Draw(t, "n") {
		d, err := decimal.ParseSigned([]byte(rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,18})?|-?0\.00000000000000000[1-9]|-?99999999999999999999`).Draw(t, "d")))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// isRounded fails unless got is num/den rounded half to even.
func isRounded(t *rapid.T, got *big.Int, num, den *big.Int) {
	diff := new(big.Int).Mul(got, den)
	diff.Sub(diff, num).Abs(diff).Lsh(diff, 1)
	if c := diff.Cmp(den); c > 0 || c == 0 && got.Bit(0) == 1 {
		t.Fatalf("%s is not %s / %s rounded half to even", got, num, den)
	}
}

// TestMoments checks sum, mean and deviation by their definitions in integers.
func TestMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sum exact.Sum
		var dev exact.Deviation
		total, squares := new(big.Int), new(big.Int)
		ds := draw(t)
		for _, d := range ds {
			sum.Add(d)
			dev.Add(d)
			u := units(d)
			total.Add(total, u)
			squares.Add(squares, new(big.Int).Mul(u, u))
		}
		n := big.NewInt(int64(len(ds)))
		if got, ok := sum.Total(); ok != (len(new(big.Int).Abs(total).String()) <= 38) || ok && units(got).Cmp(total) != 0 {
			t.Fatalf("total %s %v, want %s", got, ok, total)
		}
		mean, ok := sum.Mean()
		if !ok || sum.N() != n.Int64() {
			t.Fatalf("no mean of %v", ds)
		}
		isRounded(t, units(mean), total, n)
		root, ok := dev.Root()
		if !ok {
			t.Fatalf("no deviation of %v", ds)
		}
		// (2q-1) n <= 2 sqrt(A) <= (2q+1) n, equal only for even q
		a := new(big.Int).Mul(n, squares)
		a.Sub(a, total.Mul(total, total)).Lsh(a, 2)
		q := units(root)
		for side, sign := range map[int64]int{-1: -1, 1: 1} {
			edge := new(big.Int).Lsh(q, 1)
			edge.Add(edge, big.NewInt(side)).Mul(edge, n)
			if edge.Sign() < 0 {
				continue
			}
			if c := edge.Mul(edge, edge).Cmp(a); c == -sign || c == 0 && q.Bit(0) == 1 {
				t.Fatalf("deviation of %v is not %s", ds, root)
			}
		}
	})
}

func TestNothing(t *testing.T) {
	var sum exact.Sum
	var dev exact.Deviation
	if _, ok := sum.Mean(); ok {
		t.Error("a mean of nothing")
	}
	if d, ok := sum.Total(); !ok || d != (decimal.D{}) {
		t.Errorf("the sum of nothing is %s, %v", d, ok)
	}
	if _, ok := dev.Root(); ok {
		t.Error("a deviation of nothing")
	}
	if _, ok := exact.Ratio(0, 0); ok {
		t.Error("a ratio of nothing")
	}
	dev.Add(decimal.FromInt(3))
	if d, ok := dev.Root(); !ok || d != (decimal.D{}) {
		t.Errorf("the deviation of one is %s, %v", d, ok)
	}
	dev.Reset()
	if _, ok := dev.Root(); ok {
		t.Error("Reset forgets nothing")
	}
	if d, _ := exact.Ratio(1, 3); d.String() != "0.333333333333333333" {
		t.Errorf("1/3 is %s", d)
	}
	if d, _ := exact.Ratio(2, 3); d.String() != "0.666666666666666667" {
		t.Errorf("2/3 is %s", d)
	}
}
