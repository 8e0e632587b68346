package layout_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/layout"
	"github.com/haltwire/haltwire/rules/spec"
)

const untidy = `# yaml-language-server: $schema=rule.schema.json
when: "any(lists.w, narrective contains #)"   # why
id: one


version: 1
let:
    b: x
    a: "a ? 1 : 2"
windows:
    w: {within: 1h, key: a, values: {z: count(), a: 'count(x == "#")'}}
alert:
    approval: auto
    # whose
    subject: creditor
`

const tidy = `# yaml-language-server: $schema=rule.schema.json
id: one
version: 1
windows:
  w: {key: a, within: 1h, values: {z: count(), a: "count(x == \"#\")"}}
let:
  b: x
  a: |-
    a ? 1 : 2
when: |- # why
  any(lists.w, narrective contains #)
alert:
  # whose
  subject: creditor
  approval: auto
`

func TestFormat(t *testing.T) {
	got, err := layout.Format([]byte(untidy))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != tidy {
		t.Errorf("got\n%s", got)
	}
	if again, err := layout.Format(got); err != nil || string(again) != string(got) {
		t.Errorf("a second time: %v\n%s", err, again)
	}
}

// TestMeaningStays formats every rule of the repository that is right and compares
// the digests of the sets.
func TestMeaningStays(t *testing.T) {
	files, err := filepath.Glob("../pack/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	files = append(files, "../lang/testdata/check/contract.yaml")
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := layout.Format(source)
		if errors.Is(err, layout.ErrChanged) {
			t.Errorf("%s: %v", path, err)
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		if digest(source) != digest(got) {
			t.Errorf("%s means something else:\n%s", path, got)
		}
	}
}

func digest(text []byte) string {
	tree, _ := spec.Parse([]*spec.File{spec.NewFile("x.yaml", text)})
	set, _ := lang.Check(tree, lang.Options{})
	return set.Digest
}
