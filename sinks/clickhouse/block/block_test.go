package block_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse/block"
)

// batch returns n reports with a column of each kind, every third without them.
func batch(n int) *event.Batch {
	s, err := event.NewSchema(event.Column{Name: "vip", Type: event.Bool})
	if err != nil {
		panic(err)
	}
	recs := &event.Records{Topic: "t", Codec: "json"}
	b := event.NewBatch(s, nil)
	b.Reset(recs)
	col := func(name string) *event.Vector { return &b.Columns[s.Must(name)] }
	dict := event.NewDict()
	for r := range n {
		recs.Offsets = append(recs.Offsets, int64(r*2))
		recs.Times = append(recs.Times, int64(r))
		recs.Values = append(recs.Values, fmt.Append(nil, "raw of ", r))
		col("report_id").SetText(r, fmt.Append(nil, "id", r))
		col("occurred_at").SetTime(r, int64(r)*1000)
		if r%3 != 0 {
			col("kind").SetCode(r, dict.Code(fmt.Append(nil, "k", r%700)))
			col("amount").SetDecimal(r, decimal.FromInt(int64(r)))
			col("reported_at").SetTime(r, int64(r))
			col("payment.settlement_date").SetDate(r, int32(r))
			col("layer").SetUint(r, uint32(r))
			col("revision").SetUint(r, 1)
			col("debtor.lat").SetFloat(r, float64(r))
			col("vip").SetBool(r, r%2 == 0)
			col("extra").AddEntry(r, []byte("a"), bytes.Repeat([]byte("x"), r%200))
		}
		b.Accept(r)
	}
	dict.Bind(col("kind"))
	b.Finish()
	return b
}

// TestStreamAndBufferAgree encodes cuts on both ways that the client has, with
// and without compression: the bytes must be the same.
func TestStreamAndBufferAgree(t *testing.T) {
	b := batch(2000)
	blk := block.New(b.Schema)
	blk.Bind(b)
	for _, cut := range [][2]int{{0, 2000}, {0, 1}, {1999, 2000}, {63, 65}, {700, 1300}, {0, 3}} {
		input, _ := blk.Cut(cut[0], cut[1], true)
		var buffer proto.Buffer
		head := proto.Block{Columns: len(input), Rows: cut[1] - cut[0]}
		if err := head.EncodeBlock(&buffer, proto.Version, input); err != nil {
			t.Fatal(err)
		}
		var stream bytes.Buffer
		w := proto.NewWriter(&stream, new(proto.Buffer))
		if err := head.WriteBlock(w, proto.Version, input); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(buffer.Buf, stream.Bytes()) {
			t.Errorf("rows %v: %d bytes in a buffer, %d in a stream, not the same", cut, len(buffer.Buf), stream.Len())
		}
	}
}

// TestEmptyColumnsAreLeftOut has 11 columns with values and 6 of position.
func TestEmptyColumnsAreLeftOut(t *testing.T) {
	b := batch(10)
	blk := block.New(b.Schema)
	blk.Bind(b)
	input, columns := blk.Cut(0, 10, false)
	want := "(`report_id`,`revision`,`kind`,`occurred_at`,`reported_at`,`amount`,`layer`,`payment_settlement_date`,`debtor_lat`,`extra`,`vip`,`topic`,`partition`,`offset`,`kafka_time`,`codec`,`content_hash`)"
	if columns != want || len(input) != 17 {
		t.Errorf("%d columns %s", len(input), columns)
	}
	if input, _ := blk.Cut(0, 10, true); input[len(input)-1].Name != "raw" {
		t.Error("raw is missing")
	}
}

// TestDigest: the digest differs with content, time, order and range, and is the
// same for the same rows whatever codes their values have.
func TestDigest(t *testing.T) {
	of := func(change func(*event.Batch), from, to int) string {
		b := batch(20)
		change(b)
		blk := block.New(b.Schema)
		blk.Bind(b)
		return blk.Digest(from, to)
	}
	same := func(*event.Batch) {}
	digests := map[string]string{
		"the rows": of(same, 0, 20), "half": of(same, 0, 10), "other half": of(same, 10, 20),
		"other content": of(func(b *event.Batch) { b.Records.Values[7] = []byte("x") }, 0, 20),
		"other time":    of(func(b *event.Batch) { b.Columns[b.Schema.Must("occurred_at")].I64[7]++ }, 0, 20),
		"other order": of(func(b *event.Batch) {
			v := b.Records.Values
			v[3], v[4] = v[4], v[3]
		}, 0, 20),
	}
	seen := map[string]string{}
	for what, d := range digests {
		if other, ok := seen[d]; ok || len(d) != 32 {
			t.Errorf("%s and %s have the digest %s", what, other, d)
		}
		seen[d] = what
	}
	if of(same, 0, 20) != digests["the rows"] {
		t.Error("the same rows have two digests")
	}
}

// TestMemoryIsReused: a second block of the same size allocates a few headers a
// column and nothing a row.
func TestMemoryIsReused(t *testing.T) {
	b := batch(5000)
	blk := block.New(b.Schema)
	allocs := testing.AllocsPerRun(20, func() {
		blk.Bind(b)
		blk.Cut(0, 5000, true)
		blk.Free()
	})
	if allocs > 60 {
		t.Errorf("%v allocations for 5,000 rows", allocs)
	}
}

func BenchmarkBlock(b *testing.B) {
	const rows = 50_000
	batch := batch(rows)
	blk := block.New(batch.Schema)
	var buffer proto.Buffer
	for b.Loop() {
		blk.Bind(batch)
		input, _ := blk.Cut(0, rows, false)
		buffer.Reset()
		if err := (proto.Block{Columns: len(input), Rows: rows}).EncodeBlock(&buffer, proto.Version, input); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
