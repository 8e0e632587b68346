package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/file"
)

// all reads everything and returns "line:text" entries.
func all(t require, r *file.Reader) []string {
	t.Helper()
	var out []string
	for {
		run, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("next: %v", err)
		}
		if run.Len() == 0 || run.Len() != len(run.Values) || run.Len() != len(run.Times) {
			t.Fatalf("a run of %d offsets and %d values", run.Len(), len(run.Values))
		}
		for i, v := range run.Values {
			out = append(out, fmt.Sprintf("%d:%s", run.Offsets[i], v))
		}
	}
}

type require interface {
	Helper()
	Fatalf(string, ...any)
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"empty":           {"", nil},
		"blank":           {"\n \n\r\n\t\n", nil},
		"one":             {"{}\n", []string{"1:{}"}},
		"no newline":      {"{}\n[]", []string{"1:{}", "2:[]"}},
		"CRLF":            {"{}\r\n[]\r\n", []string{"1:{}", "2:[]"}},
		"blank between":   {"a\n\n\nb\n", []string{"1:a", "4:b"}},
		"byte order mark": {"\ufeffa\n\ufeffb\n", []string{"1:a", "2:\ufeffb"}},
		"only the mark":   {"\ufeff", nil},
		"CR inside":       {"a\rb\n", []string{"1:a\rb"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := all(t, file.New("f", strings.NewReader(c.in))); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := all(t, file.New("f", iotest.OneByteReader(strings.NewReader(c.in)))); !slices.Equal(got, c.want) {
				t.Errorf("byte by byte: %q, want %q", got, c.want)
			}
		})
	}
}

func TestOverlong(t *testing.T) {
	fits := strings.Repeat("a", event.MaxRecord)
	in := fits + "\r\n" + fits + "b\r\n" + strings.Repeat("c", 5*event.MaxRecord) + "\nend"
	r := file.New("f", strings.NewReader(in))
	var sizes []int
	for _, s := range all(t, r) {
		sizes = append(sizes, len(s)-2)
	}
	if want := []int{event.MaxRecord, event.MaxRecord + 1, event.MaxRecord + 1, 3}; !slices.Equal(sizes, want) {
		t.Errorf("lines of %v bytes, want %v", sizes, want)
	}
	batch, dead := json.New(codec.Options{Schema: event.Default()}).Decode(first(t, in))
	defer batch.Release()
	if len(dead) != 4 || dead[0].Reason != event.Syntax || dead[1].Reason != event.TooLarge || dead[2].Reason != event.TooLarge || dead[2].Offset != 3 {
		t.Errorf("%d dead letters", len(dead))
	}
}

func first(t *testing.T, in string) *event.Records {
	t.Helper()
	run, err := file.New("f", strings.NewReader(in)).Next()
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	return run
}

// TestNeverFuture: a line's record time is its occurred_at.
func TestNeverFuture(t *testing.T) {
	run := first(t, `{"report_id":"1","reporter":"A","kind":"bank.hold","occurred_at":"2199-01-01T00:00:00Z"}`)
	batch, dead := json.New(codec.Options{Schema: event.Default()}).Decode(run)
	defer batch.Release()
	if len(dead) != 0 || batch.Rows != 1 {
		t.Fatalf("dead %+v", dead)
	}
	if got := event.FormatTime(batch.RecordTime(0)); got != "2199-01-01T00:00:00.000Z" {
		t.Errorf("record time %s", got)
	}
	if p := batch.Position(0); p != (event.Position{Topic: "f", Offset: 1}) {
		t.Errorf("position %+v", p)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "in.ndjson")
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := file.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	run, err := r.Next()
	if err != nil || run.Topic != "in.ndjson" || run.Next != 4 && run.Next != 3 {
		t.Errorf("run %+v, %v", run, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{dir, filepath.Join(dir, "none")} {
		if _, err := file.Open(bad); err == nil {
			t.Errorf("Open(%s) succeeds", bad)
		}
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("disk")
	r := file.New("f", io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)))
	run, err := r.Next()
	if err != nil || run.Len() != 1 || string(run.Values[0]) != "a" {
		t.Fatalf("the lines before the error: %+v, %v", run, err)
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("error %v, want that of the disk, at line 2", err)
		}
	}
}

// TestAnyLines compares with bytes.Split over random inputs, run bounds included.
func TestAnyLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringMatching(`[ a{}]{0,12}`), 0, 30).Draw(t, "lines")
		copies := rapid.SampledFrom([]int{1, 400}).Draw(t, "copies")
		in := bytes.Repeat([]byte(strings.Join(lines, "\n")+"\n"), copies)
		var want []string
		for i, l := range strings.Split(string(in), "\n") {
			if strings.TrimSpace(l) != "" {
				want = append(want, fmt.Sprintf("%d:%s", i+1, l))
			}
		}
		if got := all(t, file.New("f", bytes.NewReader(in))); !slices.Equal(got, want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
	})
}
