package register

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sys/unix"
)

// Load reads the users file at path.
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read users file: %w", err)
	}
	defer f.Close()
	return load(f, path)
}

func load(from io.Reader, path string) (*File, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read users file: %w", err)
	}
	file, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read users file %s: %w", path, err)
	}
	return file, nil
}

// Update changes the users file at path, which need not exist: it takes the lock,
// reads, lets change work and writes what is valid. An error of change leaves the
// file as it was. It waits for whoever holds the lock.
func Update(path string, change func(*File) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write users file: %w", err)
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock users file: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }() // gives the lock back
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock users file: %w", err)
	}
	file, err := Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		file = &File{}
	} else if err != nil {
		return err
	}
	if err := change(file); err != nil {
		return err
	}
	if err := file.Validate(); err != nil {
		return err
	}
	return file.write(path)
}

// write replaces the file at path in one step, readable by its owner alone.
func (f *File) write(path string) error {
	var text bytes.Buffer
	text.WriteString(head)
	e := yaml.NewEncoder(&text)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(f), e.Close()); err != nil {
		return fmt.Errorf("write users file: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write users file: %w", err)
	}
	_, err = temp.Write(text.Bytes())
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write users file: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write users file: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
