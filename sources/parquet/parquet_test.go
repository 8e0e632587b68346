package parquet_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	lib "github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/parquet"
	"github.com/haltwire/haltwire/sources/table"
)

// write writes a file of one record and returns its path.
func write(t *testing.T, schema *arrow.Schema, fill func(b *array.RecordBuilder)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, f, lib.NewWriterProperties(lib.WithCompression(compress.Codecs.Snappy)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	fill(b)
	rec := b.NewRecord()
	defer rec.Release()
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns the reports of a file, one a line, and its dead letters.
func read(t *testing.T, r *parquet.Reader) (reports []string, dead []event.Dead, err error) {
	t.Helper()
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	for {
		recs, err := r.Next()
		if errors.Is(err, io.EOF) {
			if r.Done() != 1 {
				t.Errorf("done %v at the end", r.Done())
			}
			return reports, dead, nil
		} else if err != nil {
			return reports, dead, err
		}
		for _, v := range recs.Values {
			reports = append(reports, string(v))
		}
		dead = append(dead, recs.Dead...)
	}
}

// typed is a schema with a column of every type that is read.
func typed() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		{Name: "report_id", Type: arrow.BinaryTypes.String},
		{Name: "reporter", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}},
		{Name: "kind", Type: arrow.BinaryTypes.Binary},
		{Name: "occurred_at", Type: arrow.FixedWidthTypes.Timestamp_us},
		{Name: "debtor.account", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "debtor_lat", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 38, Scale: 18}, Nullable: true},
		{Name: "revision", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "payment_settlement_date", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "debtor_uid", Type: arrow.BinaryTypes.String, Nullable: true}, // derived: derived again
		{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},       // of no field
		{Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "extra", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String), Nullable: true},
	}, nil)
}

func fillTyped(b *array.RecordBuilder) {
	at, _ := arrow.TimestampFromTime(time.Date(2026, 3, 2, 4, 10, 0, 412e6, time.UTC), arrow.Microsecond)
	for range 2 {
		b.Field(0).(*array.StringBuilder).Append(`A-"1"` + "\n")
		_ = b.Field(1).(*array.BinaryDictionaryBuilder).AppendString("HWBIINBB")
		b.Field(2).(*array.BinaryBuilder).Append([]byte("bank.transfer"))
		b.Field(3).(*array.TimestampBuilder).Append(at)
	}
	b.Field(4).(*array.StringBuilder).AppendValues([]string{"42", ""}, []bool{true, false})
	b.Field(5).(*array.Float64Builder).AppendValues([]float64{12.5, 0}, []bool{true, false})
	amount, _ := decimal128.FromString("18000.50", 38, 18)
	b.Field(6).(*array.Decimal128Builder).AppendValues([]decimal128.Num{amount, amount}, []bool{true, false})
	b.Field(7).(*array.Int64Builder).AppendValues([]int64{3, 0}, []bool{true, false})
	b.Field(8).(*array.Date32Builder).AppendValues([]arrow.Date32{20514, 0}, []bool{true, false})
	b.Field(9).(*array.StringBuilder).AppendValues([]string{"x", ""}, []bool{true, false})
	b.Field(10).(*array.StringBuilder).AppendValues([]string{"n", ""}, []bool{true, false})
	b.Field(11).AppendNull()
	b.Field(11).AppendNull()
	m := b.Field(12).(*array.MapBuilder)
	m.Append(true)
	m.KeyBuilder().(*array.StringBuilder).Append("ip")
	m.ItemBuilder().(*array.StringBuilder).Append(`a"b`)
	m.AppendNull()
}

