package kernel_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// unscaled returns d × 10^18.
func unscaled(d decimal.D) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	return n.Or(n, new(big.Int).SetUint64(d.Lo))
}

func TestMod(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) decimal.D {
		d, err := decimal.ParseSigned([]byte(rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,18})?`).Draw(t, "d")))
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
	rapid.Check(t, func(t *rapid.T) {
		x, y := gen.Draw(t, "x"), gen.Draw(t, "y")
		got, ok := kernel.Mod(x, y)
		if y.Sign() == 0 {
			if ok {
				t.Fatalf("%s mod 0 is %s", x, got)
			}
			return
		}
		if want := new(big.Int).Rem(unscaled(x), unscaled(y)); !ok || unscaled(got).Cmp(want) != 0 {
			t.Fatalf("%s mod %s = %s, %v", x, y, got, ok)
		}
	})
}

// currencyBatch returns one row whose currency has code of values.
func currencyBatch(s *event.Schema, values []string, generation uint64, code uint32) *event.Batch {
	b := event.NewBatch(s, nil)
	b.Reset(&event.Records{})
	v := &b.Columns[s.Must("currency")]
	v.SetCode(0, code)
	b.Accept(0)
	b.Finish()
	v.Values, v.Generation = values, generation
	return b
}

// TestDictionaries feeds one frame from several dictionaries whose generations
// are equal, as those of two decoders are: codes never keep another's meaning.
func TestDictionaries(t *testing.T) {
	s := event.Default()
	col := &lang.Node{Op: lang.Column, Type: lang.Text, Col: s.Must("currency"), Key: "currency"}
	inr := &lang.Node{Op: lang.Const, Type: lang.Text, Value: lang.Value{Type: lang.Text, Text: "INR"}, Key: `"INR"`}
	c := kernel.NewCompiler(s)
	is, err := c.Truth(&lang.Node{Op: lang.Eq, Type: lang.Bool, Args: []*lang.Node{col, inr}, Key: "is"})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Reads()[col.Col] {
		t.Error("the compiler does not know what it reads")
	}
	f := c.Frame()
	ask := func(values []string, generation uint64, code uint32) kernel.Tri {
		f.Bind(currencyBatch(s, values, generation, code))
		f.Start(0)
		return is(f)
	}
	one := []string{"", "INR", "GBP"}
	grown := append(one[:len(one):len(one)], "USD") // another array, the same beginning
	for i, c := range []struct {
		values     []string
		generation uint64
		code       uint32
		want       kernel.Tri
		version    uint32
	}{
		{one, 1, 1, kernel.True, 1},
		{one, 1, 2, kernel.False, 1},
		{one, 1, 0, kernel.Unknown, 1},
		{grown, 1, 1, kernel.True, 1},
		{[]string{"", "GBP", "INR", "USD"}, 1, 1, kernel.False, 2}, // another decoder
		{[]string{"", "INR"}, 2, 1, kernel.True, 3},                // a new generation
		{[]string{""}, 2, 0, kernel.Unknown, 4},                    // shorter than before
	} {
		if got := ask(c.values, c.generation, c.code); got != c.want || f.Version(col.Col) != c.version {
			t.Errorf("step %d: %v in version %d, want %v in %d", i, got, f.Version(col.Col), c.want, c.version)
		}
	}
}

// TestRefused says what the kernel does not take, rather than guess.
func TestRefused(t *testing.T) {
	s := event.Default()
	column := func(name string, typ lang.Type) *lang.Node {
		return &lang.Node{Op: lang.Column, Type: typ, Col: s.Must(name), Key: name}
	}
	text := column("narrative", lang.Text)
	for _, n := range []*lang.Node{
		{Op: lang.Matches, Type: lang.Bool, Args: []*lang.Node{text, text}, Key: "a pattern of the report"},
		{Op: lang.Matches, Type: lang.Bool, Args: []*lang.Node{text, {Op: lang.Const, Type: lang.Text, Value: lang.Value{Type: lang.Text, Text: "("}}}, Key: "no pattern"},
		{Op: lang.In, Type: lang.Bool, Args: []*lang.Node{text, text}, Key: "no list"},
		{Op: lang.Column, Type: lang.Bool, Col: s.Must("amount"), Key: "no condition"},
		{Op: lang.Mul, Type: lang.Duration, Args: []*lang.Node{column("amount", lang.Number), column("amount", lang.Number)}, Key: "no duration"},
		column("narrative", lang.Number),
		column("extra", lang.Text),
	} {
		if _, err := kernel.NewCompiler(s).Any(n); err == nil {
			t.Errorf("%s is compiled", n.Key)
		}
	}
}
