package spool_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/party/spool"
)

func start() time.Time { return time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC) }

// bay is a folder with its own clock, whose files are taken as their text says.
type bay struct {
	t     *testing.T
	dir   string
	now   time.Time
	seen  []string          // name=text, as handed out
	aside map[string]string // where files were put, without the moment, and why
}

var errLater = errors.New("the desk is not ready")

func newBay(t *testing.T) *bay {
	return &bay{t: t, dir: t.TempDir(), now: start(), aside: map[string]string{}}
}

func (b *bay) folder() *spool.Folder {
	return spool.NewFolder(b.dir, spool.Options{
		Suffix: ".xml", MaxBytes: 64, Settle: 2 * time.Second, Now: func() time.Time { return b.now },
		Aside: func(path string, r *spool.Refusal) {
			folder, name := filepath.Split(path)
			code := ""
			if r != nil {
				code = r.Code
			}
			b.aside[folder+name[strings.IndexByte(name, '-')+1:]] = code
		},
	})
}

func (b *bay) take(_ context.Context, name string, data []byte) error {
	b.seen = append(b.seen, name+"="+string(data))
	switch string(data) {
	case "bad":
		return &spool.Refusal{Code: "document", Reason: errors.New("no camt")}
	case "later":
		return errLater
	}
	return nil
}

// put writes a file that was left alone for age.
func (b *bay) put(name, text string, age time.Duration) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	at := b.now.Add(-age)
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
		b.t.Fatal(err)
	}
}

// look has a folder look once and says what it put aside.
func (b *bay) look(f *spool.Folder, n int, want error) {
	b.t.Helper()
	got, err := f.Take(b.t.Context(), b.take)
	if got != n || !errors.Is(err, want) || want == nil && err != nil {
		b.t.Fatalf("%d put aside, want %d: %v", got, n, err)
	}
}

func (b *bay) is(what string, got any, want any) {
	b.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (b *bay) names(folder string) []string {
	b.t.Helper()
	return names(b.t, filepath.Join(b.dir, folder))
}

func TestTake(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "good", time.Hour)
	b.put("b.xml", "bad", time.Hour)
	b.put("c.XML", "good too", time.Hour)
	b.put("d.xml", "still being written", time.Second)
	b.look(b.folder(), 3, nil)
	b.is("handed out", b.seen, "[a.xml=good b.xml=bad c.XML=good too]")
	const at = "20260302T041000.000000000Z-"
	b.is("done", b.names(spool.DoneFolder), []string{at + "a.xml", at + "c.XML"})
	b.is("refused", b.names(spool.RefusedFolder), []string{at + "b.xml", at + "b.xml.reason"})
	b.is("claimed", b.names(spool.ClaimedFolder), "[]")
	b.is("left", b.names(""), "[claimed d.xml done refused]")
	b.is("told", b.aside, "map[done/a.xml: done/c.XML: refused/b.xml:document]")
	if text, _ := os.ReadFile(filepath.Join(b.dir, spool.RefusedFolder, at+"b.xml.reason")); string(text) != "no camt\n" {
		t.Errorf("reason %q", text)
	}
	b.put("a.xml", "another of that name at that moment", time.Hour)
	b.look(b.folder(), 1, nil)
	b.is("both are kept", b.names(spool.DoneFolder), []string{at + "2-a.xml", at + "a.xml", at + "c.XML"})
}

