package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// What a file may be opened for; the other rights are about folders.
	fileRights = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	readRights = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// The 13 rights that version 1 of Landlock knows; each later version adds some.
	firstRights = 1<<13 - 1
)

// Confinable reports whether this system can keep the engine to its own files.
func Confinable() bool { return landlockRights() != 0 }

// landlockRights returns the rights that the kernel can take away, 0 for none.
func landlockRights() uint64 {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	rights := uint64(firstRights)
	for since, right := range map[uintptr]uint64{2: unix.LANDLOCK_ACCESS_FS_REFER, 3: unix.LANDLOCK_ACCESS_FS_TRUNCATE, 5: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV} {
		if version >= since {
			rights |= right
		}
	}
	return rights
}

// confine leaves the calling thread, and every thread that it starts from now
// on, the folder dir, and for reading the library and what any program needs of
// the system. The thread must be locked and must not go back to Go's scheduler.
// Where the kernel has no Landlock it does nothing.
func confine(dir, library string) error {
	rights := landlockRights()
	if rights == 0 {
		return nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rights}
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return fmt.Errorf("make ruleset: %w", errno)
	}
	defer unix.Close(int(set)) //nolint:errcheck // nothing is written to it
	if err := allow(int(set), dir, rights); err != nil {
		return err
	}
	for _, path := range readable(library) {
		if err := allow(int(set), path, rights&readRights); err != nil {
			return err
		}
	}
	for _, path := range []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"} {
		if err := allow(int(set), path, rights); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return fmt.Errorf("restrict thread: %w", errno)
	}
	return nil
}

// readable lists what the engine reads outside its folder: libraries, the
// machine's load and memory, time zones, names of hosts, and certificates. Not all
// of /proc: root may read the environment of other processes there.
func readable(library string) []string {
	return []string{
		filepath.Dir(library), "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache",
		"/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/diskstats",
		"/proc/vmstat", "/proc/version", "/proc/filesystems", "/proc/net", "/proc/sys", "/sys", "/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo",
		"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/ssl/certs",
	}
}

// allow gives the rights to path and what is below it. A path that is not there
// needs none.
func allow(set int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) //nolint:errcheck // nothing is written to it
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= fileRights
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)} //nolint:gosec // descriptors are small
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return &os.PathError{Op: "allow", Path: path, Err: errno}
	}
	return nil
}
