package kernel

import (
	"math/big"
	"unsafe"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// Number reads a number, a time or a duration; times and durations are plain
// milliseconds in the low word with the sign in the high one.
type Number func(f *Frame) Num

// Text reads a text, which is the batch's or the frame's own until the next row.
type Text func(f *Frame) (string, bool)

// FromMS returns milliseconds as Number carries them.
func FromMS(ms int64) decimal.D { return decimal.D{Lo: uint64(ms), Hi: ms >> 63} }

// MS returns the milliseconds of a time or duration.
func MS(d decimal.D) int64 { return int64(d.Lo) }

const dayMS = 86_400_000

func numberColumn(col int, typ event.Type) Number {
	switch typ {
	case event.Decimal:
		return func(f *Frame) Num {
			if v := f.column(col); v.Has(f.Row) {
				return Num{v.Dec[f.Row], true}
			}
			return Num{}
		}
	case event.Time:
		return func(f *Frame) Num {
			if v := f.column(col); v.Has(f.Row) {
				return Num{FromMS(v.I64[f.Row]), true}
			}
			return Num{}
		}
	case event.Date:
		return func(f *Frame) Num {
			if v := f.column(col); v.Has(f.Row) {
				return Num{FromMS(int64(v.I32[f.Row]) * dayMS), true}
			}
			return Num{}
		}
	case event.Uint:
		return func(f *Frame) Num {
			if v := f.column(col); v.Has(f.Row) {
				return Num{decimal.FromInt(int64(v.U32[f.Row])), true}
			}
			return Num{}
		}
	}
	return nil
}

func textColumn(col int, typ event.Type) Text {
	switch typ {
	case event.Symbol:
		return func(f *Frame) (string, bool) {
			v := f.column(col)
			if v.Empty() || v.Codes[f.Row] == 0 {
				return "", false
			}
			return v.Values[v.Codes[f.Row]], true
		}
	case event.Text:
		return func(f *Frame) (string, bool) {
			v := f.column(col)
			if !v.Has(f.Row) {
				return "", false
			}
			return view(v.Text(f.Row)), true
		}
	}
	return nil
}

// extra reads one entry of the map column col; the last of equal keys counts.
func extra(col int, key string) Text {
	return func(f *Frame) (string, bool) {
		v := f.column(col)
		if !v.Has(f.Row) {
			return "", false
		}
		for i := v.Off[f.Row+1] - 1; i >= v.Off[f.Row]; i-- {
			if view(v.Keys.Text(int(i))) == key {
				return view(v.Vals.Text(int(i))), true
			}
		}
		return "", false
	}
}

// view returns b as a string without a copy; b must not change while it is used.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// concat joins two texts in the frame's arena.
func concat(a, b Text) Text {
	return func(f *Frame) (string, bool) {
		s, ok := a(f)
		if !ok {
			return "", false
		}
		t, ok := b(f)
		if !ok || len(s)+len(t) > lang.MaxText {
			return "", false
		}
		from := len(f.arena)
		f.arena = append(append(f.arena, s...), t...)
		return view(f.arena[from:]), true
	}
}

// binary returns the arithmetic of numbers; what does not fit is missing.
func binary(op lang.Op, a, b Number) Number {
	var do func(x, y decimal.D) (decimal.D, bool)
	switch op {
	case lang.Add:
		do = decimal.D.Add
	case lang.Sub:
		do = decimal.D.Sub
	case lang.Mul:
		do = decimal.D.Mul
	case lang.Div:
		do = decimal.D.Quo
	case lang.Mod:
		do = Mod
	default:
		return nil
	}
	return func(f *Frame) Num {
		x, y := a(f), b(f)
		if !x.OK || !y.OK {
			return Num{}
		}
		if d, ok := do(x.D, y.D); ok {
			return Num{d, true}
		}
		return Num{}
	}
}

// Mod returns what is left of x after taking y from it as often as it goes,
// with the sign of x, and false when y is 0.
func Mod(x, y decimal.D) (decimal.D, bool) {
	if y == (decimal.D{}) {
		return decimal.D{}, false
	}
	if x.Hi == 0 && y.Hi == 0 {
		return decimal.D{Lo: x.Lo % y.Lo}, true
	}
	r := new(big.Int).Rem(integer(x), integer(y))
	neg := r.Sign() < 0
	r.Abs(r)
	d := decimal.D{
		Lo: new(big.Int).And(r, new(big.Int).SetUint64(^uint64(0))).Uint64(),
		Hi: int64(new(big.Int).Rsh(r, 64).Uint64()),
	}
	if neg {
		d = d.Neg()
	}
	return d, true
}

// integer returns the unscaled value of d.
func integer(d decimal.D) *big.Int {
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

// shift returns the arithmetic of times and durations in milliseconds.
func shift(op lang.Op, a, b Number) Number {
	sign := int64(1)
	if op == lang.Sub {
		sign = -1
	}
	return func(f *Frame) Num {
		x, y := a(f), b(f)
		if !x.OK || !y.OK {
			return Num{}
		}
		return Num{FromMS(MS(x.D) + sign*MS(y.D)), true}
	}
}

// bytesOf returns s as bytes without a copy; they must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
