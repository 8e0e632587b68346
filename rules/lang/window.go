package lang

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/haltwire/haltwire/rules/spec"
)

// Bounds of windows.
const (
	maxWithin   = 400 * 86_400_000 // ms
	maxLast     = 100_000
	maxScan     = 1000 // entries that a where with this. may look at one by one; rules/window.MaxScan cuts longer ones
	maxKeyParts = 8
	maxValues   = 32 // of one window
	maxWindows  = 16 // of one rule
)

// windowBinding is what the name of a window stands for.
type windowBinding struct {
	name   spec.Scalar
	win    *Window        // nil when it is wrong, which is reported already
	index  int            // in language.windows; -1 = nothing uses it yet
	values map[string]int // name → position in win.Values; -1 = wrong, which is reported already
	order  []spec.Scalar  // names of the values as written
}

// first returns the name of a value, for messages.
func (b *windowBinding) first() string {
	if len(b.order) == 0 {
		return "n"
	}
	return b.order[0].Text
}

// register returns the position of a window among those of the set, which have
// each meaning once.
func (c *language) register(b *windowBinding) int {
	if b.index >= 0 {
		return b.index
	}
	i, known := c.byKey[b.win.Key]
	if !known {
		i = len(c.windows)
		c.byKey[b.win.Key] = i
		c.windows = append(c.windows, b.win)
	}
	b.index = i
	return i
}

// windowed rewrites past.n.
func (r *rewriter) windowed(n *ast.MemberNode, root *ast.IdentifierNode, names []string) *Node {
	b := r.scope.windows[root.Value]
	switch {
	case r.scope.part == keyPart || r.scope.part == matchPart:
		return r.at(n, "a window keyed by another window's value is refused", "key it by fields of the reports")
	case r.scope.part != noPart:
		return r.at(n, "a window that reads another window is refused: joins of joins", "combine their values under let: or when:")
	}
	col, ok := b.values[names[1]]
	if !ok || len(names) != 2 {
		var known []string
		for _, v := range b.order {
			known = append(known, root.Value+"."+v.Text)
		}
		return r.at(n.Property, "the window "+root.Value+" has no value "+strings.Join(names[1:], "."), spec.DidYouMean(strings.Join(names, "."), known))
	}
	if b.win == nil || col < 0 {
		r.failed = true // reported where it stands
		return nil
	}
	a := b.win.Values[col]
	return &Node{Op: Windowed, Type: a.Type, Win: r.register(b), Col: col, Key: "window(" + b.win.Hash[:16] + ")." + a.Key}
}

// this rewrites this.debtor.account.
func (r *rewriter) this(n *ast.MemberNode, names []string) *Node {
	name := strings.Join(names[1:], ".")
	if names[1] == "extra" {
		return r.at(n, "this. reads fields of the schema only, and extra is a mapping", "name the member under fields: of the config")
	}
	i, known := r.schema.Index(name)
	if !known {
		var all []string
		for _, c := range r.schema.Columns {
			all = append(all, "this."+c.Name)
		}
		return r.at(n, "there is no field "+name+" of the judged report", spec.DidYouMean("this."+name, all))
	}
	c := column(r.schema, i)
	c.Op, c.Key = This, "this."+c.Key
	return c
}

// bindWindows binds windows to their names in sc, on top of those that are there.
func (l *loader) bindWindows(ws []*spec.Window, sc *scope) {
	for _, w := range ws {
		name := w.Name.Text
		if why := l.taken(name); why != "" {
			l.error(w.Name.Span, "a window cannot be called "+name+": "+why, "choose another name")
			continue
		}
		if sc.windows[name] != nil {
			l.error(w.Name.Span, "a window called "+name+" exists already", "choose another name")
			continue
		}
		b := &windowBinding{name: w.Name, index: -1, values: map[string]int{}}
		for _, v := range w.Values {
			b.order = append(b.order, v.Name)
			b.values[v.Name.Text] = -1
		}
		sc.windows[name] = b
	}
	for _, w := range ws {
		if b := sc.windows[w.Name.Text]; b != nil && b.name.Span == w.Name.Span {
			l.window(w, b, sc)
		}
	}
}

