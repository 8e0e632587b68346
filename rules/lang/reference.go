package lang

import (
	"cmp"
	"slices"
	"strings"
)

// Entry describes one function of the language for its readers.
type Entry struct {
	Name      string `json:"name"`
	Signature string `json:"signature"` // name(types) type
	Where     string `json:"where"`     // any expression, or values of windows
	Meaning   string `json:"meaning"`
	Missing   string `json:"missing"` // when the result is missing
	Example   string `json:"example"`
}

// Where functions may stand.
const (
	InExpressions = "expressions"
	InValues      = "values of windows"
)

// Reference returns every function of the language: those of expressions, then
// the aggregates, each by name.
func Reference() []Entry {
	var out []Entry
	for _, f := range Functions() {
		if f.Name == "distance_km" {
			continue // its arguments are written otherwise
		}
		out = append(out, Entry{Name: f.Name, Signature: f.signature(), Where: InExpressions, Meaning: f.Meaning, Missing: orMissing(f.Missing), Example: f.Example})
	}
	out = append(out, rewritten()...)
	out = append(out, overLists()...)
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	for _, a := range aggregates() {
		missing := "the key is missing; entries where the argument is missing are skipped"
		if a.missing != "" {
			missing = "the key is missing, or " + a.missing
		}
		out = append(out, Entry{Name: a.name, Signature: a.signature(), Where: InValues, Meaning: a.meaning, Missing: missing, Example: a.example})
	}
	return out
}

func orMissing(more string) string {
	if more == "" {
		return "an argument is missing"
	}
	return "an argument is missing, or " + more
}

// signature returns how the function is called.
func (f Function) signature() string {
	args := make([]string, len(f.Args))
	for i, t := range f.Args {
		args[i] = t.String()
	}
	if f.Many {
		args = append(args, "…")
	}
	return f.Name + "(" + strings.Join(args, ", ") + ") " + f.Result.String()
}

func (a aggregateForm) signature() string {
	args := listTypes(a.takes)
	if a.none {
		args = "[" + args + "]"
	}
	gives := a.gives.String()
	if a.gives == Invalid {
		gives = "the same"
	}
	return a.name + "(" + args + ") " + gives
}

// rewritten are the functions that become operations when rules are loaded.
func rewritten() []Entry {
	entry := func(name, signature, meaning, missing, example string) Entry {
		return Entry{name, signature, InExpressions, meaning, orMissing(missing), example}
	}
	const noZone = "the country has several zones and the config names none"
	return []Entry{
		entry("age", "age(time) duration", "How long before the report a time was: occurred_at − t.", "", `age(creditor.opened_at) <= "30d"`),
		entry("contains_any", "contains_any(text, list of texts) bool", "Whether one of some literal texts stands in a text.", "", `contains_any(narrative, ["crypto", "gift card"])`),
		entry("distance_km", "distance_km(side, side) number", "Kilometres between the places of two sides of a report, along the earth's surface.", "a side has no lat and lon", "distance_km(debtor, creditor) > 500"),
		entry("hasPrefix", "hasPrefix(text, text) bool", "Whether a text begins with another; the same as startsWith.", "", `hasPrefix(creditor.account, "GB")`),
		entry("hasSuffix", "hasSuffix(text, text) bool", "Whether a text ends with another; the same as endsWith.", "", `hasSuffix(creditor.account, "00")`),
		entry("local_hour", "local_hour(text) number", "The hour of the day, 0 to 23, at the time of the report in a country.", noZone, "local_hour(debtor.account_country) < 5"),
		entry("weekend", "weekend(text) bool", "Whether the day of the report is one of the weekend's in a country: Saturday and Sunday, or what is usual there.", noZone, "weekend(debtor.account_country)"),
	}
}

// overLists are expr's functions over lists, which its VM evaluates.
func overLists() []Entry {
	entry := func(name, args, result, meaning, example string) Entry {
		return Entry{name, name + "(" + args + ") " + result, InExpressions, meaning, orMissing("it fails, which is counted as an error of the rule"), example}
	}
	const list, cond = "list", "list, condition on #"
	return []Entry{
		entry("all", cond, "bool", "Whether a condition is true of all items.", `all(split(narrative, " "), len(#) < 3)`),
		entry("any", cond, "bool", "Whether a condition is true of an item.", `any(["crypto", "gift"], narrative contains #)`),
		entry("none", cond, "bool", "Whether a condition is true of no item.", `none(["rent", "salary"], narrative contains #)`),
		entry("one", cond, "bool", "Whether a condition is true of exactly one item.", `one(split(narrative, " "), # == "gift")`),
		entry("filter", cond, "list", "The items of which a condition is true.", `len(filter(split(narrative, " "), len(#) > 8)) > 3`),
		entry("map", "list, expression of #", "list", "What an expression makes of each item.", `"gift" in map(split(narrative, ","), trim(#))`),
		entry("find", cond, "value", "The first item of which a condition is true.", `find(split(narrative, " "), # startsWith "bc1") != nil`),
		entry("findIndex", cond, "number", "The place, from 0, of the first item of which a condition is true.", `findIndex(split(narrative, " "), # == "gift") == 0`),
		entry("findLast", cond, "value", "The last item of which a condition is true.", `findLast(split(narrative, " "), len(#) > 2) == "card"`),
		entry("findLastIndex", cond, "number", "The place, from 0, of the last item of which a condition is true.", `findLastIndex(split(narrative, " "), # == "gift") > 3`),
		entry("split", "text, text", "list", "The parts of a text between a separator.", `len(split(narrative, " ")) > 20`),
		entry("splitAfter", "text, text", "list", "The parts of a text, each with the separator behind it.", `len(splitAfter(narrative, ".")) > 5`),
		entry("join", "list, text", "text", "The items with a separator between them.", `join(split(narrative, " "), "") contains "giftcard"`),
		entry("indexOf", "text, text", "number", "Where a text stands first in another, from 0; -1 when it does not.", `indexOf(narrative, "gift") == 0`),
		entry("lastIndexOf", "text, text", "number", "Where a text stands last in another, from 0; -1 when it does not.", `lastIndexOf(narrative, "gift") > 100`),
		entry("replace", "text, text, text", "text", "The text with every occurrence of one replaced by another.", `replace(creditor.name, ".", "") == "ACME LTD"`),
		entry("trimPrefix", "text, text", "text", "The text without another at its beginning.", `trimPrefix(payment.remittance, "RE:") == "gift"`),
		entry("trimSuffix", "text, text", "text", "The text without another at its end.", `trimSuffix(creditor.name, " LTD") == "ACME"`),
		entry("concat", "list, list", "list", "One list of two.", `len(concat(split(narrative, " "), split(category, " "))) > 9`),
		entry("flatten", list, "list", "The items of the lists in a list.", `len(flatten(map(split(narrative, ","), split(#, " ")))) > 9`),
		entry("uniq", list, "list", "The different items.", `len(uniq(split(narrative, " "))) < 3`),
		entry("reverse", list, "list", "The items from the last to the first.", `reverse(split(narrative, " "))[0] == "card"`),
		entry("get", "list, number", "value", "The item at a place, from 0.", `get(split(narrative, " "), 0) == "gift"`),
	}
}
