package apply_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// rewrite writes what the machine does now into the case files.
func rewriting() bool {
	f := flag.Lookup("rewrite")
	return f != nil && f.Value.String() == "true"
}

var _ = flag.Bool("rewrite", false, "write the results into testdata/apply")

// TestApply runs the files of testdata/apply; README.md there says how they are
// written.
func TestApply(t *testing.T) {
	files, err := filepath.Glob("testdata/apply/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runFile(t, file) })
	}
}

func runFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if strings.HasPrefix(string(text), "# Timers:") {
		w.schedule = clocks{}
	}
	var out strings.Builder
	steps := 0
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		input, _, _ := strings.Cut(block, "\n----")
		if steps > 0 || out.Len() > 0 {
			out.WriteString("\n\n")
		}
		out.WriteString(input)
		if strings.HasPrefix(input, "#") && !strings.Contains(input, "\nevent ") {
			continue
		}
		out.WriteString("\n----\n" + w.step(input))
		steps++
	}
	got := out.String() + "\n"
	if steps == 0 {
		t.Fatalf("%s has no event", file)
	}
	if rewriting() {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(text) {
		t.Errorf("%s differs (go test ./sinks/desk/apply -rewrite writes it anew)\n%s", file, firstDifference(string(text), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, w[i], strings.Join(g[min(i, len(g)-1):min(i+1, len(g))], ""))
		}
	}
	return "more lines than expected"
}

// world is the fold of one case file: its subjects by key.
type world struct {
	t        *testing.T
	machine  apply.Machine
	root     *caselog.Root
	subjects map[caselog.Key]*apply.Subject
	names    []string // id, name, id, name: what the files call an alert
	offset   int64
	now      time.Time
	schedule apply.Schedule
}

// clocks is the schedule of files that begin with "# Timers:".
type clocks struct{ apply.Plain }

func (clocks) After(party, timer, urgency string, from int64) int64 {
	minutes := map[string]int64{"T1/1": 10, "T1/2": 15, "T1/3": 30, "T3": 60, "T4": 24 * 60, "T5": 60, "T5/2": 90, "T5/3": 120, "T5/4": 150}
	if m := minutes[timer]; m > 0 {
		return from + m*time.Minute.Milliseconds()
	}
	return apply.Plain{}.After(party, timer, urgency, from)
}

func newWorld(t *testing.T) *world {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		t: t, root: root, machine: apply.Machine{Root: root}, schedule: apply.Plain{}, subjects: map[caselog.Key]*apply.Subject{},
		now: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC),
	}
}

// step folds the event of a block and describes what came of it.
func (w *world) step(input string) string {
	lines := strings.Split(input, "\n")
	for strings.HasPrefix(lines[0], "#") {
		lines = lines[1:]
	}
	head := strings.Fields(lines[0])
	if len(head) < 3 || head[0] != "event" {
		w.t.Fatalf("want `event TYPE KEY [+DURATION]`, got %q", lines[0])
	}
	if len(head) > 3 {
		wait, err := time.ParseDuration(strings.TrimPrefix(head[3], "+"))
		if err != nil {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(wait)
	}
	data := w.real(strings.Join(lines[1:], "\n"))
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(data)); err != nil {
		w.t.Fatalf("%s: %v", input, err)
	}
	key := caselog.Key(head[2])
	record := apply.Record{
		Event:  caselog.Event{ID: "E" + strconv.FormatInt(w.offset, 10), Type: caselog.Type(head[1]), Key: key, Time: w.now, Data: compact.Bytes()},
		Offset: w.offset, Appended: w.now.UnixMilli(),
	}
	w.offset++
	s, v, due := w.machine.Apply(w.subjects[key], record)
	w.subjects[key] = s
	for _, a := range s.Alerts {
		w.name(key, a)
	}
	return w.short(w.describe(s, v, due))
}

