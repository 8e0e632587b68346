// Package enginetest owns the ClickHouse server that tests talk to: the real
// engine, started for one test and stopped when it ends.
//
// The test binary must route its child: TestMain calls Main, or embedded's
// ChildMain before anything else. It must not know what a test does with the
// server, and is imported by tests alone.
package enginetest

import (
	"context"
	"os"
	"testing"

	"github.com/haltwire/haltwire/sinks/embedded"
)

// Main runs the engine and exits when this process is the child of a Server.
// It is the first line of TestMain.
func Main() {
	if code, child := embedded.ChildMain(); child {
		os.Exit(code)
	}
}

// Start starts a server with empty data, capped at 1 GiB, and stops it when the
// test ends. Without the engine's library the test fails and says how to get it.
func Start(t testing.TB) embedded.Address {
	t.Helper()
	_, address := Server(t, t.TempDir())
	return address
}

// Server is Start on a directory of the caller's, for tests that stop, kill (by
// Pid) and start the server themselves; it comes back at the same address.
func Server(t testing.TB, dir string) (*embedded.Server, embedded.Address) {
	t.Helper()
	server, err := embedded.New(embedded.Options{Dir: dir, MemoryBytes: 1 << 30, Stable: true})
	if err != nil {
		t.Fatal(err)
	}
	address, err := server.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return server, address
}
