package lookup_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/lookup"
)

func ms(s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

func list(t *testing.T, m lookup.Match, csv string) *lookup.List {
	t.Helper()
	l, err := lookup.ReadList(lookup.ListSpec{Name: "l", File: "l.csv", Match: m}, strings.NewReader(csv))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		match   lookup.Match
		csv     string
		in, out []string
	}{
		{"", "value\nGB1\n GB2 \n", []string{"GB1", "GB2"}, []string{"gb1", "GB", "GB11", ""}},
		{lookup.Prefix, "value\n+9190\n+44\n", []string{"+919012345678", "+4477", "+44"}, []string{"+4", "+9191", "", "44"}},
		{lookup.CIDR, "value\n192.0.2.0/24\n198.51.100.7\n2001:db8::/32\n::ffff:203.0.113.0/120\n",
			[]string{"192.0.2.1", "192.0.2.255", "198.51.100.7", "2001:db8::1", "::ffff:192.0.2.9", "203.0.113.4"},
			[]string{"192.0.3.1", "198.51.100.8", "2001:db9::1", "x", ""}},
		{lookup.Word, "value\nsafe account\nBitcoin\nÉlan\n",
			[]string{"move it to a SAFE  account, now", "bitcoin", "pay in Bitcoin!", "élan"},
			[]string{"bitcoins", "safe", "unsafe account", "safe my account", ""}},
		{lookup.Word, "value\n", nil, []string{"a", ""}},
	} {
		l := list(t, c.match, c.csv)
		for _, v := range c.in {
			if !l.Has([]byte(v), 0) {
				t.Errorf("%s: %q is not in %q", c.match, v, c.csv)
			}
		}
		for _, v := range c.out {
			if l.Has([]byte(v), 0) {
				t.Errorf("%s: %q is in %q", c.match, v, c.csv)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	csv := "from,until,value,note\n2026-01-01,2026-02-01,x,first\n2026-03-01T12:00:00Z,,x,again\n,2026-01-01,y,\n"
	for _, m := range []lookup.Match{lookup.Exact, lookup.Prefix, lookup.Word} {
		l := list(t, m, csv)
		for at, want := range map[string][2]bool{
			"2025-12-31T23:59:59.999Z": {false, true},
			"2026-01-01T00:00:00Z":     {true, false},
			"2026-01-31T23:59:59.999Z": {true, false},
			"2026-02-01T00:00:00Z":     {false, false},
			"2026-03-01T12:00:00Z":     {true, false},
		} {
			if got := [2]bool{l.Has([]byte("x"), ms(at)), l.Has([]byte("y"), ms(at))}; got != want {
				t.Errorf("%s as of %s: %v, want %v", m, at, got, want)
			}
		}
	}
}

func TestListErrors(t *testing.T) {
	for csv, want := range map[string]string{
		"":                          "l.csv:1: no header line",
		"name\nx\n":                 `l.csv:1: no column "value"; the file has name`,
		"value,value\n":             `l.csv:1: column "value" stands twice`,
		"value,from\nx,yesterday\n": `l.csv:2: from: "yesterday" is no time`,
		"value,from,until\nx,2026-02-01,2026-02-01\n": "l.csv:2: until is not after from",
		"value,from\n\nx,2026-02-01\n ,\n":            "l.csv:4: value is empty",
		"value\na,b\n":                                "l.csv:2:1: wrong number of fields",
		"value\n\"a\n":                                "l.csv:2:4: extraneous or missing \" in quoted-field",
		"value\n\xff\n":                               "l.csv:2: value is not UTF-8",
	} {
		_, err := lookup.ReadList(lookup.ListSpec{Name: "l", File: "l.csv"}, strings.NewReader(csv))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", csv, err, want)
		}
	}
	_, err := lookup.ReadList(lookup.ListSpec{File: "l.csv", Match: lookup.CIDR}, strings.NewReader("value\nx\n192.0.2.1/33\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "l.csv:3") {
		t.Errorf("both bad networks are not named: %v", err)
	}
	_, err = lookup.ReadList(lookup.ListSpec{File: "l.csv"}, strings.NewReader("value\n"+strings.Repeat(" \"\"\n", 0)+strings.Repeat("\" \"\n", 100)))
	if err == nil || strings.Count(err.Error(), "\n") != lookup.MaxErrors-1 {
		t.Errorf("not %d errors: %v", lookup.MaxErrors, err)
	}
	if _, err = lookup.ReadList(lookup.ListSpec{File: "l.csv", Match: "regex"}, strings.NewReader("value\n")); err == nil {
		t.Error("match regex is accepted")
	}
}

// TestDigest: order, notes and layout do not change it; entries and match do.
func TestDigest(t *testing.T) {
	a := list(t, lookup.Exact, "value,note\nx,1\ny,2\n").Digest()
	if b := list(t, lookup.Exact, "note,value\n,y\n,x\n").Digest(); a != b {
		t.Error("order or notes change the digest")
	}
	if b := list(t, lookup.Prefix, "value\nx\ny\n").Digest(); a == b {
		t.Error("match does not change the digest")
	}
	if b := list(t, lookup.Exact, "value,until\nx,2027-01-01\ny,\n").Digest(); a == b {
		t.Error("until does not change the digest")
	}
}

func TestNormalise(t *testing.T) {
	spec := lookup.ListSpec{File: "l.csv", Normalise: func(dst, s []byte) []byte { return append(dst, bytes.ReplaceAll(s, []byte(" "), nil)...) }}
	l, err := lookup.ReadList(spec, strings.NewReader("value\nGB52 HWBA\n"))
	if err != nil || !l.Has([]byte("GB52HWBA"), 0) {
		t.Errorf("entries are not normalised: %v", err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	a, b := write("a.csv", "value\nx\n"), write("b.csv", "k,v\nx,1\n")
	lists := []lookup.ListSpec{{Name: "a", File: a}}
	tables := []lookup.TableSpec{{Name: "b", File: b, Key: "k", Columns: map[string]lookup.Kind{"v": lookup.Int}}}
	s, err := lookup.Load(lists, tables)
	if err != nil {
		t.Fatal(err)
	}
	if s.List("a").Len() != 1 || s.List("b") != nil || s.Table("a") != nil || s.Lists()["a"] != s.List("a").Digest() || s.Tables()["b"] != s.Table("b").Digest() {
		t.Error("the set does not hold what was loaded")
	}
	_, err = lookup.Load(append(lists, lookup.ListSpec{Name: "a", File: a}, lookup.ListSpec{Name: "c", File: filepath.Join(dir, "none.csv")}),
		[]lookup.TableSpec{{Name: "b", File: a, Key: "k"}, tables[0], tables[0]})
	for _, want := range []string{"list a: named twice", "list c: open file", `table b: ` + a + `:1: no column "k"`, "table b: named twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
}

const entries = 1_000_000

func bigCSV(value func(i int) string) string {
	var b strings.Builder
	b.WriteString("value\n")
	for i := range entries {
		b.WriteString(value(i))
		b.WriteByte('\n')
	}
	return b.String()
}

func BenchmarkReadList(b *testing.B) {
	csv := bigCSV(func(i int) string { return fmt.Sprintf("GB52HWBA%014d", i) })
	for b.Loop() {
		if _, err := lookup.ReadList(lookup.ListSpec{File: "l.csv"}, strings.NewReader(csv)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/entry")
}

func BenchmarkHas(b *testing.B) {
	for _, c := range []struct {
		match lookup.Match
		value func(i int) string
		ask   func(i int) string
	}{
		{lookup.Exact, func(i int) string { return fmt.Sprintf("GB52HWBA%014d", i) }, func(i int) string { return fmt.Sprintf("GB52HWBA%014d", i) }},
		{lookup.Prefix, func(i int) string { return fmt.Sprintf("+91%07d", i) }, func(i int) string { return fmt.Sprintf("+91%07d123", i) }},
		{lookup.CIDR, func(i int) string { return fmt.Sprintf("10.%d.%d.%d/30", i>>14&255, i>>6&255, i<<2&255) }, func(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>14&255, i>>6&255, i<<2&255|1) }},
		{lookup.Word, func(i int) string { return fmt.Sprintf("word%d", i) }, func(i int) string { return fmt.Sprintf("please pay to word%d now", i) }},
	} {
		b.Run(string(c.match), func(b *testing.B) {
			l, err := lookup.ReadList(lookup.ListSpec{File: "l.csv", Match: c.match}, strings.NewReader(bigCSV(c.value)))
			if err != nil {
				b.Fatal(err)
			}
			var asked [1024][]byte
			for i := range asked {
				asked[i] = []byte(c.ask(i * 2 * entries / len(asked)))
			}
			for i := 0; b.Loop(); i++ {
				l.Has(asked[i&1023], 0)
			}
		})
	}
}
