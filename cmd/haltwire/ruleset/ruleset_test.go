package ruleset_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/cmd/haltwire/ruleset"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/desk/control"
)

const rule = `id: ID
version: 1
status: live
title: One
owner: desk
severity: low
on: bank.transfer
when: debtor.name in lists.bad && base_amount > tables.floors[reporter].floor
defaults: {kind: bank.transfer, reporter: HWBIINBB, debtor.name: MULE, currency: USD}
tests:
  - name: above the floor
    given: {pay: {at: 0s, amount: "10.00"}}
    expect: {pay: {}}
  - name: below it
    given: {pay: {at: 0s, amount: "4.00"}}
    expect: {}
`

// dir writes a configuration with its files and returns its folder.
func dir(t *testing.T) string {
	t.Helper()
	d := t.TempDir()
	for name, text := range map[string]string{
		"haltwire.yaml": `rates: {base_currency: USD, file: rates.csv}
lists: {bad: {file: bad.csv}}
tables: {floors: {file: floors.csv, key: reporter, columns: {floor: decimal}}}
`,
		"bad.csv": "value\nMULE\n", "floors.csv": "reporter,floor\nHWBIINBB,5.00\n", "rates.csv": "valid_from,currency,rate\n2020-01-01,GBP,1.30\n",
		"rules/a/one.yaml": strings.Replace(rule, "ID", "one", 1), "rules/two.yaml": strings.Replace(rule, "ID", "two", 1),
	} {
		write(t, filepath.Join(d, name), text)
	}
	return d
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit replaces a text in a file.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("%s lacks %q: %v", path, from, err)
	}
	write(t, path, strings.Replace(string(text), from, to, 1))
}

