package lang

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/spec"
)

// plainNumber is a number as nobody writes an account or a code: 0123 is a text.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// literal returns what a param means: a number when it is written as one,
// without quotes, true or false, else the text.
func literal(s spec.Scalar) *binding {
	b := &binding{text: s.Text}
	d, err := decimal.ParseSigned([]byte(s.Text))
	switch {
	case s.Plain() && (s.Text == "true" || s.Text == "false"):
		b.node = constant(boolean(s.Text == "true"))
	case s.Plain() && err == nil && plainNumber.MatchString(s.Text):
		b.node = constant(number(d))
	default:
		b.node = constant(text(s.Text))
	}
	return b
}

func (l *loader) weight(r *spec.Rule, w *spec.Weight, sc *scope) Weight {
	if w.Rule.Present() {
		return l.byRule(r, w, sc)
	}
	out := Weight{Name: w.Name.Text}
	if w.When.Present() {
		out.When = l.condition(w.When, sc)
	}
	if w.Points.Present() {
		out.Points = l.points(w.Points, sc)
	}
	return out
}

// score returns the expression of a rule over its weights, whose names stand for
// their points when their condition is true, else 0.
func (l *loader) score(r *spec.Rule, rule *Rule, sc *scope) *Node {
	inner := *sc
	inner.lets = make(map[string]*binding, len(sc.lets)+len(rule.Weights))
	for name, b := range sc.lets {
		inner.lets[name] = b
	}
	for i, w := range rule.Weights {
		why := l.taken(w.Name)
		if sc.windows[w.Name] != nil {
			why = "a window is"
		}
		if why != "" {
			l.error(r.Weights[i].Name.Span, "a weight of a rule with a score cannot be called "+w.Name+": "+why, "choose another name")
			continue
		}
		b := &binding{}
		if w.When != nil || w.Rule != "" {
			b.node = w.Node()
		}
		inner.lets[w.Name] = b
	}
	n, _ := l.expression(r.Score, &inner)
	if n != nil && n.Type != Number {
		l.error(r.Score.Span, fmt.Sprintf("score must be a number, and this is a %s", n.Type), "")
		return nil
	}
	return n
}

func (l *loader) cases(r *spec.Rule, rule *Rule, sc scope) {
	sc.score = true
	seen := map[string]bool{}
	for _, c := range r.Cases {
		if seen[c.Name.Text] && c.Name.Present() {
			l.error(c.Name.Span, "a second case "+c.Name.Text, "rename one")
		}
		seen[c.Name.Text] = true
		out := Case{Name: c.Name.Text, Outcome: rule.Outcome}
		if c.When.Present() {
			out.When = l.condition(c.When, &sc)
		}
		if out.When != nil && rule.Score == nil && len(rule.Weights) == 0 && reads(out.When, Score) {
			l.error(c.When.Span, "score without weights is always 0", "weights: {name: {when: condition, points: 20}}")
		}
		if c.Severity.Present() {
			out.Severity = c.Severity.Text
		}
		if c.Typology != nil {
			out.Typology = texts(c.Typology)
		}
		if c.Alert != nil {
			out.Alert = l.alert(c.Alert, rule.Alert, &sc)
		}
		rule.Cases = append(rule.Cases, out)
	}
}

func reads(n *Node, op Op) bool {
	found := false
	n.Walk(func(m *Node) bool { found = found || m.Op == op; return !found })
	return found
}

// alert returns the alert of a rule, or of a case over its rule's.
func (l *loader) alert(a *spec.Alert, base *Alert, sc *scope) *Alert {
	out := &Alert{Ask: []string{"hold_amount", "trace"}, Amount: l.defaultAmount(), PredicateOffence: "fraud", Approval: "two_person", This: true}
	if base != nil {
		*out = *base
	}
	if len(a.About) > 0 {
		l.about(a, out, sc)
	}
	if a.Subject.Present() {
		out.Subject = a.Subject.Text
	}
	if out.Subject == "" {
		l.error(a.Span, "alert needs a subject", "subject: creditor, when the money went there; debtor, when it came from there")
	}
	if len(a.Ask) > 0 {
		out.Ask = texts(a.Ask)
	}
	if a.Amount.Present() {
		out.Amount = l.amount(a.Amount)
	}
	if a.PredicateOffence.Present() {
		out.PredicateOffence = l.offence(a.PredicateOffence)
	}
	if a.Approval.Present() {
		out.Approval = a.Approval.Text
	}
	if a.Facts.Present() {
		out.Facts = l.facts(a.Facts, sc)
	}
	return out
}

// Offences returns the predicate offences that a rule may name (FREEZE §2,
// legal.predicate_offence).
func Offences() []string { return code.Offences() }

func (l *loader) offence(s spec.Scalar) string {
	if !slices.Contains(Offences(), s.Text) {
		l.error(s.Span, fmt.Sprintf("%q is no predicate offence", s.Text), spec.DidYouMean(s.Text, Offences()))
	}
	return s.Text
}

