package lang_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
)

// TestWork judges reports as long as they may be by expressions that would take
// hours or all memory on them: the operand is missing then, soon, and short reports
// are judged as ever.
func TestWork(t *testing.T) {
	var words strings.Builder
	for i := range 150_000 {
		fmt.Fprintf(&words, "%x ", i)
	}
	long, short := words.String(), "gift card gift "
	for _, c := range []struct {
		expression string
		short      bool
		onLong     lang.State
	}{
		{`len(join(split(narrative, ""), narrative)) > 5`, true, lang.Failed},
		{`len(replace(narrative, "", narrative)) > 5`, true, lang.Failed},
		{`len(map(split(narrative, " "), upper(narrative))) == 4`, true, lang.Failed},
		{`len(map(split(narrative, " "), narrative + #)) == 4`, true, lang.Failed},
		{`len(map(split(narrative, " "), len(split(narrative, "")) + len(#))) == 4`, true, lang.Failed},
		{`len(flatten(map(split(narrative, " "), split(narrative, " ")))) == 16`, true, lang.Failed},
		{`any(split(narrative, " "), narrative contains (# + "zz"))`, false, lang.Failed},
		{`any(split(narrative, " "), narrative matches "(a|[^x]*)*zzz$")`, false, lang.Failed},
		{`any(split(narrative, " "), # in split(narrative, " "))`, true, lang.Known},
		{`all(split(narrative, " "), # in split(narrative, " "))`, true, lang.Failed},
		{`len(uniq(split(narrative, " "))) == 3`, true, lang.Known},
		{`len(uniq(map(split(narrative, " "), upper(#)))) == 3`, true, lang.Known},
		{`len(uniq(map(split(narrative, " "), len(#)))) == 2`, true, lang.Failed},
		{`len(uniq(map(0..99, # % 7))) == 7`, true, lang.Known},
		{`len(filter(split(narrative, " "), len(#) > 4)) > 0`, false, lang.Known},
	} {
		n, findings := lang.ExpressionInRule(c.expression)
		if n == nil {
			t.Fatalf("%s: %v", c.expression, findings)
		}
		p, err := lang.Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		if v, state := p.Eval(row{fields: map[string]any{"narrative": short}}); state != lang.Known || v.Bool != c.short {
			t.Errorf("%s on a short text = %v (%d), want %v", c.expression, v.Bool, state, c.short)
		}
		begin := time.Now()
		if _, state := p.Eval(row{fields: map[string]any{"narrative": long}}); state != c.onLong {
			t.Errorf("%s on a long text is %d, want %d", c.expression, state, c.onLong)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s on a long text took %v", c.expression, took)
		}
	}
}

// TestLongText adds texts until they are longer than a report can be.
func TestLongText(t *testing.T) {
	n, findings := lang.ExpressionInRule(`(narrative + category) == nil`)
	if n == nil {
		t.Fatal(findings)
	}
	p, err := lang.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		length  int
		missing bool
	}{{lang.MaxText - 1, false}, {lang.MaxText, true}} {
		v, state := p.Eval(row{fields: map[string]any{"narrative": strings.Repeat("a", c.length), "category": "b"}})
		if state != lang.Known || v.Bool != c.missing {
			t.Errorf("%d bytes and one more: missing is %v (%d), want %v", c.length, v.Bool, state, c.missing)
		}
	}
}
