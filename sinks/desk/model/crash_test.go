//go:build crash

package model

import (
	"flag"
	"testing"
)

// TestCrashModel is TestModel for a long time: make crash runs it.
func TestCrashModel(t *testing.T) {
	if err := flag.Set("rapid.checks", "5000"); err != nil {
		t.Fatal(err)
	}
	check(t)
}