// name gives an alert the name that files use: A1 for the first episode of the
// key out/…, B1 of out/BANK, and an inbound one keeps its own.
func (w *world) name(key caselog.Key, a *apply.Alert) {
	for i := 0; i < len(w.names); i += 2 {
		if w.names[i] == a.ID {
			return
		}
	}
	letter := "A"
	if strings.HasPrefix(string(key), "out/BANK") {
		letter = "B"
	}
	if strings.HasPrefix(string(key), "out/AE") {
		letter = "C"
	}
	if key.Direction() == caselog.Out {
		w.names = append(w.names, a.ID, fmt.Sprintf("%s%d", letter, a.Episode))
	}
}

func (w *world) real(s string) string {
	for i := 0; i < len(w.names); i += 2 {
		s = strings.ReplaceAll(s, "{"+w.names[i+1]+"}", w.names[i])
	}
	for strings.Contains(s, "{now}") {
		s = strings.Replace(s, "{now}", w.now.Format("2006-01-02T15:04:05.000Z"), 1)
	}
	for _, subject := range w.subjects {
		for _, a := range subject.Alerts {
			if _, mark := a.Recalls(); mark != "" {
				s = strings.ReplaceAll(s, "{recall}", mark)
			}
		}
	}
	if a := w.content(); a != "" {
		s = strings.ReplaceAll(s, "{content}", a)
	}
	for _, subject := range w.subjects {
		for _, a := range subject.Alerts {
			s = strings.ReplaceAll(s, "{content "+w.short(a.ID)+"}", a.Content())
			for _, h := range a.Trail {
				s = strings.ReplaceAll(s, "{hop "+w.short(h.ItemID)+"}", h.Mark)
			}
		}
	}
	return s
}

// content is what the last alert of the only outbound key would say now.
func (w *world) content() string {
	for key, s := range w.subjects {
		if key.Direction() == caselog.Out && len(s.Alerts) > 0 {
			return s.Alerts[len(s.Alerts)-1].Content()
		}
	}
	return ""
}

func (w *world) short(s string) string {
	for i := 0; i < len(w.names); i += 2 {
		s = strings.ReplaceAll(s, w.names[i], w.names[i+1])
	}
	return s
}

func (w *world) describe(s *apply.Subject, v apply.Verdict, due []apply.Effect) string {
	var out []string
	switch {
	case v.Applied:
		out = append(out, fmt.Sprintf("applied %s %s -> %s", v.AlertID, dash(string(v.Before)), v.After))
	case v.Repeat:
		out = append(out, "repeat")
	default:
		out = append(out, "refused: "+v.Reason)
	}
	for _, a := range s.Alerts {
		out = append(out, alertLine(a))
		for _, i := range a.Items {
			out = append(out, fmt.Sprintf("  item %s %s %s reports=%d%s", i.ID, i.Amount.Amount, i.Amount.Currency, len(i.Reports), more(" for ", strings.Join(i.Parents, ","))))
			out = append(out, facts(i)...)
		}
		for _, i := range a.Held {
			out = append(out, "  held")
			out = append(out, facts(i)...)
		}
		for _, h := range a.Trail {
			out = append(out, hopLine(h))
		}
		for _, m := range a.Measures {
			out = append(out, measureLines(m)...)
		}
		for _, l := range a.Legs {
			out = append(out, legLine(l))
		}
		for _, m := range a.Messages {
			out = append(out, messageLine(m))
		}
		for _, m := range a.Inbox {
			if m.Parked {
				out = append(out, "  parked "+m.ID)
			}
			if m.Older != "" {
				out = append(out, "  "+m.ID+" is older than "+m.Older)
			}
		}
		out = append(out, reasons(a)...)
	}
	for _, e := range due {
		line := "due " + string(e.Kind) + " " + e.Alert.ID
		if e.Message != nil {
			line = "due deliver " + e.Message.ID
		}
		if e.Parent != nil {
			line += " to " + e.Parent.Alert
		}
		if slices.Contains([]apply.Kind{apply.Extend, apply.LiftMeasure, apply.ChaseUp, apply.Restate, apply.Follow, apply.Echo, apply.AskConsent, apply.PassConsent, apply.AnswerConsent}, e.Kind) {
			line += " about " + e.About
		}
		out = append(out, line)
	}
	for _, t := range apply.Timers(s, w.schedule) {
		out = append(out, fmt.Sprintf("timer %s%s at %s", t.Name, more(" ", t.About), time.UnixMilli(t.Due).UTC().Format("15:04:05")))
	}
	return strings.Join(out, "\n")
}

