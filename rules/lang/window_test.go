package lang_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/spec"
)

// pastRow is a row that knows windows, lists, tables and hits.
type pastRow struct {
	row
	judged  row
	windows map[[2]int]lang.Value
	lists   map[string]bool       // list/text
	cells   map[string]lang.Value // table/key/column
	hits    map[string]bool       // rule/case
}

func (r pastRow) Window(win, col int) (lang.Value, bool) {
	v, ok := r.windows[[2]int{win, col}]
	return v, ok
}
func (r pastRow) This(col int) (lang.Value, bool) { return r.judged.Value(col) }
func (r pastRow) InList(list, x string) bool      { return r.lists[list+"/"+x] }
func (r pastRow) Cell(table, key, column string) (lang.Value, bool) {
	v, ok := r.cells[table+"/"+key+"/"+column]
	return v, ok
}
func (r pastRow) Hit(rule, name string) bool { return r.hits[rule+"/"+name] }

const windowRule = `id: past-rule
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
windows:
  past:
    from: bank.transfer
    key: debtor.uid
    where: creditor.account == this.creditor.account and amount > 5
    within: 5d
    values: {n: count(), known: seen(creditor.uid)}
`

func state(t *testing.T, n *lang.Node, r lang.Row) lang.State {
	t.Helper()
	p, err := lang.Compile(n)
	if err != nil {
		t.Fatal(err)
	}
	v, s := p.Eval(r)
	if s == lang.Known && !v.Bool {
		return lang.Failed + 1 // false
	}
	return s
}

const isFalse = lang.Failed + 1

