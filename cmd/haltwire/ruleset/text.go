package ruleset

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/spec"
)

// Kinds of activations, in the order in which they are written.
const (
	Rules = "rules"
	Lists = "lists" // and tables
	Rates = "rates"
)

// maxText is 256 MiB, which an activation holds of each kind.
const maxText = 256 << 20

// Text is everything that judges, as its files say it.
type Text struct {
	rules    map[string]string // by path below the folder
	lookups  lookups
	rates    rates
	findings spec.Diagnostics // files of rules that could not be read
}

// lookups are the files of lists and tables, with what the configuration says of
// them.
type lookups struct {
	Lists  map[string]listText  `json:"lists"`
	Tables map[string]tableText `json:"tables"`
}

type listText struct {
	File  string       `json:"file"`
	Match lookup.Match `json:"match"`
	CSV   string       `json:"csv"`
}

type tableText struct {
	File    string                 `json:"file"`
	Key     string                 `json:"key"`
	Columns map[string]lookup.Kind `json:"columns"`
	CSV     string                 `json:"csv"`
}

// rates is the file of exchange rates; the zero value is none.
type rates struct {
	Base string `json:"base_currency"`
	File string `json:"file"`
	CSV  string `json:"csv"`
}

// Read reads every file of s once.
func (s *Sources) Read() (*Text, error) {
	files, findings, err := spec.Files(s.Rules)
	if err != nil {
		return nil, fmt.Errorf("rules.dir: %w", err)
	}
	t := &Text{rules: map[string]string{}, lookups: lookups{map[string]listText{}, map[string]tableText{}}, findings: findings}
	for _, f := range files {
		t.rules[f.Path] = string(f.Source)
	}
	budget := int64(maxText)
	for _, l := range s.Lists {
		csv, err := readBounded("lists."+l.Name, l.File, &budget)
		if err != nil {
			return nil, err
		}
		t.lookups.Lists[l.Name] = listText{l.File, cmp.Or(l.Match, lookup.Exact), csv}
	}
	for _, l := range s.Tables {
		csv, err := readBounded("tables."+l.Name, l.File, &budget)
		if err != nil {
			return nil, err
		}
		t.lookups.Tables[l.Name] = tableText{l.File, l.Key, l.Columns, csv}
	}
	if s.Rates == "" {
		return t, nil
	}
	budget = maxText
	t.rates = rates{Base: s.Base, File: s.Rates}
	t.rates.CSV, err = readBounded("rates.file", s.Rates, &budget)
	return t, err
}

// readBounded reads a file that the configuration names under key.
func readBounded(key, path string, budget *int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: open file: %w", key, err)
	}
	defer func() { _ = f.Close() }() // read only
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(f, *budget+1))
	if err != nil {
		return "", fmt.Errorf("%s: read %s: %w", key, path, err)
	}
	if *budget -= n; *budget < 0 {
		return "", fmt.Errorf("%s: the files are larger than %d MiB together, which an activation cannot hold", key, maxText>>20)
	}
	return text.String(), nil
}

// Content returns what an activation of a kind keeps.
func (t *Text) Content(kind string) ([]byte, error) {
	var v any
	switch kind {
	case Rules:
		v = t.rules
	case Lists:
		v = t.lookups
	case Rates:
		v = t.rates
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write content of %s: %w", kind, err)
	}
	return b, nil
}

// Parse returns the text that the contents of activations hold, by kind; a kind that
// is not there was never activated.
func Parse(contents map[string][]byte) (*Text, error) {
	t := &Text{rules: map[string]string{}}
	for kind, to := range map[string]any{Rules: &t.rules, Lists: &t.lookups, Rates: &t.rates} {
		if len(contents[kind]) == 0 {
			continue
		}
		if err := json.Unmarshal(contents[kind], to); err != nil {
			return nil, fmt.Errorf("read content of %s: %w", kind, err)
		}
	}
	return t, nil
}

// files returns the files of rules by path.
func (t *Text) files() []*spec.File {
	out := make([]*spec.File, 0, len(t.rules))
	for _, path := range slices.Sorted(maps.Keys(t.rules)) {
		out = append(out, spec.NewFile(path, []byte(t.rules[path])))
	}
	return out
}

// specs returns the lists and tables as the text has them.
func (t *Text) specs() (lists []lookup.ListSpec, tables []lookup.TableSpec) {
	for _, name := range slices.Sorted(maps.Keys(t.lookups.Lists)) {
		l := t.lookups.Lists[name]
		lists = append(lists, lookup.ListSpec{Name: name, File: l.File, Match: l.Match})
	}
	for _, name := range slices.Sorted(maps.Keys(t.lookups.Tables)) {
		l := t.lookups.Tables[name]
		tables = append(tables, lookup.TableSpec{Name: name, File: l.File, Key: l.Key, Columns: l.Columns})
	}
	return lists, tables
}

// open returns the text of a file that a list or table is read from.
func (t *Text) open(file string) (io.ReadCloser, error) {
	for _, l := range t.lookups.Lists {
		if l.File == file {
			return io.NopCloser(strings.NewReader(l.CSV)), nil
		}
	}
	for _, l := range t.lookups.Tables {
		if l.File == file {
			return io.NopCloser(strings.NewReader(l.CSV)), nil
		}
	}
	return nil, fs.ErrNotExist
}
