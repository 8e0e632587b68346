package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rewrite makes the tests of README.md write what they found into it.
func rewrite() bool { return flag.Lookup("rewrite").Value.String() == "true" }

// TestMain lets the test binary be haltwire itself when it is called by that
// name, so that examples run the real command line in a process of its own.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "haltwire" {
		main()
	}
	flag.Bool("rewrite", false, "write README.md anew instead of comparing it")
	os.Exit(m.Run())
}

const readmePath = "../../README.md"

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// settle compares the page at path with what it should be, or writes that.
func settle(t *testing.T, path, have, want string) {
	t.Helper()
	switch {
	case have == want:
	case rewrite():
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		a, b := strings.Split(have, "\n"), strings.Split(want, "\n")
		n := 0
		for n < min(len(a), len(b))-1 && a[n] == b[n] {
			n++
		}
		t.Fatalf("%s:%d:\n have %s\n want %s\nwrite it with: go test ./cmd/haltwire -run Readme -rewrite", path, n+1, a[n], b[n])
	}
}

// fence is one fenced block; file names the file that it is shown to be.
type fence struct{ language, file, body string }

// fences matches a block and the comment before it that names its file.
func fences() *regexp.Regexp {
	return regexp.MustCompile("(?ms)(?:^<!-- file: (\\S+) -->\\n)?^```(\\w+)\\n(.*?)^```$")
}

// TestReadmeExamples writes the files that README.md shows into a new folder,
// runs its console blocks there one after another, and compares what they print.
// In README.md … stands for anything on its line.
func TestReadmeExamples(t *testing.T) {
	have := readme(t)
	settle(t, readmePath, have, played(t, have, 5))
}

// played writes the files that a page shows into a new folder, runs its console
// blocks there, at least so many, and returns the page with what they print.
func played(t *testing.T, have string, least int) string {
	t.Helper()
	dir, ran := stage(t), 0
	want := fences().ReplaceAllStringFunc(have, func(block string) string {
		m := fences().FindStringSubmatch(block)
		f := fence{language: m[2], file: m[1], body: m[3]}
		if f.file != "" {
			keep(t, filepath.Join(dir, f.file), f.body)
		}
		if f.language != "console" {
			return block
		}
		ran++
		return strings.Replace(block, f.body, transcript(t, dir, f.body), 1)
	})
	if ran < least {
		t.Fatalf("the page has only %d console blocks", ran)
	}
	return want
}

// stage returns a folder with a haltwire on its path and the shipped rules.
func stage(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{".bin/haltwire": self, "rules": filepath.Join(root, "rules")} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func keep(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// transcript runs the commands of a console block and returns the block with
// what they print; lines that fit stay as they are.
func transcript(t *testing.T, dir, body string) string {
	t.Helper()
	var out strings.Builder
	for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(body, -1)[1:] {
		command, expected, _ := strings.Cut(part, "\n")
		shell := exec.CommandContext(context.Background(), "sh", "-c", command)
		shell.Dir = dir
		shell.Env = append(os.Environ(), "PATH="+filepath.Join(dir, ".bin")+":"+os.Getenv("PATH"))
		var printed bytes.Buffer
		shell.Stdout, shell.Stderr = &printed, &printed // one pipe: in the order of writing
		if err := shell.Run(); err != nil && !strings.Contains(command, "exit $?") {
			t.Errorf("$ %s: %v\n%s", command, err, printed.String())
		}
		if !fits(expected, printed.String()) {
			expected = printed.String()
		}
		fmt.Fprintf(&out, "$ %s\n%s", command, expected)
	}
	return out.String()
}

// fits reports whether text is what expected says, … standing for anything.
func fits(expected, text string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(expected), "…", ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(text)
}

// TestReadmeNames holds README.md to tests that exist under their names and to
// files that exist where it links.
func TestReadmeNames(t *testing.T) {
	text, tests := readme(t), map[string]bool{}
	walk := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		code, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllSubmatch(code, -1) {
			tests[string(m[1])] = true
		}
		return err
	}
	if err := filepath.WalkDir("../..", walk); err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(text, -1) {
		if !tests[m[1]] {
			t.Errorf("README.md names %s, which does not exist", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Errorf("README.md links to %s, which does not exist", m[1])
		}
	}
}
