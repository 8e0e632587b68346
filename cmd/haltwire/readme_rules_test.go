package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/lang"
)

// TestReadmeLanguage holds rules/README.md, the page from which authors learn the
// language, to what its commands print of the rules that it shows, and to the
// functions that there are.
func TestReadmeLanguage(t *testing.T) {
	const path = "../../rules/README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	have := generated(t, string(text), map[string]func(*testing.T) string{"functions": functionTable})
	// The exception that the page shows is over one day; the example is not to be.
	until := regexp.MustCompile(`(?m)^until: \S+`)
	shown := until.FindString(have)
	played := played(t, until.ReplaceAllString(have, "until: "+time.Now().AddDate(0, 6, 0).Format(time.DateOnly)), 1)
	settle(t, path, string(text), until.ReplaceAllString(played, shown))
}

func functionTable(*testing.T) string {
	var b strings.Builder
	b.WriteString(head("function", "where", "meaning", "missing when", "example"))
	for _, f := range lang.Reference() {
		b.WriteString(row("`"+f.Signature+"`", f.Where, f.Meaning, f.Missing, "`"+f.Example+"`"))
	}
	return b.String()
}
