package story_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/demo/story"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	kafka.Bound(0)
	os.Exit(m.Run())
}

// TestStoryIsShown plays it once as a table and once as JSON, and looks for what has to
// be seen: the consent, the money that moved on, and the answer that comes back.
func TestStoryIsShown(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out, notes bytes.Buffer
	trees := 0
	tree := func(_ context.Context, w io.Writer, _ func(context.Context, string) (*desk.Detail, error), d *desk.Detail) {
		trees++
		_, _ = io.WriteString(w, "tree of "+d.Party+"\n")
	}
	if err := story.Run(t.Context(), story.Options{Out: &out, Notes: &notes, Tree: tree}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"awaiting consent", "15500.00 held", "12000.00 back", "51400.00 held", "credited 27500.00 GBP", "moved on 11000.00 GBP", "lost 1000.00 GBP"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nobody sees %q:\n%s", want, &out)
		}
	}
	if trees != 2 {
		t.Errorf("%d trees", trees)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	out.Reset()
	if err := story.Run(t.Context(), story.Options{JSON: true, Dir: t.TempDir(), Out: &out, Notes: &notes}); err != nil {
		t.Fatal(err)
	}
	var s struct {
		Story string       `json:"story"`
		Steps []story.Line `json:"steps"`
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil || s.Story != story.Name || len(s.Steps) != 18 {
		t.Fatalf("%d steps, %v:\n%s", len(s.Steps), err, &out)
	}
	if last := s.Steps[len(s.Steps)-1].Alerts; last["A"].State != "decided" || last["B"].State != "closed" || last["C"].State != "decided" {
		t.Errorf("in the end the alerts are %+v", last)
	}
}
