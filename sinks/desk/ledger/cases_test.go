package ledger_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/ledger"
	"github.com/haltwire/haltwire/sinks/policy"
)

const cases = "../apply/testdata/apply"

// events reads a case file of sinks/desk/apply as records of a log; the README there says
// how it is written.
func events(t *testing.T, file string) []apply.Record { return read(t, file).records }

func read(t *testing.T, file string) *reader {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cases, file))
	if err != nil {
		t.Fatal(err)
	}
	w := &reader{machine: machine(t), subjects: map[caselog.Key]*apply.Subject{}, names: map[string]string{}, now: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)}
	for _, block := range strings.Split(string(text), "\n\n") {
		input, _, _ := strings.Cut(block, "\n----")
		lines := strings.Split(strings.TrimSpace(input), "\n")
		for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			continue
		}
		if err := w.read(lines); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return w
}

func machine(t *testing.T) apply.Machine {
	t.Helper()
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return apply.Machine{Root: root}
}

type reader struct {
	machine  apply.Machine
	subjects map[caselog.Key]*apply.Subject
	names    map[string]string // A1 → id
	now      time.Time
	records  []apply.Record
}

func (w *reader) read(lines []string) error {
	head := strings.Fields(lines[0])
	if len(head) > 3 {
		wait, err := time.ParseDuration(strings.TrimPrefix(head[3], "+"))
		if err != nil {
			return err
		}
		w.now = w.now.Add(wait)
	}
	var data bytes.Buffer
	if err := json.Compact(&data, []byte(w.real(strings.Join(lines[1:], "\n")))); err != nil {
		return err
	}
	key, n := caselog.Key(head[2]), int64(len(w.records))
	r := apply.Record{Event: caselog.Event{ID: fmt.Sprint("E", n), Type: caselog.Type(head[1]), Key: key, Time: w.now, Data: data.Bytes()}, Offset: n, Appended: w.now.UnixMilli()}
	w.records = append(w.records, r)
	s, _, _ := w.machine.Apply(w.subjects[key], r)
	w.subjects[key] = s
	letter := "A"
	for prefix, l := range map[string]string{"out/BANK": "B", "out/AE": "C"} {
		if strings.HasPrefix(string(key), prefix) {
			letter = l
		}
	}
	for _, a := range s.Alerts {
		if name := fmt.Sprint(letter, a.Episode); key.Direction() == caselog.Out && w.names[name] == "" {
			w.names[name] = a.ID
		}
	}
	return nil
}

func (w *reader) real(s string) string {
	for name, id := range w.names {
		s = strings.ReplaceAll(s, "{"+name+"}", id)
	}
	s = strings.ReplaceAll(s, "{now}", w.now.Format("2006-01-02T15:04:05.000Z"))
	for key, subject := range w.subjects {
		for _, a := range subject.Alerts {
			short := a.ID
			for name, id := range w.names {
				if id == a.ID {
					short = name
				}
			}
			if _, mark := a.Recalls(); mark != "" {
				s = strings.ReplaceAll(s, "{recall}", mark)
			}
			if key.Direction() == caselog.Out && a == subject.Alerts[len(subject.Alerts)-1] {
				s = strings.ReplaceAll(s, "{content}", a.Content())
			}
			s = strings.ReplaceAll(s, "{content "+short+"}", a.Content())
			for _, h := range a.Trail {
				s = strings.ReplaceAll(s, "{hop "+strings.Replace(h.ItemID, a.ID, short, 1)+"}", h.Mark)
			}
		}
	}
	return s
}

// book keeps the newest row of each identity.
type book struct {
	rows    map[string]any
	version map[string]uint64
}

func newBook() *book { return &book{rows: map[string]any{}, version: map[string]uint64{}} }

func put[R any](b *book, rows []R, of func(R) (version uint64, id []any)) {
	for _, r := range rows {
		version, id := of(r)
		key := fmt.Sprintf("%T %v", r, id)
		if version >= b.version[key] {
			b.rows[key], b.version[key] = r, version
		}
	}
}

