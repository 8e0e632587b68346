//go:build amd64 || arm64

package slab

import "unsafe"

// prefetch asks for the cache line at p without waiting for it.
//
//go:noescape
func prefetch(p *byte)

// Prefetch asks for the cache line of b's first byte without waiting for it.
func Prefetch(b []byte) { prefetch(unsafe.SliceData(b)) }

func prefetchWord[T uint32 | uint64](p *T) { prefetch((*byte)(unsafe.Pointer(p))) }