func alertLine(a *apply.Alert) string {
	line := fmt.Sprintf("alert %s %s hits=%d", a.ID, a.State, a.Standing())
	line += more(" ending=", a.Ending) + more(" blocked=", a.Blocked) + more(" severity=", a.Severity)
	if a.Provisional {
		line += fmt.Sprintf(" provisional confirmed=%v", a.Confirmed)
	}
	if a.Outcome != nil {
		line += " decision=" + a.Outcome.Decision
	}
	line += more(" ref=", a.PartnerRef) + more(" refusal=", a.Refusal) + more(" tasks=", strings.Join(a.OpenTasks(), ","))
	for _, p := range a.Approvals {
		line += " " + p.Act + ":" + p.By
	}
	return line
}

// reasons describes the tasks that say why they are there.
func reasons(a *apply.Alert) []string {
	var out []string
	for _, t := range a.Tasks {
		for _, why := range t.Why {
			out = append(out, fmt.Sprintf("  %s %s%s: %s", t.ID, t.Kind, more(" done by ", t.Done), why))
		}
	}
	return out
}

func facts(i *apply.Item) []string {
	var out []string
	for _, x := range i.Facts {
		out = append(out, fmt.Sprintf("    %s of %s told %s %s by %s: %s", x.Item, x.Parent, x.Amount.Amount, x.Amount.Currency, x.Party, x.Consent))
	}
	return out
}

func hopLine(h *apply.Hop) string {
	line := fmt.Sprintf("  hop %s %s %s to %s", h.ItemID, h.Money.Amount, h.Money.Currency, h.Country)
	if h.Gone {
		line += " gone"
	}
	if h.Own {
		line += " own"
	}
	if h.Passed {
		line += " passed"
	}
	return line + more(" child=", h.Child) + more(" blocked=", h.Blocked) + more(" consent=", h.Consent) + more(" asked=", h.Asked) + more(" answer=", h.Answer)
}

func legLine(l *apply.Leg) string {
	line := fmt.Sprintf("  recall %s %s version=%d", l.Item, l.State, l.Version) + more(" bank=", l.Bank) + more(" why=", l.Why) +
		more(" camt056=", l.Camt056ID) + more(" codes=", strings.Join(l.Codes, ",")) + more(" next=", l.Next) + more(" differs=", l.Differs)
	if m := l.Returned; m != nil {
		line += " returned=" + string(m.Amount) + " " + m.Currency
	}
	return line
}

// measureLines describes a measure of which there is more to say than that it is in
// force.
func measureLines(m *apply.Measure) []string {
	if m.Stand == apply.StandInForce && m.ExpiresAt == nil && len(m.Asked) == 0 && len(m.Before) == 0 && !m.Recorded {
		return nil
	}
	line := fmt.Sprintf("  measure %s %s", m.MeasureID, m.Stand)
	if m.Amount != nil {
		line += " " + string(m.Amount.Amount)
	}
	if m.ExpiresAt != nil {
		line += " until " + m.ExpiresAt.UTC().Format("01-02 15:04")
	}
	if m.Recorded {
		line += " recorded"
	}
	out := []string{line + more(" ending=", m.Ending) + more(" before=", strings.Join(m.Before, ",")) + more(" after=", m.After)}
	for _, x := range m.Asked {
		line := "    asked " + x.Do + more(" by ", strings.Join(x.By, ",")) + more(" in ", x.Message)
		if x.Decided {
			line += " decided"
		}
		out = append(out, line)
	}
	return out
}

func messageLine(m *apply.Message) string {
	line := fmt.Sprintf("  message %s %s attempts=%d", m.ID, m.Type, m.Attempts)
	if m.Delivered > 0 {
		line += " delivered"
	}
	if m.Exported > 0 {
		line += " exported"
	}
	if m.GaveUp {
		line += " gave_up"
	}
	return line + more(" receipt=", string(m.Receipt)) + more(" reject=", string(m.Reject))
}

func more(name, value string) string {
	if value == "" {
		return ""
	}
	return name + value
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
