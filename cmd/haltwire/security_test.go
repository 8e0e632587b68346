package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// securityPath is the list of attacks.
const securityPath = "../../SECURITY.md"

// TestAttacksHaveTheirTests holds that every test that SECURITY.md names is there, that
// every row names one, and that no attack that haltwire promises to withstand is missing.
func TestAttacksHaveTheirTests(t *testing.T) {
	page, err := os.ReadFile(securityPath)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]map[string]bool{}
	rows := 0
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 || strings.TrimSpace(cells[2]) == "tests" {
			continue
		}
		rows++
		for _, group := range strings.Split(cells[2], ";") {
			words := strings.Fields(group)
			if len(words) < 2 {
				t.Errorf("%s: %q names no test", strings.TrimSpace(cells[0]), group)
				continue
			}
			if declared[words[0]] == nil {
				declared[words[0]] = testsOf(t, filepath.Join("../..", words[0]))
			}
			for _, name := range words[1:] {
				if !declared[words[0]][name] {
					t.Errorf("%s: %s has no %s", strings.TrimSpace(cells[0]), words[0], name)
				}
			}
		}
	}
	if rows < 30 {
		t.Errorf("%d attacks", rows)
	}
	for _, attack := range []string{
		"forged signature", "replayed signature", "key confusion", "XML bombs", "external entities", "zip bombs", "SSRF by a redirect", "DNS rebinding", "oversized bodies", "slow bodies",
		"slow headers", "many connections", "path traversal", "header injection", "algorithm confusion", "session fixation", "CSRF", "log injection",
	} {
		if !strings.Contains(string(page), attack) {
			t.Errorf("nothing is said of %s", attack)
		}
	}
}

// testsOf returns the names of the tests that a folder declares.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range declaration.FindAllStringSubmatch(string(text), -1) {
			names[found[1]] = true
		}
	}
	return names
}
