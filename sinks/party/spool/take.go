package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Refusal is returned by a Take function for a file that will never be good: it
// is put aside, with the reason beside it.
type Refusal struct {
	// Code names the kind, for metrics and logs; the Codes are the folder's own.
	Code string
	// Reason is for the person who opens the folder, and may quote the file.
	Reason error
}

// The codes of what a folder refuses by itself: for a link, a folder, a pipe or
// device, a name that is none of ours, a temporary name that nobody changed, a file
// that never stops changing, one that is too large, and one that we may not read.
const (
	CodeLink       = "link"
	CodeDirectory  = "directory"
	CodeSpecial    = "special"
	CodeName       = "name"
	CodeTemporary  = "temporary"
	CodeChanging   = "changing"
	CodeTooLarge   = "too_large"
	CodeUnreadable = "unreadable"
)

// Error says why the file was refused.
func (r *Refusal) Error() string { return "refuse file: " + r.Reason.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// Options is what code passes to NewFolder.
type Options struct {
	// Suffix is the end of the names that are ours, ".xml", in small or capital letters.
	Suffix string
	// MaxBytes bounds a file; a larger one is refused unread.
	MaxBytes int64
	// Settle is how long a file must have been left alone, so that one which is
	// still being written is not taken; Patience how long that, and a temporary name,
	// may last before the file is refused: 1h by default.
	Settle, Patience time.Duration
	// Hold is how long a claimed file is left to its claimer, 2m by default: after a
	// crash another takes it then. The ctx of take ends after half of it.
	Hold time.Duration
	// Aside is told where a file was put and why it was refused, nil when it was not;
	// nil tells nobody.
	Aside func(path string, refused *Refusal)
	// Now is the clock.
	Now func() time.Time
}

// Folder is one from which files are taken. It is not safe for concurrent use, but
// any number of Folders, here and on other machines, may share a directory.
type Folder struct {
	dir  string
	opt  Options
	seen map[string]*sight // by name; of those that are there
}

// sight is how a file that waits was seen.
type sight struct {
	size         int64
	changed      time.Time // as its file system says
	first, since time.Time // seen at all, and as it is now
	failed       int
	notBefore    time.Time // after a failure
}

// NewFolder completes the options; it opens nothing.
func NewFolder(dir string, o Options) *Folder {
	if o.Patience <= 0 {
		o.Patience = time.Hour
	}
	if o.Hold <= 0 {
		o.Hold = 2 * time.Minute
	}
	if o.Aside == nil {
		o.Aside = func(string, *Refusal) {}
	}
	return &Folder{dir: dir, opt: o, seen: map[string]*sight{}}
}

// TakeFunc deals with one file: nil when that is done, a *Refusal when it will never be
// good; after any other error it is asked again.
type TakeFunc func(ctx context.Context, name string, data []byte) error

// Take claims every file of the folder, in the order of their names, hands it to take,
// and puts it aside when take returns nil or a *Refusal; what is no file of ours is
// refused unread. After any other error the file is tried again by a later call, after
// 5s and then twice as long each time, up to a minute. Take goes on with the others; it
// returns the number of files put aside and the joined errors, of which those of one
// file are told the first time alone. A crash between take and putting aside hands the
// same file out again after Hold, so take must be idempotent.
func (f *Folder) Take(ctx context.Context, take TakeFunc) (int, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return 0, fmt.Errorf("take files: %w", err)
	}
	defer func() { _ = root.Close() }()
	n, again := f.resume(ctx, root, take)
	names, err := list(root, ".")
	if err != nil {
		return n, errors.Join(again, fmt.Errorf("take files: %w", err))
	}
	all := again
	there := map[string]bool{}
	for _, name := range names {
		if ctx.Err() != nil {
			return n, errors.Join(all, ctx.Err())
		}
		if name == DoneFolder || name == RefusedFolder || name == ClaimedFolder {
			continue
		}
		there[name] = true
		moved, err := f.fresh(ctx, root, name, take)
		if moved {
			n++
		}
		all = errors.Join(all, err)
	}
	for name := range f.seen {
		if !there[name] {
			delete(f.seen, name)
		}
	}
	return n, all
}