// window checks one window and fills b.
func (l *loader) window(w *spec.Window, b *windowBinding, sc *scope) {
	before := l.out.Errors()
	later := maps.Clone(sc.later)
	if later == nil {
		later = map[string]bool{}
	}
	for name := range sc.lets {
		later[name] = true
	}
	in := func(p part) *scope {
		return &scope{params: sc.params, windows: sc.windows, later: later, part: p}
	}
	win := &Window{KeyBy: map[string][]*Node{}, Self: w.Self.Text != "false"}
	l.windowSpan(w, win)
	l.windowKey(w, win, in(keyPart))
	l.windowMatch(w, win, in(matchPart))
	if w.Where.Present() {
		l.windowWhere(w, win, in(wherePart))
	}
	if w.OncePer.Present() {
		win.OncePer, _ = l.expression(w.OncePer, in(keyPart))
		if win.OncePer != nil && (win.OncePer.Type != Text || win.OncePer.isConst()) {
			l.error(w.OncePer.Span, fmt.Sprintf("once_per must be a text of the report, and this is a %s", win.OncePer.Type), "once_per: payment.key")
		}
	}
	l.windowValues(w, win, b, in(valuePart))
	l.windowCost(w, win)
	if l.out.Errors() > before {
		return
	}
	l.reviewWindow(w, win)
	win.seal()
	b.win = win
}

// windowSpan reads within, until, and last.
func (l *loader) windowSpan(w *spec.Window, win *Window) {
	length := func(s spec.Scalar, name string) int64 {
		ms, ok := parseDuration(s.Text)
		switch {
		case !s.Present():
			return 0
		case !ok:
			l.error(s.Span, fmt.Sprintf("%s: %q is no duration", name, s.Text), "write a number with ms, s, m, h or d: 90d; calendar windows are refused, a d is 24 h")
		case ms > maxWithin:
			l.error(s.Span, fmt.Sprintf("%s is %d d, and windows reach back 400 d at most", name, ms/86_400_000), name+": 400d")
		}
		return ms
	}
	before := l.out.Errors()
	win.Within, win.Until = length(w.Within, "within"), length(w.Until, "until")
	if w.Within.Present() && win.Within <= win.Until && l.out.Errors() == before {
		at, fix := w.Within, "within: 90d"
		if w.Until.Present() {
			at, fix = w.Until, "until lies nearer to the judged report than within"
		}
		l.error(at.Span, "nothing is in a window whose beginning is not before its end: (t - within, t - until]", fix)
	}
	if w.Last.Present() {
		n, err := strconv.Atoi(w.Last.Text)
		if err != nil || n < 1 || n > maxLast {
			l.error(w.Last.Span, fmt.Sprintf("last: %q is no whole number from 1 to %d", w.Last.Text, maxLast), "last: 10")
		}
		win.Last = n
	}
}

// windowKey reads from and key.
func (l *loader) windowKey(w *spec.Window, win *Window, sc *scope) {
	for _, s := range w.From {
		if strings.HasPrefix(s.Text, "hit:") {
			l.error(s.Span, "from: hit:RULE is reserved for later and not yet available", "write the rule's condition under where:, or count it under weights: {name: {rule: …, hit: 20}}")
			return
		}
	}
	win.From = l.expand(w.From)
	byKind := len(w.ByKind) > 0
	switch {
	case byKind && len(w.From) > 0:
		l.error(w.From[0].Span, "a key by kind says already what feeds the window", "leave from: out")
	case !byKind && len(w.From) == 0 && len(w.Key) > 0:
		l.error(w.Name.Span, "a window needs from: the kinds that feed it", "from: bank.transfer; or a key by kind")
	}
	if !byKind {
		parts := l.keyParts(w.Key, sc)
		for _, kind := range win.From {
			win.KeyBy[kind] = parts
		}
		return
	}
	for _, by := range w.ByKind {
		parts := l.keyParts(by.Key, sc)
		for _, kind := range l.expand([]spec.Scalar{by.Kind}) {
			if _, again := win.KeyBy[kind]; again {
				l.error(by.Kind.Span, kind+" has a key already", "name every kind once")
			}
			win.KeyBy[kind] = parts
		}
		if first := win.KeyBy[l.firstKind(w)]; len(parts) > 0 && len(first) > 0 {
			l.sameParts(by.Key, parts, first, "the key of "+l.firstKind(w))
		}
	}
	win.From = slices.Sorted(maps.Keys(win.KeyBy))
}

