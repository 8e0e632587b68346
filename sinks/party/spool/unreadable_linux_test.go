package spool_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/party/spool"
)

// TestUnreadable is run as nobody, also where the tests are run as root: a file that we
// may not read is refused, and can be looked at by somebody who may.
func TestUnreadable(t *testing.T) {
	b := newBay(t)
	b.put("a.xml", "good", time.Hour)
	b.put("b.xml", "good", time.Hour)
	if err := errors.Join(os.Chmod(b.dir, 0o777), os.Chmod(filepath.Dir(b.dir), 0o755), os.Chmod(filepath.Join(b.dir, "a.xml"), 0)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(filepath.Join(b.dir, "b.xml"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		runtime.LockOSThread() // permissions are the thread's
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	b.look(b.folder(), 2, nil)
	b.is("handed out", b.seen, "[b.xml=good]")
	b.is("refused", b.aside["refused/a.xml"], spool.CodeUnreadable)
}
