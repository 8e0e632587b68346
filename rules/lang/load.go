package lang

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/spec"
)

// Diagnostics are the findings about a rules directory.
type Diagnostics = spec.Diagnostics

// Options say what rules may speak about.
type Options struct {
	Schema *event.Schema     // nil = event.Default()
	Kinds  code.Kinds        // the zero value = the built-in kinds
	Now    time.Time         // judges whether exceptions are over; zero = not judged
	Params map[string]string // rule/param or param → value that replaces the written one
	Lists  []ListDecl        // what lists.NAME may name
	Tables []TableDecl       // what tables.NAME may name
	Zones  map[string]string // country → IANA zone, for countries with several (local_hour, weekend)
	Budget Budget            // bounds of what windows may keep; the zero value judges nothing
}

// ListDecl declares a list of the config.
type ListDecl struct {
	Name  string
	Match string // exact | prefix | cidr | word
}

// TableDecl declares a table of the config.
type TableDecl struct {
	Name    string
	Columns []TableColumn
}

// TableColumn is a column of a table beside its key.
type TableColumn struct {
	Name string
	Type Type // Bool, Text, Number, Time or Duration
}

// Budget says how many reports arrive and how much of them windows may keep.
type Budget struct {
	Rates    map[string]float64 // kind → reports a second
	Lateness time.Duration      // how much longer than Within entries are kept
	Bytes    int64              // of all windows of judged rules together; 0 = unbounded
}

// Load reads and checks every rule under dir. The set must not be used when the
// diagnostics have an error: it lacks rules then, or parts of them. The error is
// not nil when dir cannot be read.
func Load(dir string, o Options) (*Set, Diagnostics, error) {
	tree, ds, err := spec.Read(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("load rules: %w", err)
	}
	set, more := Check(tree, o)
	ds = append(ds, more...)
	ds.Sort()
	return set, ds, nil
}

// LoadLocked is Load, and compares the rules with the lock of dir where there is
// one.
func LoadLocked(dir string, o Options) (*Set, Diagnostics, error) {
	tree, ds, err := spec.Read(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("load rules: %w", err)
	}
	set, more := Check(tree, o)
	locked, err := set.checkLock(dir, tree)
	if err != nil {
		return nil, nil, err
	}
	ds = append(append(ds, more...), locked...)
	ds.Sort()
	return set, ds, nil
}

// Check gives the documents of tree their meaning and reports what is wrong with
// them.
func Check(tree *spec.Tree, o Options) (*Set, Diagnostics) {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	var ds Diagnostics
	l := &loader{language: newLanguage(o, &ds), options: o, libraries: map[string]*spec.Library{}, rules: map[string]*spec.Rule{}}
	set := l.load(tree)
	ds.Sort()
	return set, ds
}

// Expression gives one expression over the fields of a report its meaning, nil
// when it is wrong.
func Expression(source string, o Options) (*Node, Diagnostics) {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	var ds Diagnostics
	n, _ := newLanguage(o, &ds).expression(spec.NewScalar("expression", source), &scope{})
	return n, ds
}

// loader makes a set of the documents of a directory.
type loader struct {
	*language
	options   Options
	libraries map[string]*spec.Library
	rules     map[string]*spec.Rule
}

func (l *loader) error(s spec.Span, message, fix string) {
	*l.out = append(*l.out, s.Diagnostic(spec.Error, message, fix))
}

func (l *loader) warning(s spec.Span, message, fix string) {
	*l.out = append(*l.out, s.Diagnostic(spec.Warning, message, fix))
}

func (l *loader) load(tree *spec.Tree) *Set {
	set := &Set{Schema: l.schema}
	for _, lib := range tree.Libraries {
		if first, again := l.libraries[lib.Name.Text]; again {
			l.error(lib.Name.Span, "a second library "+lib.Name.Text+" (the first is in "+first.Name.Span.File.Path+")", "rename one")
			continue
		}
		l.libraries[lib.Name.Text] = lib
		l.library(lib)
	}
	var first []*spec.Rule
	for _, r := range tree.Rules {
		if other, again := l.rules[r.ID.Text]; again && r.ID.Present() {
			l.error(r.ID.Span, "a second rule "+r.ID.Text+" (the first is in "+other.ID.Span.File.Path+")", "rename one")
			continue
		}
		l.rules[r.ID.Text] = r
		first = append(first, r)
	}
	for _, r := range first {
		before := l.out.Errors()
		rule := l.rule(r)
		if l.out.Errors() == before && rule != nil {
			set.Rules = append(set.Rules, rule)
		}
	}
	for _, e := range tree.Exceptions {
		if x := l.exception(e); x != nil {
			set.Exceptions = append(set.Exceptions, x)
		}
	}
	slices.SortFunc(set.Rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(set.Exceptions, func(a, b *Exception) int { return strings.Compare(a.Name, b.Name) })
	set.Windows = l.windows
	l.order(set)
	l.falls(set)
	l.budget(set)
	for _, r := range set.Rules {
		r.Hash = r.hash(set)
	}
	set.Digest = set.digest()
	return set
}

// library checks the windows and lets of a library by themselves, so that one that
// no rule uses is checked too.
func (l *loader) library(lib *spec.Library) {
	sc := newScope()
	sc.later = map[string]bool{}
	for _, let := range lib.Let {
		sc.later[let.Name.Text] = true
	}
	l.bindWindows(lib.Windows, sc)
	l.lets(lib.Let, sc)
}

// rule checks one rule; what is wrong is in the diagnostics.
func (l *loader) rule(r *spec.Rule) *Rule {
	rule := &Rule{
		ID: r.ID.Text, Status: Status(r.Status.Text), Title: r.Title.Text, Owner: r.Owner.Text,
		Outcome: Outcome{Severity: r.Severity.Text, Typology: texts(r.Typology)},
	}
	version, _ := strconv.ParseUint(r.Version.Text, 10, 32) // spec checks its form
	rule.Version = uint32(version)
	rule.On = l.on(r)
	rule.Budget = l.perDay(r)
	sc := l.scope(r)
	if r.When.Present() {
		rule.Guard = l.condition(r.When, sc)
	}
	for _, w := range r.Weights {
		rule.Weights = append(rule.Weights, l.weight(r, w, sc))
	}
	if r.Score.Present() {
		rule.Score = l.score(r, rule, sc)
	}
	if r.Alert != nil {
		rule.Alert = l.alert(r.Alert, nil, sc)
	}
	l.cases(r, rule, *sc)
	l.named(r, rule, sc)
	l.uses(r, rule, sc)
	l.review(r, rule, sc)
	return rule
}

// named keeps the lets of a rule.
func (l *loader) named(r *spec.Rule, rule *Rule, sc *scope) {
	var all []spec.Named
	for _, use := range r.Use {
		if lib := l.libraries[use.Text]; lib != nil {
			all = append(all, lib.Let...)
		}
	}
	for _, let := range append(all, r.Let...) {
		if b := sc.lets[let.Name.Text]; b != nil && b.node != nil {
			rule.Lets = append(rule.Lets, Let{let.Name.Text, b.node})
		}
	}
}

func texts(ss []spec.Scalar) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = s.Text
	}
	return out
}

