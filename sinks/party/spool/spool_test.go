package spool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/party/spool"
)

func TestPut(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if err := spool.Put(dir, "a.xml", []byte("one")); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{"two", "on", "ones"} {
		if err := spool.Put(dir, "a.xml", []byte(other)); !errors.Is(err, spool.ErrConflict) {
			t.Errorf("%s over one: %v", other, err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "a.xml")); string(text) != "one" {
		t.Errorf("the file holds %q", text)
	}
	for _, name := range []string{"", ".", "..", "../b.xml", "a/b.xml", "/etc/b.xml", ".b.xml", "a\x00b", "a b", strings.Repeat("a", 201)} {
		if err := spool.Put(dir, name, nil); err == nil {
			t.Errorf("put a file named %q", name)
		}
	}
	if err := os.Symlink(filepath.Join(t.TempDir(), "victim"), filepath.Join(dir, "link.xml")); err != nil {
		t.Fatal(err)
	}
	if err := spool.Put(dir, "link.xml", []byte("x")); !errors.Is(err, spool.ErrConflict) {
		t.Errorf("put through a link: %v", err)
	}
	if err := spool.Put(filepath.Join(dir, "none"), "a.xml", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("put into no folder: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"a.xml", "link.xml"}) {
		t.Errorf("left in the folder: %v", got)
	}
}

// TestPutAtOnce lets many put files of one name: all with the same bytes succeed,
// and of those with different bytes exactly one does.
func TestPutAtOnce(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		text func(i int) string
		good int
	}{
		{"same.xml", func(int) string { return strings.Repeat("x", 1<<16) }, 8},
		{"other.xml", func(i int) string { return strings.Repeat(string(rune('a'+i)), 1<<16) }, 1},
	} {
		errs := make(chan error)
		for i := range 8 {
			go func() { errs <- spool.Put(dir, c.name, []byte(c.text(i))) }()
		}
		good := 0
		for range 8 {
			if err := <-errs; err == nil {
				good++
			} else if !errors.Is(err, spool.ErrConflict) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if good != c.good {
			t.Errorf("%s: %d of 8 succeeded, want %d", c.name, good, c.good)
		}
		if text, err := os.ReadFile(filepath.Join(dir, c.name)); err != nil || len(text) != 1<<16 || strings.Count(string(text), string(text[0])) != 1<<16 {
			t.Errorf("%s: the file is a mixture of %d bytes, %v", c.name, len(text), err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"other.xml", "same.xml"}) {
		t.Errorf("left in the folder: %v", got)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestTake(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, age time.Duration) {
		path := filepath.Join(dir, name)
		at := start().Add(-age)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	put("a.xml", "good", time.Hour)
	put("b.xml", "bad", time.Hour)
	put("c.xml", "later", time.Hour)
	put("d.xml", "still being written", time.Second)
	put("e.xml", strings.Repeat("x", 65), time.Hour)
	put(".f.xml", "hidden", time.Hour)
	put("g.txt", "not ours", time.Hour)
	put("h i.xml", "a name that we would not write", time.Hour)
	if err := errors.Join(os.Symlink("/etc/hostname", filepath.Join(dir, "i.xml")), os.Mkdir(filepath.Join(dir, "j.xml"), 0o700),
		syscall.Mkfifo(filepath.Join(dir, "k.xml"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var seen []string
	o := spool.Options{Suffix: ".xml", MaxBytes: 64, Settle: 2 * time.Second, Now: start}
	later := errors.New("the desk is not ready")
	n, err := spool.Take(context.Background(), dir, o, func(_ context.Context, name string, data []byte) error {
		seen = append(seen, name+"="+string(data))
		switch string(data) {
		case "good":
			return nil
		case "bad":
			return &spool.Refusal{Reason: errors.New("no camt")}
		}
		return later
	})
	if n != 3 || !errors.Is(err, later) || !slices.Equal(seen, []string{"a.xml=good", "b.xml=bad", "c.xml=later"}) {
		t.Fatalf("%d put aside of %v: %v", n, seen, err)
	}
	const at = "20260302T041000.000000000Z-"
	if got := names(t, filepath.Join(dir, spool.DoneFolder)); !slices.Equal(got, []string{at + "a.xml"}) {
		t.Errorf("done: %v", got)
	}
	if got := names(t, filepath.Join(dir, spool.RefusedFolder)); !slices.Equal(got, []string{at + "b.xml", at + "b.xml.reason", at + "e.xml", at + "e.xml.reason"}) {
		t.Errorf("refused: %v", got)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, spool.RefusedFolder, at+"b.xml.reason")); string(text) != "no camt\n" {
		t.Errorf("reason %q", text)
	}
	if n, err := spool.Take(context.Background(), dir, o, func(context.Context, string, []byte) error { return nil }); n != 1 || err != nil {
		t.Errorf("the second time %d, %v", n, err)
	}
}

func start() time.Time { return time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC) }

func TestTakeStops(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	dir := t.TempDir()
	if err := spool.Put(dir, "a.xml", nil); err != nil {
		t.Fatal(err)
	}
	take := func(context.Context, string, []byte) error { t.Error("took a file while stopping"); return nil }
	if _, err := spool.Take(ctx, dir, spool.Options{Now: time.Now}, take); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := spool.Take(ctx, filepath.Join(dir, "none"), spool.Options{Now: time.Now}, take); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	var r *spool.Refusal
	if err := error(&spool.Refusal{Reason: os.ErrInvalid}); !errors.Is(err, os.ErrInvalid) || !errors.As(err, &r) || !strings.Contains(err.Error(), "refuse file") {
		t.Error("a refusal hides its reason")
	}
}
