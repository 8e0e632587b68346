package manual_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/manual"
)

const messages = "../../freeze/testdata/messages"

func read(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(messages, name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func export(t testing.TB, body []byte) manual.Document {
	t.Helper()
	d, err := manual.Export(body)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEveryMessageHasADocument exports every type twice: the bytes are the same, and
// the text holds every value of the body.
func TestEveryMessageHasADocument(t *testing.T) {
	all, err := filepath.Glob(filepath.Join(messages, "*.json"))
	if err != nil || len(all) < 15 {
		t.Fatalf("%d messages, %v", len(all), err)
	}
	for _, path := range all {
		name := filepath.Base(path)
		body := read(t, name)
		d := export(t, body)
		for range 3 {
			if again := export(t, body); !bytes.Equal(again.PDF, d.PDF) || !bytes.Equal(again.Text, d.Text) {
				t.Errorf("%s: the same body gave other bytes", name)
			}
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatal(err)
		}
		flat := flatten(string(d.Text))
		for _, s := range leaves(v) {
			if !strings.Contains(flat, flatten(s)) {
				t.Errorf("%s: %q is not in the text", name, s)
			}
		}
		for _, l := range strings.Split(string(d.Text), "\n") {
			if n := utf8.RuneCountInString(l); n > 130 {
				t.Errorf("%s: a line of %d characters", name, n)
			}
		}
		checkPassive(t, name, d.PDF)
	}
}

// checkPassive wants a PDF with its fonts and without anything that acts.
func checkPassive(t *testing.T, name string, pdf []byte) {
	t.Helper()
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("/FontFile2")) {
		t.Errorf("%s: no PDF with embedded fonts", name)
	}
	for _, active := range []string{"/JavaScript", "/JS", "/OpenAction", "/AA", "/Launch", "/URI", "/EmbeddedFile", "/SubmitForm", "/AcroForm", "/RichMedia"} {
		if regexp.MustCompile(regexp.QuoteMeta(active) + `[^A-Za-z]`).Match(pdf) {
			t.Errorf("%s: the PDF has %s", name, active)
		}
	}
}

// flatten undoes the breaking of lines.
func flatten(s string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`\n\s*\| `).ReplaceAllString(s, " ")), "")
}

func leaves(v any) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, x := range v {
			out = append(out, leaves(x)...)
		}
		return out
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, leaves(x)...)
		}
		return out
	case bool:
		return []string{map[bool]string{true: "yes", false: "no"}[v]}
	}
	return []string{fmt.Sprint(v)}
}

// request returns the request with another text of its facts.
func request(t testing.TB, facts string) []byte {
	t.Helper()
	m, err := freeze.Parse(read(t, "request.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := m.(*freeze.Request)
	r.Legal.Facts = facts
	if r.Approval.ContentDigest, err = freeze.ContentDigest(r); err != nil {
		t.Fatal(err)
	}
	body, err := freeze.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTextsForgeNothing(t *testing.T) {
	for facts, want := range map[string]string{
		"first\nUrgency: normal":         "    | Urgency: normal\n",
		"sum \u202e00.1\u202c end":       "sum [U+202E]00.1[U+202C] end",
		"line\u2028separator":            "line[U+2028]separator",
		"Zürich, Łódź, Αθήνα, Кыїв, 5 €": "Zürich, Łódź, Αθήνα, Кыїв, 5 €",
		"محمد":                   "محمد", // the text has it; the PDF, by its font, code points
		strings.Repeat("x", 300): "x\n    | x",
	} {
		d := export(t, request(t, facts))
		if !strings.Contains(string(d.Text), want) {
			t.Errorf("%q: the text lacks %q", facts, want)
		}
	}
}

func TestNoMessageHasNoDocument(t *testing.T) {
	for _, body := range []string{"", "{}", "[]", `{"schema":"haltwire.freeze/1"}`} {
		if _, err := manual.Export([]byte(body)); err == nil {
			t.Errorf("%q has a document", body)
		}
	}
}

// TestAnyTextHasADocument puts random text into a message: no line of the text form
// that begins like a member comes from it, and the PDF comes out whole.
func TestAnyTextHasADocument(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		facts := rapid.StringOfN(rapid.RuneFrom([]rune("ab :|\n\u202e\u0639é")), 1, 300, 1000).Draw(r, "facts")
		if strings.TrimSpace(facts) == "" {
			return
		}
		d := export(t, request(t, facts))
		if strings.ContainsAny(string(d.Text), "\u202e\r\x1b") {
			r.Fatal("a sign that steers came through")
		}
		if strings.Count(string(d.Text), "\nUrgency: ") != 1 {
			r.Fatal("a text passes for a member")
		}
		if !bytes.HasSuffix(bytes.TrimSpace(d.PDF), []byte("%%EOF")) {
			r.Fatal("the PDF is cut")
		}
	})
}
