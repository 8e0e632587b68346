package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"

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

// line is one connection to one broker, of which we hold the socket: so that it
// can be cut while sarama waits for an answer, told from an answer that cannot
// be decoded, and listened to.
type line struct {
	broker *sarama.Broker
	dialer *dialer
	unhook func() bool
}

// dial opens a connection that ends with ctx.
func dial(ctx context.Context, config *sarama.Config, secure *tls.Config, addr string) (*line, error) {
	own := *config
	d := &dialer{ctx: ctx, config: config, secure: secure}
	own.Net.TLS.Enable = false // the dialer does it, below what it listens to
	own.Net.Proxy.Enable, own.Net.Proxy.Dialer = true, d
	own.Net.ReadTimeout = fetchTimeout
	broker := sarama.NewBroker(addr)
	if err := broker.Open(&own); err != nil {
		return nil, err
	}
	l := &line{broker: broker, dialer: d}
	l.unhook = context.AfterFunc(ctx, d.cut)
	if _, err := broker.Connected(); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *line) close() {
	l.unhook()
	l.dialer.cut()
	_ = l.broker.Close() // the socket is closed already
}

// broken reports whether the connection itself has failed.
func (l *line) broken() bool { return l.dialer.wire == nil || l.dialer.wire.state().err != nil }

// received returns how many bytes have come in so far.
func (l *line) received() int { return l.dialer.wire.state().n }

// listen keeps what comes in from now on, and heard returns it.
func (l *line) listen()       { l.dialer.wire.listen() }
func (l *line) heard() []byte { return l.dialer.wire.state().heard }

// dialer opens the one socket of a line.
type dialer struct {
	ctx    context.Context
	config *sarama.Config
	secure *tls.Config // nil = plain

	mu   sync.Mutex
	wire *wire
}

// Dial implements the dialer that sarama asks for a connection.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	plain := net.Dialer{Timeout: d.config.Net.DialTimeout, KeepAlive: d.config.Net.KeepAlive}
	c, err := plain.DialContext(d.ctx, network, address)
	if err != nil {
		return nil, err
	}
	if d.secure != nil {
		secure := d.secure.Clone()
		if secure.ServerName == "" {
			secure.ServerName, _, _ = net.SplitHostPort(address)
		}
		c = tls.Client(c, secure)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wire = &wire{Conn: c}
	return d.wire, nil
}

// cut closes the socket under sarama's hands.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.wire != nil {
		_ = d.wire.Close()
	}
}

// wire is a socket that remembers its first error and, on demand, its input.
type wire struct {
	net.Conn

	mu        sync.Mutex
	seen      heardState
	listening bool
}

type heardState struct {
	n     int
	err   error
	heard []byte
}

// Read reads from the socket.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen.n += n
	if w.listening {
		w.seen.heard = append(w.seen.heard, b[:n]...)
	}
	w.note(err)
	return n, err
}

// Write writes to the socket.
func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(err)
	return n, err
}

func (w *wire) note(err error) {
	if w.seen.err == nil {
		w.seen.err = err
	}
}

func (w *wire) listen() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listening, w.seen.heard = true, nil
}

func (w *wire) state() heardState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}
