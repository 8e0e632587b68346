//go:build !linux

package embedded

// Confinable reports whether this system can keep the engine to its own files.
func Confinable() bool { return false }

// confine does nothing: this system has no Landlock.
func confine(_, _ string) error { return nil }
