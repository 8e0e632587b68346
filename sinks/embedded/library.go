package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Version is the engine's version, which is part of the library's place.
const Version = "26.7.3"

// LibraryVariable is the environment variable that names the engine's library
// when it is not in the cache folder.
const LibraryVariable = "HALTWIRE_CLICKHOUSE_LIB"

// Library returns the path of the engine's library: the one given, else that
// of LibraryVariable, else the one in the cache folder. The error says how to
// get it when it is not there.
func Library(given string) (string, error) {
	path := given
	if path == "" {
		path = os.Getenv(LibraryVariable)
	}
	if path == "" {
		cache, err := cacheDir()
		if err != nil {
			return "", fmt.Errorf("find the ClickHouse engine: %w", err)
		}
		path = filepath.Join(cache, "clickhouse", Version, "libchdb.so")
	}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the ClickHouse engine is not at %s: fetch it with `make engine` or set %s to where it is", path, LibraryVariable)
	}
	if err != nil {
		return "", fmt.Errorf("find the ClickHouse engine: %w", err)
	}
	return filepath.Abs(path)
}

// cacheDir is the folder that the Makefile fills. It is the same on every
// system, unlike os.UserCacheDir.
func cacheDir() (string, error) {
	if dir := os.Getenv("HALTWIRE_CACHE"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "haltwire"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w (on %s)", err, runtime.GOOS)
	}
	return filepath.Join(home, ".cache", "haltwire"), nil
}
