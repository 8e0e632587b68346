package pack_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

var rewrite = flag.Bool("rewrite", false, "write the tables of README.md from the rules")

// mark ends what people write in README.md; the tables follow.
const mark = "<!-- from here on written by go test ./rules/pack -rewrite -->\n"

// TestReadme holds the tables of README.md to the rules.
func TestReadme(t *testing.T) {
	have, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	tree := read(t)
	set, _ := lang.Check(tree, lang.Options{Now: time.Now()})
	head, _, ok := strings.Cut(string(have), mark)
	want := head + mark + tables(tree, set) + references(tree)
	switch {
	case !ok:
		t.Fatal("README.md lacks the mark")
	case *rewrite:
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case string(have) != want:
		t.Error("README.md is not what the rules say: go test ./rules/pack -rewrite")
	}
}

// tables lists the rules, a table a folder.
func tables(tree *spec.Tree, set *lang.Set) string {
	lines := map[string][]string{}
	file := map[string]string{}
	for _, r := range tree.Rules {
		file[r.ID.Text] = r.ID.Span.Diagnostic(spec.Error, "", "").File
	}
	for _, r := range set.Rules {
		name := file[r.ID]
		approval := "records only"
		if r.Alert != nil {
			approval = r.Alert.Approval
		}
		back := int64(0)
		for _, u := range r.Windows {
			back = max(back, set.Windows[u.Win].Within)
		}
		lines[path.Dir(name)] = append(lines[path.Dir(name)], fmt.Sprintf("| [%s](%s) | %s | %s, %s | %s | %s |\n",
			r.ID, name, r.Title, r.Severity, r.Status, approval, span(back)))
	}
	var b strings.Builder
	for _, dir := range slices.Sorted(maps.Keys(lines)) {
		slices.Sort(lines[dir])
		fmt.Fprintf(&b, "\n## %s\n| rule | fires on | severity | approval | looks back |\n|---|---|---|---|---|\n%s", dir, strings.Join(lines[dir], ""))
	}
	return b.String()
}

// span writes a duration in its greatest whole unit.
func span(ms int64) string {
	switch d := time.Duration(ms) * time.Millisecond; {
	case ms == 0:
		return "-"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
}

// references lists every document once, with how many rules name it.
func references(tree *spec.Tree) string {
	count := map[string]int{}
	for _, r := range tree.Rules {
		for _, ref := range r.References {
			count[ref.Text]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), cmp.Compare[string])
	var b strings.Builder
	b.WriteString("\n## References\n| document | rules |\n|---|---|\n")
	for _, ref := range all {
		fmt.Fprintf(&b, "| %s | %d |\n", ref, count[ref])
	}
	return b.String()
}
