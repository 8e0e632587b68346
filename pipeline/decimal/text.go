package decimal

import (
	"fmt"
	"math/bits"
)

// String returns d without trailing zeros: "5300", "0.05", "-12.5".
func (d D) String() string { return string(d.Append(nil)) }

// Append appends the text of d to dst.
func (d D) Append(dst []byte) []byte {
	if d.Hi < 0 {
		dst = append(dst, '-')
		d = d.Neg()
	}
	// |d| < 10^38: two divisions by 10^18 leave 2, 18 and 18 digits.
	hi, r := bits.Div64(0, uint64(d.Hi), unit)
	lo, frac := bits.Div64(r, d.Lo, unit)
	q1, whole := bits.Div64(hi, lo, unit)
	if q1 > 0 {
		dst = fmt.Appendf(dst, "%d%018d", q1, whole)
	} else {
		dst = fmt.Appendf(dst, "%d", whole)
	}
	return appendFraction(dst, frac)
}

func appendFraction(dst []byte, frac uint64) []byte {
	if frac == 0 {
		return dst
	}
	digits := [Scale]byte{}
	for i := Scale - 1; i >= 0; i-- {
		digits[i] = byte('0' + frac%10)
		frac /= 10
	}
	end := Scale
	for digits[end-1] == '0' {
		end--
	}
	return append(append(dst, '.'), digits[:end]...)
}

// Fixed returns d with at least places digits after the point: "5300.00" for 2.
func (d D) Fixed(places int) string {
	s := d.Append(nil)
	point := -1
	for i, c := range s {
		if c == '.' {
			point = i
		}
	}
	if places > 0 && point < 0 {
		point = len(s)
		s = append(s, '.')
	}
	for point >= 0 && len(s)-point-1 < places {
		s = append(s, '0')
	}
	return string(s)
}

// MarshalText implements encoding.TextMarshaler: a JSON string.
func (d D) MarshalText() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalText implements encoding.TextUnmarshaler; a leading minus is allowed.
func (d *D) UnmarshalText(s []byte) error {
	v, err := ParseSigned(s)
	if err != nil {
		return fmt.Errorf("decimal %q: %w", s, err)
	}
	*d = v
	return nil
}

// ParseSigned reads [-]digits[.digits].
func ParseSigned(s []byte) (D, error) {
	if len(s) > 0 && s[0] == '-' {
		v, err := Parse(s[1:])
		return v.Neg(), err
	}
	return Parse(s)
}