func TestTypes(t *testing.T) {
	r, err := parquet.Open(write(t, typed(), fillTyped), event.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, dead, err := read(t, r)
	if err != nil || len(dead) > 0 || len(got) != 2 {
		t.Fatalf("%q, dead %v, %v", got, dead, err)
	}
	head := `{"report_id":"A-\"1\"\u000a","reporter":"HWBIINBB","kind":"bank.transfer","occurred_at":"2026-03-02T04:10:00.412Z"`
	want := []string{
		head + `,"debtor":{"account":"42","lat":12.5},"amount":"18000.5","revision":3,"payment":{"settlement_date":"2026-03-02"},"note":"n","extra":{"ip":"a\"b"}}`,
		head + `}`,
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d\n%s\nwant\n%s", i+1, got[i], want[i])
		}
	}
}

func TestMapped(t *testing.T) {
	m := &table.Mapping{
		Columns:   map[string]table.Targets{"report_id": {{Field: "report_id"}}, "occurred_at": {{Field: "occurred_at"}}, "revision": {{Field: "amount", Scale: "0.01"}}},
		Constants: map[string]string{"reporter": "X", "kind": "bank.transfer"},
	}
	r, err := parquet.Open(write(t, typed(), fillTyped), event.Default(), m)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := read(t, r)
	if err != nil || len(got) != 2 || !strings.Contains(got[0], `"amount":"0.03"`) || strings.Contains(got[0], "note") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRefused(t *testing.T) {
	path := write(t, typed(), fillTyped)
	named := func(column, field string) *table.Mapping {
		return &table.Mapping{Columns: map[string]table.Targets{column: {{Field: field}}}}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text.parquet")
	if err := os.WriteFile(text, []byte("report_id,reporter\n1,2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short.parquet")
	if err := os.WriteFile(short, whole[:len(whole)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		m          *table.Mapping
		want       string
	}{
		{"no such file", "none.parquet", nil, "open table"},
		{"text", text, nil, "read text.parquet"},
		{"cut off", short, nil, "read short.parquet"},
		{"nested column", path, named("tags", "narrative"), "column tags is a list"},
		{"required field", path, named("note", "narrative"), "nothing gives report_id, which every report needs"},
		{"unknown column", path, named("not", "narrative"), `there is no column "not"`},
	} {
		if _, err := parquet.Open(c.path, event.Default(), c.m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestDamaged changes bytes of a good file: whatever they are, reading ends with
// reports or an error, and nothing panics or takes all memory.
func TestDamaged(t *testing.T) {
	whole, err := os.ReadFile(write(t, typed(), fillTyped))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.parquet")
	rapid.Check(t, func(rt *rapid.T) {
		data := append([]byte(nil), whole...)
		for range rapid.IntRange(1, 6).Draw(rt, "changes") {
			data[rapid.IntRange(0, len(data)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
		}
		data = data[:rapid.IntRange(len(data)/2, len(data)).Draw(rt, "length")]
		if err := os.WriteFile(path, data, 0o644); err != nil {
			rt.Fatal(err)
		}
		r, err := parquet.Open(path, event.Default(), nil)
		if err != nil {
			return
		}
		for range 100 {
			if _, err := r.Next(); err != nil {
				break
			}
		}
		_ = r.Close()
	})
}

// TestHugeText writes a text that is far longer than a record may be: it arrives as a
// record that decoders refuse, in bounded memory.
func TestHugeText(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "report_id", Type: arrow.BinaryTypes.String}, {Name: "reporter", Type: arrow.BinaryTypes.String},
		{Name: "kind", Type: arrow.BinaryTypes.String}, {Name: "occurred_at", Type: arrow.BinaryTypes.String}, {Name: "narrative", Type: arrow.BinaryTypes.String},
	}, nil)
	path := write(t, schema, func(b *array.RecordBuilder) {
		for i, v := range []string{"1", "HWBIINBB", "bank.transfer", "2026-03-02T04:10:00Z", strings.Repeat("x", 8<<20)} {
			b.Field(i).(*array.StringBuilder).Append(v)
		}
	})
	r, err := parquet.Open(path, event.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, dead, err := read(t, r)
	if err != nil || len(got) != 0 || len(dead) != 1 || dead[0].Reason != event.TooLarge || dead[0].Offset != 1 {
		t.Errorf("%d reports, dead %v, %v", len(got), dead, err)
	}
}
