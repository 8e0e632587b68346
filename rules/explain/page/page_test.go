package page

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/hit"
)

// TestWrap keeps every word, in order, and no line is longer than it may be unless
// it is one word.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.StringMatching(`[a-zé]{0,15}`)).Draw(t, "words"), " ")
		n := rapid.IntRange(12, 40).Draw(t, "n")
		lines := wrap(text, n)
		for _, l := range lines {
			if utf8.RuneCountInString(l) > n && strings.Contains(l, " ") {
				t.Fatalf("%q is longer than %d", l, n)
			}
		}
		if got, want := strings.Join(lines, " "), strings.Join(strings.Fields(text), " "); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// TestControls writes what reporters and authors have put commands of a terminal
// into: only colours of truth values are left.
func TestControls(t *testing.T) {
	evil := "R\x1b[2J\x1b]0;title\a\u202ez\u009b31m"
	x := &explain.Explanation{Rule: explain.Rule{ID: "abc", Title: evil}, Notes: []string{evil},
		When: &explain.Node{Text: evil, Type: "bool", Value: true}}
	x.Report.Reporter, x.Report.ReportID, x.Report.Kind = evil, evil, evil
	for _, colour := range []bool{false, true} {
		var b bytes.Buffer
		if err := Write(&b, x, colour); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer("\x1b[32m", "", "\x1b[31m", "", "\x1b[33m", "", "\x1b[0m", "").Replace(b.String())
		if !colour {
			text = b.String()
		}
		if !strings.Contains(text, "title") || strings.ContainsAny(text, "\x1b\a\u202e\u009b") {
			t.Errorf("written with colour %v: %q", colour, text)
		}
	}
}

// TestAligned: whatever stands in rows, truth and remarks begin in the same place
// of each line.
func TestAligned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &printer{}
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			left := strings.Join(rapid.SliceOfN(rapid.StringMatching(`[a-zé]{1,9}`), 1, 20).Draw(t, "left"), " ")
			p.row(rapid.IntRange(0, 4).Draw(t, "indent"), left, rapid.SampledFrom([]string{"true", "unknown", ""}).Draw(t, "mark"),
				strings.Join(rapid.SliceOf(rapid.StringMatching(`[A-Z]{1,9}`)).Draw(t, "remark"), " "))
		}
		p.flush()
		at := -1
		for line := range strings.Lines(p.out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > Width || strings.TrimRight(line, " ") != line {
				t.Fatalf("line %q", line)
			}
			i := strings.IndexFunc(line, func(c rune) bool { return c >= 'A' && c <= 'Z' })
			if i < 0 {
				continue
			}
			if i = utf8.RuneCountInString(line[:i]); at >= 0 && i != at {
				t.Fatalf("remarks begin at %d and %d:\n%s", at, i, p.out.String())
			}
			at = i
		}
	})
}

func TestWrite(t *testing.T) {
	two := decimal.FromInt(2)
	cond := func(truth explain.Truth) *explain.Node {
		return &explain.Node{Text: "amount > 2", Op: ">", Type: "bool", Truth: truth, Value: truth == explain.True, Args: []*explain.Node{{Text: "amount", Op: "column", Type: "number", Value: two}}}
	}
	x := &explain.Explanation{
		Rule: explain.Rule{ID: "r", Version: 1, Status: "draft", Title: "T"}, Report: explain.Report{Reporter: "A", ReportID: "B", Versions: 3},
		Fires: true, Case: "c", Notes: []string{"something is left out"}, When: &explain.Node{Text: "not (amount > 2)", Op: "not", Truth: explain.False, Type: "bool", Args: []*explain.Node{cond(explain.True)}},
		Lets:    []explain.Let{{Name: "sum", Node: &explain.Node{Text: "amount + 1", Type: "number", Value: two}}, {Name: "unused", Node: cond(explain.False)}},
		Weights: []explain.Weight{{Name: "w", Rule: "other", Case: "bad", Truth: explain.True, Points: two, Adds: two}, {Name: "v", Rule: "third", Truth: explain.True}},
		Tables:  []explain.Lookup{{Name: "limits", Digest: "d"}}, Lists: []explain.Lookup{{Name: "safe", Rows: 4, Asked: []explain.Ask{{Text: "x in lists.safe"}}}},
		Hit: &hit.Hit{ID: "H", Severity: "high", Score: two, Cut: true, Unknown: []string{"u"}, Alerts: []hit.Alert{{}, {Subject: hit.Subject{UID: "GB1", Country: "GB"}}}},
	}
	var out bytes.Buffer
	if err := Write(&out, x, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"the latest of 3 versions", "FIRES with case c: hit H, severity high, score 2, its alerts are about the newest reports only,",
		"an account that is missing, no country: nobody can be asked", "alert about GB1, GB, for 0 payments", "note: something is left out",
		"amount is 2", "let sum = amount + 1", "let unused", "hits this report with case bad", "score", "missing", "list safe, 4 rows", "x in lists.safe", "unknown",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := Write(broken{}, x, false); err == nil || !strings.Contains(err.Error(), "write explanation") {
		t.Errorf("error %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }
