package event_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// schema has a column of every type behind the built-in ones.
func schema(t require) *event.Schema {
	s, err := event.NewSchema(event.Column{Name: "flag", Type: event.Bool})
	if err != nil {
		t.Fatalf("new schema: %v", err)
	}
	return s
}

type require interface{ Fatalf(string, ...any) }

// columns is one column of each type.
func columns() []string {
	return []string{"report_id", "reporter", "amount", "occurred_at", "payment.settlement_date", "revision", "debtor.lat", "flag", "extra"}
}

// put sets a value made of n and returns its text.
func put(b *event.Batch, dict *event.Dict, name string, n int) string {
	v := &b.Columns[b.Schema.Must(name)]
	switch v.Type {
	case event.Text:
		v.SetText(b.Rows, fmt.Appendf(nil, "t%d", n))
		return fmt.Sprintf("t%d", n)
	case event.Symbol:
		v.SetCode(b.Rows, dict.Code(fmt.Appendf(nil, "s%d", n%5)))
		return fmt.Sprintf("s%d", n%5)
	case event.Decimal:
		v.SetDecimal(b.Rows, decimal.FromInt(int64(n)))
	case event.Time:
		v.SetTime(b.Rows, int64(n))
	case event.Date:
		v.SetDate(b.Rows, int32(n))
	case event.Uint:
		v.SetUint(b.Rows, uint32(n))
	case event.Float:
		v.SetFloat(b.Rows, float64(n))
	case event.Bool:
		v.SetBool(b.Rows, n%2 == 1)
		return fmt.Sprint(n%2 == 1)
	case event.Map:
		v.AddEntry(b.Rows, []byte("k"), fmt.Append(nil, n))
		v.AddEntry(b.Rows, []byte("l"), nil)
		return fmt.Sprintf("k=%d;l=;", n)
	}
	return fmt.Sprint(n)
}

// read returns row r of a vector as text, "-" when missing.
func read(v *event.Vector, r int) string {
	if !v.Has(r) {
		return "-"
	}
	switch v.Type {
	case event.Decimal:
		return v.Dec[r].String()
	case event.Time:
		return fmt.Sprint(v.I64[r])
	case event.Date:
		return fmt.Sprint(v.I32[r])
	case event.Uint:
		return fmt.Sprint(v.U32[r])
	case event.Float:
		return fmt.Sprint(v.F64[r])
	case event.Bool:
		return fmt.Sprint(v.True.Has(r))
	case event.Map:
		var s strings.Builder
		for i := int(v.Off[r]); i < int(v.Off[r+1]); i++ {
			fmt.Fprintf(&s, "%s=%s;", v.Keys.Text(i), v.Vals.Text(i))
		}
		return s.String()
	}
	return v.String(r)
}

// fromArrow returns row r of an Arrow array in the form of read.
func fromArrow(a arrow.Array, r int) string {
	if a.IsNull(r) {
		return "-"
	}
	switch a := a.(type) {
	case *array.Dictionary:
		return a.Dictionary().(*array.String).Value(a.GetValueIndex(r))
	case *array.Decimal128:
		n := a.Value(r)
		return decimal.D{Lo: n.LowBits(), Hi: n.HighBits()}.String()
	case *array.Timestamp:
		return fmt.Sprint(int64(a.Value(r)))
	case *array.Date32:
		return fmt.Sprint(int32(a.Value(r)))
	case *array.Map:
		var s strings.Builder
		from, to := a.ValueOffsets(r)
		for i := int(from); i < int(to); i++ {
			fmt.Fprintf(&s, "%s=%s;", a.Keys().ValueStr(i), a.Items().ValueStr(i))
		}
		return s.String()
	}
	return a.ValueStr(r)
}

// TestBatchAgainstRows fills batches of one memory with random rows, some of them
// rejected halfway, and compares vectors and the Arrow record with what was set.
func TestBatchAgainstRows(t *testing.T) {
	s := schema(t)
	var freed int
	b := event.NewBatch(s, func(*event.Batch) { freed++ })
	dict := event.NewDict()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(t, "records")
		b.Reset(&event.Records{Offsets: make([]int64, n), Times: make([]int64, n), Values: make([][]byte, n)})
		dropped := map[string]bool{}
		for _, c := range columns() {
			dropped[c] = rapid.Bool().Draw(t, "dropped")
		}
		var want []map[string]string
		for i := range n {
			row := map[string]string{}
			for k, c := range columns() {
				if !dropped[c] && rapid.IntRange(0, 3).Draw(t, "set") > 0 {
					row[c] = put(b, dict, c, i*10+k)
				}
			}
			if rapid.IntRange(0, 3).Draw(t, "accept") == 0 {
				b.Reject()
				continue
			}
			b.Accept(i)
			want = append(want, row)
		}
		dict.Bind(&b.Columns[s.Must("reporter")])
		b.Finish()
		compare(t, b, want)
		b.Release()
	})
	if freed == 0 {
		t.Error("no batch came back")
	}
}

func compare(t *rapid.T, b *event.Batch, want []map[string]string) {
	if b.Rows != len(want) || len(b.Index) != len(want) {
		t.Fatalf("%d rows, want %d", b.Rows, len(want))
	}
	rec := b.Record()
	if rec != b.Record() || int(rec.NumRows()) != len(want) {
		t.Fatalf("the record has %d rows", rec.NumRows())
	}
	for _, c := range columns() {
		v := &b.Columns[b.Schema.Must(c)]
		at := rec.Schema().FieldIndices(c)
		if v.Empty() != (len(at) == 0) {
			t.Fatalf("%s: empty %v, in the record %v", c, v.Empty(), at)
		}
		for r, row := range want {
			text, ok := row[c]
			if !ok {
				text = "-"
			}
			if got := read(v, r); got != text {
				t.Fatalf("%s row %d = %q, want %q", c, r, got, text)
			}
			if len(at) > 0 {
				if got := fromArrow(rec.Column(at[0]), r); got != text && c != "revision" {
					t.Fatalf("%s row %d of the record = %q, want %q", c, r, got, text)
				}
			}
		}
	}
}

func TestPosition(t *testing.T) {
	s := schema(t)
	b := event.NewBatch(s, nil)
	raw := [][]byte{[]byte("bad"), []byte("good")}
	b.Reset(&event.Records{Topic: "t", Partition: 2, Offsets: []int64{7, 8}, Times: []int64{1, event.AsOccurred}, Values: raw})
	b.Columns[s.Must("occurred_at")].SetTime(b.Rows, 42)
	b.Accept(1)
	b.Finish()
	if b.Offset(0) != 8 || b.Position(0) != (event.Position{Topic: "t", Partition: 2, Offset: 8}) || !bytes.Equal(b.Raw(0), raw[1]) {
		t.Errorf("position %+v, raw %s", b.Position(0), b.Raw(0))
	}
	if b.RecordTime(0) != 42 || b.Hash(0) != event.ContentHash(raw[1]) {
		t.Errorf("record time %d", b.RecordTime(0))
	}
	b.Release()
	b.Release()
	if got := event.FormatTime(1772424600412); got != "2026-03-02T04:10:00.412Z" {
		t.Errorf("FormatTime = %s", got)
	}
}
