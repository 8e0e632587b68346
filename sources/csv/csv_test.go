package csv_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/csv"
	"github.com/haltwire/haltwire/sources/table"
)

const header = "report_id,reporter,kind,occurred_at,narrative\n"

func row(id, narrative string) string {
	return id + `,HWBIINBB,bank.transfer,2026-03-02T04:10:00Z,` + narrative + "\n"
}

// read returns what a table is as reports, and its dead letters as row: reason
// message.
func read(in io.Reader, m *table.Mapping) (reports, dead []string, err error) {
	r, err := csv.New("t.csv", in, event.Default(), m)
	if err != nil {
		return nil, nil, err
	}
	for {
		recs, err := r.Next()
		if errors.Is(err, io.EOF) {
			return reports, dead, nil
		} else if err != nil {
			return reports, dead, err
		}
		for i, v := range recs.Values {
			if recs.Times[i] != event.AsOccurred {
				return nil, nil, fmt.Errorf("record time %d", recs.Times[i])
			}
			reports = append(reports, fmt.Sprintf("%d %s", recs.Offsets[i], v))
		}
		for _, d := range recs.Dead {
			dead = append(dead, fmt.Sprintf("%d: %s %s%s", d.Offset, d.Reason, d.Field, d.Message))
		}
	}
}

func TestRows(t *testing.T) {
	in := "\ufeff" + header + row("1", `"a ""b"", c`+"\n"+`d"`) + "short,row\n" + row("3", "") + `x,"y"z,,,` + "\n" + row("5", "e")
	reports, dead, err := read(strings.NewReader(in), nil)
	if err != nil {
		t.Fatal(err)
	}
	rest := `,"reporter":"HWBIINBB","kind":"bank.transfer","occurred_at":"2026-03-02T04:10:00Z"`
	want := []string{`1 {"report_id":"1"` + rest + `,"narrative":"a \"b\", c\u000ad"}`, `3 {"report_id":"3"` + rest + `}`, `5 {"report_id":"5"` + rest + `,"narrative":"e"}`}
	if fmt.Sprint(reports) != fmt.Sprint(want) {
		t.Errorf("reports\n%s\nwant\n%s", strings.Join(reports, "\n"), strings.Join(want, "\n"))
	}
	if len(dead) != 2 || !strings.Contains(dead[0], "2: syntax line 4: the row has 2 cells, the header 5") || !strings.Contains(dead[1], `4: syntax line 6, column`) {
		t.Errorf("dead %q", dead)
	}
}

func TestDelimiter(t *testing.T) {
	reports, _, err := read(strings.NewReader("report_id\treporter\tkind\toccurred_at\n1\tX\tbank.transfer\t2026-03-02T04:10:00Z\n"), &table.Mapping{
		Delimiter: "\t", Columns: map[string]table.Targets{"report_id": {{Field: "report_id"}}, "reporter": {{Field: "reporter"}}, "kind": {{Field: "kind"}}, "occurred_at": {{Field: "occurred_at"}}},
	})
	if err != nil || len(reports) != 1 {
		t.Errorf("%q, %v", reports, err)
	}
}

func TestRefused(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "the file is empty",
		"report_id,report_id\n":               `names column "report_id" twice`,
		"report_id,kind\n1,2\n":               "nothing gives reporter, which every report needs",
		strings.Repeat("a,", 3000) + "b\n1\n": "the header has 3001 columns",
		header + row("1", "\"never closed"+strings.Repeat("x\n", 1<<20)): "row 1: the row has more than",
		strings.Repeat("x", 2<<20):                                       "header: the row has more than",
	} {
		if _, _, err := read(strings.NewReader(in), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", in, err, want)
		}
	}
}

// endless gives a quote that never closes, for ever.
type endless struct{ given int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "x\n"[i%2]
	}
	e.given += int64(len(p))
	return len(p), nil
}

// TestEndlessRow reads no more than a few megabytes of a row without an end.
func TestEndlessRow(t *testing.T) {
	var rest endless
	_, _, err := read(io.MultiReader(strings.NewReader(header+row("1", "")+`2,"`), &rest), nil)
	if err == nil || !strings.Contains(err.Error(), "row 2") || rest.given > 4<<20 {
		t.Errorf("%v after %d bytes", err, rest.given)
	}
}

// TestBroken gives what was read before the input broke, and then the error.
func TestBroken(t *testing.T) {
	broken := errors.New("broken")
	r, err := csv.New("t.csv", io.MultiReader(strings.NewReader(header+row("1", "")), failing{broken}), event.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	recs, err := r.Next()
	if err != nil || recs.Len() != 1 {
		t.Fatalf("%v", err)
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "row 2") {
			t.Errorf("error %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(header+strings.Repeat(row("1", strings.Repeat("y", 100)), 20_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := csv.Open(path, event.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, last := 0, 0.0
	for {
		recs, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if recs.Len() > 8192 || r.Done() <= last {
			t.Errorf("a run of %d rows, done %v after %v", recs.Len(), r.Done(), last)
		}
		rows, last = rows+recs.Len(), r.Done()
	}
	if err := r.Close(); rows != 20_000 || last != 1 || err != nil {
		t.Errorf("%d rows, done %v, %v", rows, last, err)
	}
	if _, err := csv.Open("none.csv", event.Default(), nil); err == nil {
		t.Error("a file that is not there was opened")
	}
}
