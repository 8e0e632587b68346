package register

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
)

// Reader holds the users file as it is now. Safe for concurrent use.
type Reader struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex
	seen  fs.FileInfo // of the file that was read last, valid or not
	index *index
}

type index struct {
	file   *File
	people map[string]*Person // by id in small letters
	tokens map[string]*Token  // by sha256
}

// NewReader reads the users file at path; the error is that of a file that is
// missing or wrong.
func NewReader(path string, log *slog.Logger) (*Reader, error) {
	r := &Reader{path: path, log: log}
	if err := r.read(); err != nil {
		return nil, err
	}
	return r, nil
}

// Person returns a copy of the person of an id, and false where there is none. O1
// and o1 are one person; the entry has the id as the file writes it.
func (r *Reader) Person(id string) (Person, bool) {
	p := r.current().people[strings.ToLower(id)]
	if p == nil {
		return Person{}, false
	}
	return *p, true
}

// Token returns the entry of a bearer token, and false for one that is not ours.
// The search is over the token's hash, so its time tells nothing about tokens.
func (r *Reader) Token(bearer string) (Token, bool) {
	hash := sha256.Sum256([]byte(bearer))
	t := r.current().tokens[hex.EncodeToString(hash[:])]
	if t == nil {
		return Token{}, false
	}
	return *t, true
}

// Sample returns the password hash of somebody in the file, "" where nobody has
// one: whoever is not in it shall cost as much to refuse.
func (r *Reader) Sample() string {
	for _, p := range r.current().file.People {
		if p.Password != "" {
			return p.Password
		}
	}
	return ""
}

// current returns the file, reading it again when it changed. A look costs one stat.
func (r *Reader) current() *index {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.path)
	if err == nil && same(info, r.seen) {
		return r.index
	}
	if err == nil {
		r.seen = info // what cannot be read is said once
		err = r.readLocked()
	} else if r.seen == nil {
		return r.index // said already
	} else {
		r.seen = nil
	}
	if err != nil {
		r.log.Error("users file is not read; the one before stays in force", "error", err)
	}
	return r.index
}

func same(a, b fs.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

func (r *Reader) read() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.readLocked()
}

func (r *Reader) readLocked() error {
	f, err := os.Open(r.path)
	if err != nil {
		return fmt.Errorf("read users file: %w", err)
	}
	defer f.Close()
	if r.seen, err = f.Stat(); err != nil {
		return fmt.Errorf("read users file: %w", err)
	}
	if mode := r.seen.Mode().Perm(); mode&0o077 != 0 {
		r.log.Warn("other accounts of this machine may read the users file; make it 0600", "file", r.path, "mode", mode.String())
	}
	file, err := load(f, r.path)
	if err != nil {
		return err
	}
	i := &index{file: file, people: map[string]*Person{}, tokens: map[string]*Token{}}
	for n := range file.People {
		i.people[strings.ToLower(file.People[n].ID)] = &file.People[n]
	}
	for n := range file.Tokens {
		i.tokens[file.Tokens[n].SHA256] = &file.Tokens[n]
	}
	r.index = i
	return nil
}
