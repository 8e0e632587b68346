package lookup

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Match says how a value is looked up in a list.
type Match string

// The ways. Exact is the default.
const (
	Exact  Match = "exact"  // equal bytes
	Prefix Match = "prefix" // the value begins with an entry
	CIDR   Match = "cidr"   // the value is an IP address inside an entry, an address or a network
	Word   Match = "word"   // an entry stands in the value as whole words, without regard to case
)

// Kind is the type of a column of a table.
type Kind string

// The kinds.
const (
	Text    Kind = "text"
	Decimal Kind = "decimal"
	Int     Kind = "int" // a decimal without a fraction
	Time    Kind = "time"
	Bool    Kind = "bool"
)

// ListSpec says where a list comes from. Normalise, unless nil, appends the form
// in which decoded reports have such a value (accounts without blanks, phones in
// E.164); it is applied to entries only, for reports come normalised.
type ListSpec struct {
	Name      string
	File      string
	Match     Match
	Normalise func(dst, s []byte) []byte
}

// TableSpec says where a table comes from.
type TableSpec struct {
	Name      string
	File      string
	Key       string          // column of the file
	Columns   map[string]Kind // the other columns that rules may read
	Normalise func(dst, s []byte) []byte
}

// Bounds of a file.
const (
	// MaxBytes is how long a file may be: 1 GiB.
	MaxBytes = 1 << 30
	// MaxRows is how many rows a file may have.
	MaxRows = 20_000_000
	// MaxText is how long a value, key or text may be in bytes.
	MaxText = 4096
	// MaxErrors is how many errors are reported a file.
	MaxErrors = 10
)

// Set is every list and table, immutable.
type Set struct {
	lists  map[string]*List
	tables map[string]*Table
}

// Load reads lists and tables. Its errors name file and line; all are reported,
// joined, up to MaxErrors a file.
func Load(lists []ListSpec, tables []TableSpec) (*Set, error) {
	return LoadFrom(lists, tables, func(file string) (io.ReadCloser, error) { return os.Open(file) })
}

// LoadFrom is Load of files that open opens.
func LoadFrom(lists []ListSpec, tables []TableSpec, open func(file string) (io.ReadCloser, error)) (*Set, error) {
	read := func(what, name, file string, take func(io.Reader) error) error {
		f, err := open(file)
		if err != nil {
			return fmt.Errorf("%s %s: open file: %w", what, name, err)
		}
		defer f.Close()
		if err := take(f); err != nil { // which names the file
			return fmt.Errorf("%s %s: %w", what, name, err)
		}
		return nil
	}
	s := &Set{lists: map[string]*List{}, tables: map[string]*Table{}}
	var errs []error
	for _, spec := range lists {
		if s.lists[spec.Name] != nil {
			errs = append(errs, fmt.Errorf("list %s: named twice", spec.Name))
			continue
		}
		errs = append(errs, read("list", spec.Name, spec.File, func(r io.Reader) (err error) {
			s.lists[spec.Name], err = ReadList(spec, r)
			return err
		}))
	}
	for _, spec := range tables {
		if s.tables[spec.Name] != nil {
			errs = append(errs, fmt.Errorf("table %s: named twice", spec.Name))
			continue
		}
		errs = append(errs, read("table", spec.Name, spec.File, func(r io.Reader) (err error) {
			s.tables[spec.Name], err = ReadTable(spec, r)
			return err
		}))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// List returns a list, nil when there is none of the name.
func (s *Set) List(name string) *List { return s.lists[name] }

// Table returns a table, nil when there is none of the name.
func (s *Set) Table(name string) *Table { return s.tables[name] }

// Lists returns the names of the lists and their digests.
func (s *Set) Lists() map[string]string {
	out := make(map[string]string, len(s.lists))
	for name, l := range s.lists {
		out[name] = l.digest
	}
	return out
}

// Tables returns the names of the tables and their digests.
func (s *Set) Tables() map[string]string {
	out := make(map[string]string, len(s.tables))
	for name, t := range s.tables {
		out[name] = t.digest
	}
	return out
}
