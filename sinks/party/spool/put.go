package spool

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
)

// ErrConflict is returned by Put when the name is taken by other bytes.
var ErrConflict = errors.New("file is there with other bytes")

// isName admits what is a plain name everywhere and hidden nowhere.
func isName(name string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`).MatchString(name)
}

// Put makes a file in dir with these bytes. A reader sees it whole or not at all,
// and it is on the disk when Put returns. A file that is there with the same
// bytes is left alone, so Put may be repeated; with other bytes the error is
// ErrConflict. dir must exist. A crash may leave a hidden file that ends in .part;
// nobody reads it.
func Put(dir, name string, data []byte) error {
	if !isName(name) {
		return fmt.Errorf("put file: %q is no name", name)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("put file: %w", err)
	}
	defer func() { _ = root.Close() }()
	if done, err := there(root, name, data); done || err != nil {
		return err
	}
	hidden := "." + name + "." + rand.Text() + ".part" // of its own: others may put the same file now
	if err := write(root, hidden, data); err != nil {
		return errors.Join(fmt.Errorf("put file: %w", err), root.Remove(hidden))
	}
	// A link refuses a name that is taken, which a rename would overwrite.
	err = root.Link(hidden, name)
	if errors.Is(err, os.ErrExist) {
		_, err = there(root, name, data)
	}
	if err := errors.Join(err, root.Remove(hidden)); err != nil {
		return fmt.Errorf("put file: %w", err)
	}
	return sync(root)
}

// there reports whether the file is there with the same bytes.
func there(root *os.Root, name string, data []byte) (bool, error) {
	if info, err := root.Lstat(name); errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil || !info.Mode().IsRegular() {
		return false, fmt.Errorf("put file %s: %w", name, errors.Join(ErrConflict, err))
	}
	f, err := root.Open(name)
	if err != nil {
		return false, fmt.Errorf("put file: %w", err)
	}
	defer f.Close()
	old, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
	if err != nil {
		return false, fmt.Errorf("put file: %w", err)
	}
	if !bytes.Equal(old, data) {
		return false, fmt.Errorf("put file %s: %w", name, ErrConflict)
	}
	return true, nil
}

func write(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func sync(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("put file: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("put file: %w", err)
	}
	return nil
}
