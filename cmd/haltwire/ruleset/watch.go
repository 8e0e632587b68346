package ruleset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// maxDepth bounds folders in folders, as rules/spec does.
const maxDepth = 32

// Look returns a text that differs from that of another look when a file of s has
// changed: by size, time, inode or name. It reads no file.
func (s *Sources) Look() string {
	l := &look{seen: map[string]bool{}}
	l.at(s.Rules, 0)
	for _, list := range s.Lists {
		l.file(list.File)
	}
	for _, table := range s.Tables {
		l.file(table.File)
	}
	if s.Rates != "" {
		l.file(s.Rates)
	}
	return l.out.String()
}

// look is one look at all files. Links are followed.
type look struct {
	seen map[string]bool // real folders
	out  strings.Builder
}

// at looks at the rules at path, which are a folder or one file.
func (l *look) at(path string, depth int) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		l.file(path)
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil || l.seen[real] || depth > maxDepth {
		return
	}
	l.seen[real] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		fmt.Fprintln(&l.out, path, err)
		return
	}
	for _, e := range entries {
		below := filepath.Join(path, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case strings.HasSuffix(e.Name(), ".yaml"), e.IsDir(), e.Type()&os.ModeSymlink != 0 && isDir(below):
			l.at(below, depth+1)
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (l *look) file(path string) {
	info, err := os.Stat(path)
	if err != nil {
		fmt.Fprintln(&l.out, path, "absent")
		return
	}
	inode := uint64(0)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = s.Ino
	}
	fmt.Fprintln(&l.out, path, info.Size(), info.ModTime().UnixNano(), inode)
}

// Watch looks at the files at every tick until ctx ends, and calls changed when they
// differ from what the last look, first of all from, saw, and two looks agree.
// When changed returns false it is called again at the next tick.
func (s *Sources) Watch(ctx context.Context, from string, tick <-chan time.Time, changed func(context.Context) bool) {
	done, seen := from, from
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		now := s.Look()
		if now != done && now == seen && changed(ctx) {
			done = now
		}
		seen = now
	}
}
