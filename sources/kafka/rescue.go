package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// Layout of a record batch (Kafka protocol, "Record Batch"): where its fields
// start, in bytes.
const (
	atLength    = 8
	atMagic     = 16
	atLastDelta = 23
	atMaxTime   = 35
	atCount     = 57
	headerBytes = 61
	lengthEnd   = 12 // the length counts from here on
)

// isolate asks for one batch of each of parts alone, with an ear on the wire.
// The error is that of the connection.
func (f *fetcher) isolate(ctx context.Context, parts []*part) error {
	for _, q := range parts {
		if err := f.isolateOne(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (f *fetcher) isolateOne(ctx context.Context, q *part) error {
	if f.rescue == nil {
		l, err := dial(ctx, f.reader.config, f.reader.tls, f.addr)
		if err != nil {
			return err
		}
		f.rescue = l
	}
	// A limit of one byte is one whole batch (KIP-74) from a real broker; others
	// cut it, and then the header tells how much to ask for.
	size := int32(1)
	if int(q.size) > f.reader.options.FetchBytes {
		size = q.size
	}
	request := newRequest(f.reader.config, size)
	request.AddBlock(q.id.Topic, q.id.ID, q.offset, size, q.epoch)
	f.rescue.listen()
	response, err := f.rescue.broker.Fetch(request)
	if f.rescue.broken() {
		return err
	}
	var block *sarama.FetchResponseBlock
	if err == nil {
		if block = response.GetBlock(q.id.Topic, q.id.ID); block == nil {
			return nil
		}
		if block.Err != sarama.ErrNoError {
			f.refuse(q, block.Err)
			return nil
		}
		if a, _ := convert(q, block); a.next > q.offset {
			q.empty = 0
			f.reader.deliver(q, a)
			return nil
		}
	}
	raw, frameErr := readFrame(f.rescue.heard(), request.Version)
	if frameErr != nil {
		return fmt.Errorf("read fetch response of %s: %w", q.id, frameErr)
	}
	if raw.code != sarama.ErrNoError { // with null for records, which sarama does not decode
		f.refuse(q, raw.code)
		return nil
	}
	f.step(q, raw, err)
	return nil
}

// step moves q past the batch at the front of raw, or makes the next request
// large enough for it. cause is why the batch could not be decoded, if that is
// known.
func (f *fetcher) step(q *part, raw frame, cause error) {
	q.empty = 0
	b := raw.records
	if len(b) < headerBytes {
		if len(b) > 0 { // cut in the middle of the header
			q.size = min(2*q.size, maxFetchBytes)
		}
		return
	}
	length := int64(binary.BigEndian.Uint32(b[atLength:])) + lengthEnd
	if length > int64(len(b)) && length <= maxFetchBytes {
		q.size = int32(max(length, int64(q.size)))
		if int64(q.size) > length {
			q.size = int32(min(2*int64(q.size), maxFetchBytes))
		}
		return
	}
	first := int64(binary.BigEndian.Uint64(b))
	last := first + int64(int32(binary.BigEndian.Uint32(b[atLastDelta:])))
	next := max(last, q.offset) + 1
	a := answer{next: next, end: max(raw.end, next)}
	if b[atMagic] == 2 && binary.BigEndian.Uint32(b[atCount:]) == 0 && cause == nil {
		// All its records are compacted away.
		a.runs = []*event.Records{{Topic: q.id.Topic, Partition: q.id.ID, Codec: q.codec, Next: next, High: raw.high}}
		f.reader.deliver(q, a)
		return
	}
	b = b[:min(length, int64(len(b)))]
	a.runs = []*event.Records{f.dead(q, b, first, next, raw.high, cause)}
	q.size = int32(f.reader.options.FetchBytes)
	f.reader.deliver(q, a)
}

// dead returns a run without records whose dead letter is the batch.
func (f *fetcher) dead(q *part, batch []byte, first, next, high int64, cause error) *event.Records {
	if cause == nil {
		cause = fmt.Errorf("batch of %d bytes is incomplete or larger than %d", len(batch), maxFetchBytes)
	}
	f.reader.options.Log.Error("batch cannot be decoded and is stepped over", telemetry.Topic, q.id.Topic,
		telemetry.Partition, q.id.ID, telemetry.Offset, q.offset, "next", next, telemetry.Error, cause)
	position := event.Position{Topic: q.id.Topic, Partition: q.id.ID, Offset: max(first, q.offset)}
	return &event.Records{
		Topic: q.id.Topic, Partition: q.id.ID, Codec: q.codec, Next: next, High: high, Bytes: len(batch),
		Dead: []event.Dead{{
			Position: position, Time: int64(binary.BigEndian.Uint64(batch[atMaxTime:])), Codec: q.codec, Reason: event.BadBatch,
			Message: fmt.Sprintf("record batch with offsets %d to %d: %v; send its records again", first, next-1, cause),
			Raw:     slices.Clone(batch),
		}},
	}
}

// frame is what a response with one partition says.
type frame struct {
	code      sarama.KError
	high, end int64
	records   []byte
}

// readFrame reads a fetch response of one partition, versions 4 to 11, from the
// bytes of the connection since the request.
func readFrame(b []byte, version int16) (frame, error) {
	r := &wireReader{b: b}
	n := r.int32()
	if int(n) != len(r.b) {
		return frame{}, fmt.Errorf("%d of %d bytes of the frame", len(r.b), n)
	}
	r.skip(4 + 4) // correlation id, throttle time
	if version >= 7 {
		r.skip(2 + 4) // error, session
	}
	r.skip(4) // one topic
	r.skip(int(r.int16()))
	r.skip(4 + 4) // one partition, its id
	f := frame{code: sarama.KError(r.int16())}
	f.high, f.end = r.int64(), r.int64()
	if version >= 5 {
		r.skip(8) // start of the log
	}
	if n := r.int32(); n > 0 {
		r.skip(16 * int(n)) // aborted transactions
	}
	if version >= 11 {
		r.skip(4) // preferred replica
	}
	if n := r.int32(); n > 0 {
		f.records = r.take(int(n))
	}
	if f.end < 0 {
		f.end = f.high
	}
	if r.short {
		return frame{}, fmt.Errorf("frame of %d bytes is too short for version %d", len(b), version)
	}
	return f, nil
}

// wireReader reads big-endian fields; past the end everything is zero and short
// is set.
type wireReader struct {
	b     []byte
	short bool
}

func (r *wireReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b, r.short = nil, true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *wireReader) skip(n int) { r.take(n) }

func (r *wireReader) int16() int16 {
	if b := r.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *wireReader) int32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *wireReader) int64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}
