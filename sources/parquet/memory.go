package parquet

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// errMemory is what a budget panics with: Arrow's allocators have no error, and its
// callers no way to pass one on. Reader recovers it.
type errMemory struct{ asked, bound int64 }

// Error implements error.
func (e errMemory) Error() string {
	return fmt.Sprintf("a page needs %d bytes, and reading may take %d: write the file with smaller row groups", e.asked, e.bound)
}

// budget is an allocator that lends at most so many bytes. Its owner's goroutine
// uses it.
type budget struct {
	memory.Allocator
	left, bound int64
}

func newBudget(bound int64) *budget {
	return &budget{Allocator: memory.NewGoAllocator(), left: bound, bound: bound}
}

func (b *budget) take(n int) {
	if int64(n) > b.left {
		panic(errMemory{int64(n), b.bound}) // recovered at the border of the package
	}
	b.left -= int64(n)
}

// Allocate implements memory.Allocator.
func (b *budget) Allocate(size int) []byte {
	b.take(size)
	return b.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (b *budget) Reallocate(size int, old []byte) []byte {
	b.take(max(0, size-len(old)))
	out := b.Allocator.Reallocate(size, old)
	b.left += int64(max(0, len(old)-size))
	return out
}

// Free implements memory.Allocator.
func (b *budget) Free(old []byte) {
	b.left += int64(len(old))
	b.Allocator.Free(old)
}
