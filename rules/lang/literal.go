package lang

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/spec"
)

func fromInt(n int64) decimal.D { return decimal.FromInt(n) }

// number returns a literal number exactly as its text says.
func (r *rewriter) number(n ast.Node) *Node {
	written := strings.ReplaceAll(r.source(n), "_", "")
	if strings.HasPrefix(written, ".") {
		written = "0" + written
	}
	d, err := decimal.Parse([]byte(strings.TrimSuffix(written, ".")))
	if err != nil {
		return r.at(n, fmt.Sprintf("%s: %v", written, err), "")
	}
	return constant(number(d))
}

// beside returns n as what it means next to other: a literal text beside a time,
// duration or number is read as one, a param without quotes beside a text stays
// as written. It returns nil when the text cannot be read so.
func (r *rewriter) beside(n *Node, at ast.Node, other *Node) *Node {
	if !n.isConst() {
		return n
	}
	if other.Type == Text {
		return r.asText(n)
	}
	if b := r.params[n]; b != nil && n.Type != other.Type {
		n = constant(text(b.text))
	}
	if n.Type != Text {
		return n
	}
	switch other.Type {
	case Time:
		ms, ok := parseTime(n.Value.Text)
		if !ok {
			return r.at(at, fmt.Sprintf("%q is no time", n.Value.Text), `write "2026-01-31" or "2026-01-31T08:00:00Z"`)
		}
		return constant(instant(ms))
	case Duration:
		return r.duration(n, at)
	case Number:
		d, err := decimal.ParseSigned([]byte(n.Value.Text))
		if err != nil {
			return r.at(at, fmt.Sprintf("%q is no number, and a number stands beside it", n.Value.Text), "write digits[.digits]")
		}
		return constant(number(d))
	}
	return n
}

// asText returns a param without quotes as the text that was written.
func (r *rewriter) asText(n *Node) *Node {
	if b := r.params[n]; b != nil && n.Type != Text {
		return constant(text(b.text))
	}
	return n
}

// durationBeside reads a literal text as a duration next to a time or duration
// that it is added to.
func (r *rewriter) durationBeside(n *Node, at ast.Node, other *Node) *Node {
	switch {
	case !n.isConst() || n.Type != Text || other.Type == Text && other.isConst():
		return n
	case other.Type == Duration:
		return r.duration(n, at)
	case other.Type == Time:
		if ms, ok := parseTime(n.Value.Text); ok {
			return constant(instant(ms))
		}
		return r.duration(n, at)
	}
	return n
}

func (r *rewriter) duration(n *Node, at ast.Node) *Node {
	ms, ok := parseDuration(n.Value.Text)
	if !ok {
		return r.at(at, fmt.Sprintf("%q is no duration", n.Value.Text), `write a number with ms, s, m, h or d: "30d", "90m"`)
	}
	return constant(span(ms))
}

// parseTime reads a date (midnight UTC) or an RFC 3339 time.
func parseTime(s string) (int64, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

var (
	durationText = regexp.MustCompile(`^(\d{1,12}(ms|s|m|h|d))+$`)
	durationPart = regexp.MustCompile(`(\d+)(ms|s|m|h|d)`)
)

// ParseDuration reads a duration as rules write it, 1d12h, in ms.
func ParseDuration(s string) (ms int64, ok bool) { return parseDuration(s) }

// parseDuration reads numbers with units, "1d12h": ms s m h d, a day being 24 h.
func parseDuration(s string) (int64, bool) {
	if !durationText.MatchString(s) {
		return 0, false
	}
	units := map[string]int64{"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
	var sum int64
	for _, m := range durationPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || n > math.MaxInt64/units[m[2]]/16 {
			return 0, false
		}
		sum += n * units[m[2]]
	}
	return sum, sum < 400*366*86_400_000
}

// listed checks a literal text beside a column whose values come from a code
// list.
func (r *rewriter) listed(n *Node, at ast.Node, other *Node) bool {
	from, ok := r.origin(other)
	if !n.isConst() || n.Type != Text || !ok {
		return true
	}
	col := r.schema.Columns[from]
	words, what := r.codes(col)
	switch {
	case col.Phone && !isE164(n.Value.Text):
		fix := "write it with its country: +441632960000"
		if near := e164(n.Value.Text); near.Type == Text {
			fix = "write " + near.Text
		}
		r.at(at, fmt.Sprintf("%q is no phone number as reports have them", n.Value.Text), fix)
		return false
	case words == nil || slices.Contains(words, n.Value.Text):
		return true
	}
	r.at(at, fmt.Sprintf("%q is no %s", n.Value.Text, what), spec.DidYouMean(n.Value.Text, words))
	return false
}

// origin returns the column whose values n has: of its own report, the judged one,
// or one in a window.
func (r *rewriter) origin(n *Node) (col int, ok bool) {
	switch n.Op {
	case Column, This:
		return n.Col, true
	case Windowed:
		a := r.windows[n.Win].Values[n.Col]
		if a.Arg != nil && a.Arg.Op == Column && (a.Func == "first" || a.Func == "last") {
			return a.Arg.Col, true
		}
	}
	return 0, false
}

// codes returns the values that a column may have, nil for any, and what they
// are.
func (c *language) codes(col event.Column) (words []string, what string) {
	switch col.List {
	case event.Closed:
		return col.Values, "value of " + col.Name
	case event.Kind:
		return c.kinds.List(), "kind of report"
	case event.Country:
		return code.Countries(), "country code (ISO 3166-1 alpha-2)"
	case event.Currency:
		return code.Currencies(), "currency code (ISO 4217)"
	}
	return nil, ""
}
