package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
)

// members draws the members of an object, mostly good, some with defects.
func members(t *rapid.T, depth int) string {
	name := rapid.SampledFrom([]string{"amount", "disputed_amount", "currency", "kind", "occurred_at", "category", "layer", "rail", "debtor",
		"payment", "name", "account", "scheme", "bic", "phone", "email", "lat", "opened_at", "settlement_date", "uetr", "uid", "x", "y.z",
		"extra", "a\\u006dount", "\\ud83d\\ude00", "é", "status", "reporter_country", "transaction_id", "base_amount"})
	value := rapid.SampledFrom([]string{`"5300.00"`, `12.5`, `0`, `-1`, `1e3`, `"INR"`, `"UK"`, `"bank.hold"`, `"2026-03-02T04:10:00Z"`, `"2026-03-02"`,
		`"x"`, `""`, `"unknown"`, `"0000"`, `true`, `false`, `null`, `[]`, `[1,{"a":"b"}]`, `"swift"`, `"iban"`, `"GB52HWBA00000000000101"`,
		`"gb52 hwba 0000 0000 0001 01"`, `"HWBIINBB"`, `"+919876543210"`, `"A@B"`, `255`, `256`, `"\u00e9\n"`, `"6513270e-269e-4d37-b2a7-4de452e6b438"`, `"settled"`})
	n := rapid.IntRange(0, 6).Draw(t, "n")
	var parts []string
	for range n {
		v := value.Draw(t, "value")
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "nest") == 0 {
			v = "{" + members(t, depth-1) + "}"
		}
		parts = append(parts, `"`+name.Draw(t, "name")+`":`+v)
	}
	return strings.Join(parts, ",")
}

// document draws a report, in one of four with a byte changed, added or left out.
func document(t *rapid.T) string {
	doc := []byte(report(members(t, 2)))
	at := rapid.IntRange(0, len(doc)-1).Draw(t, "at")
	switch rapid.IntRange(0, 11).Draw(t, "harm") {
	case 0:
		doc[at] = rapid.Byte().Draw(t, "byte")
	case 1:
		doc = append(doc[:at], doc[at+1:]...)
	case 2:
		doc = append(doc[:at:at], append([]byte{rapid.SampledFrom([]byte(`"{}[],:\ 0`)).Draw(t, "added")}, doc[at:]...)...)
	}
	return string(doc)
}

// errTwice is a member that an object has twice.
var errTwice = errors.New("twice")

// reference reads a document with encoding/json: flat members by dotted path, the
// members of extra without their prefix, arrays as their text.
func reference(doc []byte) (map[string]any, error) {
	flat := map[string]any{}
	var object func(dec *stdjson.Decoder, prefix string) error
	var skip func(dec *stdjson.Decoder, open stdjson.Delim) error
	skip = func(dec *stdjson.Decoder, open stdjson.Delim) error {
		names := map[string]bool{}
		for dec.More() {
			if open == '{' {
				k, err := dec.Token()
				if err != nil {
					return err
				}
				if names[k.(string)] {
					return errTwice
				}
				names[k.(string)] = true
			}
			v, err := dec.Token()
			if err != nil {
				return err
			}
			if d, ok := v.(stdjson.Delim); ok {
				if err := skip(dec, d); err != nil {
					return err
				}
			}
		}
		_, err := dec.Token()
		return err
	}
	object = func(dec *stdjson.Decoder, prefix string) error {
		names := map[string]bool{}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return err
			}
			name := k.(string)
			if names[name] {
				return errTwice
			}
			names[name] = true
			from := dec.InputOffset()
			v, err := dec.Token()
			if err != nil {
				return err
			}
			path := prefix + name
			switch d := v.(type) {
			case stdjson.Delim:
				if d == '{' {
					inner := path + "."
					if path == "extra" {
						inner = "extra:"
					}
					err = object(dec, inner)
				} else if err = skip(dec, d); err == nil {
					flat[path] = strings.TrimLeft(string(doc[from:dec.InputOffset()]), ": \t\r\n")
				}
				if err != nil {
					return err
				}
			case nil:
			default:
				flat[path] = v
			}
		}
		_, err := dec.Token()
		return err
	}
	dec := stdjson.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if open, err := dec.Token(); err != nil || open != stdjson.Delim('{') {
		return nil, errors.New("no object")
	}
	if err := object(dec, ""); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trailing bytes")
	}
	return flat, nil
}

