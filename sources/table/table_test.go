package table_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/table"
)

// mapping parses a mapping that gives what every report needs beside more.
func mapping(t *testing.T, more string) *table.Mapping {
	t.Helper()
	m, err := table.ReadMapping(strings.NewReader(more))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func columns(names ...string) []table.Column {
	var all []table.Column
	for _, n := range names {
		all = append(all, table.Column{Name: n})
	}
	return all
}

func cells(texts ...string) [][]byte {
	var all [][]byte
	for _, s := range texts {
		if s == "nil" {
			all = append(all, nil)
		} else {
			all = append(all, []byte(s))
		}
	}
	return all
}

const needed = "constants: {report_id: \"R{row}\", reporter: X, kind: bank.transfer, occurred_at: 2026-01-01T00:00:00Z}\n"

// TestConversions maps one column c in every way there is.
func TestConversions(t *testing.T) {
	for _, c := range []struct{ target, cell, want string }{
		{"amount", "12.50", `"amount":"12.50"`},
		{"amount", "nil", ``},
		{"amount", "", ``},
		{"[amount, extra.raw]", "1", `"amount":"1","extra":{"raw":"1"}`},
		{`{field: status, words: {OK: settled, "*": pending}}`, "OK", `"status":"settled"`},
		{`{field: status, words: {OK: settled, "*": pending}}`, "?", `"status":"pending"`},
		{`{field: status, words: {OK: settled, "-": ""}}`, "-", ``},
		{`{field: status, words: {OK: settled}}`, "NO", `!code column c: "NO" is none of its words; add it, or "*" for all others`},
		{`{field: status, words: {NO: refused, null: pending}}`, "NO", `"status":"refused"`},
		{`{field: status, words: {NO: refused, null: pending}}`, "null", `"status":"pending"`},
		{`{field: amount, scale: "0.01"}`, "12345", `"amount":"123.45"`},
		{`{field: amount, scale: "1"}`, "1.05E+07", `"amount":"10500000"`},
		{`{field: amount, scale: "1"}`, "25e-3", `"amount":"0.025"`},
		{`{field: amount, scale: "1"}`, "1e99", `!type column c: "1e99" is no decimal`},
		{`{field: amount, scale: "1"}`, "1,5", `!type column c: "1,5" is no decimal`},
		{`{field: amount, scale: "99999999999999999999"}`, "1e18", `!range column c: "1e18" × 99999999999999999999 is too large`},
		{`{field: reported_at, time: unix}`, "1772424600", `"reported_at":"2026-03-02T04:10:00.000Z"`},
		{`{field: reported_at, time: unix}`, "1772424600.412", `"reported_at":"2026-03-02T04:10:00.412Z"`},
		{`{field: reported_at, time: unix_ms}`, "1772424600412", `"reported_at":"2026-03-02T04:10:00.412Z"`},
		{`{field: reported_at, time: unix}`, "soon", `!time column c: "soon" is no number`},
		{`{field: reported_at, time: unix}`, "99999999999999999999", `!time column c: "99999999999999999999" is beyond every time`},
		{`{field: reported_at, time: "%d/%m/%Y %H:%M", zone: Asia/Kolkata}`, "02/03/2026 09:40", `"reported_at":"2026-03-02T04:10:00.000Z"`},
		{`{field: reported_at, time: "%Y-%m-%dT%H:%M:%S.%f%z"}`, "2026-03-02T09:40:00.412+0530", `"reported_at":"2026-03-02T04:10:00.412Z"`},
		{`{field: reported_at, time: "%d/%m/%Y"}`, "2026-03-02", `!time column c: "2026-03-02" is not written as %d/%m/%Y`},
		{`{field: payment.settlement_date, time: "%d.%m.%y"}`, "02.03.26", `"payment":{"settlement_date":"2026-03-02"}`},
		{`{field: reported_at, unit: h, from: 2026-01-01T00:00:00Z}`, "1.5", `"reported_at":"2026-01-01T01:30:00.000Z"`},
		{`{field: reported_at, unit: d, from: 2026-01-01T00:00:00Z, ago: true}`, "30", `"reported_at":"2025-12-02T00:00:00.000Z"`},
		{`revision`, "3", `"revision":3`},
		{`revision`, `3,"kind":"x"`, `"revision":"3,\"kind\":\"x\""`},
		{`debtor.lat`, "-1.5e2", `"debtor":{"lat":-1.5e2}`},
		{`narrative`, "a\"\\\n\x00é", `"narrative":"a\"\\\u000a\u0000é"`},
	} {
		w, err := table.NewWriter(event.Default(), "t", columns("c"), mapping(t, "columns: {c: "+c.target+"}\n"+needed))
		if err != nil {
			t.Errorf("%s: %v", c.target, err)
			continue
		}
		got, bad := w.Append([]byte("+"), 7, cells(c.cell))
		if bad != nil {
			if text := fmt.Sprintf("!%s %s", bad.Reason, bad.Message); text != c.want || bad.Field == "" || string(got) != "+" {
				t.Errorf("%s of %q: %s (%s), want %s", c.target, c.cell, text, bad.Field, c.want)
			}
			continue
		}
		head := `+{` + c.want
		if c.want != "" {
			head += ","
		}
		if !strings.HasPrefix(string(got), head+`"kind":"bank.transfer"`) || !strings.HasSuffix(string(got), `"report_id":"R7","reporter":"X"}`) {
			t.Errorf("%s of %q: %s, want %s", c.target, c.cell, got, c.want)
		}
	}
}

// TestMissing takes the texts that a mapping names for missing, and none else.
func TestMissing(t *testing.T) {
	w, err := table.NewWriter(event.Default(), "t", columns("a", "b"), mapping(t, "missing: [NULL]\nconstants: {category: '{a}-{b}', case_ref: 'no {row}', report_id: '{row}', reporter: X, kind: k, occurred_at: t}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ a, b, want string }{{"x", "", `"category":"x-"`}, {"x", "NULL", `"case_ref"`}, {"nil", "y", `"case_ref"`}} {
		got, bad := w.Append(nil, 1, cells(c.a, c.b))
		if bad != nil || !strings.Contains(string(got), c.want) || strings.Contains(string(got), "category") != strings.Contains(c.want, "category") {
			t.Errorf("%q: %s", c, got)
		}
	}
}

// TestRefused has every mistake in a mapping.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "the file is empty",
		"colums: {}":                "field colums not found",
		"columns: {c: {feld: x}}":   `line 1: "feld" is none of [field`,
		"columns: {c: {words: {}}}": "the field is missing",
		"columns: {c: [[a]]}":       "write the name of a field",
		"columns: {c: {field: status, words: {a: b, a: c}}}": "mapping",
		"columns: {c: {field: status, words: [a]}}":          "write words as",
		"missing: x":                                                                    "write a list of texts",
		"missing: [[]]":                                                                 "write a text",
		"delimiter: ab":                                                                 "more than one character",
		"columns: {d: amount}\n" + needed:                                               `there is no column "d"`,
		"columns: {colunm: amount}\n" + needed:                                          `did you mean "column"?`,
		"columns: {c: amout}\n" + needed:                                                `there is no field "amout"; did you mean amount?`,
		"columns: {c: base_amount}\n" + needed:                                          "field base_amount cannot be given",
		"columns: {c: extra}\n" + needed:                                                "field extra cannot be given",
		"columns: {c: amount, column: amount}\n" + needed:                               "field amount is given twice, by column c and column column",
		"columns: {c: reporter}\n" + needed:                                             "field reporter is given twice, by column c and constant",
		"columns: {c: {field: amount, time: unix}}\n" + needed:                          "time and unit are for times and dates, and amount is decimal",
		"columns: {c: {field: status, scale: '2'}}\n" + needed:                          "scale is for decimals, and status is text",
		"columns: {c: {field: amount, scale: two}}\n" + needed:                          `scale "two"`,
		"columns: {c: {field: amount, scale: '1', words: {a: b}}}\n" + needed:           "exclude one another",
		"columns: {c: {field: reported_at, unit: w, from: x}}\n" + needed:               `unit "w" is none of`,
		"columns: {c: {field: reported_at, unit: h}}\n" + needed:                        `from "" is no RFC 3339 time`,
		"columns: {c: {field: reported_at, time: yyyy}}\n" + needed:                     `time "yyyy" is none of`,
		"columns: {c: {field: reported_at, time: '%Y at'}}\n" + needed:                  "digits and letters cannot",
		"columns: {c: {field: reported_at, time: '%Q'}}\n" + needed:                     "after % comes one of",
		"columns: {c: {field: reported_at, time: '%Y', zone: Mars/Olympus}}\n" + needed: "is no IANA time zone",
		"columns: {c: {field: reported_at, zone: Asia/Kolkata}}\n" + needed:             "zone needs a pattern",
		"constants: {case_ref: '{no}', reporter: X}":                                    `there is no column "no"`,
		"constants: {case_ref: '{c', reporter: X}":                                      "a brace is not closed",
		"constants: {reporter: X, kind: k, occurred_at: t}":                             "nothing gives report_id, which every report needs",
	} {
		m, err := table.ReadMapping(strings.NewReader(text))
		if err == nil {
			_, err = table.NewWriter(event.Default(), "t", columns("c", "column"), m)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := table.OpenMapping("none.yaml"); err == nil {
		t.Error("a mapping that is not there was opened")
	}
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte("colums: {}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := table.OpenMapping(path); err == nil || !strings.Contains(err.Error(), "m.yaml") {
		t.Errorf("error %v", err)
	}
}

// TestExported reads a table with the columns of reports in ClickHouse: derived ones
// and those of the store are left out.
func TestExported(t *testing.T) {
	w, err := table.NewWriter(event.Default(), "t", columns("report_id", "reporter", "kind", "occurred_at", "debtor_uid", "topic", "content_hash", "debtor_account", "debtor.account", "branch"), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, bad := w.Append(nil, 1, cells("1", "X", "k", "t", "u", "topic", "hash", "42", "43", "b"))
	if want := `{"report_id":"1","reporter":"X","kind":"k","occurred_at":"t","debtor":{"account":"42"},"branch":"b"}`; bad != nil || string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	if w.Uses(5) || !w.Uses(7) || w.Uses(8) {
		t.Error("it looks at the wrong columns")
	}
	if !slices.Equal(w.Others(), []string{"branch"}) {
		t.Errorf("no field is called like %q, want branch", w.Others())
	}
}

// TestDelimiterAlone reads tables whose mapping says nothing about columns: they are
// called like fields, and constants stand beside them.
func TestDelimiterAlone(t *testing.T) {
	all := columns("report_id", "reporter", "kind", "occurred_at")
	w, err := table.NewWriter(event.Default(), "t", all, mapping(t, `delimiter: ";"`))
	if err != nil {
		t.Fatal(err)
	}
	if got, bad := w.Append(nil, 1, cells("1", "X", "k", "t")); bad != nil || string(got) != `{"report_id":"1","reporter":"X","kind":"k","occurred_at":"t"}` {
		t.Errorf("%s (%v)", got, bad)
	}
	w, err = table.NewWriter(event.Default(), "t", all[1:], mapping(t, `constants: {report_id: "T{row}"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, bad := w.Append(nil, 7, cells("X", "k", "t")); bad != nil || string(got) != `{"reporter":"X","kind":"k","occurred_at":"t","report_id":"T7"}` {
		t.Errorf("%s (%v)", got, bad)
	}
	if _, err := table.NewWriter(event.Default(), "t", all, mapping(t, `constants: {reporter: Y}`)); err == nil || !strings.Contains(err.Error(), "field reporter is given twice, by reporter and constant") {
		t.Errorf("error %v", err)
	}
	if _, err := table.NewWriter(event.Default(), "t", columns("report_id;reporter;kind"), nil); err == nil || !strings.Contains(err.Error(), `delimiter: ";"`) {
		t.Errorf("error %v", err)
	}
}

// TestAnyCells holds the writer to its promise: whatever stands in cells, a row is one
// JSON object (unless bytes are not UTF-8) whose members are those of the mapping, and
// what the decoder reads of a text column is what stood in the cell.
func TestAnyCells(t *testing.T) {
	w, err := table.NewWriter(event.Default(), "t", columns("narrative", "revision", "lat", "x\"y"), mapping(t,
		"columns: {narrative: narrative, revision: revision, lat: debtor.lat, 'x\"y': 'extra.a\"b'}\n"+needed))
	if err != nil {
		t.Fatal(err)
	}
	s := event.Default()
	d := jsoncodec.New(codec.Options{Schema: s, Project: s.Whole(), Placeholders: []string{}})
	rapid.Check(t, func(t *rapid.T) {
		var row [][]byte
		for range 4 {
			row = append(row, []byte(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`"`, `\`, `1}`, "-", "1e5", "true", "\xff"})).Draw(t, "cell")))
		}
		got, bad := w.Append(nil, 3, row)
		if bad != nil {
			t.Fatal(bad)
		}
		var members map[string]any
		if err := json.Unmarshal(got, &members); err != nil && utf8.Valid(got) {
			t.Fatalf("%s: %v", got, err)
		}
		for name := range members {
			if !strings.Contains("narrative revision debtor extra report_id reporter kind occurred_at", name) {
				t.Fatalf("%s: member %s", got, name)
			}
		}
		b, dead := d.Decode(&event.Records{Topic: "t", Offsets: []int64{3}, Times: []int64{event.AsOccurred}, Values: [][]byte{got}})
		defer b.Release()
		if len(dead) > 0 {
			return
		}
		if text := b.Columns[s.Must("narrative")].String(0); text != string(row[0]) {
			t.Fatalf("narrative %q of %q", text, row[0])
		}
	})
}

// TestRuns cuts rows into runs and keeps their numbers.
func TestRuns(t *testing.T) {
	w, err := table.NewWriter(event.Default(), "t", columns("narrative", "state"), mapping(t, "columns: {narrative: narrative, state: {field: status, words: {OK: settled}}}\n"+needed))
	if err != nil {
		t.Fatal(err)
	}
	runs := table.NewRuns("t", w)
	if runs.Take() != nil {
		t.Error("a run of nothing")
	}
	for i := range 3 {
		for n := int64(1); !runs.Full(); n++ {
			text := strings.Repeat("x", 1000)
			if n == 4 {
				text = strings.Repeat("x", 2<<20)
			}
			runs.Add(n, cells(text, map[bool]string{true: "OK", false: "NO"}[n != 2]))
		}
		run := runs.Take()
		if run.Len() < 3000 || len(run.Dead) != 2 || run.Dead[0].Offset != 2 || run.Dead[0].Reason != event.BadCode || run.Dead[1].Offset != 4 || run.Dead[1].Reason != event.TooLarge {
			t.Fatalf("run %d: %d records, dead %+v", i, run.Len(), run.Dead)
		}
		if run.Offsets[1] != 3 || !strings.Contains(string(run.Values[1]), `"R3"`) || cap(run.Values[0]) != len(run.Values[0]) {
			t.Errorf("run %d: offset %d has %.40s", i, run.Offsets[1], run.Values[1])
		}
	}
}

func TestObject(t *testing.T) {
	got := table.Object(nil, 2, func(i int) (k, v []byte) { return []byte{'k', '"', byte('0' + i)}, []byte("v") })
	if string(got) != `{"k\"0":"v","k\"1":"v"}` {
		t.Errorf("%s", got)
	}
}
