package parquet

import (
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// TestBudget asks for more than there is, as a page that lies about its size does.
func TestBudget(t *testing.T) {
	b := newBudget(1000)
	held := b.Allocate(600)
	b.Free(held)
	held = b.Allocate(900)
	if held = b.Reallocate(1000, held); b.left != 0 {
		t.Errorf("%d bytes are left of none", b.left)
	}
	if held = b.Reallocate(100, held); b.left != 900 {
		t.Errorf("%d bytes are left of 900", b.left)
	}
	b.Free(held)
	r := &Reader{}
	err := r.safely(func() error {
		buf := memory.NewResizableBuffer(b)
		buf.Resize(1 << 30)
		return nil
	})
	var over errMemory
	if !errors.As(err, &over) || over.bound != 1000 {
		t.Errorf("error %v", err)
	}
	if err := r.safely(func() error { panic("index out of range") }); err == nil || err.Error() != "the file is damaged: index out of range" {
		t.Errorf("error %v", err)
	}
}
