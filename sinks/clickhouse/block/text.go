package block

import (
	"encoding/binary"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/haltwire/haltwire/pipeline/event"
)

// texts is a String column over offsets and bytes; a missing text is empty.
type texts struct {
	off  []int32
	data []byte
}

func (t texts) Type() proto.ColumnType { return proto.ColumnTypeString }
func (t texts) Rows() int              { return len(t.off) - 1 }

func (t texts) EncodeColumn(b *proto.Buffer) {
	for i, start := range t.off[:len(t.off)-1] {
		b.Buf = appendText(b.Buf, t.data[start:t.off[i+1]])
	}
}

func (t texts) WriteColumn(w *proto.Writer) { w.ChainBuffer(t.EncodeColumn) }

func appendText(dst, s []byte) []byte {
	if len(s) < 0x80 {
		dst = append(dst, byte(len(s)))
	} else {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
	}
	return append(dst, s...)
}

// raws is the String column of original bytes.
type raws struct {
	batch    *event.Batch
	from, to int
}

func (r raws) Type() proto.ColumnType { return proto.ColumnTypeString }
func (r raws) Rows() int              { return r.to - r.from }

func (r raws) EncodeColumn(b *proto.Buffer) {
	for i := r.from; i < r.to; i++ {
		b.Buf = appendText(b.Buf, r.batch.Raw(i))
	}
}

func (r raws) WriteColumn(w *proto.Writer) { w.ChainBuffer(r.EncodeColumn) }

// maps is a Map(String, String) column; a missing map is empty.
type maps struct {
	v        *event.Vector
	from, to int
}

func (m maps) Type() proto.ColumnType { return "Map(String, String)" }
func (m maps) Rows() int              { return m.to - m.from }

func (m maps) EncodeColumn(b *proto.Buffer) {
	first := m.v.Off[m.from]
	last := m.v.Off[m.to]
	for _, end := range m.v.Off[m.from+1 : m.to+1] {
		b.PutUInt64(uint64(end - first))
	}
	if first == last {
		return
	}
	texts{m.v.Keys.Off[first : last+1], m.v.Keys.Data}.EncodeColumn(b)
	texts{m.v.Vals.Off[first : last+1], m.v.Vals.Data}.EncodeColumn(b)
}

func (m maps) WriteColumn(w *proto.Writer) { w.ChainBuffer(m.EncodeColumn) }
