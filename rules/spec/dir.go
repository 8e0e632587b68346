package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a rules directory. 10,000 generated rules take about 5 MiB.
const (
	maxFile      = 16 << 20 // bytes of one file
	maxTree      = 64 << 20 // bytes of all files
	maxFiles     = 50_000
	maxDocuments = 100_000
)

// Read returns every document of the *.yaml files under dir, whatever is wrong
// with some of them, and what is wrong. The error is not nil when dir itself
// cannot be read.
func Read(dir string) (*Tree, Diagnostics, error) {
	files, wrong, err := Files(dir)
	if err != nil {
		return nil, nil, err
	}
	t, ds := Parse(files)
	ds = append(ds, wrong...)
	ds.Sort()
	return t, ds, nil
}

// Files returns the *.yaml files under dir by path, and what is wrong with those
// that cannot be read. Names that begin with a dot are passed over; a file or folder
// that several links lead to is read once. The error is not nil when dir itself
// cannot be read.
func Files(dir string) ([]*File, Diagnostics, error) {
	w := &walk{root: dir, seen: map[string]bool{}}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read rules: %w", err)
	case info.IsDir():
		w.dir(dir, 0)
	default:
		w.root = filepath.Dir(dir)
		w.file(dir)
	}
	sort.Slice(w.files, func(i, j int) bool { return w.files[i].Path < w.files[j].Path })
	return w.files, w.out, nil
}

// walk finds the files of a rules directory.
type walk struct {
	root  string
	seen  map[string]bool // real paths
	files []*File
	bytes int
	out   Diagnostics
}

func (w *walk) problem(path, message, fix string) {
	w.out = append(w.out, Diagnostic{File: w.relative(path), Message: message, Fix: fix})
}

func (w *walk) relative(path string) string {
	if rel, err := filepath.Rel(w.root, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// enter reports whether path is met for the first time, by whatever name.
func (w *walk) enter(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		w.problem(path, "cannot follow: "+err.Error(), "")
		return false
	}
	first := !w.seen[real]
	w.seen[real] = true
	return first
}

func (w *walk) dir(path string, depth int) {
	if depth > maxDepth {
		w.problem(path, fmt.Sprintf("folders nested deeper than %d", maxDepth), "")
		return
	}
	if !w.enter(path) {
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		w.problem(path, "cannot read: "+err.Error(), "")
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		at := filepath.Join(path, e.Name())
		info, err := os.Stat(at)
		switch {
		case err != nil:
			if strings.HasSuffix(at, ".yaml") {
				w.problem(at, "cannot read: "+err.Error(), "")
			}
		case info.IsDir():
			w.dir(at, depth+1)
		case strings.HasSuffix(at, ".yaml"):
			w.file(at)
		}
	}
}

func (w *walk) file(path string) {
	if !w.enter(path) {
		return
	}
	if len(w.files) >= maxFiles {
		w.problem(path, fmt.Sprintf("more than %d files", maxFiles), "")
		return
	}
	source, err := readFile(path)
	w.bytes += len(source)
	switch {
	case err != nil:
		w.problem(path, err.Error(), "")
	case w.bytes > maxTree:
		w.problem(path, fmt.Sprintf("all files together are larger than %d MiB", maxTree>>20), "")
	default:
		w.files = append(w.files, NewFile(w.relative(path), source))
	}
}

// readFile reads a regular file up to maxFile bytes.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	return source, nil
}

// Parse reads the documents of files that are in memory already.
func Parse(files []*File) (*Tree, Diagnostics) {
	t, ds := &Tree{Files: len(files)}, Diagnostics{}
	for _, f := range files {
		f.documents(t, &ds)
	}
	ds.Sort()
	return t, ds
}

// documents reads every document of f into t. After a syntax error the rest of
// the file cannot be told apart and is left.
func (f *File) documents(t *Tree, out *Diagnostics) {
	d := &decoder{file: f, out: out, bad: map[*yaml.Node]bool{}}
	if bad, ok := f.unreadable(); ok {
		*out = append(*out, bad)
		return
	}
	before := len(t.Rules)
	dec := yaml.NewDecoder(bytes.NewReader(f.Source))
	n := 0
	for ; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			d.syntax(err)
			return
		}
		if n >= maxDocuments {
			d.fail(&doc, fmt.Sprintf("more than %d documents in a file", maxDocuments), "")
			return
		}
		d.document(&doc, t)
	}
	if n == 1 && len(t.Rules) == before+1 {
		d.fileName(t.Rules[before])
	}
}

// document reads one document by its kind. Empty ones are passed over.
func (d *decoder) document(doc *yaml.Node, t *Tree) {
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return
	}
	n := doc.Content[0]
	d.traps(n, 0)
	switch {
	case d.bad[n]:
	case n.Kind != yaml.MappingNode:
		d.fail(n, "a document must be a rule, a library or an exception", "id: …, library: … or exception: …")
	case has(n, "library"):
		t.Libraries = append(t.Libraries, d.library(n))
	case has(n, "exception"):
		t.Exceptions = append(t.Exceptions, d.exception(n))
	default:
		t.Rules = append(t.Rules, d.rule(n))
	}
}

// fileName warns about a file with a single rule that is not called like it.
func (d *decoder) fileName(r *Rule) {
	name := strings.TrimSuffix(filepath.Base(d.file.Path), ".yaml")
	if r.ID.Present() && idPattern.MatchString(r.ID.Text) && r.ID.Text != name {
		*d.out = append(*d.out, r.ID.Span.Diagnostic(Warning, fmt.Sprintf("the rule %s stands in a file called %s.yaml", r.ID.Text, name), "rename the file to "+r.ID.Text+".yaml, or the rule"))
	}
}
