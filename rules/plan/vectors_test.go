//go:build vectors

package plan_test

import (
	"encoding/json"
	"maps"
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
	return strings.Split(string(text), "\n")
}

// plainColumns are the variables of expr's fuzz environment that a report can
// have.
func plainColumns() []event.Column {
	return []event.Column{
		{Name: "ok", Type: event.Bool}, {Name: "str", Type: event.Text}, {Name: "f64", Type: event.Decimal}, {Name: "f32", Type: event.Decimal},
		{Name: "i", Type: event.Uint}, {Name: "i64", Type: event.Uint}, {Name: "i32", Type: event.Uint},
	}
}

// expressionsAgree evaluates every expression that the rule language takes on a
// few rows, by plan and machine. It returns how many there were.
func expressionsAgree(t *testing.T, s *event.Schema, sources []string) int {
	rows := vectorBatch(s)
	seen := map[string]bool{}
	taken := 0
	for _, source := range sources {
		n := parseSafely(t, s, source)
		if n == nil || seen[n.Key] {
			continue
		}
		seen[n.Key] = true
		taken++
		sameValues(t, rows, source, n)
	}
	return taken
}

func parseSafely(t *testing.T, s *event.Schema, source string) *lang.Node {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", source, p)
		}
	}()
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

// vectorBatch fills the columns behind the built-in ones: the first row has
// none, the others have values that differ.
func vectorBatch(s *event.Schema) *event.Batch {
	f := &filler{schema: s, dicts: map[int]*event.Dict{}}
	b := event.NewBatch(s, nil)
	b.Reset(&event.Records{})
	words := []string{"", "foo", "GET", "404", "/login?x=<script>", "10.0.0.1"}
	for r := range len(words) {
		f.setSymbol(b, r, "kind", "bank.transfer")
		for c := len(event.Default().Columns); r > 0 && c < len(s.Columns); c++ {
			v := &b.Columns[c]
			if (r+c)%7 == 0 {
				continue // missing
			}
			switch s.Columns[c].Type {
			case event.Bool:
				v.SetBool(r, r%2 == 0)
			case event.Text:
				v.SetText(r, []byte(words[(r+c)%len(words)]))
			case event.Decimal:
				v.SetDecimal(r, dec(numbers[(r+c)%len(numbers)]))
			case event.Uint:
				v.SetUint(r, uint32(r-1))
			}
		}
		b.Accept(r)
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
	for name, least := range map[string]int{"testdata/generated.txt": 500, "test/fuzz/fuzz_corpus.txt": 500} {
		n := expressionsAgree(t, s, readVectors(t, name))
		t.Logf("%s: %d different expressions compared", name, n)
		if n < least {
			t.Errorf("%s: only %d expressions were compared", name, n)
		}
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
	n := expressionsAgree(t, s, sources)
	t.Logf("%d different expressions compared", n)
	if n < 150 {
		t.Errorf("only %d expressions were compared", n)
	}
}
