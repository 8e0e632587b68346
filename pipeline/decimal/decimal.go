package decimal

import (
	"errors"
	"math/big"
	"math/bits"
)

const (
	// Scale is the number of digits after the point.
	Scale = 18
	// Precision is the number of digits in all.
	Precision = 38

	unit = 1_000_000_000_000_000_000 // 10^Scale
)

// Reasons why a text is not a decimal.
var (
	ErrSyntax    = errors.New("not a decimal: write digits[.digits], without exponent or sign")
	ErrPrecision = errors.New("more than 18 digits after the point")
	ErrRange     = errors.New("more than 20 digits before the point")
	ErrNegative  = errors.New("negative")
)

// D is a decimal: the 128-bit two's complement integer Hi:Lo divided by 10^18.
// Its zero value is 0. Values of D are comparable with ==.
type D struct {
	Lo uint64
	Hi int64
}

// FromInt returns n as a decimal.
func FromInt(n int64) D {
	neg := n < 0
	u := uint64(n)
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, unit)
	d := D{Lo: lo, Hi: int64(hi)}
	if neg {
		return d.Neg()
	}
	return d
}

// Parse reads digits[.digits]. The errors are ErrSyntax, ErrPrecision (trailing
// zeros after the 18th place are no loss and are accepted), ErrRange and
// ErrNegative (a well-formed number with a minus sign).
func Parse(s []byte) (D, error) {
	if len(s) <= 18 {
		if d, ok := short(s); ok {
			return d, nil
		}
	}
	if len(s) > 0 && s[0] == '-' {
		if _, err := Parse(s[1:]); err != nil {
			return D{}, err
		}
		return D{}, ErrNegative
	}
	whole, frac, ok := split(s)
	if !ok {
		return D{}, ErrSyntax
	}
	for len(whole) > 1 && whole[0] == '0' {
		whole = whole[1:]
	}
	if len(whole) > Precision-Scale {
		return D{}, ErrRange
	}
	for len(frac) > Scale && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(frac) > Scale {
		return D{}, ErrPrecision
	}
	return join(whole, frac), nil
}

// short reads up to 18 digits with a point between two of them, which fit into one
// word: nearly all amounts, in one pass and one multiplication. Anything else is
// not ok and left to the long way.
func short(s []byte) (D, bool) {
	const point0 = '.' - '0' + 256 // a point minus '0', as a byte
	var n uint64
	point := len(s) - 1 // of s without a point: its last digit
	for i, c := range s {
		c -= '0'
		if c > 9 {
			if c != point0 || point != len(s)-1 || i == 0 || i == len(s)-1 {
				return D{}, false
			}
			point = i
			continue
		}
		n = n*10 + uint64(c)
	}
	if len(s) == 0 {
		return D{}, false
	}
	hi, lo := bits.Mul64(n, powers[Scale-(len(s)-1-point)])
	return D{Lo: lo, Hi: int64(hi)}, true
}

// powers[i] is 10^i.
var powers = [Scale + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18} //nolint:gochecknoglobals // a constant table: Go has no constant arrays

// split cuts digits[.digits] at the point, and reports whether s has that form.
func split(s []byte) (whole, frac []byte, ok bool) {
	point := len(s)
	for i, c := range s {
		if c == '.' && point == len(s) {
			point = i
		} else if c < '0' || c > '9' {
			return nil, nil, false
		}
	}
	return s[:point], s[min(point+1, len(s)):], point > 0 && point != len(s)-1
}

// join makes whole.frac of at most 20 and 18 digits.
func join(whole, frac []byte) D {
	var f uint64
	for _, c := range frac {
		f = f*10 + uint64(c-'0')
	}
	for range Scale - len(frac) {
		f *= 10
	}
	split := max(0, len(whole)-Scale) // at most two digits above 10^18
	var top, w uint64
	for _, c := range whole[:split] {
		top = top*10 + uint64(c-'0')
	}
	for _, c := range whole[split:] {
		w = w*10 + uint64(c-'0')
	}
	thi, tlo := bits.Mul64(top, unit) // top*10^18 + w, then times 10^18
	tlo, carry := bits.Add64(tlo, w, 0)
	thi += carry
	hi, lo := bits.Mul64(tlo, unit)
	hi += thi * unit
	lo, carry = bits.Add64(lo, f, 0)
	hi += carry
	return D{Lo: lo, Hi: int64(hi)}
}

// Cmp returns -1, 0 or +1 as d is less than, equal to or greater than e.
func (d D) Cmp(e D) int {
	switch {
	case d.Hi < e.Hi, d.Hi == e.Hi && d.Lo < e.Lo:
		return -1
	case d == e:
		return 0
	}
	return 1
}

