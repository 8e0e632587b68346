//go:build vectors

package plan_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// vectors returns the path of a file of third parties' expressions.
func vectors(t *testing.T, name string) string {
	dir := os.Getenv("HALTWIRE_VECTORS")
	if dir == "" {
		t.Fatal("HALTWIRE_VECTORS names no folder; see make vectors")
	}
	return filepath.Join(dir, "expr", name)
}

func readVectors(t *testing.T, name string) []string {
	text, err := os.ReadFile(vectors(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// plainColumns are the variables of expr's fuzz environment that a report can
// have.
func plainColumns() []event.Column {
	return []event.Column{
		{Name: "ok", Type: event.Bool}, {Name: "str", Type: event.Text}, {Name: "f64", Type: event.Decimal}, {Name: "f32", Type: event.Decimal},
		{Name: "i", Type: event.Uint}, {Name: "i64", Type: event.Uint}, {Name: "i32", Type: event.Uint},
	}
}

// tally counts what became of expressions.
type tally struct{ read, refused, repeated, compared int }

func (n tally) String() string {
	return fmt.Sprintf("%d expressions: %d refused, %d mean the same as another, %d compared", n.read, n.refused, n.repeated, n.compared)
}

// expressionsAgree evaluates every expression that the rule language takes on random
// rows, by plan and machine.
func expressionsAgree(t *testing.T, s *event.Schema, sources []string) (all tally) {
	rows := vectorBatch(s)
	seen := map[string]bool{}
	for _, source := range sources {
		all.read++
		n := parseSafely(t, s, source)
		switch {
		case n == nil:
			all.refused++
			continue
		case seen[n.Key]:
			all.repeated++
			continue
		}
		seen[n.Key] = true
		all.compared++
		sameValues(t, rows, source, n)
	}
	return all
}

// parseSafely reads an expression as authors write it, in a rule, and by itself.
func parseSafely(t *testing.T, s *event.Schema, source string) *lang.Node {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", source, p)
		}
	}()
	alone, findings := lang.Expression(source, lang.Options{Schema: s})
	if (alone == nil) != (findings.Errors() > 0) {
		t.Errorf("%s: node %v, findings %v", source, alone, findings)
	}
	n, _ := parse(s, source)
	return n
}

func sameValues(t *testing.T, b *event.Batch, source string, n *lang.Node) {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", source, p)
		}
	}()
	plan, machine := valuesByKernel(t, b, n), valuesByMachine(t, b, n)
	if !slices.Equal(plan, machine) {
		t.Errorf("%s: plan says %v, the machine %v", source, plan, machine)
	}
}

// vectorBatch fills the columns behind the built-in ones: the first row has none,
// the others have random values.
func vectorBatch(s *event.Schema) *event.Batch {
	f := &filler{schema: s, dicts: map[int]*event.Dict{}}
	b := event.NewBatch(s, nil)
	b.Reset(&event.Records{})
	words := []string{"", "foo", "GET", "404", "/login?x=<script>", "10.0.0.1", "foobar", "FOO"}
	r := rand.New(rand.NewPCG(uint64(len(s.Columns)), 9))
	for row := range 24 {
		f.setSymbol(b, row, "kind", "bank.transfer")
		for c := len(event.Default().Columns); row > 0 && c < len(s.Columns); c++ {
			v := &b.Columns[c]
			if r.IntN(7) == 0 {
				continue // missing
			}
			switch s.Columns[c].Type {
			case event.Bool:
				v.SetBool(row, r.IntN(2) == 0)
			case event.Text:
				v.SetText(row, []byte(words[r.IntN(len(words))]))
			case event.Decimal:
				v.SetDecimal(row, dec(numbers[r.IntN(len(numbers))]))
			case event.Uint:
				v.SetUint(row, r.Uint32N(4))
			}
		}
		b.Accept(row)
	}
	b.Finish()
	for col, d := range f.dicts {
		d.Bind(&b.Columns[col])
	}
	return b
}

func TestVectorsGenerated(t *testing.T) {
	s, err := event.NewSchema(plainColumns()...)
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]tally{
		"testdata/generated.txt":    {read: 43_689, compared: 1_785},
		"test/fuzz/fuzz_corpus.txt": {read: 19_546, compared: 3_131},
	} {
		least.check(t, name, expressionsAgree(t, s, readVectors(t, name)))
	}
}

// TestVectorsCrowdsec takes the rules of a log analyser; their fields become
// columns, their functions for case become ours.
func TestVectorsCrowdsec(t *testing.T) {
	text, err := os.ReadFile(vectors(t, "testdata/crowdsec.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	if err := json.Unmarshal(text, &sources); err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile(`\bevt(\.[A-Za-z_]\w*)+`)
	columns := map[string]bool{}
	for i, source := range sources {
		source = strings.NewReplacer("Upper(", "upper(", "Lower(", "lower(").Replace(source)
		sources[i] = path.ReplaceAllStringFunc(source, func(p string) string {
			name := "evt_" + strings.ReplaceAll(p[4:], ".", "_")
			columns[name] = true
			return name
		})
	}
	var more []event.Column
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		more = append(more, event.Column{Name: name, Type: event.Text})
	}
	s, err := event.NewSchema(more...)
	if err != nil {
		t.Fatal(err)
	}
	tally{read: 673, compared: 448}.check(t, "crowdsec.json", expressionsAgree(t, s, sources))
}

// check reports fewer than were there when this was written.
func (n tally) check(t *testing.T, name string, got tally) {
	t.Helper()
	t.Logf("%s: %s", name, got)
	if got.read < n.read || got.compared < n.compared {
		t.Errorf("%s: %d read, %d compared; want at least %d and %d", name, got.read, got.compared, n.read, n.compared)
	}
}