// TestOddFiles puts into the folder what is no file of ours: all of it ends in refused
// with a reason, nothing of it is read, and nothing is left to look at.
func TestOddFiles(t *testing.T) {
	b := newBay(t)
	secret := filepath.Join(t.TempDir(), "secret.xml")
	if err := os.WriteFile(secret, []byte("good"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(b.dir, name) }
	b.put("large.xml", strings.Repeat("x", 65), time.Hour)
	b.put("note.txt", "not ours", time.Hour)
	b.put("a name with blanks.xml", "odd", time.Hour)
	b.put("line\nfeed.xml", "odd", time.Hour)
	b.put(strings.Repeat("n", 250)+".xml", "long", time.Hour)
	b.put("target.xml", "good", time.Hour)
	if err := errors.Join(
		os.Symlink(secret, path("out.xml")), os.Symlink("target.xml", path("inside.xml")), os.Symlink("nowhere", path("dangling.xml")),
		os.Symlink("loop.xml", path("loop.xml")), os.Symlink("/", path("root")),
		os.MkdirAll(path("dir.xml/deep"), 0o700), os.WriteFile(path("dir.xml/deep/kept"), []byte("kept"), 0o600), syscall.Mkfifo(path("pipe.xml"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	f := b.folder()
	b.look(f, 6, nil) // what has an age of its own
	b.now = b.now.Add(3 * time.Second)
	_, err := f.Take(t.Context(), b.take)
	b.is("error", err, nil)
	b.is("handed out", b.seen, "[target.xml=good]")
	b.is("left", b.names(""), "[claimed done refused]")
	b.is("claimed", b.names(spool.ClaimedFolder), "[]")
	codes := map[string]int{}
	for at, code := range b.aside {
		codes[code]++
		if strings.ContainsAny(at, " \n") || len(at) > 60 {
			t.Errorf("put aside as %q", at)
		}
	}
	b.is("codes", codes, "map[:1 directory:1 link:5 name:4 special:1 too_large:1]")
	reasons := b.reasons()
	for _, want := range []string{"larger than 64 bytes", "does not end in .xml", `"a name with blanks.xml"`, `"line\nfeed.xml"`, "a link, which is not followed", "a folder", "no file but a p"} {
		if !strings.Contains(reasons, want) {
			t.Errorf("no reason says %s: %s", want, reasons)
		}
	}
	kept, err := filepath.Glob(filepath.Join(b.dir, spool.RefusedFolder, "*-dir.xml", "deep", "kept"))
	b.is("what the folder held is kept", len(kept), 1)
	b.is("glob", err, nil)
	if text, _ := os.ReadFile(secret); string(text) != "good" {
		t.Error("what a link led to was touched")
	}
}

// reasons returns all reason files.
func (b *bay) reasons() string {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, spool.RefusedFolder, "*.reason"))
	b.is("glob", err, nil)
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		b.is("read reason", err, nil)
		all.Write(text)
	}
	return all.String()
}

// TestTemporaryNames waits for the rename, and not for ever.
func TestTemporaryNames(t *testing.T) {
	b := newBay(t)
	b.put("a.xml.part", "good", time.Minute)
	b.put("b.xml.TMP", "cut off", time.Minute)
	b.put(".c.xml", "cut off", time.Minute)
	b.put(".old.xml", "cut off", time.Hour)
	b.put("d.xml.filepart", "from a host whose clock is wrong", -24*time.Hour)
	f := b.folder()
	b.look(f, 1, nil)
	if err := os.Rename(filepath.Join(b.dir, "a.xml.part"), filepath.Join(b.dir, "a.xml")); err != nil {
		t.Fatal(err)
	}
	b.look(f, 1, nil)
	b.is("handed out", b.seen, "[a.xml=good]")
	b.now = start().Add(58 * time.Minute)
	b.look(f, 0, nil)
	b.now = start().Add(60 * time.Minute)
	b.look(f, 3, nil)
	b.is("left", b.names(""), "[claimed done refused]")
	b.is("reasons", strings.Count(b.reasons(), "a temporary name that nobody changed within 1h0m0s\n"), 4)
}

// TestPartialFiles waits until a file stops growing, whatever its host's clock says,
// and not for ever.
func TestPartialFiles(t *testing.T) {
	b := newBay(t)
	f := b.folder()
	b.put("future.xml", "good", -24*time.Hour)
	b.put("grows.xml", "g", 0)
	b.put("touched.xml", "good", 0)
	b.look(f, 0, nil)
	for i := 2; i < 5; i++ {
		b.now = b.now.Add(time.Second)
		b.put("grows.xml", strings.Repeat("g", i), 0)
		b.put("touched.xml", "good", 0)
		want := 0
		if i == 3 { // two seconds after it came
			want = 1
		}
		b.look(f, want, nil)
	}
	b.is("its time lay in the future", b.seen, "[future.xml=good]")
	b.now = b.now.Add(2 * time.Second)
	b.put("touched.xml", "good", 0)
	b.look(f, 1, nil)
	b.is("it is whole", b.seen, "[future.xml=good grows.xml=gggg]")
	b.now = start().Add(time.Hour - time.Second)
	b.put("touched.xml", "good", 0)
	b.look(f, 0, nil)
	b.now = start().Add(time.Hour)
	b.put("touched.xml", "good", 0)
	b.look(f, 1, nil)
	b.is("refused", b.aside["refused/touched.xml"], spool.CodeChanging)
	b.is("handed out", len(b.seen), 2)
}

// TestWrittenWhileRead lets a program write on that keeps a file open after it was
// claimed: half of it is never taken for the whole.
func TestWrittenWhileRead(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "g", time.Minute)
	f := b.folder()
	n, err := f.Take(t.Context(), func(_ context.Context, _ string, data []byte) error { return fmt.Errorf("not whole: %s", data) })
	if n != 0 || err == nil {
		t.Fatal(n, err)
	}
	w, err := os.OpenFile(b.claimed(), os.O_APPEND|os.O_WRONLY, 0)
	b.is("open", err, nil)
	_, err = w.WriteString("ood")
	b.is("write", errors.Join(err, w.Close()), nil)
	b.now = b.now.Add(5 * time.Second)
	b.look(f, 1, nil)
	b.is("handed out", b.seen, "[a.xml=good]")
}