// on expands the kinds of a rule.
func (l *loader) on(r *spec.Rule) []string {
	return l.expand(r.On)
}

// expand returns the kinds that names and patterns stand for, sorted.
func (l *loader) expand(ss []spec.Scalar) []string {
	var kinds []string
	for _, s := range ss {
		found := l.kinds.Expand(s.Text)
		if len(found) == 0 {
			l.error(s.Span, fmt.Sprintf("%q is no kind of report", s.Text), spec.DidYouMean(s.Text, l.kinds.List()))
		}
		kinds = append(kinds, found...)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// perDay reads how many alerts a day a rule may give.
func (l *loader) perDay(r *spec.Rule) int {
	if !r.Budget.Present() {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(r.Budget.Text, "/d"))
	if err != nil || n < 1 || !strings.HasSuffix(r.Budget.Text, "/d") {
		l.error(r.Budget.Span, fmt.Sprintf("budget: %q is no number of alerts a day", r.Budget.Text), "budget: 50/d")
	}
	return n
}

// scope returns the names of a rule: its params, the lets of its libraries, its
// own lets.
func (l *loader) scope(r *spec.Rule) *scope {
	sc := newScope()
	for _, p := range r.Params {
		l.param(r, p, sc)
	}
	for _, use := range r.Use {
		lib, ok := l.libraries[use.Text]
		if !ok {
			l.error(use.Span, "there is no library "+use.Text, spec.DidYouMean(use.Text, slices.Sorted(maps.Keys(l.libraries))))
			continue
		}
		l.bindWindows(lib.Windows, sc)
		l.lets(lib.Let, sc)
	}
	sc.later = map[string]bool{}
	for _, let := range r.Let {
		sc.later[let.Name.Text] = true
	}
	l.bindWindows(r.Windows, sc)
	l.lets(r.Let, sc)
	return sc
}

func (l *loader) param(r *spec.Rule, p spec.Param, sc *scope) {
	b := &binding{}
	values := p.Values
	for _, key := range []string{p.Name.Text, r.ID.Text + "/" + p.Name.Text} {
		if v, ok := l.options.Params[key]; ok && !p.List && len(values) == 1 {
			values = []spec.Scalar{values[0]}
			values[0].Text = v
		}
	}
	for _, v := range values {
		b.list = append(b.list, literal(v))
	}
	if !p.List && len(b.list) == 1 {
		b = b.list[0]
	}
	sc.params[p.Name.Text] = b
}

// lets binds lets in their order, each in sight of the earlier ones.
func (l *loader) lets(lets []spec.Named, sc *scope) {
	sc.later = map[string]bool{}
	for _, let := range lets {
		sc.later[let.Name.Text] = true
	}
	for _, let := range lets {
		name := let.Name.Text
		if why := l.taken(name); why != "" {
			l.error(let.Name.Span, "a let cannot be called "+name+": "+why, "choose another name")
		}
		if sc.windows[name] != nil {
			l.error(let.Name.Span, "a let cannot be called "+name+": a window is", "choose another name")
		}
		if _, again := sc.lets[name]; again {
			l.error(let.Name.Span, "a let called "+name+" exists already", "choose another name")
			continue
		}
		n, _ := l.expression(let.Value, sc)
		delete(sc.later, name)
		b := &binding{node: n}
		n.Walk(func(*Node) bool { b.size++; return b.size <= maxTree })
		sc.lets[name] = b
	}
	sc.later = nil
}

// digest returns the digest of everything that can change a hit of the set.
func (s *Set) digest() string {
	var b strings.Builder
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "%q %d %s %q %s\n", r.ID, r.Version, r.Status, r.Title, r.Hash)
	}
	for _, e := range s.Exceptions {
		fmt.Fprintf(&b, "%q %q %s %d\n", e.Name, e.Rules, e.When.Key, e.Until)
	}
	return digestOf(b.String())
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