// list returns the names in a directory, sorted.
func list(root *os.Root, dir string) ([]string, error) {
	d, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// fresh deals with a name that nobody has claimed, when its time has come.
func (f *Folder) fresh(ctx context.Context, root *os.Root, name string, take TakeFunc) (bool, error) {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // somebody else was faster
	}
	s := f.sight(name, info)
	now := f.opt.Now()
	if now.Before(s.notBefore) {
		return false, nil
	}
	if err != nil {
		return false, s.fail(now, name, err)
	}
	refused, ready := f.judge(name, info, s, now)
	if !ready {
		return false, nil
	}
	c, err := f.claim(root, name, claim{name: kept(name), until: now.Add(f.opt.Hold)})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, s.fail(now, name, err)
	}
	return f.handle(ctx, root, c, name, refused, take)
}

// sight keeps how a file looks, and since when.
func (f *Folder) sight(name string, info fs.FileInfo) *sight {
	now := f.opt.Now()
	s := f.seen[name]
	if s == nil {
		s = &sight{first: now}
		f.seen[name] = s
	}
	if info != nil && (s.since.IsZero() || s.size != info.Size() || !s.changed.Equal(info.ModTime())) {
		s.size, s.changed, s.since = info.Size(), info.ModTime(), now
	}
	return s
}

// judge reports whether a file is to be claimed now, and why it is to be refused. What
// its file system says of the time of the last change may be wrong by any amount, so
// what was seen counts too.
func (f *Folder) judge(name string, info fs.FileInfo, s *sight, now time.Time) (*Refusal, bool) {
	old := now.Sub(s.changed)
	if temporary(name) {
		return refusal(CodeTemporary, "a temporary name that nobody changed within %s", f.opt.Patience), max(old, now.Sub(s.first)) >= f.opt.Patience
	}
	if max(old, now.Sub(s.since)) < f.opt.Settle {
		return refusal(CodeChanging, "it was still being written after %s", f.opt.Patience), now.Sub(s.first) >= f.opt.Patience
	}
	return f.opt.unfit(name, info), true
}

// temporary reports whether a name is one that a file has while it is written.
func temporary(name string) bool {
	if strings.HasPrefix(name, ".") {
		return true
	}
	for _, end := range []string{".part", ".partial", ".filepart", ".tmp"} {
		if hasSuffix(name, end) {
			return true
		}
	}
	return false
}

func hasSuffix(name, end string) bool { return strings.HasSuffix(strings.ToLower(name), end) }

// unfit returns why something is no file of ours, or nil.
func (o Options) unfit(name string, info fs.FileInfo) *Refusal {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return refusal(CodeLink, "a link, which is not followed")
	case mode.IsDir():
		return refusal(CodeDirectory, "a folder")
	case !mode.IsRegular():
		return refusal(CodeSpecial, "no file but a %s", mode.Type())
	case !isName(name):
		return refusal(CodeName, "its name has other characters than A-Z a-z 0-9 . _ -, or more than 200")
	case !hasSuffix(name, strings.ToLower(o.Suffix)):
		return refusal(CodeName, "its name does not end in %s", o.Suffix)
	case info.Size() > o.MaxBytes:
		return refusal(CodeTooLarge, "larger than %d bytes", o.MaxBytes)
	}
	return nil
}

func refusal(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Reason: fmt.Errorf(format, args...)}
}

// fail has a file wait after an error, and returns the error the first time.
func (s *sight) fail(now time.Time, name string, err error) error {
	s.notBefore = now.Add(backoff(s.failed))
	if s.failed++; s.failed > 1 {
		return nil
	}
	return fmt.Errorf("take %s: %w", kept(name), err)
}

// backoff returns the time after so many failures: 5s, and twice as long each time up
// to a minute.
func backoff(failed int) time.Duration {
	return min(5*time.Second<<min(failed, 4), time.Minute)
}
