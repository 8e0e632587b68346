package lookup

import (
	"github.com/haltwire/haltwire/pipeline/decimal"
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

// Value is a cell of a table.
type Value struct {
	Kind Kind
	Text string
	Num  decimal.D // Decimal, Int
	Ms   int64     // Time, Unix ms
	Bool bool
}

// Set is every list and table, immutable.
type Set struct{}

// Load reads lists and tables. Its errors name file and line; all are reported,
// joined, up to some a file.
func Load(lists []ListSpec, tables []TableSpec) (*Set, error) { panic("later") }

// List is one loaded list.
type List struct{}

// Table is one loaded table.
type Table struct{}

// List returns a list, nil when there is none of the name.
func (s *Set) List(name string) *List { panic("later") }

// Table returns a table, nil when there is none of the name.
func (s *Set) Table(name string) *Table { panic("later") }

// Has reports whether value is in the list at the time.
func (l *List) Has(value []byte, at int64) bool { panic("later") }

// Digest returns the hex SHA-256 of the list's meaning: match and entries.
func (l *List) Digest() string { panic("later") }

// Column returns the number of a column and its kind, false when there is none.
func (t *Table) Column(name string) (col int, kind Kind, ok bool) { panic("later") }

// Cell returns the value of a column in the row of key at the time, false when
// there is no such row or the cell is empty.
func (t *Table) Cell(key []byte, col int, at int64) (Value, bool) { panic("later") }

// Digest returns the hex SHA-256 of the table's meaning: columns and rows.
func (t *Table) Digest() string { panic("later") }
