// Package meter reads what a process has used: CPU time and peak memory, its own
// and another one's. It reads /proc, so it works on Linux alone.
//
// It must not know what is measured.
package meter