func sources(t *testing.T, d string) ruleset.Sources {
	t.Helper()
	c, err := config.Read(filepath.Join(d, "haltwire.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ruleset.From(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compile(t *testing.T, s *ruleset.Sources) *ruleset.Set {
	t.Helper()
	set, err := try(s)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func try(s *ruleset.Sources) (*ruleset.Set, error) {
	text, err := s.Read()
	if err != nil {
		return nil, err
	}
	return s.Compile(text, time.Now())
}

// TestRefused says what keeps a set from being compiled, and that the error names
// the place.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to, want string }{
		"rule":    {"rules/two.yaml", "base_amount >", "base_amont >", "two.yaml:8:"},
		"both":    {"rules/two.yaml", "id: two", "id: one", "a second rule one"},
		"test":    {"rules/two.yaml", "{at: 0s, amount: \"10", "{at: 0s, amont: \"10", "amont"},
		"list":    {"bad.csv", "value", "vaue", "bad.csv"},
		"table":   {"floors.csv", "5.00", "five", "floors.csv:2"},
		"rates":   {"rates.csv", "GBP", "XXQ", "rates.file"},
		"no list": {"haltwire.yaml", "bad.csv", "absent.csv", "lists.bad: open file"},
		"unnamed": {"haltwire.yaml", "lists: {bad", "lists: {good", "bad"},
	} {
		t.Run(name, func(t *testing.T) {
			d := dir(t)
			s := sources(t, d)
			if _, err := try(&s); err != nil {
				t.Fatal(err)
			}
			edit(t, filepath.Join(d, c.file), c.from, c.to)
			s = sources(t, d)
			if _, err := try(&s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestTests runs tests, and again only those that a change can have to do with.
func TestTests(t *testing.T) {
	d := dir(t)
	s := sources(t, d)
	first := compile(t, &s)
	if err := first.Test(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	asked := 0
	ctx := countedContext{t.Context(), &asked}
	for _, c := range []struct {
		name, file, from, to string
		tests                int
		fails                bool
	}{
		{"nothing", "rates.csv", "1.30", "1.30", 0, false},
		{"a title", "rules/two.yaml", "title: One", "title: Two", 2, false}, // the tests of a file that changed run
		{"a meaning", "rules/two.yaml", "base_amount > ", "base_amount >= ", 2, false},
		{"a test", "rules/a/one.yaml", `amount: "4.00"`, `amount: "6.00"`, 2, true},
		{"a list", "bad.csv", "MULE", "DONKEY", 4, true},
	} {
		d := dir(t)
		s := sources(t, d)
		edit(t, filepath.Join(d, c.file), c.from, c.to)
		asked = 0
		err := compile(t, &s).Test(ctx, first)
		if (err != nil) != c.fails || c.fails && !errors.Is(err, ruleset.ErrTests) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if asked != c.tests {
			t.Errorf("%s: %d tests were run, want %d", c.name, asked, c.tests)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.Test(ended, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("no time left: error %v", err)
	}
}

// countedContext counts how often it is asked whether it has ended.
type countedContext struct {
	context.Context
	asked *int
}

func (c countedContext) Err() error { *c.asked++; return c.Context.Err() }

// TestEditions takes sets through the contents of activations and back.
func TestEditions(t *testing.T) {
	d := dir(t)
	s := sources(t, d)
	var all []control.Activation
	var last *ruleset.Edition
	var sets []*ruleset.Set
	want := [][]string{{"lists", "rates", "rules"}, {"lists"}, {"rates", "rules"}, {}}
	for i, change := range []func(){
		func() {},
		func() { write(t, filepath.Join(d, "bad.csv"), "value\nMULE\nDONKEY\n") },
		func() {
			edit(t, filepath.Join(d, "rules/two.yaml"), "version: 1", "version: 2")
			edit(t, filepath.Join(d, "rates.csv"), "1.30", "1.40")
		},
		func() { edit(t, filepath.Join(d, "rules/two.yaml"), "owner: desk", "owner: desk # ours") },
	} {
		change()
		set := compile(t, &s)
		from := []event.Position{{Topic: "t", Partition: 1, Offset: int64(i)}}
		if changed := set.Changed(last); !slices.Equal(changed, want[i]) {
			t.Errorf("step %d: changed %v, want %v", i, changed, want[i])
		}
		more, err := set.Activations(last, time.Unix(int64(i), 0), from)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, more...)
		if len(more) > 0 {
			sets = append(sets, set)
		}
		last = set.Edition(time.Unix(int64(i), 0), from)
	}
	// What a reader of the topic gets has no more than its records say.
	var r control.Reader
	for _, a := range all {
		_, records, err := control.Encode(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			if err := r.Add(record); err != nil {
				t.Fatal(err)
			}
		}
	}
	editions := ruleset.Editions(r.Activations)
	if len(editions) != 3 {
		t.Fatalf("%d editions", len(editions))
	}
	for i := range editions {
		e := &editions[i]
		again, err := s.CompileEdition(e)
		if err != nil {
			t.Fatal(err)
		}
		if again.Digests != sets[i].Digests || len(sets[i].Changed(e)) != 0 {
			t.Errorf("edition %d: digests %v, want %v", i, again.Digests, sets[i].Digests)
		}
		if e.From[0].Offset != int64(i) || !e.At.Equal(time.Unix(int64(i), 0)) {
			t.Errorf("edition %d is from %v, %v", i, e.From, e.At)
		}
	}
}

// TestEditionCutShort ends haltwire between the records of its first edition, which
// was in force nowhere then: nothing may be judged by a part of it.
func TestEditionCutShort(t *testing.T) {
	s := sources(t, dir(t))
	set := compile(t, &s)
	all, err := set.Activations(nil, time.Unix(1, 0), nil)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d activations, %v", len(all), err)
	}
	for n := range len(all) {
		if got := ruleset.Editions(all[:n]); len(got) != 0 {
			t.Errorf("%d of %d records are an edition, which lacks %v", n, len(all), set.Changed(&got[0]))
		}
	}
	if got := ruleset.Editions(all); len(got) != 1 || len(set.Changed(&got[0])) != 0 {
		t.Errorf("all records are %d editions", len(got))
	}
}

// TestOnlyRules reads a topic on which an earlier version left rules only.
func TestOnlyRules(t *testing.T) {
	text := "id: aaa\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: low\non: bank.transfer\nwhen: base_amount > 5\n"
	all := []control.Activation{
		{Kind: "rates", Digest: "sha256:1", Content: []byte(`{}`)},
		{Kind: "rules", Digest: "x", At: time.Unix(1, 0), Content: []byte(`{"aaa.yaml": ` + quoted(text) + `}`)},
	}
	editions := ruleset.Editions(all)
	if len(editions) != 1 || editions[0].Digest("rates") != "sha256:1" || !strings.HasPrefix(editions[0].Digest("lists"), "sha256:e3b0c4") {
		t.Fatalf("%+v", editions)
	}
	s := sources(t, dir(t))
	set, err := s.CompileEdition(&editions[0])
	if err != nil || len(set.Rules.Rules) != 1 {
		t.Fatalf("%v", err)
	}
	if _, err := s.CompileEdition(&ruleset.Editions([]control.Activation{{Kind: "rules", Digest: "x", Content: []byte("garbage")}})[0]); err == nil {
		t.Error("garbage was compiled")
	}
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }

// TestLook sees every change that an editor, git or a Kubernetes ConfigMap makes,
// and nothing else.
func TestLook(t *testing.T) {
	d := dir(t)
	rules := filepath.Join(d, "rules")
	for name, c := range map[string]struct {
		change func(t *testing.T)
		sees   bool
	}{
		"a rule":       {func(t *testing.T) { edit(t, filepath.Join(rules, "a/one.yaml"), "version: 1", "version: 12") }, true},
		"a new rule":   {func(t *testing.T) { write(t, filepath.Join(rules, "b/c.yaml"), "id: c") }, true},
		"a rule goes":  {func(t *testing.T) { remove(t, filepath.Join(rules, "two.yaml")) }, true},
		"a list":       {func(t *testing.T) { write(t, filepath.Join(d, "bad.csv"), "value\nA\nB\nC\n") }, true},
		"a list goes":  {func(t *testing.T) { remove(t, filepath.Join(d, "bad.csv")) }, true},
		"a table":      {func(t *testing.T) { write(t, filepath.Join(d, "floors.csv"), "reporter,floor\n") }, true},
		"rates":        {func(t *testing.T) { write(t, filepath.Join(d, "rates.csv"), "valid_from,currency,rate\n") }, true},
		"of one size":  {func(t *testing.T) { replace(t, filepath.Join(d, "rates.csv"), "1.30", "1.31") }, true},
		"nothing":      {func(*testing.T) {}, false},
		"no rule":      {func(t *testing.T) { write(t, filepath.Join(rules, "notes.txt"), "x") }, false},
		"hidden":       {func(t *testing.T) { write(t, filepath.Join(rules, ".swap.yaml"), "x") }, false},
		"hidden dir":   {func(t *testing.T) { write(t, filepath.Join(rules, ".git/x.yaml"), "x") }, false},
		"link in ring": {func(t *testing.T) { link(t, rules, filepath.Join(rules, "ring")) }, false},
	} {
		d = dir(t)
		rules = filepath.Join(d, "rules")
		s := sources(t, d)
		before := s.Look()
		if s.Look() != before {
			t.Fatalf("%s: two looks differ", name)
		}
		c.change(t)
		if sees := s.Look() != before; sees != c.sees {
			t.Errorf("%s: seen %v", name, sees)
		}
	}
}

// TestLookAtConfigMap swaps the link that a mounted ConfigMap consists of.
func TestLookAtConfigMap(t *testing.T) {
	d := dir(t)
	rules := filepath.Join(d, "mounted")
	write(t, filepath.Join(rules, "..2026_1", "one.yaml"), strings.Replace(rule, "ID", "one", 1))
	write(t, filepath.Join(rules, "..2026_2", "one.yaml"), strings.Replace(rule, "ID", "uno", 1))
	link(t, "..2026_1", filepath.Join(rules, "..data"))
	link(t, "..data/one.yaml", filepath.Join(rules, "one.yaml"))
	s := sources(t, d)
	s.Rules = rules
	before := s.Look()
	link(t, "..2026_2", filepath.Join(rules, "..new"))
	if err := os.Rename(filepath.Join(rules, "..new"), filepath.Join(rules, "..data")); err != nil {
		t.Fatal(err)
	}
	if s.Look() == before {
		t.Error("the swap was not seen")
	}
	if set := compile(t, &s); set.Rules.Rules[0].ID != "uno" {
		t.Errorf("rule %s", set.Rules.Rules[0].ID)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

// replace is edit as git does it: by a new file under the old name.
func replace(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path+".new", strings.Replace(string(text), from, to, 1))
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// TestWatch waits until a change has come to rest, tells it once, and again while it
// is not taken.
func TestWatch(t *testing.T) {
	d := dir(t)
	s := sources(t, d)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ticks, calls, taken := make(chan time.Time), 0, true
		go s.Watch(ctx, s.Look(), ticks, func(context.Context) bool { calls++; return taken })
		step := func(name string, ticking, want int) {
			t.Helper()
			for range ticking {
				ticks <- time.Time{}
				synctest.Wait()
			}
			if calls != want {
				t.Fatalf("%s: called %d times, want %d", name, calls, want)
			}
		}
		step("nothing", 3, 0)
		edit(t, filepath.Join(d, "rules/two.yaml"), "version: 1", "version: 12")
		step("the first part of a change", 1, 0)
		edit(t, filepath.Join(d, "rules/a/one.yaml"), "version: 1", "version: 12")
		step("the second part", 1, 0)
		step("rest", 1, 1)
		step("more rest", 3, 1)
		taken = false
		edit(t, filepath.Join(d, "bad.csv"), "MULE", "MULE2")
		step("a change that is not taken", 4, 4)
		taken = true
		step("and then is", 3, 5)
		cancel()
	})
}