// consistent compares what the decoder did with one document with encoding/json.
func consistent(doc []byte, b *event.Batch, dead []event.Dead) error {
	ref, err := reference(doc)
	if len(dead) == 1 {
		switch r := dead[0].Reason; {
		case r == event.Syntax && err == nil && utf8.Valid(doc) && !strings.Contains(dead[0].Message, "levels"):
			return fmt.Errorf("syntax (%s), but encoding/json reads it", dead[0].Message)
		case r == event.DuplicateMember && err == nil && !strings.Contains(dead[0].Field, ".") && !bytes.Contains(doc, []byte(`"extra"`)):
			return fmt.Errorf("duplicate_member %s, but encoding/json sees none", dead[0].Field)
		}
		return nil
	}
	if err != nil || !stdjson.Valid(doc) || !utf8.Valid(doc) {
		return fmt.Errorf("accepted, but encoding/json says %w", err)
	}
	for path, v := range ref {
		if i, ok := b.Schema.Index(path); ok && !b.Schema.Columns[i].Derived && path != "extra" {
			if err := sameValue(b, path, v); err != nil {
				return err
			}
			continue
		}
		if got, ok := entry(b, strings.TrimPrefix(path, "extra:")); !ok || got != fmt.Sprint(v) {
			return fmt.Errorf("extra[%s] = %q, %v; want %v", path, got, ok, v)
		}
	}
	return nil
}

func entry(b *event.Batch, key string) (string, bool) {
	v := &b.Columns[b.Schema.Must("extra")]
	if !v.Has(0) {
		return "", false
	}
	for i := v.Off[0]; i < v.Off[1]; i++ {
		if string(v.Keys.Text(int(i))) == key {
			return string(v.Vals.Text(int(i))), true
		}
	}
	return "", false
}

// sameValue compares texts and numbers that have no normal form of their own.
func sameValue(b *event.Batch, path string, v any) error {
	got, want := cell(b, path, 0), fmt.Sprint(v)
	col := b.Schema.Columns[b.Schema.Must(path)]
	switch {
	case got == "-" || col.Type == event.Time || col.Type == event.Date || col.Type == event.Float: // placeholders and other forms
		return nil
	case strings.HasSuffix(path, ".account") || strings.HasSuffix(path, ".email") || col.Phone:
		got, want = bare(got), bare(want)
	case col.Type == event.Decimal:
		d, err := decimal.ParseSigned([]byte(want))
		if err != nil {
			return err
		}
		want = d.String()
	}
	if got != want {
		return fmt.Errorf("%s = %q, want %q", path, got, want)
	}
	return nil
}

func bare(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "", "\n", "", "\r", "", "(", "", ")", "", ".", "").Replace(s))
}

func TestAgainstEncodingJSON(t *testing.T) {
	d := json.New(whole(codec.Options{}))
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		doc := []byte(document(t))
		b, dead := d.Decode(records(string(doc)))
		defer b.Release()
		if err := consistent(doc, b, dead); err != nil {
			t.Fatalf("%s\n%v", doc, err)
		}
		accepted += b.Rows
		refused += len(dead)
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted and %d refused: the documents prove little", accepted, refused)
	}
}

// row returns all projected values of a row.
func row(b *event.Batch, project []bool, r int) string {
	var s strings.Builder
	for i, c := range b.Schema.Columns {
		if project[i] {
			fmt.Fprintf(&s, "%s=%s|", c.Name, cell(b, c.Name, r))
		}
	}
	return s.String()
}

