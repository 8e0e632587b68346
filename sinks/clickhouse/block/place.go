package block

import (
	"github.com/haltwire/haltwire/pipeline/event"
)

// place holds the columns that say where rows came from.
type place struct {
	topic, codec symbols
	offsets      fixed
	times        fixed
	partition    fixed

	seen  [1]uint32
	zeros []byte
	part  []int32
	off   []int64
	at    []int64
}

// fill makes the columns of rows [from, to) of b.
func (p *place) fill(b *event.Batch, from, to int) {
	n := to - from
	if len(p.zeros) < n {
		p.zeros = make([]byte, n)
	}
	p.part, p.off, p.at = p.part[:0], p.off[:0], p.at[:0]
	for r := from; r < to; r++ {
		i := b.Index[r]
		p.part = append(p.part, b.Records.Partition)
		p.off = append(p.off, b.Records.Offsets[i])
		p.at = append(p.at, b.Records.Times[i])
	}
	p.topic = p.constant(b.Records.Topic, n)
	p.codec = p.constant(b.Records.Codec, n)
	p.partition = fixed{typ: "Int32", rows: n, data: memory(p.part)}
	p.offsets = fixed{typ: "Int64", rows: n, data: memory(p.off)}
	p.times = fixed{typ: timeType, rows: n, data: memory(p.at)}
}

// constant is a symbol column with the same value in every row.
func (p *place) constant(value string, rows int) symbols {
	return symbols{values: []string{value}, seen: p.seen[:], keys: p.zeros[:rows], width: 1}
}

func (p *place) free() { p.topic, p.codec = symbols{}, symbols{} }
