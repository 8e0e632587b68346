package config

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/haltwire/haltwire/rules/lookup"
)

// List is a CSV of texts that rules name as lists.NAME.
type List struct {
	File  string       `yaml:"file"`
	Match lookup.Match `yaml:"match"` // exact | prefix | cidr | word; exact where it is absent
}

// Table is a CSV of rows that rules name as tables.NAME[key].column.
type Table struct {
	File    string                 `yaml:"file"`
	Key     string                 `yaml:"key"`     // column of the file
	Columns map[string]lookup.Kind `yaml:"columns"` // text | decimal | int | time | bool
}

// Lookups returns what c names as lists and tables, by name.
func (c *Config) Lookups() (lists []lookup.ListSpec, tables []lookup.TableSpec) {
	for _, name := range slices.Sorted(maps.Keys(c.Lists)) {
		l := c.Lists[name]
		lists = append(lists, lookup.ListSpec{Name: name, File: c.under(l.File), Match: l.Match})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tables)) {
		t := c.Tables[name]
		tables = append(tables, lookup.TableSpec{Name: name, File: c.under(t.File), Key: t.Key, Columns: t.Columns})
	}
	return lists, tables
}

// under returns a path of the file as one that starts at its folder.
func (c *Config) under(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}