// TestProjection: what is accepted, and why not, does not depend on the columns
// asked for; nor do the values of those.
func TestProjection(t *testing.T) {
	s := event.Default()
	rates, err := codec.LoadRates("USD", strings.NewReader("valid_from,currency,rate\n2020-01-01,INR,0.012\n"))
	if err != nil {
		t.Fatal(err)
	}
	options := codec.Options{Schema: s, ReporterCountry: "IN", Rates: rates}
	options.Project = s.Whole()
	all := json.New(options)
	rapid.Check(t, func(t *rapid.T) {
		o := options
		o.Project = s.Projection()
		for i := range o.Project {
			o.Project[i] = o.Project[i] || rapid.IntRange(0, 4).Draw(t, "project") == 0
		}
		n := rapid.IntRange(1, 4).Draw(t, "docs")
		var docs []string
		for range n {
			docs = append(docs, document(t))
		}
		a, deadA := all.Decode(records(docs...))
		defer a.Release()
		b, deadB := json.New(o).Decode(records(docs...))
		defer b.Release()
		if x, y := fmt.Sprintf("%+v", deadA), fmt.Sprintf("%+v", deadB); x != y || a.Rows != b.Rows {
			t.Fatalf("whole: %d rows, %s\nprojected: %d rows, %s", a.Rows, x, b.Rows, y)
		}
		for r := range a.Rows {
			if x, y := row(a, o.Project, r), row(b, o.Project, r); x != y || a.Index[r] != b.Index[r] {
				t.Fatalf("row %d\nwhole:     %s\nprojected: %s", r, x, y)
			}
		}
	})
}

// TestSplit: the values of a record do not depend on the batch it came in.
func TestSplit(t *testing.T) {
	s := event.Default()
	rapid.Check(t, func(t *rapid.T) {
		d := json.New(codec.Options{Schema: s, Project: s.Whole(), ReporterCountry: "IN"})
		n := rapid.IntRange(1, 70).Draw(t, "docs")
		var docs, want, got []string
		for range n {
			docs = append(docs, document(t))
		}
		b, deadOnce := d.Decode(records(docs...))
		for r := range b.Rows {
			want = append(want, row(b, s.Whole(), r))
		}
		b.Release()
		dead := 0
		for len(docs) > 0 {
			k := rapid.IntRange(1, len(docs)).Draw(t, "batch")
			b, bad := d.Decode(records(docs[:k]...))
			for r := range b.Rows {
				got = append(got, row(b, s.Whole(), r))
			}
			b.Release()
			dead += len(bad)
			docs = docs[k:]
		}
		if strings.Join(want, "\n") != strings.Join(got, "\n") || dead != len(deadOnce) {
			t.Fatalf("at once %d rows, %d dead; split %d rows, %d dead, or other values", len(want), len(deadOnce), len(got), dead)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, doc := range []string{report(""), report(`"amount":"5300.00","currency":"INR","debtor":{"account":"gb52 hwba 0000 0000 0001 01"}`),
		report(`"x":[1,{"a":"\ud83d\ude00"}],"extra":{"y":null},"z":{"z":{"z":-1.5e-3}}`), `{"report_id":"R1"`, `[]`, report(`"am\u006funt":1,"amount":2`)} {
		f.Add([]byte(doc))
	}
	s := event.Default()
	all := json.New(codec.Options{Schema: s, Project: s.Whole()})
	few := json.New(codec.Options{Schema: s, Project: s.Projection("amount", "creditor.uid", "debtor.account_country")})
	f.Fuzz(func(t *testing.T, doc []byte) {
		a, deadA := all.Decode(records(string(doc)))
		defer a.Release()
		b, deadB := few.Decode(records(string(doc)))
		defer b.Release()
		if fmt.Sprintf("%+v", deadA) != fmt.Sprintf("%+v", deadB) || a.Rows+len(deadA) != 1 {
			t.Fatalf("whole %+v, projected %+v", deadA, deadB)
		}
		if err := consistent(doc, a, deadA); err != nil {
			t.Fatal(err)
		}
	})
}
