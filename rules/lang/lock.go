package lang

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/rules/spec"
)

// LockName is the file in a rules directory that remembers what each version of
// a rule means.
const LockName = "rules.lock"

// lockHeader explains the file to whoever opens it.
const lockHeader = "# rule, version, hash of its meaning; written by haltwire check --bump\n"

// lockLine is one line of a lock: what a version of a rule means.
type lockLine struct {
	version uint32
	hash    string
}

// checkLock compares the rules with the lock of dir: a meaning that changed
// without a new version is an error. Without a lock there is no finding.
func (s *Set) checkLock(dir string, tree *spec.Tree) (Diagnostics, error) {
	lock, err := readLock(dir)
	if err != nil {
		return nil, err
	}
	places := map[string]spec.Scalar{}
	for _, r := range tree.Rules {
		places[r.ID.Text] = r.Version
	}
	var ds Diagnostics
	for _, r := range s.Rules {
		old, known := lock[r.ID]
		at := places[r.ID].Span
		next := strconv.FormatUint(uint64(max(old.version, r.Version))+1, 10)
		switch {
		case !known:
		case r.Version < old.version:
			ds = append(ds, at.Diagnostic(spec.Error, fmt.Sprintf("version %d of %s is older than the %d of %s", r.Version, r.ID, old.version, LockName), "version: "+next))
		case r.Version == old.version && r.Hash != old.hash:
			ds = append(ds, at.Diagnostic(spec.Error, fmt.Sprintf("%s means something else than version %d did", r.ID, r.Version), "version: "+next+", then haltwire check --bump"))
		}
	}
	return ds, nil
}

// readLock returns the lines of a lock by rule, none when there is no lock.
func readLock(dir string) (map[string]lockLine, error) {
	data, err := os.ReadFile(filepath.Join(dir, LockName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	lock := map[string]lockLine{}
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		version := uint64(0)
		if len(f) == 3 {
			version, err = strconv.ParseUint(f[1], 10, 32)
		}
		if len(f) != 3 || err != nil {
			return nil, fmt.Errorf("read lock: %s:%d: not “rule version hash”: restore the file, or remove it and run check --bump", LockName, i+1)
		}
		lock[f[0]] = lockLine{uint32(version), f[2]}
	}
	return lock, nil
}

// WriteLock writes the lock of dir. Rules that are gone stay in it, so that an id
// is not used again for something else under an old version.
func (s *Set) WriteLock(dir string) error {
	lock, err := readLock(dir)
	if err != nil {
		return err
	}
	if lock == nil {
		lock = map[string]lockLine{}
	}
	for _, r := range s.Rules {
		lock[r.ID] = lockLine{r.Version, r.Hash}
	}
	var b strings.Builder
	b.WriteString(lockHeader)
	for _, id := range slices.Sorted(maps.Keys(lock)) {
		fmt.Fprintf(&b, "%s %d %s\n", id, lock[id].version, lock[id].hash)
	}
	path := filepath.Join(dir, LockName)
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write lock: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write lock: %w", err)
	}
	return nil
}
