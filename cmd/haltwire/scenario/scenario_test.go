package scenario_test

import (
	"os"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	kafka.Bound(0)
	os.Exit(m.Run())
}

func TestScenario(t *testing.T) {
	w, err := scenario.Build(scenario.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			for _, c := range w.Countries() {
				text, _ := os.ReadFile(c.Dir + "/haltwire.log")
				if len(text) > 6000 {
					text = text[len(text)-6000:]
				}
				t.Logf("log of %s:\n%s", c.Code, text)
			}
		}
	})
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.Steps() {
		if err := s.Play(t.Context()); err != nil {
			t.Fatalf("step %s: %s: %v", s.Name, s.What, err)
		}
		t.Logf("step %s at %s", s.Name, w.Clock.Now())
	}
}
