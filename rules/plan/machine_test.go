package plan_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
)

// verdict is what an evaluator says of a condition on a row.
type verdict struct {
	truth  kernel.Tri
	failed bool
}

// byKernel evaluates n, a condition, on every row of b.
func byKernel(t interface{ Fatal(...any) }, b *event.Batch, n *lang.Node) []verdict {
	c := kernel.NewCompiler(b.Schema)
	truth, err := c.Truth(n)
	if err != nil {
		t.Fatal(err)
	}
	f := c.Frame()
	f.Bind(b)
	var all []verdict
	for r := range b.Rows {
		f.Start(r)
		f.Errs = 0
		v := truth(f)
		all = append(all, verdict{v, f.Errs > 0})
	}
	return all
}

// byMachine does the same with expr's VM.
func byMachine(t interface{ Fatal(...any) }, b *event.Batch, n *lang.Node) []verdict {
	p, err := lang.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	var all []verdict
	for r := range b.Rows {
		v, state := p.Eval(lang.BatchRow{Batch: b, Row: r})
		truth := kernel.Unknown
		if v.Type == lang.Bool {
			truth = kernel.Of(v.Bool)
		}
		all = append(all, verdict{truth, state == lang.Failed})
	}
	return all
}

// agree fails when the kernel and the VM differ on a row of b.
func agree(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, b *event.Batch, n *lang.Node) {
	plan, machine := byKernel(t, b, n), byMachine(t, b, n)
	for r := range plan {
		if plan[r] != machine[r] {
			t.Fatalf("row %d of %s: plan says %v, the machine %v", r, n.Key, plan[r], machine[r])
		}
	}
}

// TestAgainstMachine compares random conditions: the same truth value and the
// same failures on every row.
func TestAgainstMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFiller()
		b := f.batch(t, rapid.IntRange(1, 6).Draw(t, "rows"))
		agree(t, b, grower{t: t, s: f.schema}.truth(3))
	})
}

// outcome is the value of an expression on a row.
type outcome struct {
	value  lang.Value
	failed bool
}

func valuesByKernel(t interface{ Fatal(...any) }, b *event.Batch, n *lang.Node) []outcome {
	c := kernel.NewCompiler(b.Schema)
	value, err := c.Any(n)
	if err != nil {
		t.Fatal(err)
	}
	f := c.Frame()
	f.Bind(b)
	var all []outcome
	for r := range b.Rows {
		f.Start(r)
		f.Errs = 0
		v := value(f)
		v.Text = strings.Clone(v.Text)
		all = append(all, outcome{v, f.Errs > 0})
	}
	return all
}

func valuesByMachine(t interface{ Fatal(...any) }, b *event.Batch, n *lang.Node) []outcome {
	p, err := lang.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	var all []outcome
	for r := range b.Rows {
		v, state := p.Eval(lang.BatchRow{Batch: b, Row: r})
		all = append(all, outcome{v, state == lang.Failed})
	}
	return all
}

// TestOpaque compares expressions that only the VM evaluates.
func TestOpaque(t *testing.T) {
	s := schema()
	for _, source := range []string{
		`split(narrative, " ")[0] == "a"`,
		`split(narrative, " ")[7] == "a"`,
		`any(["a", "gift"], narrative contains #) and amount > 1`,
		`len(split(narrative, "")) > 2 or decimal(narrative) > 1`,
		`not all(["a", "b"], # == debtor.name)`,
		`(indexOf(narrative, "i") ?? 4) > 3`,
	} {
		t.Run(source, func(t *testing.T) {
			n, ds := parse(s, source)
			if n == nil {
				t.Fatal(ds)
			}
			rapid.Check(t, func(t *rapid.T) { agree(t, newFiller().batch(t, 4), n) })
		})
	}
}
