package lang

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/rules/spec"
)

// review warns about what is allowed and probably not meant.
func (l *loader) review(r *spec.Rule, rule *Rule, sc *scope) {
	scope := []*Node{rule.Guard}
	l.reviewCondition(r.When, rule.Guard, nil, rule)
	for i, c := range rule.Cases {
		l.reviewCondition(r.Cases[i].When, c.When, scope, rule)
	}
	for i, w := range rule.Weights {
		l.reviewCondition(r.Weights[i].When, w.When, scope, rule)
	}
	l.unusedNames(r, rule, sc)
	if rule.Status == Live && rule.Alert == nil && !anyCase(rule, func(c Case) bool { return c.Alert != nil }) && rule.Severity == "critical" {
		l.warning(r.Severity.Span, "a critical rule without an alert only records its hits", "add alert: {subject: creditor}")
	}
}

func anyCase(rule *Rule, f func(Case) bool) bool { return slices.ContainsFunc(rule.Cases, f) }

// reviewCondition warns about one condition, given what holds when it is judged.
func (l *loader) reviewCondition(s spec.Scalar, n *Node, given []*Node, rule *Rule) {
	if n == nil {
		return
	}
	given = append(slices.Clone(given), n)
	l.currencies(s, n, given)
	l.neverFilled(s, n, rule)
	l.kindsOutside(s, n, rule.On, "the rule is not on ", "add it under on:")
}

// currencies warns where an amount is compared with a constant although its
// currency is open.
func (l *loader) currencies(s spec.Scalar, n *Node, given []*Node) {
	warned := map[string]bool{}
	n.Walk(func(m *Node) bool {
		if m.Op < Lt || m.Op > Ge || !m.Args[1].isConst() {
			return true
		}
		for _, col := range m.Args[0].Columns(l.schema) {
			name := l.schema.Columns[col].Name
			currency := moneyColumns()[name]
			if currency == "" || warned[name] || l.pinned(currency, given) || m.Args[1].Value.Num.Sign() == 0 {
				continue
			}
			warned[name] = true
			l.warning(place(s, name), fmt.Sprintf("%s is compared with %s in whatever currency it is", name, m.Args[1].Key),
				fmt.Sprintf("compare base_amount, or add %s == \"INR\"", currency))
		}
		return true
	})
}

// pinned reports whether a conjunct of given says which currency a column has.
func (l *loader) pinned(currency string, given []*Node) bool {
	col := l.schema.Must(currency)
	is := func(n *Node) bool {
		return n.Op == Eq && n.Args[0].Op == Column && n.Args[0].Col == col && n.Args[1].isConst()
	}
	for _, g := range given {
		found := false
		g.Walk(func(n *Node) bool { found = found || is(n); return !found })
		if found {
			return true
		}
	}
	return false
}

// fillers says which families of kinds fill a group of columns. Groups that are
// not named here may be filled by all.
func fillers(column string) []string {
	group, _, dotted := strings.Cut(column, ".")
	switch {
	case dotted && (group == "subscriber" || group == "peer"),
		slices.Contains([]string{"direction", "duration_s", "call_type", "cell_id", "roaming_country", "forward_to", "forward_kind"}, column):
		return []string{"telecom"}
	case dotted && (group == "payment" || group == "debtor" || group == "creditor"),
		slices.Contains([]string{"amount", "disputed_amount", "currency", "settled_amount", "settled_currency", "credited_amount", "credited_currency", "base_amount", "layer", "rail", "authorisation"}, column):
		return []string{"bank", "police", "crypto"}
	}
	return nil
}

// builtInFamilies are the families of kinds whose columns are known.
func builtInFamilies() []string { return []string{"bank", "police", "telecom", "crypto"} }

// neverFilled warns about a column that no kind of the rule fills. It counts
// only where its absence keeps the rule from firing: as a conjunct.
func (l *loader) neverFilled(s spec.Scalar, n *Node, rule *Rule) {
	conjuncts := []*Node{n}
	if n.Op == And {
		conjuncts = n.Args
	}
	for _, c := range conjuncts {
		for _, col := range c.Columns(l.schema) {
			name := l.schema.Columns[col].Name
			by := fillers(name)
			if by == nil || c.Op == Or || c.Op == IsMissing || reads(c, Coalesce) || reads(c, IsMissing) {
				continue
			}
			filled := slices.ContainsFunc(rule.On, func(kind string) bool { return fills(kind, by) })
			if !filled && len(rule.On) > 0 {
				l.warning(place(s, name), fmt.Sprintf("%s is never filled by %s, so this is never true", name, strings.Join(rule.On, ", ")), "kinds that fill it: "+strings.Join(by, ".*, ")+".*")
			}
		}
	}
}

