package block

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/haltwire/haltwire/pipeline/event"
)

// Block is the input of one INSERT of rows [From, To) of a batch. Its memory is
// reused: one block belongs to one goroutine at a time.
type Block struct {
	batch    *event.Batch
	from, to int
	hashes   []event.Hash // one a row of the batch
	input    proto.Input
	cols     []column
	place    place
}

// column is what is reused of one schema column.
type column struct {
	name  string
	keys  []byte   // symbol keys
	remap []uint32 // symbol code → key + 1, 0 = unseen
	seen  []uint32 // codes in the order of their keys
	nulls []byte
}

// ColumnName returns the name of a schema column in ClickHouse.
func ColumnName(name string) string { return strings.ReplaceAll(name, ".", "_") }

// Quote returns name as an identifier of SQL.
func Quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// New returns a block for batches of s.
func New(s *event.Schema) *Block {
	b := &Block{cols: make([]column, len(s.Columns))}
	for i, c := range s.Columns {
		b.cols[i].name = ColumnName(c.Name)
	}
	return b
}

// Bind makes b all rows of batch and computes their content hashes; each is
// computed once, however often the rows are cut.
func (b *Block) Bind(batch *event.Batch) {
	b.batch = batch
	b.hashes = b.hashes[:0]
	for r := range batch.Rows {
		b.hashes = append(b.hashes, batch.Hash(r))
	}
}

// Free forgets the batch and keeps the memory.
func (b *Block) Free() {
	b.batch = nil
	b.place.free()
	clear(b.input)
}

// Cut returns the input of rows [from, to) and the list of its columns,
// quoted and in parentheses. Both are valid until the next Cut. raw adds the
// original bytes.
func (b *Block) Cut(from, to int, raw bool) (proto.Input, string) {
	b.from, b.to = from, to
	b.input = b.input[:0]
	for i := range b.cols {
		v := &b.batch.Columns[i]
		if v.Empty() {
			continue
		}
		b.add(b.cols[i].name, b.cols[i].input(v, b.batch.Schema.Columns[i], from, to))
	}
	b.place.fill(b.batch, from, to)
	b.add("topic", b.place.topic)
	b.add("partition", b.place.partition)
	b.add("offset", b.place.offsets)
	b.add("kafka_time", b.place.times)
	b.add("codec", b.place.codec)
	b.add("content_hash", hashes(b.hashes[from:to]))
	if raw {
		b.add("raw", raws{b.batch, from, to})
	}
	return b.input, b.columns()
}

func (b *Block) add(name string, data proto.ColInput) {
	b.input = append(b.input, proto.InputColumn{Name: name, Data: data})
}

func (b *Block) columns() string {
	var names strings.Builder
	sep := byte('(')
	for _, c := range b.input {
		names.WriteByte(sep)
		names.WriteString(Quote(c.Name))
		sep = ','
	}
	names.WriteByte(')')
	return names.String()
}

// Digest returns a hash over what decides which rows are stored and in which
// partition they lie: content and occurred_at of rows [from, to). A block token
// with it is never reused for other rows (ENGINE A3, trap 1).
func (b *Block) Digest(from, to int) string {
	h := sha256.New()
	occurred := &b.batch.Columns[b.batch.Schema.Must("occurred_at")]
	var buf [24]byte
	for r := from; r < to; r++ {
		copy(buf[:16], b.hashes[r][:])
		if !occurred.Empty() {
			binary.LittleEndian.PutUint64(buf[16:], uint64(occurred.I64[r]))
		}
		h.Write(buf[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
