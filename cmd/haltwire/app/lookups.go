package app

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
)

// Declare adds to o what rules may name of the configuration: zones, lists and
// tables.
func Declare(o *lang.Options, c *config.Config) {
	o.Zones = c.Zones
	lists, tables := c.Lookups()
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

// lookupsDigest returns the digest of all lists and tables, "" without any.
func lookupsDigest(s *lookup.Set) string {
	if s == nil || len(s.Lists())+len(s.Tables()) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, part := range []struct {
		what string
		all  map[string]string
	}{{"list", s.Lists()}, {"table", s.Tables()}} {
		for _, name := range slices.Sorted(maps.Keys(part.all)) {
			io.WriteString(sum, part.what+" "+name+" "+part.all[name]+"\n") //nolint:errcheck // a hash takes everything
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// notYet returns an error that names the rules of p that run cannot judge yet, nil
// when there is none.
func notYet(p *plan.Plan) error {
	var names []string
	for _, r := range p.Rules() {
		var what []string
		if len(r.Windows)+len(r.About) > 0 {
			what = append(what, "windows")
		}
		if len(r.Lists) > 0 {
			what = append(what, "lists")
		}
		if len(r.Tables) > 0 {
			what = append(what, "tables")
		}
		if len(what) > 0 {
			names = append(names, fmt.Sprintf("%s (%s)", r.ID, strings.Join(what, ", ")))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("rules.dir: windows, lists and tables are not yet in run: eval and test judge them; make these rules draft, or keep them in another folder: %s", strings.Join(names, "; "))
}
