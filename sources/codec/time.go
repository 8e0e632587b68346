package codec

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
	if !okC || !okY || !okM || !okD || y < firstYear || y > lastYear || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	return civil(y, m, d), true
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