func (b *book) write(rows ledger.Rows) {
	put(b, rows.Hits, func(r caselog.HitRow) (uint64, []any) { return r.Version, []any{r.HitID, r.Key} })
	put(b, rows.Overturns, func(r caselog.OverturnRow) (uint64, []any) {
		return r.Version, []any{r.EvidenceKey, r.Key, r.Revision, r.Hash}
	})
	put(b, rows.Alerts, func(r caselog.AlertRow) (uint64, []any) { return r.Version, []any{r.Direction, r.Party, r.AlertID} })
	put(b, rows.CaseEvents, func(r caselog.CaseEventRow) (uint64, []any) { return r.Version, []any{r.Partition, r.Offset} })
	put(b, rows.Deliveries, func(r caselog.DeliveryRow) (uint64, []any) {
		return r.Version, []any{r.MessageID, r.Channel, r.Attempt}
	})
	put(b, rows.Messages, func(r caselog.MessageRow) (uint64, []any) { return r.Version, []any{r.Party, r.MessageID} })
	put(b, rows.Measures, func(r caselog.MeasureRow) (uint64, []any) { return r.Version, []any{r.Party, r.AlertID, r.MeasureID} })
	put(b, rows.Funds, func(r caselog.FundsRow) (uint64, []any) {
		return r.Version, []any{r.Party, r.AlertID, r.ItemID, r.Line}
	})
	put(b, rows.Payments, func(r caselog.PaymentRow) (uint64, []any) {
		return r.Version, []any{r.Direction, r.Party, r.AlertID, r.ItemID}
	})
	put(b, rows.Trail, func(r caselog.TrailRow) (uint64, []any) {
		return r.Version, []any{r.Direction, r.Party, r.AlertID, r.ItemID}
	})
	put(b, rows.Recalls, func(r caselog.RecallRow) (uint64, []any) {
		return r.Version, []any{r.Direction, r.Party, r.AlertID, r.ItemID}
	})
	put(b, rows.Approvals, func(r caselog.ApprovalRow) (uint64, []any) {
		return r.Version, []any{r.Partition, r.Offset, r.Act, r.Officer}
	})
	put(b, rows.Disclosures, func(r caselog.DisclosureRow) (uint64, []any) { return r.Version, []any{r.Party, r.MessageID, r.Path} })
	put(b, rows.Consents, func(r caselog.ConsentRow) (uint64, []any) {
		return r.Version, []any{r.Direction, r.Party, r.AlertID, r.MessageID}
	})
	put(b, rows.Tasks, func(r caselog.TaskRow) (uint64, []any) {
		return r.Version, []any{r.Direction, r.Party, r.AlertID, r.TaskID}
	})
	put(b, rows.Erased, func(r caselog.ErasedRow) (uint64, []any) { return r.Version, []any{r.Key} })
}

