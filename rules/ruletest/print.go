package ruletest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes every failure, then the coverage as a table and what the tests
// have not seen.
func (s *Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, r := range s.Results {
		for _, f := range r.Failures {
			b.WriteString(f.text(r))
		}
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RULE\tTESTS\tFAILED\tHIT\tCASES\tWEIGHTS\tCOMPARISONS")
	counts := s.counts()
	for _, c := range s.Coverage {
		n := counts[c.Rule]
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\n", c.Rule, n.tests, n.failed, yes(c.Hit), seen(c.Cases), seen(c.Weights), thrice(c.Comparisons))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write coverage: %w", err)
	}
	for _, c := range s.Coverage {
		if counts[c.Rule].tests > 0 {
			c.unseen(&b)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// text writes a failure: where, what was expected and what came.
func (f Failure) text(r Result) string {
	about := ""
	if f.Label != "" {
		about = f.Label + ": "
	}
	return fmt.Sprintf("%s:%d: %s: %q: %s%s\n    want %s\n    got  %s\n", f.File, f.Line, r.Rule, r.Name, about, f.What, f.Want, f.Got)
}

// count is how many tests a rule has and how many of them failed.
type count struct{ tests, failed int }

// counts returns the count of every rule that has tests.
func (s *Summary) counts() map[string]count {
	out := map[string]count{}
	for _, r := range s.Results {
		c := out[r.Rule]
		c.tests++
		if len(r.Failures) > 0 {
			c.failed++
		}
		out[r.Rule] = c
	}
	return out
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// seen counts the conditions that were true.
func seen(all []Seen) string {
	if len(all) == 0 {
		return "-"
	}
	n := 0
	for _, s := range all {
		n += one(s.True)
	}
	return fmt.Sprintf("%d/%d", n, len(all))
}

// thrice counts true, false and, where it can be, unknown.
func thrice(all []Seen) string {
	if len(all) == 0 {
		return "-"
	}
	n, of := 0, 3*len(all)
	for _, s := range all {
		n += one(s.True) + one(s.False) + one(s.Unknown)
		of -= one(s.Sure)
	}
	return fmt.Sprintf("%d/%d", n, of)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unseen writes what no test has shown.
func (c RuleCoverage) unseen(b *strings.Builder) {
	for _, s := range c.Cases {
		if !s.True {
			fmt.Fprintf(b, "%s: case %s: never\n", c.Rule, s.What)
		}
	}
	for _, s := range c.Weights {
		if !s.True {
			fmt.Fprintf(b, "%s: weight %s: never true\n", c.Rule, s.What)
		}
	}
	for _, s := range c.Comparisons {
		var never []string
		for _, x := range []struct {
			seen bool
			word string
		}{{s.True, "true"}, {s.False, "false"}, {s.Unknown || s.Sure, "unknown"}} {
			if !x.seen {
				never = append(never, x.word)
			}
		}
		if len(never) > 0 {
			fmt.Fprintf(b, "%s: %s: never %s\n", c.Rule, s.What, strings.Join(never, ", "))
		}
	}
}

// WriteJSON writes everything as one JSON object.
func (s *Summary) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(struct {
		Tests    int            `json:"tests"`
		Failed   int            `json:"failed"`
		Results  []Result       `json:"results"`
		Coverage []RuleCoverage `json:"coverage"`
	}{len(s.Results), s.Failed(), s.Results, s.Coverage}); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// The elements of a JUnit report, as continuous integration reads them.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Seconds string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the results as JUnit XML, a suite a rule.
func (s *Summary) WriteJUnit(w io.Writer) error {
	out := junitSuites{Tests: len(s.Results), Failures: s.Failed()}
	counts := s.counts()
	for _, r := range s.Results {
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != r.Rule {
			out.Suites = append(out.Suites, junitSuite{Name: r.Rule, Tests: counts[r.Rule].tests, Failures: counts[r.Rule].failed})
		}
		c := junitCase{Class: r.Rule, Name: r.Name, File: r.File, Line: r.Line, Seconds: fmt.Sprintf("%.6f", r.Took.Seconds())}
		if len(r.Failures) > 0 {
			c.Failure = &junitFailure{Message: fmt.Sprintf("%s: want %s, got %s", r.Failures[0].What, r.Failures[0].Want, r.Failures[0].Got)}
			for _, f := range r.Failures {
				c.Failure.Text += f.text(r)
			}
		}
		last := &out.Suites[len(out.Suites)-1]
		last.Cases = append(last.Cases, c)
	}
	body, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, body); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	return nil
}
