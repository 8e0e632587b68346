package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// fetcher asks one leader for all partitions of a reader that it leads, one
// request at a time.
type fetcher struct {
	reader  *Reader
	leader  int32
	addr    string
	started bool // guarded by the mutex of the reader
	line    *line
	rescue  *line
}

// run fetches until ctx ends or another address took over the leader's id.
func (f *fetcher) run(ctx context.Context) {
	defer f.hangUp()
	for {
		parts := f.want(ctx)
		if parts == nil {
			return
		}
		err := f.fetch(ctx, parts)
		f.reader.done(parts)
		if err == nil {
			continue
		}
		f.hangUp()
		if ctx.Err() != nil {
			return
		}
		f.reader.options.Log.Warn("fetch records", telemetry.Loop, f.reader.reader.Loop, "leader", f.leader, "address", f.addr, telemetry.Error, err)
		for _, q := range parts {
			f.reader.fail(q, err)
		}
		_ = fault.Sleep(ctx, connectWait)
	}
}

func (f *fetcher) hangUp() {
	for _, l := range []*line{f.line, f.rescue} {
		if l != nil {
			l.close()
		}
	}
	f.line, f.rescue = nil, nil
}

// fetch asks for parts once and delivers what comes. The error is that of the
// connection.
func (f *fetcher) fetch(ctx context.Context, parts []*part) error {
	if f.line == nil {
		l, err := dial(ctx, f.reader.config, f.reader.tls, f.addr)
		if err != nil {
			return err
		}
		f.line = l
	}
	request := newRequest(f.reader.config, f.reader.share())
	for _, q := range parts {
		request.AddBlock(q.id.Topic, q.id.ID, q.offset, q.size, q.epoch)
	}
	before := f.line.received()
	response, err := f.line.broker.Fetch(request)
	if err != nil {
		if f.line.broken() {
			return err
		}
		// The connection is sound, so the answer could not be decoded: one bad
		// batch hides the records of all.
		return f.isolate(ctx, parts)
	}
	var odd []*part
	memory := 0
	for _, q := range parts {
		n, ok := f.take(q, response.GetBlock(q.id.Topic, q.id.ID), len(parts) == 1)
		memory += n
		if !ok {
			odd = append(odd, q)
		}
	}
	f.reader.learn(f.line.received()-before, memory)
	return f.isolate(ctx, odd)
}

// take delivers the records of block. It reports false when only a look at the
// bytes themselves can tell what is there.
func (f *fetcher) take(q *part, block *sarama.FetchResponseBlock, alone bool) (int, bool) {
	if block == nil {
		return 0, true // left out by the broker: asked again by the next request
	}
	if block.Err != sarama.ErrNoError {
		f.refuse(q, block.Err)
		return 0, true
	}
	a, memory := convert(q, block)
	if len(a.runs) == 0 && a.next == q.offset {
		// No record, and none expected, unless records below the end are known to
		// be there: an empty batch, one larger than what was asked for, or others
		// have filled the response.
		q.empty++
		if a.next < a.end && (alone || partial(block) || q.empty >= 3) {
			return 0, false
		}
	} else {
		q.empty, q.size = 0, int32(f.reader.options.FetchBytes)
	}
	f.reader.deliver(q, a)
	return memory, true
}

// refuse handles an error of one partition.
func (f *fetcher) refuse(q *part, code sarama.KError) {
	log := f.reader.options.Log.With(telemetry.Loop, f.reader.reader.Loop, telemetry.Topic, q.id.Topic, telemetry.Partition, q.id.ID)
	switch {
	case moved(code):
		log.Info("leader has moved", telemetry.Error, code)
	case !errors.Is(code, sarama.ErrOffsetOutOfRange):
		log.Warn("fetch partition", telemetry.Error, code)
	}
	f.reader.fail(q, code)
}

// partial reports whether block holds the beginning of a batch and nothing else.
func partial(block *sarama.FetchResponseBlock) bool {
	return block.Partial || slices.ContainsFunc(block.RecordsSet, func(s *sarama.Records) bool {
		return s.RecordBatch != nil && s.RecordBatch.PartialTrailingRecord
	})
}

// newRequest returns a request outside of any fetch session, for at most size
// bytes in all.
func newRequest(config *sarama.Config, size int32) *sarama.FetchRequest {
	request := &sarama.FetchRequest{
		Version:     11, // the last one whose responses need no tagged fields to be read by rescue
		MaxWaitTime: int32(maxWait.Milliseconds()),
		MinBytes:    1,
		MaxBytes:    size,
		Isolation:   config.Consumer.IsolationLevel,
		// An epoch of 0 would open a session on the broker with every request,
		// which has room for 1000 in all.
		SessionID: 0, SessionEpoch: -1,
	}
	return request
}