// firstKind returns the first kind of a key by kind.
func (l *loader) firstKind(w *spec.Window) string {
	if kinds := l.kinds.Expand(w.ByKind[0].Kind.Text); len(kinds) > 0 {
		return kinds[0]
	}
	return ""
}

// keyParts checks the parts of a key.
func (l *loader) keyParts(ss []spec.Scalar, sc *scope) []*Node {
	if len(ss) > maxKeyParts {
		l.error(ss[maxKeyParts].Span, fmt.Sprintf("a key of %d parts; at most %d", len(ss), maxKeyParts), "")
		return nil
	}
	var parts []*Node
	for _, s := range ss {
		n, _ := l.expression(s, sc)
		switch {
		case n == nil:
			return nil
		case n.isConst() || n.Op == Missing:
			l.error(s.Span, "a constant in a key is the same for every report", "name a field: debtor.uid")
			return nil
		case n.Type == List || n.Type == Any || n.Type == Invalid:
			l.error(s.Span, fmt.Sprintf("a key is made of texts, numbers and times, and this is a %s", n.Type), "")
			return nil
		}
		parts = append(parts, n)
	}
	return parts
}

// sameParts reports where parts do not compare with those of another key.
func (l *loader) sameParts(at []spec.Scalar, parts, other []*Node, what string) {
	if len(parts) != len(other) {
		l.error(at[0].Span, fmt.Sprintf("this has %d parts, and %s has %d", len(parts), what, len(other)), "both need the same parts in the same order")
		return
	}
	for i, p := range parts {
		if p.Type != other[i].Type {
			l.error(at[i].Span, fmt.Sprintf("this is a %s, and %s has a %s there: they never match", p.Type, what, other[i].Type), "")
		}
	}
}

// windowMatch reads match, which is the key where it is absent.
func (l *loader) windowMatch(w *spec.Window, win *Window, sc *scope) {
	var key []*Node
	for _, kind := range win.From {
		key = win.KeyBy[kind]
	}
	if len(w.Match) == 0 {
		win.Match = key
		if len(w.ByKind) > 0 {
			l.error(w.Name.Span, "a window with a key by kind needs match: the same entity on the judged report", "match: debtor.phone")
		}
		return
	}
	win.Match = l.keyParts(w.Match, sc)
	if len(win.Match) > 0 && len(key) > 0 {
		l.sameParts(w.Match, win.Match, key, "the key")
	}
}

// windowWhere splits where into what the feeding report alone decides and the
// rest.
func (l *loader) windowWhere(w *spec.Window, win *Window, sc *scope) {
	n := l.condition(w.Where, sc)
	if n == nil {
		return
	}
	conjuncts := []*Node{n}
	if n.Op == And {
		conjuncts = n.Args
	}
	var fixed, dynamic []*Node
	for _, c := range conjuncts {
		if reads(c, This) {
			dynamic = append(dynamic, c)
		} else {
			fixed = append(fixed, c)
		}
	}
	if len(fixed) > 0 {
		win.Where = connective(And, fixed...)
	}
	if len(dynamic) > 0 {
		win.Dynamic = connective(And, dynamic...)
	}
}

// windowCost refuses what would cost too much, with the number.
func (l *loader) windowCost(w *spec.Window, win *Window) {
	if win.Dynamic != nil && win.Last > maxScan {
		l.error(w.Last.Span, fmt.Sprintf("this. in where looks at up to %d entries for every judged report; at most %d", win.Last, maxScan), fmt.Sprintf("last: %d", maxScan))
	}
	if len(win.Values) > maxValues {
		l.error(w.Name.Span, fmt.Sprintf("%d values; a window has at most %d", len(win.Values), maxValues), "split it")
	}
}

// seal computes the window's key.
func (w *Window) seal() {
	var b strings.Builder
	for _, kind := range w.From {
		fmt.Fprintf(&b, "%s [%s]\n", kind, keys(w.KeyBy[kind], false))
	}
	fmt.Fprintf(&b, "match [%s]\nwhere %s\ndynamic %s\n(%d, %d] last %d self %t once_per %s\n",
		keys(w.Match, false), key(w.Where), key(w.Dynamic), w.Within, w.Until, w.Last, w.Self, key(w.OncePer))
	for _, a := range w.Values {
		fmt.Fprintf(&b, "%s\n", a.Key)
	}
	w.Key = b.String()
	w.Hash = digestOf(w.Key)
}
