//go:build !amd64 && !arm64

package slab

// Prefetch does nothing on this architecture.
func Prefetch([]byte) {}

func prefetchWord[T uint32 | uint64](*T) {}
