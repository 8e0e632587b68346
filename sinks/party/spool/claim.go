package spool

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// The folders within the folder, made when they are needed: what somebody works at or
// will try again, what was dealt with, and what was refused. Names in them carry a
// moment in front: until when nobody else touches it, and when it was put aside.
const (
	ClaimedFolder = "claimed"
	DoneFolder    = "done"
	RefusedFolder = "refused"
)

// moment is how times stand in names: they sort.
const moment = "20060102T150405.000000000Z"

// maxChanging is how often a file that changes under our eyes is read again: for some
// seven minutes.
const maxChanging = 10

// claim is a file in the claimed folder: of whoever renamed it to this until the moment
// has come, and then of whoever renames it first.
type claim struct {
	name  string // without anything that is not isName
	until time.Time
	tries int // that came to nothing
	id    string
}

// path returns the name of the claim within the folder.
func (c claim) path() string {
	return fmt.Sprintf("%s/%s-%d-%s-%s", ClaimedFolder, c.until.UTC().Format(moment), c.tries, c.id, c.name)
}

// claimOf reads the name of a claim.
func claimOf(name string) (claim, bool) {
	m := regexp.MustCompile(`^(\d{8}T\d{6}\.\d{9}Z)-(\d{1,6})-([A-Z2-7]{8})-(.*)$`).FindStringSubmatch(name)
	if m == nil || !isName(m[4]) {
		return claim{}, false
	}
	until, err := time.Parse(moment, m[1])
	tries, err2 := strconv.Atoi(m[2])
	return claim{m[4], until, tries, m[3]}, err == nil && err2 == nil
}

// kept returns the name that a file keeps: its own, or one made of its digest when
// that would be none everywhere.
func kept(name string) string {
	if isName(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "x" + hex.EncodeToString(sum[:8])
}

// claim renames a file to a claim. Of several who try one alone succeeds; for the others
// it does not exist.
func (f *Folder) claim(root *os.Root, from string, c claim) (claim, error) {
	if err := root.MkdirAll(ClaimedFolder, 0o700); err != nil {
		return c, err
	}
	c.id = rand.Text()[:8] // two files of one name may be claimed at one moment
	return c, root.Rename(from, c.path())
}

// resume goes on with claims whose time is up.
func (f *Folder) resume(ctx context.Context, root *os.Root, take TakeFunc) (n int, all error) {
	names, err := list(root, ClaimedFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("take claimed files: %w", err)
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return n, all
		}
		now := f.opt.Now()
		old, ours := claimOf(name)
		if ours && now.Before(old.until) {
			continue
		}
		var refused *Refusal
		if !ours {
			old, refused = claim{name: kept(name)}, refusal(CodeName, "nobody claimed it by this name")
		}
		c, err := f.claim(root, ClaimedFolder+"/"+name, claim{name: old.name, until: now.Add(f.opt.Hold), tries: old.tries})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		moved := false
		if err == nil {
			moved, err = f.handle(ctx, root, c, c.name, refused, take)
		}
		if moved {
			n++
		}
		all = errors.Join(all, err)
	}
	return n, all
}

// handle deals with a claimed file, which was of the name was and is refused already or
// not, and reports whether it is put aside.
func (f *Folder) handle(ctx context.Context, root *os.Root, c claim, was string, refused *Refusal, take TakeFunc) (bool, error) {
	var err error
	if refused != nil {
		err = refused
	} else {
		err = f.pass(ctx, root, c, take)
	}
	switch {
	case err == nil:
		err = f.aside(root, c, was, DoneFolder, nil)
	case errors.As(err, &refused):
		err = f.aside(root, c, was, RefusedFolder, refused)
	}
	if err == nil {
		return true, nil
	}
	return false, f.release(ctx, root, c, err)
}

// pass reads a claimed file and hands it to take.
func (f *Folder) pass(ctx context.Context, root *os.Root, c claim, take TakeFunc) error {
	data, err := f.opt.read(root, c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.opt.Hold/2)
	defer cancel()
	return take(ctx, c.name, data)
}

// release has a claimed file wait for its next try, and returns the error the first
// time. Whoever stops leaves it to the others at once.
func (f *Folder) release(ctx context.Context, root *os.Root, c claim, err error) error {
	next := claim{name: c.name, until: f.opt.Now().Add(backoff(c.tries)), tries: c.tries + 1}
	if ctx.Err() != nil {
		next.until, next.tries = f.opt.Now(), c.tries
	}
	_, free := f.claim(root, c.path(), next) // if not, the claim ends by itself
	if c.tries > 0 {
		return nil
	}
	return fmt.Errorf("take %s: %w", c.name, errors.Join(err, free))
}

// read returns the bytes of a claimed file. Only what Lstat saw is read: nobody slips a
// link in between.
func (o Options) read(root *os.Root, c claim) ([]byte, error) {
	info, err := root.Lstat(c.path())
	if err != nil {
		return nil, err
	}
	if r := o.unfit(c.name, info); r != nil {
		return nil, r
	}
	f, err := root.OpenFile(c.path(), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrPermission) {
		return nil, &Refusal{CodeUnreadable, errors.New("we may not read it")}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(errors.New("another file came in its place"), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, o.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > o.MaxBytes {
		return nil, refusal(CodeTooLarge, "larger than %d bytes", o.MaxBytes)
	}
	after, err := f.Stat()
	switch changed := err == nil && (after.Size() != int64(len(data)) || !after.ModTime().Equal(info.ModTime())); {
	case changed && c.tries >= maxChanging:
		return nil, refusal(CodeChanging, "it is still being written")
	case changed:
		return nil, errors.New("it changed while it was read")
	}
	return data, err
}

// aside puts a claimed file into a folder under a name that no other has, and the
// reason beside it.
func (f *Folder) aside(root *os.Root, c claim, was, folder string, refused *Refusal) error {
	if err := root.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("put aside: %w", err)
	}
	at := folder + "/" + f.opt.Now().UTC().Format(moment) + "-"
	to := at + c.name
	for i := 2; taken(root, to); i++ {
		to = at + strconv.Itoa(i) + "-" + c.name
	}
	if refused != nil {
		text := refused.Reason.Error() + "\n"
		if was != c.name {
			text += fmt.Sprintf("Its name was %q.\n", was)
		}
		if err := root.WriteFile(to+".reason", []byte(text), 0o600); err != nil {
			return fmt.Errorf("put aside: %w", errors.Join(err, dropped(root, to+".reason")))
		}
	}
	if err := root.Rename(c.path(), to); err != nil {
		return fmt.Errorf("put aside: %w", errors.Join(err, dropped(root, to+".reason")))
	}
	f.opt.Aside(to, refused)
	return nil
}

func taken(root *os.Root, path string) bool {
	_, err := root.Lstat(path)
	return err == nil
}

// dropped takes away what is there no more for anything.
func dropped(root *os.Root, path string) error {
	if err := root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
