// Package exact sums decimals without losing a digit and rounds once at the end.
package exact

import (
	"math/big"
	"math/bits"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// Sum is a sum of up to 2^64 decimals: 192 bits in two's complement, in units of
// 10^-18. The zero value is 0.
type Sum struct {
	lo, mid, hi uint64
	n           int64
}

// Add adds d.
func (s *Sum) Add(d decimal.D) {
	var c uint64
	s.lo, c = bits.Add64(s.lo, d.Lo, 0)
	s.mid, c = bits.Add64(s.mid, uint64(d.Hi), c)
	s.hi, _ = bits.Add64(s.hi, uint64(d.Hi>>63), c)
	s.n++
}

// N returns how many were added.
func (s *Sum) N() int64 { return s.n }

// Total returns the sum, and false when it needs more than 38 digits.
func (s *Sum) Total() (decimal.D, bool) {
	if s.hi != uint64(int64(s.mid)>>63) {
		return decimal.D{}, false
	}
	return decimal.D{Lo: s.lo, Hi: int64(s.mid)}.Add(decimal.D{})
}

// Mean returns the sum by N, rounded half to even at the 18th place; false when N
// is 0.
func (s *Sum) Mean() (decimal.D, bool) {
	if s.n == 0 {
		return decimal.D{}, false
	}
	if t, ok := s.Total(); ok {
		return divide(t, uint64(s.n)), true
	}
	n := big.NewInt(s.n)
	q, r := new(big.Int).QuoRem(s.big(), n, new(big.Int))
	c := r.Lsh(r, 1).CmpAbs(n)
	if c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(s.sign())))
	}
	return fit(q)
}

// Ratio returns n by of, both not negative, rounded half to even at the 18th place;
// false when of is 0.
func Ratio(n, of int64) (decimal.D, bool) {
	if of == 0 {
		return decimal.D{}, false
	}
	return divide(decimal.FromInt(n), uint64(of)), true
}

// divide returns d by n, which is not 0, rounded half to even.
func divide(d decimal.D, n uint64) decimal.D {
	neg := d.Hi < 0
	if neg {
		d = d.Neg()
	}
	hi, r := bits.Div64(0, uint64(d.Hi), n)
	lo, r := bits.Div64(r, d.Lo, n)
	if rest := n - r; r > rest || r == rest && lo&1 == 1 {
		var c uint64
		lo, c = bits.Add64(lo, 1, 0)
		hi += c
	}
	d = decimal.D{Lo: lo, Hi: int64(hi)}
	if neg {
		return d.Neg()
	}
	return d
}

func (s *Sum) sign() int {
	if int64(s.hi) < 0 {
		return -1
	}
	return 1
}

func (s *Sum) big() *big.Int {
	n := new(big.Int).SetInt64(int64(s.hi))
	n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(s.mid))
	return n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(s.lo))
}

// Deviation is the population standard deviation of decimals. The zero value has
// none.
type Deviation struct {
	sum     Sum
	squares [5]uint64 // little-endian
}

// Reset forgets all, and keeps the memory.
func (v *Deviation) Reset() { *v = Deviation{} }

// Add adds d.
func (v *Deviation) Add(d decimal.D) {
	v.sum.Add(d)
	if d.Hi < 0 {
		d = d.Neg()
	}
	low, hi := d.Lo, uint64(d.Hi) // below 2^127, and its square below 2^254
	q1, q0 := bits.Mul64(low, low)
	m1, m0 := bits.Mul64(low, hi)
	q3, q2 := bits.Mul64(hi, hi)
	var c uint64
	s := &v.squares
	s[0], c = bits.Add64(s[0], q0, 0)
	s[1], c = bits.Add64(s[1], q1, c)
	s[2], c = bits.Add64(s[2], q2, c)
	s[3], c = bits.Add64(s[3], q3, c)
	s[4] += c
	for range 2 {
		s[1], c = bits.Add64(s[1], m0, 0)
		s[2], c = bits.Add64(s[2], m1, c)
		s[3], c = bits.Add64(s[3], 0, c)
		s[4] += c
	}
}

// big returns the sum of the squares.
func (v *Deviation) big() *big.Int {
	n := new(big.Int)
	for i := len(v.squares) - 1; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(v.squares[i]))
	}
	return n
}

// Root returns sqrt(n Σx² - (Σx)²) / n, rounded half to even at the 18th place;
// false when nothing was added.
func (v *Deviation) Root() (decimal.D, bool) {
	if v.sum.n == 0 {
		return decimal.D{}, false
	}
	n, sum := big.NewInt(v.sum.n), v.sum.big()
	a := new(big.Int).Mul(n, v.big())
	a.Sub(a, sum.Mul(sum, sum))
	q := new(big.Int).Sqrt(a)
	q.Quo(q, n) // floor(sqrt(a)/n)
	half := new(big.Int).Lsh(q, 1)
	half.Add(half, big.NewInt(1)).Mul(half, n) // n(2q+1), against 2 sqrt(a)
	c := a.Lsh(a, 2).Cmp(half.Mul(half, half))
	if c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return fit(q)
}

// fit returns n units, and false when they need more than 38 digits.
func fit(n *big.Int) (decimal.D, bool) {
	if n.BitLen() > 127 {
		return decimal.D{}, false
	}
	abs := new(big.Int).Abs(n)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(1<<64-1)).Uint64()
	d := decimal.D{Lo: lo, Hi: int64(new(big.Int).Rsh(abs, 64).Uint64())}
	if n.Sign() < 0 {
		d = d.Neg()
	}
	return d.Add(decimal.D{})
}