// kindsOutside warns about comparing kind with one that is never judged or fed.
func (l *loader) kindsOutside(s spec.Scalar, n *Node, kinds []string, why, fix string) {
	kind := l.schema.Must("kind")
	n.Walk(func(m *Node) bool {
		if (m.Op != Eq && m.Op != In) || m.Args[0].Op != Column || m.Args[0].Col != kind {
			return true
		}
		vals := m.Set
		if m.Op == Eq {
			vals = []Value{m.Args[1].Value}
		}
		for _, v := range vals {
			if v.Type == Text && !slices.Contains(kinds, v.Text) && len(kinds) > 0 {
				l.warning(place(s, v.Text), why+v.Text+", so this is never true", fix)
			}
		}
		return true
	})
}

// unusedNames warns about params and lets that nothing uses.
func (l *loader) unusedNames(r *spec.Rule, rule *Rule, sc *scope) {
	var all []string
	add := func(ss ...spec.Scalar) {
		for _, s := range ss {
			all = append(all, s.Text)
		}
	}
	add(r.When, r.Score)
	for _, x := range r.Let {
		add(x.Value)
	}
	for _, c := range r.Cases {
		add(c.When)
		if c.Alert != nil {
			add(c.Alert.Facts)
		}
	}
	for _, w := range r.Weights {
		add(w.When, w.Points)
	}
	if r.Alert != nil {
		add(r.Alert.Facts)
	}
	for _, w := range r.Windows {
		add(w.Where, w.OncePer)
		add(w.Key...)
		add(w.Match...)
		for _, by := range w.ByKind {
			add(by.Key...)
		}
		for _, v := range w.Values {
			add(v.Value)
		}
	}
	text := strings.Join(all, "\n")
	l.unusedWindows(r, rule, sc, text+"\n"+words(r.Tests))
	for _, p := range r.Params {
		if !mentions(text, "params."+p.Name.Text) {
			l.warning(p.Name.Span, "nothing uses params."+p.Name.Text, "remove it")
		}
	}
	for _, x := range r.Let {
		if !mentions(text, x.Name.Text) {
			l.warning(x.Name.Span, "nothing uses "+x.Name.Text, "remove it")
		}
	}
}

// words returns every key and value of what is written raw.
func words(raw *spec.Raw) string {
	if raw == nil {
		return ""
	}
	var b strings.Builder
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		b.WriteString(n.Value + "\n")
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(raw.Node)
	return b.String()
}

// unusedWindows warns about windows of the rule, and values of them, that nothing
// reads.
func (l *loader) unusedWindows(r *spec.Rule, rule *Rule, sc *scope, text string) {
	for _, w := range r.Windows {
		if b := sc.windows[w.Name.Text]; b == nil || b.win == nil {
			continue // reported already
		}
		i := slices.IndexFunc(rule.Windows, func(u WindowUse) bool { return u.Name == w.Name.Text })
		about := i >= 0 && slices.Contains(rule.About, rule.Windows[i].Win)
		if i < 0 && !mentions(text, w.Name.Text) {
			l.warning(w.Name.Span, "nothing uses the window "+w.Name.Text, "remove it")
			continue
		}
		for _, v := range w.Values {
			if !about && !mentions(text, w.Name.Text+"."+v.Name.Text) {
				l.warning(v.Name.Span, "nothing uses "+w.Name.Text+"."+v.Name.Text, "remove it")
			}
		}
	}
}

// place returns where a condition speaks of name, all of it when it does so
// through a let.
func place(s spec.Scalar, name string) spec.Span {
	if at := find(s.Text, name); at >= 0 {
		return s.Sub(at, at+len(name))
	}
	return s.Sub(0, len(s.Text))
}

// mentions reports whether name stands in text as a word of its own.
func mentions(text, name string) bool { return find(text, name) >= 0 }

// find returns where name stands in text as a word of its own, or -1.
func find(text, name string) int {
	isWord := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return -1
		}
		from, to := at+i, at+i+len(name)
		if (from == 0 || !isWord(text[from-1])) && (to == len(text) || !isWord(text[to])) {
			return from
		}
		at = to
	}
}