// Sign returns -1, 0 or +1.
func (d D) Sign() int { return d.Cmp(D{}) }

// Neg returns -d.
func (d D) Neg() D {
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.Hi), borrow)
	return D{Lo: lo, Hi: int64(hi)}
}

// Add returns d + e, and false when it needs more than 38 digits.
func (d D) Add(e D) (D, bool) {
	lo, carry := bits.Add64(d.Lo, e.Lo, 0)
	hi, _ := bits.Add64(uint64(d.Hi), uint64(e.Hi), carry)
	sum := D{Lo: lo, Hi: int64(hi)}
	if (d.Hi < 0) == (e.Hi < 0) && (sum.Hi < 0) != (d.Hi < 0) {
		return D{}, false
	}
	return sum, sum.fits()
}

// Sub returns d - e, and false when it needs more than 38 digits.
func (d D) Sub(e D) (D, bool) { return d.Add(e.Neg()) }

// 10^38 as hi:lo; a D is inside ±(10^38 - 1).
const limitHi, limitLo = 5421010862427522170, 687399551400673280

func (d D) fits() bool {
	limit := D{Lo: limitLo, Hi: limitHi}
	return d.Cmp(limit) < 0 && d.Cmp(limit.Neg()) > 0
}

// Mul returns d * e rounded half to even at the 18th place, and false on overflow.
func (d D) Mul(e D) (D, bool) {
	neg := (d.Hi < 0) != (e.Hi < 0)
	w := product(d.abs(), e.abs())
	var q [4]uint64
	var r uint64
	for i := 3; i >= 0; i-- {
		q[i], r = bits.Div64(r, w[i], unit)
	}
	if q[3]|q[2] != 0 || q[1] > limitHi {
		return D{}, false
	}
	v := D{Lo: q[0], Hi: int64(q[1])}
	if r > unit/2 || r == unit/2 && v.Lo&1 == 1 {
		lo, carry := bits.Add64(v.Lo, 1, 0)
		v = D{Lo: lo, Hi: v.Hi + int64(carry)}
	}
	if neg {
		v = v.Neg()
	}
	return v, v.fits()
}

func (d D) abs() D {
	if d.Hi < 0 {
		return d.Neg()
	}
	return d
}

// product returns the 256-bit product of two that are not negative, lowest word
// first.
func product(d, e D) (w [4]uint64) {
	x, y := [2]uint64{d.Lo, uint64(d.Hi)}, [2]uint64{e.Lo, uint64(e.Hi)}
	for i := range x {
		var carry uint64
		for j := range y {
			hi, lo := bits.Mul64(x[i], y[j])
			lo, c := bits.Add64(lo, w[i+j], 0)
			hi += c
			w[i+j], c = bits.Add64(lo, carry, 0)
			carry = hi + c
		}
		w[i+2] = carry
	}
	return w
}

// Quo returns d / e rounded half to even at the 18th place, and false on
// overflow or when e is 0.
func (d D) Quo(e D) (D, bool) {
	if e == (D{}) {
		return D{}, false
	}
	n := new(big.Int).Mul(d.big(), big.NewInt(unit))
	return quoHalfEven(n, e.big())
}

func quoHalfEven(n, by *big.Int) (D, bool) {
	q, r := new(big.Int).QuoRem(n, by, new(big.Int))
	twice := new(big.Int).Lsh(new(big.Int).Abs(r), 1)
	if c := twice.CmpAbs(by); c > 0 || c == 0 && q.Bit(0) == 1 {
		if n.Sign() == by.Sign() {
			q.Add(q, big.NewInt(1))
		} else {
			q.Sub(q, big.NewInt(1))
		}
	}
	return fromBig(q)
}

func (d D) big() *big.Int {
	neg := d.Hi < 0
	if neg {
		d = d.Neg()
	}
	n := new(big.Int).SetUint64(uint64(d.Hi))
	n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(d.Lo))
	if neg {
		n.Neg(n)
	}
	return n
}

// fromBig returns n / 10^18, and false when it needs more than 38 digits.
func fromBig(n *big.Int) (D, bool) {
	if n.BitLen() > 127 {
		return D{}, false
	}
	abs := new(big.Int).Abs(n)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(^uint64(0))).Uint64()
	d := D{Lo: lo, Hi: int64(new(big.Int).Rsh(abs, 64).Uint64())}
	if n.Sign() < 0 {
		d = d.Neg()
	}
	return d, d.fits()
}
