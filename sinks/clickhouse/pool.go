package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ClickHouse/ch-go"
)

const (
	// 5 s: a machine that is up answers a connect within milliseconds.
	dialTimeout = 5 * time.Second
	// 5 min: an INSERT waits for its parts to be on disk; a busy server may take
	// long, and giving up early only writes the block again.
	readTimeout = 5 * time.Minute
	// 4: inserts of an instance run side by side up to this many; the server
	// wants few large ones.
	poolSize = 4
)

// pool lends connections of the native protocol. A connection whose query
// failed in any other way than by a clean exception is closed by its client.
type pool struct {
	access access
	slots  chan struct{}   // one a connection in use
	idle   chan *ch.Client // at most poolSize
	closed chan struct{}
}

func newPool(a access) *pool {
	return &pool{access: a, slots: make(chan struct{}, poolSize), idle: make(chan *ch.Client, poolSize), closed: make(chan struct{})}
}

var errClosed = errors.New("clickhouse: the store is closed")

// do runs q on an idle connection or a new one.
func (p *pool) do(ctx context.Context, q ch.Query) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closed:
		return errClosed
	}
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	err = c.Do(ctx, q)
	if err != nil && !ch.IsException(err) {
		_ = c.Close() // the protocol is out of step
		return err
	}
	p.give(c)
	return err
}

// take returns a live connection.
func (p *pool) take(ctx context.Context) (*ch.Client, error) {
	for {
		select {
		case c := <-p.idle:
			if c.IsClosed() {
				continue
			}
			if c.Ping(ctx) == nil { // the server may have gone since: 0.1 ms a block
				return c, nil
			}
			_ = c.Close()
		default:
			return p.dial(ctx)
		}
	}
}

func (p *pool) give(c *ch.Client) {
	if c.IsClosed() {
		return
	}
	select {
	case p.idle <- c:
	default:
		_ = c.Close()
	}
	select {
	case <-p.closed: // close may have drained before
		p.drain()
	default:
	}
}

// dial connects to the first address that answers.
func (p *pool) dial(ctx context.Context) (*ch.Client, error) {
	var errs []error
	for _, address := range p.access.addresses {
		c, err := ch.Dial(ctx, p.options(address))
		if err == nil {
			return c, nil
		}
		errs = append(errs, fmt.Errorf("connect to clickhouse %s: %w", address, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func (p *pool) options(address string) ch.Options {
	o := ch.Options{
		Address:          address,
		Database:         p.access.database,
		User:             p.access.user,
		Password:         p.access.password.Reveal(),
		TLS:              p.access.tls,
		ClientName:       "haltwire",
		DialTimeout:      dialTimeout,
		HandshakeTimeout: dialTimeout,
		ReadTimeout:      readTimeout,
		Compression:      ch.CompressionDisabled,
		Dialer:           &net.Dialer{Timeout: dialTimeout},
	}
	if p.access.compress {
		o.Compression = ch.CompressionLZ4
	}
	return o
}

// close ends idle connections; those in use end when they are given back.
func (p *pool) close() {
	close(p.closed)
	p.drain()
}

func (p *pool) drain() {
	for {
		select {
		case c := <-p.idle:
			_ = c.Close()
		default:
			return
		}
	}
}