// moneyColumns maps the amounts that an alert can be for to their currencies.
func moneyColumns() map[string]string {
	return map[string]string{"amount": "currency", "disputed_amount": "currency", "settled_amount": "settled_currency", "credited_amount": "credited_currency"}
}

func (l *loader) money(name string) MoneyRef {
	return MoneyRef{Amount: l.schema.Must(name), Currency: l.schema.Must(moneyColumns()[name])}
}

func (l *loader) defaultAmount() []MoneyRef {
	var refs []MoneyRef
	for _, name := range []string{"credited_amount", "settled_amount", "disputed_amount", "amount"} {
		refs = append(refs, l.money(name))
	}
	return refs
}

// amount reads a ?? chain of amount fields.
func (l *loader) amount(s spec.Scalar) []MoneyRef {
	var refs []MoneyRef
	at := 0
	for part := range strings.SplitSeq(s.Text, "??") {
		name := strings.TrimSpace(part)
		from := at + strings.Index(part, name)
		span := s.Sub(from, from+len(name))
		at += len(part) + len("??")
		switch {
		case name == "base_amount":
			l.error(span, "base_amount is in the base currency: nobody holds that", "write settled_amount ?? amount")
		case moneyColumns()[name] == "":
			l.error(span, fmt.Sprintf("%q is no amount with a currency; an alert's amount is a ?? chain of them", name), spec.DidYouMean(name, []string{"amount", "disputed_amount", "settled_amount", "credited_amount"}))
		default:
			refs = append(refs, l.money(name))
		}
	}
	return refs
}

// maxFacts is how long the template of an alert's facts may be, bytes.
const maxFacts = 4096

// facts reads a template: texts with {expressions} between them.
func (l *loader) facts(s spec.Scalar, sc *scope) []Part {
	if len(s.Text) > maxFacts {
		l.error(s.Span, fmt.Sprintf("facts of more than %d bytes", maxFacts), "a partner's officer reads them: say what matters")
		return nil
	}
	var parts []Part
	rest, at := s.Text, 0
	for {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			break
		}
		end := strings.Index(rest, "}")
		if rest[open] == '}' || end < 0 {
			l.error(s.Sub(at+open, at+open+1), "a brace without its partner in facts", "write {field}")
			return nil
		}
		if open > 0 {
			parts = append(parts, Part{Text: rest[:open]})
		}
		inner := rest[open+1 : end]
		n := l.inside(s, at+open+1, inner, sc)
		if n != nil && (n.Type == Any || n.Type == List || n.Type == Invalid) {
			l.error(s.Sub(at+open+1, at+end), "only a text, number, time, duration or condition can stand in facts", "")
		}
		if n != nil {
			parts = append(parts, Part{Expr: n})
		}
		rest, at = rest[end+1:], at+end+1
	}
	if rest != "" {
		parts = append(parts, Part{Text: rest})
	}
	return parts
}

// inside checks an expression that is a part of s.
func (l *loader) inside(s spec.Scalar, at int, part string, sc *scope) *Node {
	sub := s.Part(at, at+len(part))
	n, _ := l.expression(sub, sc)
	return n
}

// exception checks an exception; it returns nil when it is wrong.
func (l *loader) exception(e *spec.Exception) *Exception {
	before := l.out.Errors()
	x := &Exception{Name: e.Name.Text, Rules: texts(e.Rules), Reason: e.Reason.Text, Owner: e.Owner.Text}
	ids := slices.Sorted(maps.Keys(l.rules))
	for _, s := range e.Rules {
		if l.rules[s.Text] == nil {
			l.error(s.Span, "there is no rule "+s.Text, spec.DidYouMean(s.Text, ids))
		}
	}
	slices.Sort(x.Rules)
	if e.When.Present() {
		x.When = l.condition(e.When, &scope{})
	}
	if e.Until.Present() {
		x.Until = l.until(e.Until)
	}
	if l.out.Errors() > before || x.When == nil {
		return nil
	}
	return x
}

// maxException is how far ahead an exception may end.
const maxException = 400 * 24 * time.Hour

func (l *loader) until(s spec.Scalar) int64 {
	ms, ok := parseTime(s.Text)
	switch now := l.options.Now; {
	case !ok:
		l.error(s.Span, fmt.Sprintf("%q is no time", s.Text), "write 2026-01-31 or 2026-01-31T08:00:00Z")
	case now.IsZero():
	case ms > now.Add(maxException).UnixMilli():
		l.error(s.Span, "an exception ends at most 400 days ahead", "it must be looked at again by "+now.Add(maxException).Format(time.DateOnly))
	case ms <= now.UnixMilli():
		l.warning(s.Span, "this exception is over", "remove it, or move its end after looking at it again")
	}
	return ms
}