// text is the rows without their versions, sorted.
func (b *book) text() string {
	var out []string
	for key, row := range b.rows {
		if a, ok := row.(caselog.AlertRow); ok {
			a.Version = 0 // of the subject's last event, whichever alert that was about
			row = a
		}
		out = append(out, key+" "+asJSON(row))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func of[R any](b *book) []R {
	var keys []string
	for key, row := range b.rows {
		if _, ok := row.(R); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	out := make([]R, 0, len(keys))
	for _, key := range keys {
		if r, ok := b.rows[key].(R); ok {
			out = append(out, r)
		}
	}
	return out
}

func newMaker(t *testing.T) *ledger.Maker {
	t.Helper()
	parties, err := policy.NewBook(policy.Self{ID: "IN-FIU", Country: "IN"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Maker{Machine: machine(t), Book: parties, Open: func(personal string, into any) error {
		return json.Unmarshal([]byte(`{"uid":"U-`+personal+`","body":"{\"type\":\"request\",\"legal\":{\"facts\":\"F\"}}","subject":{"account":{"id":"GB1"}},"payments":[{"refs":{"uetr":"u"}},{"refs":{"uetr":"v"}}]}`), into)
	}}
}

// whole is the rows of a log that is written event by event.
func whole(t *testing.T, log []apply.Record) *book {
	t.Helper()
	m, b := newMaker(t), newBook()
	for _, r := range log {
		m.Event(r, true)
		b.write(m.Take())
	}
	return b
}

// TestRowsDoNotDependOnWhoWritesThem holds that the rows are the same however events are
// batched, and however often writers die and others begin again behind where they were.
func TestRowsDoNotDependOnWhoWritesThem(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(cases, "*.txt"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d case files, %v", len(files), err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		file := rapid.SampledFrom(files).Draw(rt, "file")
		log := events(t, filepath.Base(file))
		got, done := newBook(), 0
		for done < len(log) {
			from := rapid.IntRange(0, done).Draw(rt, "cursor")
			to := rapid.IntRange(done+1, len(log)).Draw(rt, "death")
			m := newMaker(t)
			for i, r := range log[:to] {
				m.Event(r, i >= from)
				if i >= from && rapid.Bool().Draw(rt, "take") {
					got.write(m.Take())
				}
			}
			got.write(m.Take())
			done = to
		}
		if a, b := whole(t, log).text(), got.text(); a != b {
			rt.Fatalf("%s: %s", file, difference(a, b))
		}
	})
}

// TestRowsSayEverythingThatStands compares the rows of every case file with the state that
// the log ends in.
func TestRowsSayEverythingThatStands(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(cases, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		w := read(t, filepath.Base(file))
		var want []string
		for _, s := range w.subjects {
			for _, a := range s.Alerts {
				want = append(want, standing(a)...)
			}
		}
		b := whole(t, w.records)
		var got []string
		add := func(kind, lines string) {
			for _, line := range strings.Split(lines, "\n") {
				if line != "" {
					got = append(got, kind+" "+line)
				}
			}
		}
		add("alert", lines(b, func(r caselog.AlertRow) string { return fmt.Sprint(r.AlertID, r.State, r.Payments, r.OpenTasks) }))
		add("item", lines(b, func(r caselog.PaymentRow) string {
			if r.Shed || r.TakenOut || r.Withheld {
				return ""
			}
			return fmt.Sprint(r.AlertID, r.ItemID, r.Disputed.Amount, r.Disputed.Currency, r.Reports)
		}))
		add("measure", lines(b, func(r caselog.MeasureRow) string {
			return fmt.Sprint(r.AlertID, r.MeasureID, r.Stand, r.State, r.Asked)
		}))
		add("hop", lines(b, func(r caselog.TrailRow) string { return fmt.Sprint(r.AlertID, r.ItemID, r.Gone, r.ChildAlert, r.Hop) }))
		add("leg", lines(b, func(r caselog.RecallRow) string {
			if r.State == "dropped" {
				return ""
			}
			return fmt.Sprint(r.AlertID, r.ItemID, r.State, r.Codes, r.Returned.Amount)
		}))
		add("consent", lines(b, func(r caselog.ConsentRow) string { return fmt.Sprint(r.AlertID, r.MessageID, r.Granted) }))
		add("task", lines(b, func(r caselog.TaskRow) string { return fmt.Sprint(r.AlertID, r.TaskID, r.Kind, r.DoneBy) }))
		slices.Sort(want)
		slices.Sort(got)
		if a, b := strings.Join(want, "\n"), strings.Join(got, "\n"); a != b {
			t.Errorf("%s: %s", file, difference(a, b))
		}
	}
}

// standing lists what rows have to say of an alert.
func standing(a *apply.Alert) []string {
	out := []string{"alert " + fmt.Sprint(a.ID, a.State, len(a.Items), a.OpenTasks())}
	for _, i := range a.Items {
		amount, err := decimal.ParseSigned([]byte(i.Amount.Amount))
		if err != nil {
			amount = decimal.D{}
		}
		out = append(out, "item "+fmt.Sprint(a.ID, i.ID, amount, i.Amount.Currency, len(i.Reports)))
	}
	for _, m := range a.Measures {
		var asked []string
		for _, q := range m.Asked {
			asked = append(asked, q.Do)
		}
		out = append(out, "measure "+fmt.Sprint(a.ID, m.MeasureID, m.Stand, m.State, asked))
	}
	for _, h := range a.Trail {
		out = append(out, "hop "+fmt.Sprint(a.ID, h.ItemID, h.Gone, h.Child, a.Number(h)))
	}
	for _, l := range a.Legs {
		var back decimal.D
		if l.Returned != nil {
			back, _ = decimal.ParseSigned([]byte(l.Returned.Amount))
		}
		out = append(out, "leg "+fmt.Sprint(a.ID, l.Item, l.State, l.Codes, back))
	}
	for _, c := range a.Consents {
		out = append(out, "consent "+fmt.Sprint(a.ID, c.Message, c.Code))
	}
	for _, x := range a.Tasks {
		out = append(out, "task "+fmt.Sprint(a.ID, x.ID, x.Kind, x.Done))
	}
	return out
}

// lines returns a line a row, sorted.
func lines[R any](b *book, line func(R) string) string {
	var out []string
	for _, r := range of[R](b) {
		out = append(out, line(r))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("row %d\nwant %s\ngot  %s", i, w[min(i, len(w)-1)], g[min(i, len(g)-1)])
		}
	}
	return "no difference"
}
