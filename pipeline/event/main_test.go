package event_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// TestMain counts what Arrow allocates: a batch that is released leaves nothing.
func TestMain(m *testing.M) {
	checked := memory.NewCheckedAllocator(memory.DefaultAllocator)
	memory.DefaultAllocator = checked
	code := m.Run()
	if n := checked.CurrentAlloc(); n != 0 {
		fmt.Fprintf(os.Stderr, "%d bytes of Arrow memory were never released\n", n)
		code = 1
	}
	os.Exit(code)
}
