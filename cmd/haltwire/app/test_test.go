package app_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

// TestTest runs every folder of testdata/test: rules in, out.txt, what the verb
// prints, and log.txt out. With -rewrite the output is kept.
func TestTest(t *testing.T) {
	cases, err := filepath.Glob("testdata/test/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var out, log bytes.Buffer
			s, err := app.Test(app.EvalOptions{Rules: dir, Log: &log})
			if err != nil {
				fmt.Fprintf(&log, "error=%v\n", err)
			} else if err := s.WriteText(&out); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(dir, "out.txt"), out.Bytes())
			golden(t, filepath.Join(dir, "log.txt"), log.Bytes())
		})
	}
}

func TestTestWithoutTests(t *testing.T) {
	if _, err := app.Test(app.EvalOptions{Rules: "testdata/eval/outcome/rules", Log: &bytes.Buffer{}}); !errors.Is(err, app.ErrNoTests) {
		t.Errorf("error %v", err)
	}
	if _, err := app.Test(app.EvalOptions{Rules: "testdata/none", Log: &bytes.Buffer{}}); err == nil {
		t.Error("a folder that is not there has been tested")
	}
}

func TestTestForMachines(t *testing.T) {
	s, err := app.Test(app.EvalOptions{Rules: "testdata/test/failing", Log: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	var junit, object bytes.Buffer
	if err := errors.Join(s.WriteJUnit(&junit), s.WriteJSON(&object)); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Line    int    `xml:"line,attr"`
			Failure string `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(junit.Bytes(), &read); err != nil || read.Tests != 2 || read.Failures != 2 || len(read.Cases) != 2 {
		t.Fatalf("%+v, error %v", read, err)
	}
	if c := read.Cases[0]; c.Name != "says otherwise" || c.Line == 0 || !strings.Contains(c.Failure, "severity") {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(object.String(), `"failed": 2`) || !strings.Contains(object.String(), `"what": "severity"`) {
		t.Error(object.String())
	}
}
