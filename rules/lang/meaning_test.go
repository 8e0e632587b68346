package lang_test

import (
	"fmt"

	"testing"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// row is a report given by the names of its fields; what is not named is
// missing.
type row struct {
	fields map[string]any
	score  *decimal.D
}

func (r row) Value(col int) (lang.Value, bool) {
	switch v := r.fields[event.Default().Columns[col].Name].(type) {
	case string:
		return lang.Value{Type: lang.Text, Text: v}, true
	case bool:
		return lang.Value{Type: lang.Bool, Bool: v}, true
	case int:
		return lang.Value{Type: lang.Number, Num: decimal.FromInt(int64(v))}, true
	case decimal.D:
		return lang.Value{Type: lang.Number, Num: v}, true
	case int64:
		return lang.Value{Type: lang.Time, Int: v}, true
	}
	return lang.Value{}, false
}

func (r row) Extra(name string) (string, bool) {
	s, ok := r.fields["extra."+name].(string)
	return s, ok
}

func (r row) Score() (decimal.D, bool) {
	if r.score == nil {
		return decimal.D{}, false
	}
	return *r.score, true
}

// evaluate compiles and runs source on a row and returns the value as text.
func evaluate(t *testing.T, source string, r row) string {
	t.Helper()
	n, findings := lang.ExpressionInRule(source)
	if n == nil {
		t.Fatalf("%s: %v", source, findings)
	}
	p, err := lang.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	v, state := p.Eval(r)
	suffix := ""
	if state == lang.Failed {
		suffix = " failed"
	}
	return show(v) + suffix
}

func show(v lang.Value) string {
	switch v.Type {
	case lang.Text:
		return v.Text
	case lang.Number:
		return v.Num.String()
	case lang.Bool:
		return fmt.Sprint(v.Bool)
	case lang.Time, lang.Duration:
		return fmt.Sprint(v.Int)
	}
	return "missing"
}

// TestMissing holds every construct to three-valued logic: a column a is
// missing, x is "x", n is 5.
func TestMissing(t *testing.T) {
	r := row{fields: map[string]any{"category": "x", "amount": 5, "layer": 0, "extra.k": "v"}}
	for _, c := range []struct{ source, want string }{
		{`case_ref == "x"`, "missing"},
		{`case_ref != "x"`, "missing"},
		{`not (case_ref == "x")`, "missing"},
		{`case_ref in ["x"]`, "missing"},
		{`case_ref not in ["x", "y"]`, "missing"},
		{`not (case_ref in ["x", "y"])`, "missing"},
		{`case_ref contains "x"`, "missing"},
		{`not (case_ref contains "x")`, "missing"},
		{`case_ref matches "x"`, "missing"},
		{`settled_amount < 5`, "missing"},
		{`settled_amount >= 5`, "missing"},
		{`settled_amount + 5`, "missing"},
		{`-settled_amount`, "missing"},
		{`amount / layer`, "missing"},
		{`amount % layer`, "missing"},
		{`case_ref + "x"`, "missing"},
		{`case_ref == nil`, "true"},
		{`case_ref != nil`, "false"},
		{`category == nil`, "false"},
		{`case_ref ?? "y"`, "y"},
		{`category ?? "y"`, "x"},
		{`case_ref ?? url ?? "z"`, "z"},
		{`case_ref == "x" ? 1 : 2`, "missing"},
		{`category == "x" ? 1 : settled_amount`, "1"},
		{`category != "x" ? 1 : settled_amount`, "missing"},
		{`case_ref == "x" and category == "x"`, "missing"},
		{`case_ref == "x" and category != "x"`, "false"},
		{`case_ref == "x" or category == "x"`, "true"},
		{`case_ref == "x" or category != "x"`, "missing"},
		{`not (case_ref == "x" and category != "x")`, "true"},
		{`not (case_ref == "x" or category == "x")`, "false"},
		{`extra.k == "v"`, "true"},
		{`extra.none == "v"`, "missing"},
		{`"k" in extra`, "true"},
		{`"none" in extra`, "false"},
		{`lower(case_ref)`, "missing"},
		{`abs(settled_amount)`, "missing"},
		{`max(amount, settled_amount)`, "missing"},
		{`decimal(extra.k)`, "missing failed"},
		{`decimal(extra.k) == 5 or amount == 5`, "true failed"},
		{`decimal(extra.none)`, "missing"},
		{`any(split(case_ref, " "), # == "x")`, "missing"},
		{`any(split(category, " "), # == "x")`, "true"},
		{`split(category, " ")[5] == "x"`, "missing failed"},
		{`split(category, " ")[0] == "x"`, "true"},
		{`category[0:1] == "x"`, "true"},
		{`len(filter(split("a b c", category ?? " "), # != "b"))`, "1"},
		{`score > 5`, "missing"},
	} {
		if got := evaluate(t, c.source, r); got != c.want {
			t.Errorf("%s = %s, want %s", c.source, got, c.want)
		}
	}
}

// TestValues holds functions and arithmetic to their exact results.
func TestValues(t *testing.T) {
	big, _ := decimal.Parse([]byte("12345678901234567.123456789"))
	score := decimal.FromInt(70)
	r := row{score: &score, fields: map[string]any{
		"amount": big, "settled_amount": 3, "debtor.name": "José  García-López", "creditor.name": "garcia lopez jose",
		"creditor.account": "GB52HWBA00000000000101", "creditor.bic": "HWBIINBB", "occurred_at": int64(86_400_000), "creditor.opened_at": int64(0),
		"debtor.lat": 51, "debtor.lon": 0, "creditor.lat": 52, "creditor.lon": 0, "extra.p": "0044 (1632) 960-000", "extra.d": "-1.50", "layer": 2,
	}}
	for _, c := range []struct{ source, want string }{
		{`amount + 0.000000001`, "12345678901234567.12345679"},
		{`amount == 12345678901234567.123456789`, "true"},
		{`amount == 12345678901234567.123456788`, "false"},
		{`1 / settled_amount`, "0.333333333333333333"},
		{`2 / settled_amount`, "0.666666666666666667"},
		{`-7 % 3`, "-1"},
		{`7.5 % 2`, "1.5"},
		{`99999999999999999999.0 * amount`, "missing"},
		{`similar(debtor.name, creditor.name)`, "1"},
		{`similar("abcd", "abcx")`, "0.75"},
		{`country_of(creditor.account)`, "GB"},
		{`country_of(creditor.bic)`, "IN"},
		{`country_of("nonsense")`, "missing"},
		{`is_iban(creditor.account)`, "true"},
		{`age(creditor.opened_at) == "1d"`, "true"},
		{`hours(age(creditor.opened_at))`, "24"},
		{`creditor.opened_at + "1d" == occurred_at`, "true"},
		{`e164(extra.p)`, "+441632960000"},
		{`e164("12")`, "missing"},
		{`decimal(extra.d)`, "-1.5"},
		{`abs(decimal(extra.d))`, "1.5"},
		{`min(settled_amount, 2, 9)`, "2"},
		{`max(settled_amount, 2, 9)`, "9"},
		{`distance_km(debtor, creditor)`, "111.195"},
		{`len("über")`, "4"},
		{`score + 1`, "71"},
		{`layer in 1..3`, "true"},
		{`"2" + "3"`, "23"},
	} {
		if got := evaluate(t, c.source, r); got != c.want {
			t.Errorf("%s = %s, want %s", c.source, got, c.want)
		}
	}
}

// TestTruthTables compares and, or, not and their pushed-down forms with Kleene's
// tables over all combinations of three conditions.
func TestTruthTables(t *testing.T) {
	states := []lang.Value{{}, {Type: lang.Bool, Bool: true}, {Type: lang.Bool}}
	rank := func(v lang.Value) int { // false < unknown < true
		switch {
		case v.Type == lang.Invalid:
			return 1
		case v.Bool:
			return 2
		}
		return 0
	}
	leaf := func(name string) *lang.Node {
		return &lang.Node{Op: lang.Extra, Type: lang.Bool, Name: name, Key: name}
	}
	a, b, c := leaf("a"), leaf("b"), leaf("c")
	and, or := lang.NewConnective(lang.And, a, b, c), lang.NewConnective(lang.Or, a, b, c)
	for _, x := range states {
		for _, y := range states {
			for _, z := range states {
				vals := map[string]lang.Value{"a": x, "b": y, "c": z}
				least, most := min(rank(x), rank(y), rank(z)), max(rank(x), rank(y), rank(z))
				for _, want := range []struct {
					n    *lang.Node
					rank int
				}{{and, least}, {or, most}, {lang.Negate(and), 2 - least}, {lang.Negate(or), 2 - most}, {lang.Negate(lang.Negate(and)), least}} {
					if got := rank(walk(want.n, vals)); got != want.rank {
						t.Errorf("%s of %v %v %v: %d, want %d", want.n.Key, x, y, z, got, want.rank)
					}
				}
			}
		}
	}
}

// walk evaluates a tree of conditions whose leaves have the given values.
func walk(n *lang.Node, leaves map[string]lang.Value) lang.Value {
	if n.Op == lang.Extra {
		return leaves[n.Name]
	}
	args := make([]lang.Value, len(n.Args))
	for i, a := range n.Args {
		args[i] = walk(a, leaves)
	}
	v, _ := lang.Evaluator(n)(args)
	return v
}
