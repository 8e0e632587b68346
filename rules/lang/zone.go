package lang

import (
	_ "embed" // for the zones
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the zones' rules, for machines without

	"github.com/expr-lang/expr/ast"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
)

// zones are the countries with one time of day and its IANA zone, a line each.
//
//go:embed zones.txt
var zones string

// zoneTable returns the built-in zones with those of the config laid over them.
func zoneTable(configured string) map[string]string {
	table := map[string]string{}
	for line := range strings.Lines(zones + configured) {
		if country, zone, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			table[country] = zone
		}
	}
	return table
}

// Zones returns the built-in zones: of the countries with one time of day.
func Zones() map[string]string { return zoneTable("") }

// zoneText writes configured zones as zones is written.
func zoneText(configured map[string]string) string {
	var b strings.Builder
	for _, country := range slices.Sorted(maps.Keys(configured)) {
		fmt.Fprintf(&b, "%s %s\n", country, configured[country])
	}
	return b.String()
}

// CheckZones returns what is wrong with configured zones, nil when nothing is.
func CheckZones(configured map[string]string) error {
	for _, country := range slices.Sorted(maps.Keys(configured)) {
		if !code.IsCountry([]byte(country)) {
			return fmt.Errorf("check zones: %q is no country code (ISO 3166-1 alpha-2)", country)
		}
		if _, err := time.LoadLocation(configured[country]); err != nil || configured[country] == "" {
			return fmt.Errorf("check zones: %s: %q is no IANA time zone", country, configured[country])
		}
	}
	return nil
}

// weekendDays returns the days that a country rests on by law or custom.
func weekendDays(country string) []time.Weekday {
	switch country {
	case "BD", "BH", "DZ", "EG", "IL", "IQ", "JO", "KW", "LY", "MV", "OM", "PS", "QA", "SA", "SD", "SY", "YE":
		return []time.Weekday{time.Friday, time.Saturday}
	case "AF":
		return []time.Weekday{time.Thursday, time.Friday}
	case "IR", "DJ":
		return []time.Weekday{time.Friday}
	case "BN":
		return []time.Weekday{time.Friday, time.Sunday}
	case "NP":
		return []time.Weekday{time.Saturday}
	case "IN", "UG":
		return []time.Weekday{time.Sunday}
	}
	return []time.Weekday{time.Saturday, time.Sunday}
}

// localTime returns what computes f of the time of day in a country. Its node's
// arguments are the time, the country, and the configured zones as a constant.
func localTime(n *Node, f func(local time.Time, country string) Value) eval {
	table := zoneTable(n.Args[2].Value.Text)
	var locations sync.Map // country → *time.Location: few are asked for, by several goroutines
	return func(a []Value) (Value, bool) {
		country := a[1].Text
		zone, ok := table[country]
		if !ok {
			return Value{}, true
		}
		l, ok := locations.Load(country)
		if !ok {
			loaded, err := time.LoadLocation(zone)
			if err != nil {
				return Value{}, false
			}
			l, _ = locations.LoadOrStore(strings.Clone(country), loaded)
		}
		return f(time.UnixMilli(a[0].Int).In(l.(*time.Location)), country), true
	}
}

func localHour(t time.Time, _ string) Value { return number(decimal.FromInt(int64(t.Hour()))) }

func isWeekend(t time.Time, country string) Value {
	return boolean(slices.Contains(weekendDays(country), t.Weekday()))
}

// local rewrites local_hour(country) and weekend(country).
func (r *rewriter) local(n *ast.CallNode, name string) *Node {
	result := map[string]Type{"local_hour": Number, "weekend": Bool}[name]
	f := Function{Name: name, Args: []Type{Text}, Example: name + "(debtor.account_country)"}
	args := r.arguments(n, f)
	if args == nil {
		return nil
	}
	if c := args[0]; c.isConst() {
		words := code.Countries()
		if !slices.Contains(words, c.Value.Text) {
			fix := ""
			if near := code.Nearest(words, c.Value.Text); near != "" {
				fix = "did you mean " + near + "?"
			}
			return r.at(n.Arguments[0], fmt.Sprintf("%q is no country code (ISO 3166-1 alpha-2)", c.Value.Text), fix)
		}
		if zoneTable(r.zones)[c.Value.Text] == "" {
			return r.at(n.Arguments[0], c.Value.Text+" has several time zones, so this is always missing", "name one in the config: zones: {"+c.Value.Text+": …}")
		}
	}
	return call(name, result, column(r.schema, r.schema.Must("occurred_at")), args[0], constant(text(r.zones)))
}
