package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Refusal is returned by a Take function for a file that will never be good: it
// is put aside, with the reason beside it.
type Refusal struct{ Reason error }

// Error says why the file was refused.
func (r *Refusal) Error() string { return "refuse file: " + r.Reason.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// The folders within the folder, made when they are needed: what was dealt with
// and what was refused. Names in them carry the moment in front.
const (
	DoneFolder    = "done"
	RefusedFolder = "refused"
)

// Options is what code passes to Take.
type Options struct {
	// Suffix is the end of the names that are looked at, ".xml".
	Suffix string
	// MaxBytes bounds a file; a larger one is refused unread.
	MaxBytes int64
	// Settle is how long a file must have been left alone, so that one which is
	// still being written is not taken.
	Settle time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Take hands every file of dir to take, in the order of their names, and puts it
// aside when take returns nil or a *Refusal. After any other error the file stays
// for the next call, and Take goes on with the others; it returns the joined
// errors and the number of files put aside. A crash between take and putting
// aside hands the same file out again, so take must be idempotent.
func Take(ctx context.Context, dir string, o Options, take func(ctx context.Context, name string, data []byte) error) (int, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("take files: %w", err)
	}
	defer func() { _ = root.Close() }()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("take files: %w", err)
	}
	n := 0
	var all error
	for _, e := range entries {
		if ctx.Err() != nil {
			return n, errors.Join(all, ctx.Err())
		}
		if !strings.HasSuffix(e.Name(), o.Suffix) || !isName(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		moved, err := o.one(ctx, root, e.Name(), take)
		if moved {
			n++
		}
		all = errors.Join(all, err)
	}
	return n, all
}

func (o Options) one(ctx context.Context, root *os.Root, name string, take func(context.Context, string, []byte) error) (bool, error) {
	data, wait, err := o.read(root, name)
	if wait {
		return false, nil
	}
	if err == nil {
		err = take(ctx, name, data)
	}
	var refusal *Refusal
	switch {
	case err == nil:
		return true, o.move(root, name, DoneFolder, "")
	case errors.As(err, &refusal):
		return true, o.move(root, name, RefusedFolder, refusal.Reason.Error())
	}
	return false, fmt.Errorf("take %s: %w", name, err)
}

// read returns the bytes of a file, or wait when it may still be written.
func (o Options) read(root *os.Root, name string) (data []byte, wait bool, err error) {
	info, err := root.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, true, nil // somebody else was faster
	}
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() || o.Now().Sub(info.ModTime()) < o.Settle {
		return nil, true, nil
	}
	if info.Size() > o.MaxBytes {
		return nil, false, &Refusal{fmt.Errorf("larger than %d bytes", o.MaxBytes)}
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, o.MaxBytes+1))
	if err == nil && int64(len(data)) > o.MaxBytes {
		err = &Refusal{fmt.Errorf("larger than %d bytes", o.MaxBytes)}
	}
	return data, false, err
}

// move puts a file aside under a name that no other has, and the reason beside it.
func (o Options) move(root *os.Root, name, folder, reason string) error {
	if err := root.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("put %s aside: %w", name, err)
	}
	to := folder + "/" + o.Now().UTC().Format("20060102T150405.000000000Z") + "-" + name
	if reason != "" {
		if err := root.WriteFile(to+".reason", []byte(reason+"\n"), 0o600); err != nil {
			return fmt.Errorf("put %s aside: %w", name, err)
		}
	}
	if err := root.Rename(name, to); err != nil {
		return fmt.Errorf("put %s aside: %w", name, err)
	}
	return nil
}
