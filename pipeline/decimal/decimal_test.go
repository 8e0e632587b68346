package decimal_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in, out string
		err     error
	}{
		{"0", "0", nil},
		{"5300.00", "5300", nil},
		{"0.000000000000000001", "0.000000000000000001", nil},
		{"0.0000000000000000010", "0.000000000000000001", nil},
		{"12345678901234567.89", "12345678901234567.89", nil},
		{"99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999", nil},
		{"00012", "12", nil},
		{"100000000000000000000", "", decimal.ErrRange},
		{"0.0000000000000000001", "", decimal.ErrPrecision},
		{"-1", "", decimal.ErrNegative},
		{"-x", "", decimal.ErrSyntax},
		{"", "", decimal.ErrSyntax}, {".5", "", decimal.ErrSyntax}, {"5.", "", decimal.ErrSyntax},
		{"1e3", "", decimal.ErrSyntax}, {"+1", "", decimal.ErrSyntax}, {"1.2.3", "", decimal.ErrSyntax},
	} {
		d, err := decimal.Parse([]byte(c.in))
		if !errors.Is(err, c.err) {
			t.Errorf("Parse(%q): error %v, want %v", c.in, err, c.err)
		}
		if err == nil && d.String() != c.out {
			t.Errorf("Parse(%q) = %s, want %s", c.in, d, c.out)
		}
	}
}

func TestFixed(t *testing.T) {
	for in, want := range map[string]string{"5300": "5300.00", "0.5": "0.50", "1.234": "1.234"} {
		d, err := decimal.Parse([]byte(in))
		if err != nil || d.Fixed(2) != want {
			t.Errorf("%s: Fixed(2) = %s, %v; want %s", in, d.Fixed(2), err, want)
		}
	}
}

func rat(d decimal.D) *big.Rat {
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		panic("decimal text is not a number: " + d.String())
	}
	return r
}

func gen(t *rapid.T, name string) decimal.D {
	s := rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,18})?`).Draw(t, name)
	d, err := decimal.ParseSigned([]byte(s))
	if err != nil {
		t.Fatalf("ParseSigned(%q): %v", s, err)
	}
	return d
}

// TestArithmetic compares every operation with exact rationals.
func TestArithmetic(t *testing.T) {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil))
	limit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil))
	half := big.NewRat(1, 2)
	check := func(t *rapid.T, op string, got decimal.D, ok bool, want *big.Rat) {
		fits := new(big.Rat).Abs(want).Cmp(limit) < 0
		if !ok {
			if fits && new(big.Rat).Sub(limit, new(big.Rat).Abs(want)).Cmp(big.NewRat(1, 1)) > 0 {
				t.Fatalf("%s: overflow reported for %s", op, want.FloatString(20))
			}
			return
		}
		diff := new(big.Rat).Sub(rat(got), want)
		if diff.Abs(diff).Mul(diff, unit).Cmp(half) > 0 {
			t.Fatalf("%s = %s, want %s", op, got, want.FloatString(20))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen(t, "a"), gen(t, "b")
		ra, rb := rat(a), rat(b)
		if a.Cmp(b) != ra.Cmp(rb) || a.Sign() != ra.Sign() {
			t.Fatalf("Cmp(%s, %s) = %d", a, b, a.Cmp(b))
		}
		v, ok := a.Add(b)
		check(t, "add", v, ok, new(big.Rat).Add(ra, rb))
		v, ok = a.Sub(b)
		check(t, "sub", v, ok, new(big.Rat).Sub(ra, rb))
		v, ok = a.Mul(b)
		check(t, "mul", v, ok, new(big.Rat).Mul(ra, rb))
		if b.Sign() != 0 {
			v, ok = a.Quo(b)
			check(t, "quo", v, ok, new(big.Rat).Quo(ra, rb))
		}
	})
}

func TestHalfEven(t *testing.T) {
	tiny, _ := decimal.Parse([]byte("0.000000000000000001"))
	three, _ := decimal.Parse([]byte("0.000000000000000003"))
	half, _ := decimal.Parse([]byte("0.5"))
	if v, _ := tiny.Mul(half); v.String() != "0" {
		t.Errorf("1e-18 * 0.5 = %s, want 0 (half to even)", v)
	}
	if v, _ := three.Mul(half); v.String() != "0.000000000000000002" {
		t.Errorf("3e-18 * 0.5 = %s, want 2e-18 (half to even)", v)
	}
	if _, ok := half.Quo(decimal.D{}); ok {
		t.Error("division by zero is not an overflow")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1", "1.5", "99999999999999999999.999999999999999999", "-3", "1e9", "0.", "00.10"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		d, err := decimal.Parse(s)
		if err != nil {
			return
		}
		again, err := decimal.Parse(d.Append(nil))
		if err != nil || again != d {
			t.Fatalf("%q -> %s -> %s, %v", s, d, again, err)
		}
	})
}

// TestMulNoAllocation: base_amount is one product a report.
func TestMulNoAllocation(t *testing.T) {
	a, b := decimal.FromInt(123456789), decimal.FromInt(987)
	if n := testing.AllocsPerRun(100, func() { a, _ = a.Mul(b); a = decimal.FromInt(123456789) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	big := decimal.FromInt(1 << 62)
	for _, d := range []decimal.D{big, big.Neg()} {
		if v, ok := d.Mul(big); ok {
			t.Errorf("%s * %s = %s, want an overflow", d, big, v)
		}
	}
	if v, ok := decimal.FromInt(-3).Mul(decimal.FromInt(4)); !ok || v != decimal.FromInt(-12) {
		t.Errorf("-3 * 4 = %s, %v", v, ok)
	}
}
