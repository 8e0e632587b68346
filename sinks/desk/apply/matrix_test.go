package apply_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// matrix is one file of testdata/matrix: how an alert comes into each state, and what
// every event does there. README.md in that folder says how it is written.
type matrix struct {
	states []matrixState
	throws []matrixThrow
}

type matrixState struct {
	name   string
	blocks []string // events, as in the case files
}

type matrixThrow struct{ name, block string }

// TestMatrix throws every event of a machine at an alert in every state.
func TestMatrix(t *testing.T) {
	files, err := filepath.Glob("testdata/matrix/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no matrix: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runMatrix(t, file) })
	}
}

func runMatrix(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	input, _, _ := strings.Cut(string(text), "\n----\n")
	input = strings.TrimRight(input, "\n")
	m := readMatrix(t, input)
	if len(m.states) == 0 || len(m.throws) == 0 {
		t.Fatalf("%s has no state or no throw", file)
	}
	out := strings.Builder{}
	out.WriteString(input + "\n\n----\n")
	for _, s := range m.states {
		for _, x := range m.throws {
			fmt.Fprintf(&out, "%-22s %-26s → %s\n", s.name, x.name, throw(t, s, x))
		}
	}
	if rewriting() {
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out.String() != string(text) {
		t.Errorf("%s differs (go test ./sinks/desk/apply -rewrite writes it anew)\n%s", file, firstDifference(string(text), out.String()))
	}
}

// readMatrix reads the blocks of a file: `state NAME [after NAME]`, the events that
// lead into it, and `throw NAME` over an event.
func readMatrix(t *testing.T, text string) (m matrix) {
	t.Helper()
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		for strings.HasPrefix(block, "#") {
			_, block, _ = strings.Cut(block, "\n")
		}
		head, rest, _ := strings.Cut(block, "\n")
		words := strings.Fields(head)
		switch {
		case len(words) == 0:
		case words[0] == "throw" && len(words) == 2:
			m.throws = append(m.throws, matrixThrow{words[1], rest})
		case words[0] == "state" && (len(words) == 2 || len(words) == 4 && words[2] == "after"):
			s := matrixState{name: words[1]}
			if len(words) == 4 {
				i := slices.IndexFunc(m.states, func(s matrixState) bool { return s.name == words[3] })
				if i < 0 {
					t.Fatalf("%q: no state %q before it", head, words[3])
				}
				s.blocks = slices.Clone(m.states[i].blocks)
			}
			if rest != "" {
				s.blocks = append(s.blocks, rest)
			}
			m.states = append(m.states, s)
		case words[0] == "event" && len(m.states) > 0:
			last := &m.states[len(m.states)-1]
			last.blocks = append(last.blocks, block)
		default:
			t.Fatalf("want state, event or throw, got %q", head)
		}
	}
	return m
}

// throw brings an alert into the state and says what the event does there.
func throw(t *testing.T, s matrixState, x matrixThrow) string {
	w := newWorld(t)
	for _, block := range s.blocks {
		if got := w.step(block); !strings.HasPrefix(got, "applied") {
			t.Fatalf("state %s: %s\n%s", s.name, block, got)
		}
	}
	key := caselog.Key(strings.Fields(x.block)[2])
	subject := w.subjects[key]
	if subject == nil || len(subject.Alerts) == 0 {
		t.Fatalf("state %s: no alert under %s", s.name, key)
	}
	a := subject.Alerts[len(subject.Alerts)-1]
	if want, _, _ := strings.Cut(s.name, "/"); string(a.State) != want {
		t.Fatalf("state %s: the alert is %s", s.name, a.State)
	}
	before, tasks, effects, measures := asText(t, subject), a.OpenTasks(), kinds(subject), stands(a)
	verdict, _, _ := strings.Cut(w.step(x.block), "\n")
	if !strings.HasPrefix(verdict, "applied") && asText(t, w.subjects[key]) != before {
		t.Errorf("%s in %s is %s and changes the alert", x.name, s.name, verdict)
	}
	if kind := caselog.Type(strings.Fields(x.block)[1]); (kind == caselog.Receipt || kind == caselog.Outcome || kind == caselog.Received) && !strings.Contains(x.block, `"manual":`) && strings.HasPrefix(verdict, "refused") {
		t.Errorf("a partner's word is never ignored: %s in %s is %s", x.name, s.name, verdict)
	}
	if strings.HasPrefix(verdict, "applied") {
		verdict = "applied, " + string(a.State)
		if n := len(w.subjects[key].Alerts); n > int(a.Episode) {
			verdict += ", new episode " + string(w.subjects[key].Alerts[n-1].State)
		}
	}
	return w.short(verdict) + changes(" task ", tasks, a.OpenTasks()) + changes(" due ", effects, kinds(w.subjects[key])) + changes(" measure ", measures, stands(a))
}

// changes lists what came (+) and what went (-).
func changes(what string, before, after []string) string {
	out := ""
	for _, s := range after {
		if !slices.Contains(before, s) {
			out += what + "+" + s
		}
	}
	for _, s := range before {
		if !slices.Contains(after, s) {
			out += what + "-" + s
		}
	}
	return out
}

// stands lists where the measures of an alert stand.
func stands(a *apply.Alert) []string {
	var out []string
	for _, m := range a.Measures {
		out = append(out, m.MeasureID+" "+string(m.Stand))
	}
	return out
}

// kinds lists the kinds of the effects that are due.
func kinds(s *apply.Subject) []string {
	var out []string
	for _, e := range apply.Due(s) {
		k := string(e.Kind)
		if e.Message != nil {
			k += ":" + string(e.Message.Type)
		}
		out = append(out, k)
	}
	return out
}

func asText(t *testing.T, s *apply.Subject) string {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
