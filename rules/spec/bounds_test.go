package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/spec"
)

// TestBounds reads folders that are too much, or cannot be read, and expects the
// finding that says so; what is beside it is read.
func TestBounds(t *testing.T) {
	for name, c := range map[string]struct {
		lay  func(t *testing.T, dir string)
		want string
	}{
		"a link to nothing": {func(t *testing.T, dir string) {
			must(t, os.Symlink("nowhere", filepath.Join(dir, "lost.yaml")))
		}, "lost.yaml: error: cannot read: "},
		"deep folders": {func(t *testing.T, dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, strings.Repeat("a/", 40)), 0o700))
		}, "error: folders nested deeper than "},
		"too many files": {func(t *testing.T, dir string) {
			first := filepath.Join(dir, "0.yaml")
			must(t, os.WriteFile(first, []byte("# nothing\n"), 0o600))
			for i := range 50_000 {
				must(t, os.Link(first, filepath.Join(dir, fmt.Sprintf("%05d.yaml", i))))
			}
		}, "error: more than 50000 files"},
		"too many bytes": {func(t *testing.T, dir string) {
			first := filepath.Join(dir, "0.yaml")
			must(t, os.WriteFile(first, []byte("#"+strings.Repeat(" ", 15<<20)+"\n"), 0o600))
			for i := range 4 {
				must(t, os.Link(first, filepath.Join(dir, fmt.Sprintf("1%d.yaml", i))))
			}
		}, "error: all files together are larger than 64 MiB"},
		"too many documents": {func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "many.yaml"), []byte(strings.Repeat("---\nlibrary: a\n", 100_001)), 0o600))
		}, "error: more than 100000 documents in a file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.lay(t, dir)
			must(t, os.WriteFile(filepath.Join(dir, "-good.yaml"), []byte("library: good\nlet: {big: amount > 5}\n"), 0o600))
			tree, findings, err := spec.Read(dir)
			must(t, err)
			var text strings.Builder
			must(t, findings.WriteText(&text))
			if !strings.Contains(text.String(), c.want) {
				t.Errorf("said %.300q, want %q in it", text.String(), c.want)
			}
			if len(tree.Libraries) == 0 || tree.Libraries[0].Name.Text != "good" {
				t.Error("the file beside it was not read")
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
