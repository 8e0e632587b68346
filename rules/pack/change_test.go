package pack_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/haltwire/haltwire/rules/pack"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sources/codec"
)

// change is a rule file in which one thing is other than its author meant.
type change struct{ path, line, now, text string }

// same names changed lines that say the same as before: similar is a fraction of
// whole letters, and no pair of names of reasonable length is exactly that alike.
func same(c change) bool {
	return strings.Contains(c.line, "similar(") && strings.Contains(c.now, "<= 0.")
}

// changes returns the file with every comparison moved to or off its bound, and
// every end of a window moved by one unit.
func changes(path, text string) []change {
	comparison := regexp.MustCompile(`[<>]=?`)
	swapped := map[string]string{">=": ">", ">": ">=", "<=": "<", "<": "<="}
	span := regexp.MustCompile(`^ +(?:within|until): (\d+)([smhd])$`)
	rule, tests, _ := strings.Cut(text, "\ndefaults:")
	lines := strings.Split(rule, "\n")
	var out []change
	add := func(i int, now string) {
		all := append(append(append([]string{}, lines[:i]...), now), lines[i+1:]...)
		c := change{path, strings.TrimSpace(lines[i]), strings.TrimSpace(now), strings.Join(all, "\n") + "\ndefaults:" + tests}
		if !same(c) {
			out = append(out, c)
		}
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "title:") || strings.HasPrefix(line, "  - \"") || strings.Contains(line, "facts:") {
			continue
		}
		for _, at := range comparison.FindAllStringIndex(line, -1) {
			add(i, line[:at[0]]+swapped[line[at[0]:at[1]]]+line[at[1]:])
		}
		if m := span.FindStringSubmatchIndex(line); m != nil {
			n, _ := strconv.Atoi(line[m[2]:m[3]])
			for _, other := range []int{n - 1, n + 1} {
				if other > 0 {
					add(i, line[:m[2]]+strconv.Itoa(other)+line[m[3]:])
				}
			}
		}
	}
	return out
}

// TestNotices changes one bound of one rule at a time. The rule's tests must fail,
// or the rule must no longer load.
func TestNotices(t *testing.T) {
	var libraries []*spec.File
	var all []change
	err := fs.WalkDir(pack.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(pack.Files(), path)
		if strings.HasPrefix(path, "shared/") {
			libraries = append(libraries, spec.NewFile(path, text))
			return err
		}
		all = append(all, changes(path, string(text))...)
		return err
	})
	if err != nil || len(all) < 200 {
		t.Fatalf("%d changes, %v", len(all), err)
	}
	work, missed := make(chan change), make(chan string, len(all))
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for c := range work {
				if why := unnoticed(c, libraries); why != "" {
					missed <- why
				}
			}
		})
	}
	for _, c := range all {
		work <- c
	}
	close(work)
	wait.Wait()
	close(missed)
	for why := range missed {
		t.Error(why)
	}
}

// unnoticed returns what the tests of a rule have not noticed, or "".
func unnoticed(c change, libraries []*spec.File) string {
	tree, findings := spec.Parse(append([]*spec.File{spec.NewFile(c.path, []byte(c.text))}, libraries...))
	if findings.Errors() > 0 {
		return fmt.Sprintf("%s: the change is no YAML: %s", c.path, c.now)
	}
	s, findings, err := run(tree, codec.Rates{})
	if err != nil {
		return fmt.Sprintf("%s: %v", c.path, err)
	}
	if findings.Errors() > 0 || s.Failed() > 0 {
		return ""
	}
	return fmt.Sprintf("%s: the tests do not notice that\n    %s\nbecame\n    %s", c.path, c.line, c.now)
}
