package kafka

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
)

// traceparent is the header by which a trace goes on (W3C Trace Context §3.2).
const traceparent = "traceparent"

// recordOverhead estimates what one record takes beside its value: Record,
// pointer, headers.
const recordOverhead = 160

// converter turns the batches of one answer into runs.
type converter struct {
	part    *part
	high    int64
	next    int64
	runs    []*event.Records
	aborted aborts
}

// convert returns what block says about q and the bytes that it takes in
// memory. Values point into the decompressed batches.
func convert(q *part, block *sarama.FetchResponseBlock) (answer, int) {
	c := &converter{part: q, high: block.HighWaterMarkOffset, next: q.offset}
	c.aborted.open(block.AbortedTransactions)
	for _, set := range block.RecordsSet {
		switch {
		case set.RecordBatch != nil:
			c.batch(set.RecordBatch)
		case set.MsgSet != nil:
			c.legacy(set.MsgSet)
		}
	}
	a := answer{runs: c.runs, next: c.next, end: block.LastStableOffset}
	if a.end < 0 {
		a.end = block.HighWaterMarkOffset
	}
	if len(c.runs) == 0 && c.next > q.offset {
		// Nothing but markers and aborted records: the position moves all the same.
		c.runs = append(c.runs, c.newRun(0))
		a.runs = c.runs
	}
	memory := 0
	for _, r := range c.runs {
		r.Next, memory = c.next, memory+r.Bytes
	}
	for i := range len(c.runs) - 1 {
		c.runs[i].Next = c.runs[i+1].Offsets[0]
	}
	return a, memory
}

// batch adds the records of b that are committed and not before the next one.
func (c *converter) batch(b *sarama.RecordBatch) {
	if b.PartialTrailingRecord {
		return
	}
	last := b.LastOffset()
	if last < c.next {
		return
	}
	defer func() { c.next = last + 1 }()
	c.aborted.reach(last)
	if b.Control {
		c.aborted.control(b)
		return
	}
	if b.IsTransactional && c.aborted.is(b.ProducerID) {
		return
	}
	first, most := b.FirstTimestamp.UnixMilli(), b.MaxTimestamp.UnixMilli()
	for _, r := range b.Records {
		offset := b.FirstOffset + r.OffsetDelta
		if offset < c.next {
			continue
		}
		at := first + r.TimestampDelta.Milliseconds()
		if b.LogAppendTime {
			at = most
		}
		c.add(offset, at, r.Value, r.Headers, len(b.Records))
	}
}

// legacy adds the messages of the formats before Kafka 0.11, compressed ones
// with offsets relative to the last.
func (c *converter) legacy(set *sarama.MessageSet) {
	for _, outer := range set.Messages {
		inner := outer.Messages()
		for _, m := range inner {
			offset, at := m.Offset, m.Msg.Timestamp
			if m.Msg.Version >= 1 {
				offset += outer.Offset - inner[len(inner)-1].Offset
				if outer.Msg.LogAppendTime {
					at = outer.Msg.Timestamp
				}
			}
			if offset < c.next {
				continue
			}
			c.add(offset, at.UnixMilli(), m.Msg.Value, nil, len(inner))
			c.next = offset + 1
		}
	}
}

// add appends one record to the current run, or to a new one when that is full.
func (c *converter) add(offset, at int64, value []byte, headers []*sarama.RecordHeader, room int) {
	if c.part.events {
		value = structured(value, headers)
	}
	var r *event.Records
	if n := len(c.runs); n > 0 {
		r = c.runs[n-1]
	}
	if r == nil || r.Len() >= runRecords || r.Bytes >= runBytes {
		r = c.newRun(min(room, runRecords))
		c.runs = append(c.runs, r)
	}
	r.Offsets = append(r.Offsets, offset)
	r.Times = append(r.Times, at)
	r.Values = append(r.Values, value)
	r.Bytes += len(value) + recordOverhead
	if r.Trace != nil {
		r.Trace = append(r.Trace, trace(headers))
	} else if t := trace(headers); t != nil {
		r.Trace = append(make([][]byte, r.Len()-1, max(room, r.Len())), t)
	}
}

func (c *converter) newRun(room int) *event.Records {
	return &event.Records{
		Topic: c.part.id.Topic, Partition: c.part.id.ID, Codec: c.part.codec, High: c.high,
		Offsets: make([]int64, 0, room), Times: make([]int64, 0, room), Values: make([][]byte, 0, room),
	}
}

func trace(headers []*sarama.RecordHeader) []byte {
	for _, h := range headers {
		if string(h.Key) == traceparent {
			return h.Value
		}
	}
	return nil
}

// aborts knows which producers have an aborted transaction open at the batch
// that is looked at.
type aborts struct {
	pending []*sarama.AbortedTransaction // sorted by first offset
	active  map[int64]bool
}

func (a *aborts) open(all []*sarama.AbortedTransaction) {
	if len(all) == 0 {
		return
	}
	a.pending = append(a.pending, all...)
	slices.SortFunc(a.pending, func(x, y *sarama.AbortedTransaction) int { return cmp.Compare(x.FirstOffset, y.FirstOffset) })
	a.active = make(map[int64]bool, len(all))
}

// reach opens the aborted transactions that begin up to offset last.
func (a *aborts) reach(last int64) {
	for len(a.pending) > 0 && a.pending[0].FirstOffset <= last {
		a.active[a.pending[0].ProducerID] = true
		a.pending = a.pending[1:]
	}
}

func (a *aborts) is(producer int64) bool { return a.active[producer] }

// control ends the transaction that an abort marker closes. The key of a marker
// is version and type, both int16; type 0 is abort.
func (a *aborts) control(b *sarama.RecordBatch) {
	for _, r := range b.Records {
		if len(r.Key) >= 4 && binary.BigEndian.Uint16(r.Key[2:]) == 0 {
			delete(a.active, b.ProducerID)
		}
	}
}
