package codec

import "encoding/binary"

// Years that a time or date may have: what ClickHouse's DateTime64 and Date32
// hold. occurred_at is narrower, see Builder.
const (
	firstYear = 1900
	lastYear  = 2200
)

// Bounds of occurred_at, Unix ms: 1970-01-01 and the end of 2200.
const (
	earliest int64 = 0
	latest   int64 = 7289654400000 - 1
)

// ParseTime reads an RFC 3339 time as Unix ms; digits behind the millisecond are
// cut off. Leap seconds are refused: none was inserted since 2016.
func ParseTime(s []byte) (int64, bool) {
	if len(s) == 24 {
		if ms, ok := usual(s); ok {
			return ms, true
		}
	}
	return anyTime(s)
}

// anyTime is ParseTime for all forms.
func anyTime(s []byte) (int64, bool) {
	if len(s) < 20 || s[10]|32 != 't' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	days, ok := ParseDate(s[:10])
	h, okH := two(s[11:])
	m, okM := two(s[14:])
	sec, okS := two(s[17:])
	if !ok || !okH || !okM || !okS || h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	ms := int64(days)*86_400_000 + int64(h*3600+m*60+sec)*1000
	rest := s[19:]
	if rest[0] == '.' {
		var frac int
		if frac, rest, ok = millis(rest[1:]); !ok {
			return 0, false
		}
		ms += int64(frac)
	}
	shift, ok := zone(rest)
	return ms - shift, ok
}

// The three words of 0000-00-00T00:00:00.000Z, and which of their bytes are no
// digits.
const (
	form1, signs1 = 0x2d30302d30303030, 0xff0000ff00000000
	form2, signs2 = 0x30303a3030543030, 0x0000ff0000ff0000
	form3, signs3 = 0x5a3030302e30303a, 0xff000000ff0000ff
)

// usual reads a time of the form 2006-01-02T15:04:05.000Z, which nearly all have,
// a word at a time: each byte minus its form is a digit or 0.
func usual(s []byte) (int64, bool) {
	a := binary.LittleEndian.Uint64(s) ^ form1
	b := binary.LittleEndian.Uint64(s[8:]) ^ form2
	c := binary.LittleEndian.Uint64(s[16:24]) ^ form3
	const nine = 0x76 * ones // carries into the high bit from 10 on
	wrong := (a | b | c | (a&^highs + nine) | (b&^highs + nine) | (c&^highs + nine)) & highs
	if wrong|a&signs1|b&signs2|c&signs3 != 0 {
		return 0, false
	}
	pa, pb, pc := a*10+a>>8, b*10+b>>8, c*10+c>>8 // byte i: digits i and i+1 as a number
	y, m, d := int(pa&0xff)*100+int(pa>>16&0xff), int(pa>>40&0xff), int(pb&0xff)
	h, min, sec := int(pb>>24&0xff), int(pb>>48&0xff), int(pc>>8&0xff)
	if !isDay(y, m, d) || h > 23 || min > 59 || sec > 59 {
		return 0, false
	}
	ms := int(pc>>32&0xff)*10 + int(c>>48&0xff)
	return int64(civil(y, m, d))*86_400_000 + int64((h*60+min)*60+sec)*1000 + int64(ms), true
}

// millis reads the digits behind the point and returns the first three as
// milliseconds, and what follows.
func millis(s []byte) (int, []byte, bool) {
	n, ms := 0, 0
	for n < len(s) && s[n]-'0' < 10 {
		if n < 3 {
			ms = ms*10 + int(s[n]-'0')
		}
		n++
	}
	for i := n; i < 3; i++ {
		ms *= 10
	}
	return ms, s[n:], n > 0 && n < len(s)
}

// zone reads Z or ±hh:mm as milliseconds.
func zone(s []byte) (int64, bool) {
	if len(s) == 1 {
		return 0, s[0]|32 == 'z'
	}
	if len(s) != 6 || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, okH := two(s[1:])
	m, okM := two(s[4:])
	if !okH || !okM || h > 23 || m > 59 {
		return 0, false
	}
	ms := int64(h*60+m) * 60_000
	if s[0] == '-' {
		ms = -ms
	}
	return ms, true
}

// two reads two digits.
func two(s []byte) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a < 10 && b < 10
}

// ParseDate reads YYYY-MM-DD as days since 1970-01-01, years 1900 to 2200.
func ParseDate(s []byte) (int32, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	c, okC := two(s)
	y, okY := two(s[2:])
	m, okM := two(s[5:])
	d, okD := two(s[8:])
	y += c * 100
	if !okC || !okY || !okM || !okD || !isDay(y, m, d) {
		return 0, false
	}
	return civil(y, m, d), true
}

// isDay reports whether a day of the years that a time may have exists.
func isDay(y, m, d int) bool {
	return y >= firstYear && y <= lastYear && m >= 1 && m <= 12 && d >= 1 && (d <= 28 || d <= monthDays(y, m))
}

func monthDays(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// civil returns the days from 1970-01-01 to a day of the Gregorian calendar
// (years from March, so that the leap day is the last).
func civil(y, m, d int) int32 {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int32(era*146097 + doe - 719468)
}

// AppendDate appends days since 1970-01-01 as YYYY-MM-DD.
func AppendDate(dst []byte, days int32) []byte {
	z := int(days) + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d, m, y := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if m > 12 {
		m -= 12
		y++
	}
	return append(dst, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+d/10), byte('0'+d%10))
}
