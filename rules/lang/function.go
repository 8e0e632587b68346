package lang

import (
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
)

// Function is one function that expressions may call. All are missing when an
// argument is.
type Function struct {
	Name    string
	Args    []Type
	Many    bool // the last argument may stand more than once
	Result  Type
	Meaning string // a sentence
	Missing string // when the result is missing although the arguments are there
	Example string

	apply eval
}

// FunctionNamed returns the function called name.
func FunctionNamed(name string) (Function, bool) {
	for _, f := range Functions() {
		if f.Name == name {
			return f, true
		}
	}
	return Function{}, false
}

// Functions returns every function, by name, except those that the compiler
// replaces by operations or completes: age, contains_any, hasPrefix, hasSuffix,
// local_hour, weekend. Reference describes all.
func Functions() []Function { return append(numberFunctions(), textFunctions()...) }

func numberFunctions() []Function {
	return []Function{
		{Name: "abs", Args: []Type{Number}, Result: Number, Meaning: "The number without its sign.", Example: "abs(amount - settled_amount) > 1",
			apply: func(a []Value) (Value, bool) {
				if a[0].Num.Sign() < 0 {
					return number(a[0].Num.Neg()), true
				}
				return a[0], true
			}},
		{Name: "decimal", Args: []Type{Text}, Result: Number, Meaning: "The number that a text says.", Missing: "the text is no decimal; counted as an error of the rule", Example: `decimal(extra["fee"]) > 5`,
			apply: func(a []Value) (Value, bool) {
				d, err := decimal.ParseSigned([]byte(a[0].Text))
				if err != nil {
					return Value{}, false
				}
				return number(d), true
			}},
		{Name: "distance_km", Args: []Type{Number, Number, Number, Number}, Result: Number, Meaning: "Kilometres between the places of two sides of a report, along the earth's surface.", Missing: "a side has no lat and lon", Example: "distance_km(debtor, creditor) > 500",
			apply: distance},
		{Name: "hours", Args: []Type{Duration}, Result: Number, Meaning: "The hours of a duration, with fraction.", Example: "amount / hours(age(creditor.opened_at)) > 100",
			apply: func(a []Value) (Value, bool) {
				d, ok := decimal.FromInt(a[0].Int).Quo(decimal.FromInt(3_600_000))
				return number(d), ok
			}},
		{Name: "max", Args: []Type{Number}, Many: true, Result: Number, Meaning: "The greatest of its arguments.", Example: "max(amount, settled_amount) > 1000",
			apply: func(a []Value) (Value, bool) { return extreme(a, 1), true }},
		{Name: "min", Args: []Type{Number}, Many: true, Result: Number, Meaning: "The least of its arguments.", Example: "min(amount, creditor.balance) > 1000",
			apply: func(a []Value) (Value, bool) { return extreme(a, -1), true }},
	}
}

func extreme(a []Value, sign int) Value {
	best := a[0]
	for _, v := range a[1:] {
		if compareValues(v, best)*sign > 0 {
			best = v
		}
	}
	return best
}

func textFunctions() []Function {
	onText := func(name, meaning, example string, f func(string) string) Function {
		return Function{Name: name, Args: []Type{Text}, Result: Text, Meaning: meaning, Example: example,
			apply: func(a []Value) (Value, bool) { return text(f(a[0].Text)), true }}
	}
	return []Function{
		{Name: "country_of", Args: []Type{Text}, Result: Text, Meaning: "The country that an IBAN, BIC or IFSC belongs to.", Missing: "the text is none of them", Example: `country_of(creditor.account) != "GB"`,
			apply: func(a []Value) (Value, bool) { return countryOf([]byte(a[0].Text)), true }},
		{Name: "e164", Args: []Type{Text}, Result: Text, Meaning: "A phone number in the form +441632960000: without spaces and signs, 00 read as +.", Missing: "the text is no international number", Example: `e164(extra["caller"]) == debtor.phone`,
			apply: func(a []Value) (Value, bool) { return e164(a[0].Text), true }},
		{Name: "is_iban", Args: []Type{Text}, Result: Bool, Meaning: "Whether a text is an IBAN whose check digits hold.", Example: "is_iban(creditor.account)",
			apply: func(a []Value) (Value, bool) { return boolean(code.IsIBAN([]byte(a[0].Text))), true }},
		{Name: "len", Args: []Type{Text}, Result: Number, Meaning: "The number of characters.", Example: "len(payment.remittance) < 4",
			apply: func(a []Value) (Value, bool) { return number(decimal.FromInt(int64(len([]rune(a[0].Text))))), true }},
		onText("lower", "The text in lower case.", `lower(payment.remittance) contains "gift"`, strings.ToLower),
		{Name: "similar", Args: []Type{Text, Text}, Result: Number, Meaning: "How alike two names are, from 0 to 1: case, accents, punctuation and the order of words do not matter.", Example: "similar(creditor.name, debtor.name) < 0.6",
			apply: func(a []Value) (Value, bool) { return similarity(a[0].Text, a[1].Text), true }},
		onText("trim", "The text without white space at both ends.", `trim(extra["ref"]) == "X"`, strings.TrimSpace),
		onText("upper", "The text in upper case.", `upper(payment.remittance) contains "GIFT"`, strings.ToUpper),
	}
}

func countryOf(x []byte) Value {
	for _, f := range []func([]byte) (string, bool){code.IBANCountry, code.BICCountry} {
		if c, ok := f(x); ok {
			return text(c)
		}
	}
	if c, ok := code.ClearingCountry(nil, x); ok {
		return text(c)
	}
	return Value{}
}

func e164(s string) Value {
	s = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "").Replace(s)
	if strings.HasPrefix(s, "00") {
		s = "+" + s[2:]
	}
	if !isE164(s) {
		return Value{}
	}
	return text(s)
}

// isE164 reports whether s is ^\+[1-9]\d{6,14}$.
func isE164(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for _, c := range s[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
