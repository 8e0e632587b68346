package index_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/index"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

func text(s string) *lang.Node {
	return &lang.Node{Op: lang.Const, Type: lang.Text, Value: lang.Value{Type: lang.Text, Text: s}, Key: fmt.Sprintf("%q", s)}
}

func node(op lang.Op, args ...*lang.Node) *lang.Node {
	key := op.String() + "("
	for _, a := range args {
		key += a.Key + ","
	}
	return &lang.Node{Op: op, Type: lang.Bool, Args: args, Key: key + ")"}
}

// costly is a condition that is never true and counts how often it is evaluated,
// as run-time errors.
func costly(s *event.Schema) *lang.Node {
	n := &lang.Node{Op: lang.Call, Type: lang.Number, Name: "decimal", Args: []*lang.Node{text("no number")}, Key: "costly"}
	return &lang.Node{Op: lang.Not, Type: lang.Bool, Args: []*lang.Node{node(lang.IsMissing, n)}, Key: "costly"}
}

// TestAccess counts for how many of ten reports, one an account a country and a
// narrative, a rule's last conjunct is looked at: that is what its access leaves.
func TestAccess(t *testing.T) {
	s := event.Default()
	col := func(name string) *lang.Node {
		return &lang.Node{Op: lang.Column, Type: lang.Text, Col: s.Must(name), Key: name}
	}
	in := func(x *lang.Node, values ...string) *lang.Node {
		n := node(lang.In, x)
		for _, v := range values {
			n.Set = append(n.Set, lang.Value{Type: lang.Text, Text: v})
		}
		n.Key += fmt.Sprint(values)
		return n
	}
	amount := func(op lang.Op, n int64) *lang.Node {
		x := &lang.Node{Op: lang.Column, Type: lang.Time, Col: s.Must("occurred_at"), Key: "occurred_at"}
		return node(op, x, &lang.Node{Op: lang.Const, Type: lang.Time, Value: lang.Value{Type: lang.Time, Int: n}, Key: fmt.Sprint(n)})
	}
	for _, c := range []struct {
		name  string
		want  int
		guard []*lang.Node
	}{
		{"nothing", 10, nil},
		{"a symbol", 1, []*lang.Node{node(lang.Eq, col("creditor.account_country"), text("C3"))}},
		{"a text", 1, []*lang.Node{node(lang.Eq, col("creditor.account"), text("A3"))}},
		{"some of each", 1, []*lang.Node{in(col("creditor.account_country"), "C3", "C4"), in(col("creditor.account"), "A4", "A5")}},
		{"the same column twice", 1, []*lang.Node{in(col("creditor.account"), "A3", "A4"), in(col("creditor.account"), "A4", "A5")}},
		{"never", 0, []*lang.Node{in(col("creditor.account"), "A3"), in(col("creditor.account"), "A4")}},
		{"another kind", 0, []*lang.Node{node(lang.Eq, col("kind"), text("bank.recall"))}},
		{"a word", 1, []*lang.Node{node(lang.Contains, col("narrative"), text("word 3"))}},
		{"a word of a symbol", 1, []*lang.Node{node(lang.Contains, col("creditor.account_country"), text("3"))}},
		{"a beginning", 1, []*lang.Node{node(lang.StartsWith, col("narrative"), text("a word 3"))}},
		{"a pattern", 1, []*lang.Node{node(lang.Matches, col("narrative"), text("^a (word 3)+.*$"))}},
		{"a pattern in any case", 1, []*lang.Node{node(lang.Matches, col("narrative"), text("(?i)WORD 3"))}},
		{"a beginning of the sorted", 3, []*lang.Node{amount(lang.Lt, 3)}},
		{"an end of the sorted", 2, []*lang.Node{amount(lang.Gt, 7)}},
		{"either", 2, []*lang.Node{node(lang.Or, node(lang.Eq, col("creditor.account"), text("A3")), node(lang.Contains, col("narrative"), text("word 4")))}},
		{"either of one column", 2, []*lang.Node{node(lang.Or, node(lang.Eq, col("creditor.account"), text("A3")), node(lang.Eq, col("creditor.account"), text("A5")))}},
		{"either, one of them open", 2, []*lang.Node{node(lang.Or, node(lang.Eq, col("creditor.account"), text("A3")), node(lang.Ge, col("narrative"), text("a word 9")))}},
		{"both of either", 2, []*lang.Node{node(lang.Or, node(lang.And, node(lang.Eq, col("creditor.account"), text("A3")), node(lang.Ne, col("rail"), text("x"))),
			node(lang.Eq, col("creditor.account"), text("A5")), node(lang.Eq, col("creditor.account_country"), text("C8")))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := visits(t, s, append(slices.Clone(c.guard), costly(s))); got != c.want {
				t.Errorf("%d reports looked at, want %d", got, c.want)
			}
		})
	}
}

// visits returns on how many of ten reports the last conjunct is evaluated.
func visits(t *testing.T, s *event.Schema, guard []*lang.Node) int {
	c := kernel.NewCompiler(s)
	x, err := index.New(s, []index.Rule{{On: []string{"bank.transfer"}, Conjuncts: guard}}, c)
	if err != nil {
		t.Fatal(err)
	}
	f := c.Frame()
	faults := 0
	scanner := index.NewScanner(x, f, func(int32) { t.Error("the rule is true") }, func(int32) { faults++ })
	b := ten(s)
	f.Bind(b)
	scanner.Scan(b, func(int) {})
	return faults
}

// ten returns ten transfers.
func ten(s *event.Schema) *event.Batch {
	b := event.NewBatch(s, nil)
	b.Reset(&event.Records{})
	dicts := map[string]*event.Dict{}
	for r := range 10 {
		for name, value := range map[string]string{"kind": "bank.transfer", "creditor.account_country": fmt.Sprint("C", r)} {
			if dicts[name] == nil {
				dicts[name] = event.NewDict()
			}
			b.Columns[s.Must(name)].SetCode(r, dicts[name].Code([]byte(value)))
		}
		b.Columns[s.Must("creditor.account")].SetText(r, fmt.Append(nil, "A", r))
		b.Columns[s.Must("narrative")].SetText(r, fmt.Append(nil, "a word ", r))
		b.Columns[s.Must("occurred_at")].SetTime(r, int64(r))
		b.Accept(r)
	}
	b.Finish()
	for name, d := range dicts {
		d.Bind(&b.Columns[s.Must(name)])
	}
	return b
}
