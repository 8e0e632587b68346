package ruleset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
)

// Sources say where everything that judges stands, and what rules may speak about
// beside the lists and tables that stand there.
type Sources struct {
	Rules    string // folder
	Lists    []lookup.ListSpec
	Tables   []lookup.TableSpec
	Rates    string // file; "" = none
	Base     string // currency of Rates
	Language lang.Options
}

// From returns the sources that c names.
func From(c *config.Config) (Sources, error) {
	language, err := Vocabulary(c)
	s := Sources{Rules: c.Rules.Dir, Rates: c.Rates.File, Base: c.Rates.BaseCurrency, Language: language}
	s.Lists, s.Tables = c.Lookups()
	return s, err
}

// Vocabulary returns what rules may speak about by c, and what their windows may
// keep.
func Vocabulary(c *config.Config) (lang.Options, error) {
	var o lang.Options
	var err error
	if o.Schema, err = c.Schema(); err != nil {
		return o, err
	}
	if o.Kinds, err = code.NewKinds(c.Kinds...); err != nil {
		return o, fmt.Errorf("kinds: %w", err)
	}
	o.Zones = c.Zones
	Declare(&o, c)
	o.Budget, err = Budget(c, o.Kinds)
	return o, err
}

// Declare adds to o the lists and tables of c.
func Declare(o *lang.Options, c *config.Config) {
	lists, tables := c.Lookups()
	declare(o, lists, tables)
}

func declare(o *lang.Options, lists []lookup.ListSpec, tables []lookup.TableSpec) {
	o.Lists, o.Tables = nil, nil
	for _, l := range lists {
		o.Lists = append(o.Lists, lang.ListDecl{Name: l.Name, Match: string(cmp.Or(l.Match, lookup.Exact))})
	}
	for _, t := range tables {
		decl := lang.TableDecl{Name: t.Name}
		for _, name := range slices.Sorted(maps.Keys(t.Columns)) {
			decl.Columns = append(decl.Columns, lang.TableColumn{Name: name, Type: cellType(t.Columns[name])})
		}
		o.Tables = append(o.Tables, decl)
	}
}

func cellType(k lookup.Kind) lang.Type {
	switch k {
	case lookup.Decimal, lookup.Int:
		return lang.Number
	case lookup.Time:
		return lang.Time
	case lookup.Bool:
		return lang.Bool
	}
	return lang.Text
}

// Budget returns what windows may keep by c: its bytes, at the rates that it
// expects. Without rates nothing is judged.
func Budget(c *config.Config, kinds code.Kinds) (lang.Budget, error) {
	w := c.Rules.Windows
	for kind, rate := range w.Rates {
		if !kinds.Has([]byte(kind)) || rate < 0 {
			return lang.Budget{}, fmt.Errorf("rules.windows.rates: %q: %v is no number of reports a second of a kind", kind, rate)
		}
	}
	return lang.Budget{Rates: w.Rates, Lateness: c.Rules.Lateness.Std(), Bytes: int64(w.Bytes)}, nil
}
