package parquet

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/haltwire/haltwire/pipeline/event"
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

// TestBomb reads a file of a few kilobytes that would be 64 MiB in memory: one text,
// written once, of which every row has a copy.
func TestBomb(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "report_id", Type: arrow.BinaryTypes.String}, {Name: "reporter", Type: arrow.BinaryTypes.String},
		{Name: "kind", Type: arrow.BinaryTypes.String}, {Name: "occurred_at", Type: arrow.BinaryTypes.String}, {Name: "narrative", Type: arrow.BinaryTypes.String},
	}, nil)
	path := filepath.Join(t.TempDir(), "bomb.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(parquet.WithDictionaryDefault(true), parquet.WithDictionaryPageSizeLimit(8<<20)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	huge := strings.Repeat("x", 1<<20)
	for range 64 {
		for i, v := range []string{"1", "HWBIINBB", "bank.transfer", "2026-03-02T04:10:00Z", huge} {
			b.Field(i).(*array.StringBuilder).Append(v)
		}
	}
	rec := b.NewRecord()
	defer rec.Release()
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 4<<20 {
		t.Fatalf("the file has %d bytes", info.Size())
	}
	r, err := open(path, event.Default(), nil, 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Next()
	var over errMemory
	if !errors.As(err, &over) || !strings.Contains(err.Error(), "smaller row groups") {
		t.Errorf("error %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if r, err = open(path, event.Default(), nil, maxMemory); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for {
		recs, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		refused += len(recs.Dead)
	}
	if err := r.Close(); refused != 64 || err != nil {
		t.Errorf("%d rows refused, %v", refused, err)
	}
}
