package spool_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