// TestWindowMeaning evaluates conditions on values of windows: missing ones are
// unknown, as fields are.
func TestWindowMeaning(t *testing.T) {
	set := load(t, windowRule+"when: past.n > 2 and not past.known\n", lang.Options{})
	guard := set.Rules[0].Guard
	n, known := column(set, "past", "n"), column(set, "past", "known")
	two, three := lang.Value{Type: lang.Number, Num: decimal.FromInt(2)}, lang.Value{Type: lang.Number, Num: decimal.FromInt(3)}
	no := lang.Value{Type: lang.Bool}
	for name, c := range map[string]struct {
		row  lang.Row
		want lang.State
	}{
		"both":    {pastRow{windows: map[[2]int]lang.Value{n: three, known: no}}, lang.Known},
		"few":     {pastRow{windows: map[[2]int]lang.Value{n: two, known: no}}, isFalse},
		"missing": {pastRow{windows: map[[2]int]lang.Value{n: three}}, lang.Unknown},
		"no key":  {pastRow{}, lang.Unknown},
		"plain":   {row{}, lang.Unknown},
	} {
		if got := state(t, guard, c.row); got != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// column returns where a window keeps a value of the first rule.
func column(set *lang.Set, window, value string) [2]int {
	for _, w := range set.Rules[0].Windows {
		for _, v := range w.Values {
			if w.Name == window && v.Name == value {
				return [2]int{w.Win, v.Col}
			}
		}
	}
	return [2]int{-1, -1}
}

// TestDynamic splits where into what the feeding report decides and the rest.
func TestDynamic(t *testing.T) {
	set := load(t, windowRule+"when: past.n > 2 and not past.known\n", lang.Options{})
	w := set.Windows[0]
	if w.Where.Key != "amount > 5" && w.Where.Key != ">(amount, 5)" {
		t.Errorf("where %s", w.Where.Key)
	}
	entry := pastRow{row: row{fields: map[string]any{"creditor.account": "A"}}, judged: row{fields: map[string]any{"creditor.account": "A"}}}
	if got := state(t, w.Dynamic, entry); got != lang.Known {
		t.Errorf("same: %d", got)
	}
	entry.judged = row{fields: map[string]any{"creditor.account": "B"}}
	if got := state(t, w.Dynamic, entry); got != isFalse {
		t.Errorf("other: %d", got)
	}
	if got := state(t, w.Dynamic, entry.row); got != lang.Unknown {
		t.Errorf("without a judged report: %d", got)
	}
	if cols := w.Dynamic.Columns(set.Schema); !slices.Equal(cols, []int{set.Schema.Must("creditor.account")}) {
		t.Errorf("reads %v", cols)
	}
}

// TestLookupMeaning evaluates lists and tables: what is missing is in no list and
// not outside one either.
func TestLookupMeaning(t *testing.T) {
	r := pastRow{
		row:   row{fields: map[string]any{"creditor.account": "A", "currency": "INR", "amount": 5}},
		lists: map[string]bool{"mules/A": true},
		cells: map[string]lang.Value{"limits/INR/floor": {Type: lang.Number, Num: decimal.FromInt(4)}},
	}
	for source, want := range map[string]lang.State{
		"creditor.account in lists.mules":                lang.Known,
		"creditor.account not in lists.mules":            isFalse,
		"creditor.account in lists.words":                isFalse,
		"debtor.account not in lists.mules":              lang.Unknown,
		"amount > tables.limits[currency].floor":         lang.Known,
		"tables.limits[settled_currency].floor == nil":   lang.Known,
		"amount > tables.limits[settled_currency].floor": lang.Unknown,
		`amount > (tables.limits["GBP"].floor ?? 9)`:     isFalse,
		"tables.limits[currency].open":                   lang.Unknown,
	} {
		n, findings := lang.Expression(source, vocabulary())
		if len(findings) > 0 {
			t.Errorf("%s: %v", source, findings)
			continue
		}
		if got := state(t, n, r); got != want {
			t.Errorf("%s: %d, want %d", source, got, want)
		}
		if cols := n.Columns(event.Default()); !slices.Contains(cols, event.Default().Must("occurred_at")) {
			t.Errorf("%s does not read the time", source)
		}
	}
}

// TestLocalTime checks the hour and the weekend in several countries.
func TestLocalTime(t *testing.T) {
	at := time.Date(2026, 7, 3, 20, 30, 0, 0, time.UTC).UnixMilli() // a Friday
	for source, want := range map[string]lang.State{
		`local_hour("GB") == 21`:                   lang.Known,
		`local_hour("IN") == 2`:                    lang.Known,
		`local_hour("US") == 16`:                   lang.Known,
		`weekend("GB")`:                            isFalse,
		`weekend("IN")`:                            isFalse, // Saturday there
		`weekend("SG")`:                            lang.Known,
		`weekend("SA")`:                            lang.Known,
		`weekend(debtor.account_country)`:          lang.Unknown, // missing
		`local_hour(creditor.account_country) > 0`: lang.Unknown, // several zones
	} {
		n, findings := lang.Expression(source, vocabulary())
		if len(findings) > 0 {
			t.Errorf("%s: %v", source, findings)
			continue
		}
		if got := state(t, n, row{fields: map[string]any{"occurred_at": at, "creditor.account_country": "AU"}}); got != want {
			t.Errorf("%s: %d, want %d", source, got, want)
		}
	}
	if err := lang.CheckZones(map[string]string{"US": "America/Chicago"}); err != nil {
		t.Error(err)
	}
	for country, zone := range map[string]string{"UK": "Europe/London", "US": "America/Nowhere", "AU": ""} {
		if lang.CheckZones(map[string]string{country: zone}) == nil {
			t.Errorf("%s %s is accepted", country, zone)
		}
	}
}

// TestWindowsAreShared loads two rules that mean the same window under different
// names, and one that means another.
func TestWindowsAreShared(t *testing.T) {
	other := replace(replace(windowRule, "past-rule", "same-rule"), "  past:", "  mine:")
	other = replace(other, "{n: count(), known: seen(creditor.uid)}", "{k: seen(creditor.uid), c: count()}")
	third := replace(replace(windowRule, "past-rule", "third-rule"), "within: 5d", "within: 6d")
	set := load(t, windowRule+"when: past.n > 2 and past.known\n---\n"+other+"when: mine.c > 2 and mine.k\n---\n"+third+"when: past.n > 2 and past.known\n", lang.Options{})
	if len(set.Windows) != 2 {
		t.Fatalf("%d windows", len(set.Windows))
	}
	a, b, c := set.Rules[0], set.Rules[1], set.Rules[2]
	if a.Hash != b.Hash || a.Hash == c.Hash {
		t.Errorf("hashes %s %s %s", a.Hash, b.Hash, c.Hash)
	}
	if a.Windows[0].Win != b.Windows[0].Win || b.Windows[0].Name != "mine" || len(b.Windows[0].Values) != 2 {
		t.Errorf("%+v %+v", a.Windows, b.Windows)
	}
	if got := set.Text(b, b.Guard); got != "mine.c > 2 and mine.k" {
		t.Errorf("text %q", got)
	}
	if !slices.Equal(set.Judged(), []int{0, 1}) {
		t.Errorf("judged %v", set.Judged())
	}
	draft := load(t, replace(windowRule, "status: live", "status: draft")+"when: past.n > 2\n", lang.Options{})
	if len(draft.Judged()) != 0 || draft.Digest == set.Digest {
		t.Errorf("draft: %v", draft.Judged())
	}
}

// TestAbout checks which windows an alert and its rule are about.
func TestAbout(t *testing.T) {
	text := windowRule + "when: past.n > 2\ncases:\n  - {name: a, when: amount > 5, alert: {about: past}}\n  - {name: b, when: amount > 4}\nalert: {subject: creditor}\n"
	r := load(t, text, lang.Options{}).Rules[0]
	a, b := r.Cases[0].Alert, r.Cases[1].Alert
	if a.This || !slices.Equal(a.About, []int{0}) || !b.This || b.About != nil || !slices.Equal(r.About, []int{0}) {
		t.Errorf("%+v %+v %v", a, b, r.About)
	}
	plain := load(t, replace(text, "about: past", "about: this"), lang.Options{}).Rules[0]
	if plain.Hash == r.Hash || len(plain.About) > 0 {
		t.Errorf("%v", plain.About)
	}
}

// TestOrder puts a rule after those that its weights count, whatever their ids.
func TestOrder(t *testing.T) {
	const head = "version: 1\nstatus: live\ntitle: t\nowner: o\nseverity: high\non: bank.transfer\n"
	text := "id: aaa\n" + head + "weights: {m: {rule: mmm, hit: 4, x: 6}}\nscore: m * 2\ncases: [{name: a, when: score > 4}]\n---\n" +
		"id: mmm\n" + head + "weights: {z: {rule: zzz, hit: 5}}\ncases: [{name: x, when: score > 4}]\n---\n" +
		"id: zzz\n" + head + "when: amount > 5\n"
	set := load(t, text, lang.Options{})
	if !slices.Equal(set.Order, []int{2, 1, 0}) {
		t.Errorf("order %v", set.Order)
	}
	w := set.Rules[0].Weights[0]
	if w.Rule != "mmm" || w.PointsOf("x").String() != "6" || w.PointsOf("y").String() != "4" || w.PointsOf("").String() != "4" {
		t.Errorf("%+v", w)
	}
	p, err := lang.Compile(set.Rules[0].Score)
	if err != nil {
		t.Fatal(err)
	}
	for hits, want := range map[string]string{"": "0", "mmm/": "8", "mmm/x": "12"} {
		r := pastRow{hits: map[string]bool{hits: true, "mmm/": hits != ""}}
		if v, _ := p.Eval(r); v.Num.String() != want {
			t.Errorf("%q: %s, want %s", hits, v.Num, want)
		}
	}
	other := load(t, replace(text, "x: 6", "x: 7"), lang.Options{})
	if other.Rules[0].Hash == set.Rules[0].Hash || other.Rules[1].Hash != set.Rules[1].Hash {
		t.Error("points of a case do not change the hash of their rule alone")
	}
}

// TestBudget refuses windows that would keep too much, with the numbers.
func TestBudget(t *testing.T) {
	o := lang.Options{Budget: lang.Budget{Rates: map[string]float64{"bank.transfer": 10_000}, Bytes: 1 << 30}}
	tree, _ := spec.Parse([]*spec.File{spec.NewFile("past-rule.yaml", []byte(windowRule+"when: past.n > 2 and past.known\n"))})
	set, findings := lang.Check(tree, o)
	findings = slices.DeleteFunc(findings, func(f spec.Diagnostic) bool { return f.Level != spec.Error })
	if findings.Errors() != 1 || !strings.Contains(findings[0].Message, "10000.0 reports/s over 5d") || !strings.Contains(findings[0].Source, "within: 5d") {
		t.Errorf("%v", findings)
	}
	if got, want := set.Windows[0].Size(o.Budget), 10_000*5*86_400*48.; got != want {
		t.Errorf("size %f, want %f", got, want)
	}
	o.Budget.Rates["bank.transfer"] = 1
	if _, findings := lang.Check(tree, o); findings.Errors() != 0 {
		t.Errorf("%v", findings)
	}
}

// TestTextReads writes expressions back; loading them again gives the same node.
func TestTextReads(t *testing.T) {
	for _, source := range []string{
		`amount > 5 and (currency == "INR" or currency in ["GBP", "USD"])`,
		`not (narrative contains "gift") and (amount ?? 0) * (base_amount + 2) > -5`,
		`age(creditor.opened_at) <= "30d" or creditor.opened_at == nil`,
		`(amount > 5 ? base_amount : 3) - 2 >= 1 and occurred_at >= "2026-01-01"`,
		`creditor.account in lists.mules and tables.limits[upper(currency)].floor < amount`,
		`len(split(narrative, " ")) > 3 and local_hour("GB") < 5 and weekend(debtor.account_country)`,
		`extra["a"] startsWith "b" and upper(narrative) matches "^X+"`,
	} {
		n, findings := lang.Expression(source, vocabulary())
		if len(findings) > 0 {
			t.Fatalf("%s: %v", source, findings)
		}
		written := (&lang.Set{}).Text(nil, n)
		again, findings := lang.Expression(written, vocabulary())
		if len(findings) > 0 || again.Key != n.Key {
			t.Errorf("%s\n is written as %s\n%v", source, written, fmt.Sprint(findings))
		}
	}
}

// TestBuiltInZones holds every built-in zone to be a country's and to exist.
func TestBuiltInZones(t *testing.T) {
	zones := lang.Zones()
	if len(zones) < 200 || zones["GB"] != "Europe/London" || zones["US"] != "" {
		t.Errorf("%d zones", len(zones))
	}
	for country, zone := range zones {
		if _, err := time.LoadLocation(zone); err != nil {
			t.Errorf("%s: %v", country, err)
		}
	}
}

// TestDeepTrends judges conditions nested as deep as they may be: the work must
// not double at each level.
func TestDeepTrends(t *testing.T) {
	for _, form := range []string{"(amount > 1 ? %s : 2)", "(2 * %s)", "(%s ?? 3)", "max(%s, 1)"} {
		source := "past.n"
		for range 45 {
			source = fmt.Sprintf(form, source)
		}
		set := load(t, windowRule+"when: |\n  "+source+" > 5 and past.known\n", lang.Options{})
		if set.Rules[0].Guard == nil {
			t.Error(form)
		}
	}
}
