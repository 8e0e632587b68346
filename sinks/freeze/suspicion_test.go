package freeze_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestSuspicionMayBeAbsentUnderDomesticAlone: the bank is told the order; whoever else is
// asked has to be told whether laundering is suspected.
func TestSuspicionMayBeAbsentUnderDomesticAlone(t *testing.T) {
	read := func(name string) []byte {
		text, err := os.ReadFile("testdata/messages/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	order := read("request-domestic.json")
	m, err := freeze.Parse(order)
	if err != nil {
		t.Fatal(err)
	}
	if l := m.(*freeze.Request).Legal; l.MLSuspicion != nil || l.Suspected() {
		t.Errorf("the order says %v", *l.MLSuspicion)
	}
	with := bytes.Replace(order, []byte(`"regime": "domestic",`), []byte(`"regime": "domestic", "ml_suspicion": true,`), 1)
	if m, err = freeze.Parse(with); err != nil || !m.(*freeze.Request).Legal.Suspected() {
		t.Errorf("present in an order: %v", err)
	}
	for _, name := range []string{"request.json", "amendment.json"} {
		text := bytes.Replace(read(name), []byte(`"ml_suspicion": true,`), nil, 1)
		if _, err := freeze.Parse(text); err == nil || !strings.Contains(err.Error(), "legal.ml_suspicion") {
			t.Errorf("%s without: %v", name, err)
		}
	}
}
