package freeze_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "messages", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/messages/*.json")
	if err != nil || len(files) < len(freeze.Types()) {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		out[name] = sample(t, name)
	}
	return out
}

func TestSamplesParseEncodeAndFitTheSchema(t *testing.T) {
	schema := compiled(t)
	seen := map[freeze.Type]bool{}
	for name, body := range samples(t) {
		t.Run(name, func(t *testing.T) {
			m, err := freeze.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			seen[m.Head().Type] = true
			if err := schemaError(t, schema, body); err != nil {
				t.Fatal(err)
			}
			first, err := freeze.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			if !sameJSON(t, first, body) {
				t.Fatalf("encoding changed the message:\n%s", first)
			}
			again, err := freeze.Parse(first)
			if err != nil || !reflect.DeepEqual(m, again) {
				t.Fatalf("parse of the encoding: %v", err)
			}
			if second, _ := freeze.Encode(again); !bytes.Equal(first, second) {
				t.Fatal("two encodings differ")
			}
			if err := schemaError(t, schema, first); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, k := range freeze.Types() {
		if !seen[k] {
			t.Errorf("no sample of type %s", k)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestRefused changes one member of a sample a line, as testdata/refused.txt
// says, and expects code and field of the refusal, and the schema's judgement.
func TestRefused(t *testing.T) {
	text, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	schema := compiled(t)
	cases := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), " | ")
		if len(f) != 7 {
			t.Fatalf("line %q has %d fields", line, len(f))
		}
		cases++
		t.Run(f[0], func(t *testing.T) {
			body := changed(t, sample(t, f[1]), f[2], f[3])
			_, err := freeze.Parse(body)
			wantRefusal(t, err, f[4], f[5])
			if got := schemaError(t, schema, body) != nil; got != (f[6] == "yes") {
				t.Fatalf("schema refuses: %v", got)
			}
		})
	}
	if cases < 50 {
		t.Fatalf("only %d cases ran", cases)
	}
}

func wantRefusal(t *testing.T, err error, code, field string) {
	t.Helper()
	if code == "-" {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var invalid *freeze.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	if r := invalid.Reject(); string(r.Code) != code || r.Field != field || r.Text == "" {
		t.Fatalf("got %s %s (%s), want %s %s", r.Code, r.Field, r.Text, code, field)
	}
}

// changed sets the member at path to the JSON value, or deletes it for "-".
func changed(t *testing.T, body []byte, path, value string) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(body, &root); err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(path, ".")
	at := root
	for _, s := range steps[:len(steps)-1] {
		if list, ok := at.([]any); ok {
			i, _ := strconv.Atoi(s)
			at = list[i]
			continue
		}
		at = at.(map[string]any)[s]
	}
	last, object := steps[len(steps)-1], at.(map[string]any)
	if value == "-" {
		delete(object, last)
	} else {
		object[last] = json.RawMessage(value)
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParseRefusesWhatIsNotStrictJSON(t *testing.T) {
	good := string(bytes.TrimSpace(sample(t, "request")))
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("sample lacks %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	cases := map[string]string{
		"empty":                    "",
		"list":                     "[]",
		"null":                     "null",
		"two documents":            good + good,
		"trailing comma":           replace(`"environment": "test",`, `"environment": "test",,`),
		"not UTF-8":                replace("FIU of India", "FIU \xff India"),
		"lone surrogate":           replace("FIU of India", `FIU \ud83d India`),
		"low surrogate first":      replace("FIU of India", `FIU \ude00\ud83d India`),
		"duplicate":                replace(`"environment": "test",`, `"environment": "test","environment": "test",`),
		"duplicate by escape":      replace(`"environment": "test",`, `"environment": "test","environm\u0065nt": "test",`),
		"duplicate nested":         replace(`"mode": "prior_consent"`, `"mode": "prior_consent","mode":"none"`),
		"duplicate in extensions":  replace(`"extensions": {`, `"extensions": {"a":{"b":1,"b":2},`),
		"extensions nested deeply": replace(`"extensions": {`, `"extensions": {"a":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`,`),
		"nested very deeply":       strings.Repeat("[", 20000),
		"too large":                replace(`"extensions": {`, `"extensions": {"a":"`+strings.Repeat("x", freeze.MaxSize)+`",`),
		"too many of a list":       replace(`"asks": [`, `"asks": [`+strings.Repeat(`{"ask_id":"K9","kind":"trace"},`, 20)),
	}
	for name, body := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := freeze.Parse([]byte(body)); err == nil {
				t.Fatal("accepted")
			}
		})
	}
	pair := replace("FIU of India", `FIU \ud83d\ude00 India \\ud83d`)
	if _, err := freeze.Parse([]byte(pair)); err != nil {
		t.Fatal("a surrogate pair and an escaped backslash were refused:", err)
	}
}

func TestEncodeRefusesWhatIsInvalid(t *testing.T) {
	if _, err := freeze.Encode(&freeze.Request{}); err == nil {
		t.Fatal("an empty request was written")
	}
	m, err := freeze.Parse(sample(t, "request"))
	if err != nil {
		t.Fatal(err)
	}
	r := m.(*freeze.Request)
	r.Type = freeze.TypeWithdrawal
	if _, err := freeze.Encode(r); err == nil {
		t.Fatal("a request was written as a withdrawal")
	}
	r.Type, r.Legal.Facts = freeze.TypeRequest, "a & b <c>"
	body, err := freeze.Encode(r)
	if err != nil || !bytes.Contains(body, []byte("a & b <c>")) {
		t.Fatalf("%v: HTML is escaped in %s", err, body)
	}
	r.Totals = nil
	if _, err := freeze.Encode(r); err == nil {
		t.Fatal("a request without totals was written")
	}
}

// FuzzParse feeds any bytes to Parse: it must not panic, and what it accepts
// must encode to something that parses to the same and fits the schema.
func FuzzParse(f *testing.F) {
	for _, body := range samples(f) {
		f.Add(body)
	}
	schema := compiled(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := freeze.Parse(body)
		if err != nil {
			var invalid *freeze.Invalid
			if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
				t.Fatalf("error without a problem: %v", err)
			}
			return
		}
		out, err := freeze.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := freeze.Parse(out)
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("not stable: %v", err)
		}
		if err := schemaError(t, schema, body); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	body := sample(b, "request")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := freeze.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m, err := freeze.Parse(sample(b, "request"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := freeze.Encode(m); err != nil {
			b.Fatal(err)
		}
	}
}
