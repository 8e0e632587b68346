package event

import "fmt"

// Type is the physical type of a column.
type Type uint8

// The column types. "Missing" is a value of every type.
const (
	Text    Type = iota // UTF-8, many distinct values
	Symbol              // UTF-8, few distinct values, dictionary-coded
	Decimal             // decimal.D, 38 digits, 18 after the point
	Time                // int64, Unix milliseconds UTC
	Date                // int32, days since 1970-01-01
	Uint                // uint32
	Float               // float64, for geographic degrees only
	Bool                // bool
	Map                 // text to text
)

// String returns the name of the type as rule authors read it.
func (t Type) String() string {
	return [...]string{"text", "text", "decimal", "time", "date", "int", "float", "bool", "map"}[t]
}

// List names the code list that the values of a column come from.
type List uint8

// The code lists. Values of the closed ones stand in Column.Values.
const (
	Free     List = iota // any text
	Closed               // one of Column.Values
	Kind                 // pipeline/code kinds, more by config
	Country              // ISO 3166-1 alpha-2
	Currency             // ISO 4217
)

// Column describes one column of a report.
type Column struct {
	Name     string   // dotted, as rules write it: debtor.account
	Type     Type     //
	List     List     // where its values come from
	Values   []string // of a Closed list
	Required bool     // a report without it is dead-lettered
	Derived  bool     // computed after decoding; the wire may not set it
	Phone    bool     // E.164: ^\+[1-9]\d{6,14}$
	Personal bool     // identifies a person or account: masked for analysts
	Path     string   // of a config column: where its value stands on the wire, else ""
	Signed   bool     // a Decimal that may be negative: an account can be overdrawn
	Max      uint32   // of a Uint: the greatest value, 0 = 2^32-1
	Bound    float64  // of a Float: the greatest absolute value, 0 = none
}

// Schema is the ordered set of all columns of a report; immutable.
type Schema struct {
	Columns  []Column
	index    map[string]int
	occurred int // position of occurred_at
}

// NewSchema returns the schema of DESIGN §3 followed by the columns that the
// config adds. A name that exists already is an error.
func NewSchema(more ...Column) (*Schema, error) {
	s := &Schema{Columns: append(builtin(), more...), index: map[string]int{}}
	for i, c := range s.Columns {
		if _, ok := s.index[c.Name]; ok {
			return nil, fmt.Errorf("field %q: the name is taken; choose another", c.Name)
		}
		s.index[c.Name] = i
	}
	s.occurred = s.index["occurred_at"]
	return s, nil
}

// Default returns the schema without config columns.
func Default() *Schema {
	s, err := NewSchema()
	if err != nil {
		panic(err) // invariant: the built-in names differ, TestSchema
	}
	return s
}

// Index returns the position of the column called name.
func (s *Schema) Index(name string) (int, bool) {
	i, ok := s.index[name]
	return i, ok
}

// Must returns the position of a built-in column.
func (s *Schema) Must(name string) int {
	i, ok := s.index[name]
	if !ok {
		panic("no built-in column " + name) // invariant: only called with literals
	}
	return i
}

// Projection returns one flag a column, set for the named ones and for those
// that every batch carries (identity, kind, occurred_at).
func (s *Schema) Projection(names ...string) []bool {
	p := make([]bool, len(s.Columns))
	for _, n := range append(names, "reporter", "report_id", "revision", "kind", "occurred_at") {
		if i, ok := s.index[n]; ok {
			p[i] = true
		}
	}
	return p
}

// Whole returns the projection that has every column.
func (s *Schema) Whole() []bool {
	p := make([]bool, len(s.Columns))
	for i := range p {
		p[i] = true
	}
	return p
}
