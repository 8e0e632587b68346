package kafka

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"github.com/IBM/sarama"
)

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
