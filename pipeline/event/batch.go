package event

import (
	"crypto/sha256"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// Batch is the decoded columns of a run of records. Row r came from record
// Index[r] of the run. It has one owner at a time and is immutable after Finish.
type Batch struct {
	Schema  *Schema
	Records *Records
	Rows    int
	Index   []int32  // the record of each row; records without a row are dead letters
	Columns []Vector // one a schema column; not projected = Empty

	record   arrow.Record
	free     func(*Batch)
	released bool
}

// NewBatch returns a batch without rows; free gets it back on Release and may
// be nil.
func NewBatch(s *Schema, free func(*Batch)) *Batch {
	b := &Batch{Schema: s, Columns: make([]Vector, len(s.Columns)), free: free}
	for i, c := range s.Columns {
		b.Columns[i].Type = c.Type
	}
	return b
}

// Reset makes b an empty batch over recs, keeping its memory.
func (b *Batch) Reset(recs *Records) {
	b.Records, b.Rows, b.Index, b.released = recs, 0, b.Index[:0], false
	for i := range b.Columns {
		b.Columns[i].reset(recs.Len())
	}
}

// Accept makes the row under construction, decoded from record i, part of b.
func (b *Batch) Accept(i int) { b.Index = append(b.Index, int32(i)); b.Rows++ }

// Reject drops the row under construction.
func (b *Batch) Reject() {
	for i := range b.Columns {
		b.Columns[i].Truncate(b.Rows)
	}
}

// Finish gives every column its full length and freezes b.
func (b *Batch) Finish() {
	for i := range b.Columns {
		b.Columns[i].finish(b.Rows)
	}
}

// Record returns b as one Arrow record over the same memory, without a copy:
// columns that are not Empty, in schema order. It is b's own, valid until
// Release.
func (b *Batch) Record() arrow.Record {
	if b.record == nil {
		b.record = wrap(b)
	}
	return b.record
}

// Release gives the memory back; b must not be used afterwards. A second Release
// does nothing.
func (b *Batch) Release() {
	if b.released {
		return
	}
	b.released = true
	if b.record != nil {
		b.record.Release()
		b.record = nil
	}
	if b.free != nil {
		b.free(b)
	}
}

// Raw returns the original bytes of row r.
func (b *Batch) Raw(r int) []byte { return b.Records.Values[b.Index[r]] }

// Offset returns the Kafka offset of row r.
func (b *Batch) Offset(r int) int64 { return b.Records.Offsets[b.Index[r]] }

// Position returns where row r came from.
func (b *Batch) Position(r int) Position {
	return Position{Topic: b.Records.Topic, Partition: b.Records.Partition, Offset: b.Offset(r)}
}

// RecordTime returns the record time of row r, Unix ms: its Kafka time, or its
// occurred_at where the source has none.
func (b *Batch) RecordTime(r int) int64 {
	t := b.Records.Times[b.Index[r]]
	if t == AsOccurred {
		return b.Columns[b.Schema.occurred].I64[r]
	}
	return t
}

// Hash returns the content hash of row r.
func (b *Batch) Hash(r int) Hash { return ContentHash(b.Raw(r)) }

// Hash is a content hash: the first 16 bytes of SHA-256 over the original bytes
// of a report. With the revision it orders the versions of a report; it is
// cryptographic because a hostile reporter could otherwise make two contents of
// one version.
type Hash [16]byte

// ContentHash returns the content hash of raw.
func ContentHash(raw []byte) Hash {
	sum := sha256.Sum256(raw)
	return Hash(sum[:16])
}

// FormatTime returns Unix ms as RFC 3339 UTC with milliseconds, the only form in
// which haltwire writes a time.
func FormatTime(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
