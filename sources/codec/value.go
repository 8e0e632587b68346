package codec

import (
	"errors"
	"math"
	"strconv"
	"unsafe"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// set marks column c as having a value in this record.
func (b *Builder) set(c int) { b.cols[c].has = b.serial }

// Text judges and stores a text value of column c; s must stay unchanged until
// the record ends. Bytes behind s, within its capacity, may be read.
func (b *Builder) Text(c int, s []byte) *Defect {
	col := &b.cols[c]
	if col.way == asSymbol {
		known := col.dict.Find(s)
		if known == 0 {
			return b.symbol(c, col, s)
		}
		b.keepCode(col, s, known)
		return nil
	}
	if b.holder.may(s) && b.placeholder(col, s) {
		b.missing[c].Add(1)
		return nil
	}
	switch col.way {
	case asPlain:
		b.keepText(col, s)
		return nil
	case asAccount, asLoose:
		col.has, col.text = b.serial, s
		return nil
	case asDecimal:
		return b.decimal(c, col, s)
	case asTime:
		return b.time(c, col, s)
	case asDate:
		return b.date(c, col, s)
	case asPhone:
		return b.phone(col, s)
	case asEmail:
		from := len(b.arena)
		b.arena = AppendEmail(b.arena, s)
		b.keepText(col, b.arena[from:])
		return nil
	}
	return Refuse(event.BadType, col.Name, "%s is a text; write it as a %s", col.Name, jsonType(col.Type))
}

// placeholder reports whether s means "missing" for col. Runs do so in texts only.
func (b *Builder) placeholder(col *column, s []byte) bool {
	switch col.way {
	case asPlain, asAccount, asLoose, asPhone, asEmail:
		return b.holder.Has(s)
	}
	return b.holder.word(s)
}

// keepText stores s as the value of a Text column.
func (b *Builder) keepText(col *column, s []byte) {
	col.has = b.serial
	if col.hold {
		col.text = s
	}
	if col.project {
		col.vec.SetText(b.batch.Rows, s)
	}
}

// keepCode stores s, whose code is known, as the value of a Symbol column.
func (b *Builder) keepCode(col *column, s []byte, known uint32) {
	col.has = b.serial
	if col.hold {
		col.text, col.code = s, known
	}
	if col.project {
		col.vec.SetCode(b.batch.Rows, known)
	}
}

func jsonType(t event.Type) string {
	switch t {
	case event.Uint:
		return "whole number"
	case event.Float, event.Decimal:
		return "number"
	case event.Bool:
		return "true or false"
	case event.Map:
		return "object"
	}
	return "text in quotes"
}

func (b *Builder) phone(col *column, s []byte) *Defect {
	if !IsPhone(s) {
		from := len(b.arena)
		b.arena = AppendPhone(b.arena, s)
		if s = b.arena[from:]; !IsPhone(s) {
			return Refuse(event.BadType, col.Name, "%s is not a phone number in E.164; write + and the country code, 7 to 15 digits in all, as in +919876543210", col.Name)
		}
	}
	b.keepText(col, s)
	return nil
}

// symbol judges a value that the dictionary does not have: it is a memory of good
// values.
func (b *Builder) symbol(c int, col *column, s []byte) *Defect {
	switch {
	case col.List != event.Free && b.listed(col, s):
	case b.holder.Has(s):
		b.missing[c].Add(1)
		return nil
	case col.List != event.Free:
		return b.unlisted(col, s)
	}
	b.keepCode(col, s, col.dict.Code(s))
	return nil
}

func (b *Builder) listed(col *column, s []byte) bool {
	switch col.List {
	case event.Country:
		return code.IsCountry(s)
	case event.Currency:
		return code.IsCurrency(s)
	case event.Kind:
		return b.opts.Kinds.Has(s)
	}
	for _, v := range col.Values {
		if v == string(s) {
			return true
		}
	}
	return false
}

func (b *Builder) unlisted(col *column, s []byte) *Defect {
	list, what := col.Values, "one of its values"
	switch col.List {
	case event.Country:
		list, what = code.Countries(), "an ISO 3166-1 alpha-2 country"
	case event.Currency:
		list, what = code.Currencies(), "an ISO 4217 currency"
	case event.Kind:
		list, what = b.opts.Kinds.List(), "a kind of report; add it under kinds in the config"
	}
	text := string(s[:min(len(s), 40)])
	return Refuse(event.BadCode, col.Name, "%s is %q, not %s%s", col.Name, text, what, suggestion(list, text))
}

func (b *Builder) decimal(c int, col *column, s []byte) *Defect {
	d, err := decimal.Parse(s)
	if col.Signed && errors.Is(err, decimal.ErrNegative) {
		d, err = decimal.ParseSigned(s)
	}
	if err != nil {
		return badDecimal(col, err)
	}
	b.set(c)
	if col.hold {
		b.amount = d
	}
	if col.project {
		col.vec.SetDecimal(b.batch.Rows, d)
	}
	return nil
}

func badDecimal(col *column, err error) *Defect {
	switch {
	case errors.Is(err, decimal.ErrNegative):
		return Refuse(event.Negative, col.Name, "%s is negative; report the amount that moved, without a sign", col.Name)
	case errors.Is(err, decimal.ErrPrecision):
		return Refuse(event.Precision, col.Name, "%s has more than 18 digits after the point; it is never rounded, send at most 18", col.Name)
	case errors.Is(err, decimal.ErrRange):
		return Refuse(event.Range, col.Name, "%s has more than 20 digits before the point", col.Name)
	}
	return Refuse(event.BadType, col.Name, "%s is not a decimal; write digits[.digits], without exponent, plus sign or separators", col.Name)
}

func (b *Builder) time(c int, col *column, s []byte) *Defect {
	ms, ok := ParseTime(s)
	if !ok {
		return Refuse(event.BadTime, col.Name, "%s is not an RFC 3339 time of the years 1900 to 2200; write it as 2026-03-02T04:10:00.000Z", col.Name)
	}
	if c == b.at.occurred {
		if ms < earliest || ms > latest {
			return Refuse(event.BadTime, col.Name, "%s is before 1970 or after 2200", col.Name)
		}
		b.when = ms
	}
	b.set(c)
	if col.project {
		col.vec.SetTime(b.batch.Rows, ms)
	}
	return nil
}

func (b *Builder) date(c int, col *column, s []byte) *Defect {
	days, ok := ParseDate(s)
	if !ok {
		return Refuse(event.BadTime, col.Name, "%s is not a date of the years 1900 to 2200; write it as 2026-03-02", col.Name)
	}
	b.set(c)
	if col.hold {
		b.settle = days
	}
	if col.project {
		col.vec.SetDate(b.batch.Rows, days)
	}
	return nil
}

// Number judges and stores a number of column c, s being its text:
// -?digits[.digits][e[±]digits].
func (b *Builder) Number(c int, s []byte) *Defect {
	col := &b.cols[c]
	switch col.Type {
	case event.Decimal:
		return b.decimal(c, col, s)
	case event.Uint:
		return b.uint(c, col, s)
	case event.Float:
		return b.float(c, col, s)
	}
	return Refuse(event.BadType, col.Name, "%s is a number; write it as %s", col.Name, jsonType(col.Type))
}

func (b *Builder) uint(c int, col *column, s []byte) *Defect {
	most := uint64(math.MaxUint32)
	if col.Max != 0 {
		most = uint64(col.Max)
	}
	digits := s
	if s[0] == '-' {
		digits = s[1:]
	}
	var n uint64
	for _, d := range digits {
		if d-'0' > 9 {
			return Refuse(event.BadType, col.Name, "%s is not a whole number; write it without point and exponent", col.Name)
		}
		n = min(n*10+uint64(d-'0'), math.MaxUint32+1)
	}
	if len(digits) != len(s) {
		return Refuse(event.Negative, col.Name, "%s is negative; it counts from 0", col.Name)
	}
	if n > most {
		return Refuse(event.Range, col.Name, "%s is greater than %d", col.Name, most)
	}
	b.set(c)
	if col.project {
		col.vec.SetUint(b.batch.Rows, uint32(n))
	}
	return nil
}

func (b *Builder) float(c int, col *column, s []byte) *Defect {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(s), len(s)), 64)
	if err != nil || col.Bound != 0 && math.Abs(f) > col.Bound {
		return Refuse(event.Range, col.Name, "%s lies outside ±%g", col.Name, col.Bound)
	}
	b.set(c)
	if col.project {
		col.vec.SetFloat(b.batch.Rows, f)
	}
	return nil
}

// Flag judges and stores true or false.
func (b *Builder) Flag(c int, v bool) *Defect {
	col := &b.cols[c]
	if col.Type != event.Bool {
		return Refuse(event.BadType, col.Name, "%s is true or false; write it as %s", col.Name, jsonType(col.Type))
	}
	b.set(c)
	if col.project {
		col.vec.SetBool(b.batch.Rows, v)
	}
	return nil
}

// Extra stores a member that the schema does not name under its dotted path.
func (b *Builder) Extra(path, value []byte) {
	if col := &b.cols[b.extra]; col.project {
		col.vec.AddEntry(b.batch.Rows, path, value)
	}
}