// claimed returns the only file in the claimed folder.
func (b *bay) claimed() string {
	b.t.Helper()
	all := b.names(spool.ClaimedFolder)
	if len(all) != 1 {
		b.t.Fatalf("claimed: %v", all)
	}
	return filepath.Join(b.dir, spool.ClaimedFolder, all[0])
}

// TestTriedAgain hands out again what nobody could take, less and less often, tells the
// error once, and lets nothing that comes in the meantime overwrite it.
func TestTriedAgain(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "later", time.Hour)
	b.put("b.xml", "good", time.Hour)
	f := b.folder()
	b.look(f, 1, errLater)
	b.put("a.xml", "good", time.Hour) // another of that name
	b.look(f, 1, nil)
	b.is("handed out", b.seen, "[a.xml=later b.xml=good a.xml=good]")
	var tried []string
	for at := range 300 {
		b.now = start().Add(time.Duration(at) * time.Second)
		before := len(b.seen)
		b.look(b.folder(), 0, nil) // the waiting outlives a restart
		if len(b.seen) > before {
			tried = append(tried, fmt.Sprint(at))
		}
	}
	b.is("tried after", tried, "[5 15 35 75 135 195 255]")
	if err := os.WriteFile(b.claimed(), []byte("good"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Minute)
	b.look(b.folder(), 1, nil)
	b.is("left", b.names(spool.ClaimedFolder), "[]")
}

// TestCrash leaves a claim behind: nobody touches it while its owner may be at work,
// and then it is handed out again.
func TestCrash(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "good", time.Hour)
	func() {
		defer func() { b.is("crash", recover(), "crash") }()
		_, _ = b.folder().Take(t.Context(), func(context.Context, string, []byte) error { panic("crash") })
	}()
	b.now = start().Add(2*time.Minute - 1)
	b.look(b.folder(), 0, nil)
	b.is("handed out", b.seen, "[]")
	b.now = start().Add(2 * time.Minute)
	b.look(b.folder(), 1, nil)
	b.is("handed out", b.seen, "[a.xml=good]")
}

