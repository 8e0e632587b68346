package scenario_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// tester is a world in a test.
type tester struct {
	*testing.T
	*scenario.World
}

func newTester(t *testing.T, o scenario.Options) *tester {
	t.Helper()
	o.Dir = t.TempDir()
	w, err := scenario.Build(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if !t.Failed() {
			return
		}
		for _, c := range w.Countries() {
			text, _ := os.ReadFile(filepath.Join(c.Dir, "haltwire.log"))
			for line := range strings.Lines(string(text)) {
				if !strings.Contains(line, "level=INFO") {
					t.Logf("%s: %s", c.Code, line)
				}
			}
		}
	})
	return &tester{t, w}
}

// start starts everybody and waits for the tables of analysts.
func (t *tester) start() {
	t.Helper()
	t.must(t.Start(t.Context()))
	for _, c := range t.Countries() {
		t.reaches("ClickHouse of "+c.Code, func() bool { return c.App.Readiness().ClickHouse })
	}
}

// play plays steps by their names, or all.
func (t *tester) play(check func(step string), names ...string) {
	t.Helper()
	for _, s := range t.Steps() {
		if len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		began := time.Now()
		if err := s.Play(t.Context()); err != nil {
			t.Fatalf("step %s: %s: %v\n%s", s.Name, s.What, err, t.everybody())
		}
		t.Logf("%s  step %s in %.1f s: %s", t.Clock.Now().Format("01-02 15:04:05"), s.Name, time.Since(began).Seconds(), s.What)
		if check != nil {
			check(s.Name)
		}
	}
}

// everybody says where all alerts of the story stand.
func (t *tester) everybody() string {
	var b strings.Builder
	for _, c := range t.Countries() {
		for _, v := range t.list(c, desk.Filter{}) {
			d := t.show(c, v.ID)
			fmt.Fprintf(&b, "%s %s %s %s %s %s| said: %s| heard: %s| trail: %s| consents: %s| tasks: %s\n", c.Code, d.Direction, d.Party, d.ID, d.State, d.Ending, ids(d.Messages), ids(d.Inbox), asText(d.Trail), asText(d.Consents), asText(d.Tasks))
		}
	}
	return b.String()
}

func (t *tester) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares one fact of the story.
func (t *tester) same(what string, got, want any) {
	t.Helper()
	if asText(got) != asText(want) {
		t.Errorf("%s: %s, want %s", what, asText(got), asText(want))
	}
}

// holds checks one fact of the story.
func (t *tester) holds(what string, ok bool, about ...any) {
	t.Helper()
	if !ok {
		t.Errorf("it does not hold that %s: %s", what, asText(about))
	}
}

func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

func (t *tester) show(c *scenario.Country, id string) *desk.Detail {
	t.Helper()
	d, err := c.Show(t.Context(), id)
	t.must(err)
	return d
}

// body returns a message of an alert, ours or the partner's, by its id.
func body[M freeze.Message](t *tester, d *desk.Detail, id string) M {
	t.Helper()
	for _, m := range slices.Concat(d.Messages, d.Inbox) {
		if m.ID != id {
			continue
		}
		parsed, err := freeze.Parse([]byte(m.Body))
		t.must(err)
		x, ok := parsed.(M)
		if !ok {
			t.Fatalf("%s is a %T", id, parsed)
		}
		return x
	}
	t.Fatalf("alert %s has no message %s: %s", d.ID, id, asText(ids(d.Messages)+" | "+ids(d.Inbox)))
	panic("unreachable")
}

func ids(messages []desk.MessageView) string {
	var out []string
	for _, m := range messages {
		out = append(out, m.ID+"="+m.Type)
	}
	return strings.Join(out, " ")
}

// last returns the last message of a type in a list.
func last[M freeze.Message](t *tester, messages []desk.MessageView) M {
	t.Helper()
	for _, m := range slices.Backward(messages) {
		parsed, err := freeze.Parse([]byte(m.Body))
		if x, ok := parsed.(M); ok && err == nil {
			return x
		}
	}
	t.Fatalf("no such message: %s", ids(messages))
	panic("unreachable")
}

// reaches waits until ok.
func (t *tester) reaches(what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// rows returns the only, textual column of a query of a country's ClickHouse.
func (t *tester) rows(c *scenario.Country, query string) []string {
	t.Helper()
	db, err := clickhouse.Dial(c.Config.ClickHouse)
	t.must(err)
	defer func() { _ = db.Close() }()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		t.must(rows.Scan(&s))
		out = append(out, s)
	}
	t.must(rows.Err())
	return out
}

// stored waits until a query gives these rows.
func (t *tester) stored(c *scenario.Country, query string, want ...string) {
	t.Helper()
	var got []string
	deadline := time.Now().Add(20 * time.Second)
	t.reaches(query, func() bool {
		got = t.rows(c, query)
		return slices.Equal(got, want) || time.Now().After(deadline)
	})
	if !slices.Equal(got, want) {
		t.Errorf("%s gave %q, want %q", query, got, want)
	}
}

// silent holds that no word of the list was said along a road.
func (t *tester) silent(r *scenario.Road, words ...string) {
	t.Helper()
	text := r.Text()
	for _, word := range words {
		if strings.Contains(text, word) {
			t.Errorf("%q was said to %s", word, r.To())
		}
	}
}

// sentOnce holds that nothing has two bodies, and that what was replayed to the byte
// was refused.
func (t *tester) sentOnce() {
	t.Helper()
	bodies := map[string]string{}
	for _, r := range t.Roads() {
		for _, l := range r.Said() {
			if l.MessageID == "" {
				continue
			}
			id := l.From + " " + l.MessageID
			if before, known := bodies[id]; known && before != string(l.Body) {
				t.Errorf("%s was sent with two bodies", id)
			}
			bodies[id] = string(l.Body)
		}
		for _, status := range r.Replays() {
			if status != http.StatusUnauthorized {
				t.Errorf("%s answered a replay with %d", r.To(), status)
			}
		}
	}
}