// TestOddClaims lets somebody put what he likes into the claimed folder, under names of
// claims too: links are not followed there either.
func TestOddClaims(t *testing.T) {
	b := newBay(t)
	secret := filepath.Join(t.TempDir(), "secret.xml")
	claimed := filepath.Join(b.dir, spool.ClaimedFolder)
	const past = "20260302T040000.000000000Z-0-ABCDEFGH-"
	if err := errors.Join(os.WriteFile(secret, []byte("good"), 0o600), os.Mkdir(claimed, 0o700), os.Symlink(secret, filepath.Join(claimed, past+"link.xml")),
		os.Mkdir(filepath.Join(claimed, past+"dir.xml"), 0o700), os.WriteFile(filepath.Join(claimed, "x.xml"), []byte("good"), 0o600),
		os.WriteFile(filepath.Join(claimed, past+"a b.xml"), []byte("good"), 0o600)); err != nil {
		t.Fatal(err)
	}
	b.look(b.folder(), 4, nil)
	b.is("handed out", b.seen, "[]")
	b.is("left", b.names(spool.ClaimedFolder), "[]")
	b.is("dir", b.aside["refused/dir.xml"], spool.CodeDirectory)
	b.is("link", b.aside["refused/link.xml"], spool.CodeLink)
	b.is("x", b.aside["refused/x.xml"], spool.CodeName)
}

// TestTakeAtOnce has several read one folder: each file is handed out once.
func TestTakeAtOnce(t *testing.T) {
	const files, readers = 64, 4
	b := newBay(t)
	for i := range files {
		b.put(fmt.Sprintf("%02d.xml", i), "good", time.Hour)
		b.put(fmt.Sprintf("%02d.txt", i), "odd", time.Hour)
	}
	var mu sync.Mutex
	times := map[string]int{}
	total := 0
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			f := spool.NewFolder(b.dir, spool.Options{Suffix: ".xml", MaxBytes: 64, Now: start})
			n, err := f.Take(t.Context(), func(_ context.Context, name string, _ []byte) error {
				mu.Lock()
				defer mu.Unlock()
				times[name]++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += n
		})
	}
	all.Wait()
	for name, n := range times {
		if n != 1 {
			t.Errorf("%s was handed out %d times", name, n)
		}
	}
	b.is("handed out", len(times), files)
	b.is("put aside", total, 2*files)
	b.is("done", len(b.names(spool.DoneFolder)), files)
	b.is("refused, with reasons", len(b.names(spool.RefusedFolder)), 2*files)
}

// TestFolderTrouble keeps files where they are while nothing can be moved, says so once
// a file, and takes them when it can.
func TestFolderTrouble(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "good", time.Hour)
	b.put("b.xml", "bad", time.Hour)
	blocked := filepath.Join(b.dir, spool.RefusedFolder)
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := b.folder()
	b.look(f, 1, fs.ErrExist)
	b.now = b.now.Add(5 * time.Second)
	b.look(f, 0, nil)
	b.is("remove", os.Remove(blocked), nil)
	b.look(f, 0, nil)
	b.now = b.now.Add(10 * time.Second)
	b.look(f, 1, nil)
	b.is("told", b.aside, "map[done/a.xml: refused/b.xml:document]")

	other := newBay(t)
	other.put("a.xml", "good", time.Hour)
	if err := os.Symlink(t.TempDir(), filepath.Join(other.dir, spool.ClaimedFolder)); err != nil {
		t.Fatal(err)
	}
	f = other.folder()
	for range 2 {
		if n, err := f.Take(t.Context(), other.take); n != 0 || err == nil {
			t.Errorf("claimed outside of the folder: %d, %v", n, err)
		}
	}
	other.is("left", other.names(""), "[a.xml claimed]")
	if err := os.RemoveAll(other.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Take(t.Context(), other.take); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestTakeStops(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "good", time.Hour)
	b.put("b.xml", "good", time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	n, err := b.folder().Take(ctx, func(ctx context.Context, name string, _ []byte) error {
		b.seen = append(b.seen, name)
		stop()
		return ctx.Err()
	})
	if n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", n, err)
	}
	b.is("handed out", b.seen, "[a.xml]")
	b.look(b.folder(), 2, nil) // another goes on at once
	b.is("handed out", slices.Equal(b.seen, []string{"a.xml", "a.xml=good", "b.xml=good"}), true)
	if err := error(&spool.Refusal{Reason: os.ErrInvalid}); !errors.Is(err, os.ErrInvalid) || !strings.Contains(err.Error(), "refuse file") {
		t.Error("a refusal hides its reason")
	}
}
