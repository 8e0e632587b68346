package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
)

// dialWait is the wait after a failed dial of the group, leaveTime what a member
// that leaves gives its owners and the coordinator.
const (
	dialWait  = 250 * time.Millisecond
	leaveTime = 12 * time.Second
)

// sockets dials for a client of sarama and can cut what it has dialled, because
// sarama waits for every answer until the time-out of the connection. A dial that
// fails takes wait, while ctx lasts.
type sockets struct {
	ctx  context.Context
	wait time.Duration

	mu    sync.Mutex
	open  []net.Conn
	timer *time.Timer
	shut  bool
}

// use makes a client with config c dial with s.
func (s *sockets) use(c *sarama.Config) { c.Net.Proxy.Enable, c.Net.Proxy.Dialer = true, s }

// Dial connects to address.
func (s *sockets) Dial(network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: fetchTimeout}
	c, err := dialer.DialContext(s.ctx, network, address)
	if err != nil {
		_ = fault.Sleep(s.ctx, s.wait)
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	s.open = append(s.open, c)
	return c, nil
}

// cut closes every socket, and those still to come.
func (s *sockets) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = true
	if s.timer != nil {
		s.timer.Stop()
	}
	for _, c := range s.open {
		_ = c.Close() // whoever uses it hears of it
	}
	s.open = nil
}

func (s *sockets) cutAfter(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shut {
		s.timer = time.AfterFunc(d, s.cut)
	}
}

// member is who commits: the zero generation of a cursor is -1.
type member struct {
	id         string
	generation int32
}

// offsets reads and commits the offsets of one group by requests of its own, so
// that every failure is returned to who asked. Safe for concurrent use.
type offsets struct {
	options *Options
	group   string

	mu      sync.Mutex
	client  sarama.Client // nil until the first use, and after close
	sockets *sockets
	asking  sync.WaitGroup
}

// connect returns the client, opened by the first call.
func (o *offsets) connect() (sarama.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client == nil {
		sockets := &sockets{ctx: context.Background()}
		client, err := o.options.client(func(c *sarama.Config) {
			c.Metadata.Retry.Max = 1
			c.Net.ReadTimeout = fetchTimeout
			sockets.use(c)
		})
		if err != nil {
			sockets.cut()
			return nil, err
		}
		o.client, o.sockets = client, sockets
	}
	return o.client, nil
}

func (o *offsets) close() error {
	o.mu.Lock()
	client, sockets := o.client, o.sockets
	o.client = nil
	o.mu.Unlock()
	if client == nil {
		return nil
	}
	sockets.cut()
	o.asking.Wait()
	_ = client.Close() // its sockets are closed already
	return nil
}

// load returns what is committed for p: -1 when nothing is.
func (o *offsets) load(ctx context.Context, p event.Partition) (int64, string, error) {
	answers := make(chan *sarama.OffsetFetchResponseBlock, 1) // not a variable: an answer may come when nobody waits any more
	err := o.ask(ctx, func(client sarama.Client, broker *sarama.Broker) error {
		request := sarama.NewOffsetFetchRequest(client.Config().Version, o.group, map[string][]int32{p.Topic: {p.ID}})
		response, err := broker.FetchOffset(request)
		if err != nil {
			return err
		}
		block := response.GetBlock(p.Topic, p.ID)
		if response.Err != sarama.ErrNoError {
			return response.Err
		}
		if block == nil {
			return sarama.ErrIncompleteResponse
		}
		answers <- block
		return kerror(block.Err)
	})
	if err != nil {
		return 0, "", fmt.Errorf("read offset of %s in group %s: %w", p, o.group, err)
	}
	block := <-answers
	return block.Offset, block.Metadata, nil
}

// position is an offset to commit, with what belongs to it.
type position struct {
	offset   int64
	metadata string
}

// save commits all positions in one request, as m.
func (o *offsets) save(ctx context.Context, m member, at map[event.Partition]position) error {
	err := o.ask(ctx, func(client sarama.Client, broker *sarama.Broker) error {
		request := sarama.NewOffsetCommitRequest(client.Config(), o.group)
		request.ConsumerID, request.ConsumerGroupGeneration = m.id, m.generation
		for p, to := range at {
			request.AddBlock(p.Topic, p.ID, to.offset, 0, to.metadata)
		}
		response, err := broker.CommitOffset(request)
		if err != nil {
			return err
		}
		for p := range at {
			code, ok := response.Errors[p.Topic][p.ID]
			if !ok {
				return sarama.ErrIncompleteResponse
			}
			if code != sarama.ErrNoError {
				return code
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("commit offsets in group %s: %w", o.group, err)
	}
	return nil
}

// ask runs one request against the coordinator of the group. When ctx ends first
// its answer is not waited for.
func (o *offsets) ask(ctx context.Context, request func(sarama.Client, *sarama.Broker) error) error {
	return o.await(ctx, func() error { return o.askCoordinator(request) })
}

// await returns what step returns, or why ctx has ended before.
func (o *offsets) await(ctx context.Context, step func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	answer := make(chan error, 1)
	o.asking.Go(func() { answer <- step() })
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// partitions returns all partitions that topics have now.
func (o *offsets) partitions(ctx context.Context, topics []string) ([]event.Partition, error) {
	found := make(chan []event.Partition, 1) // not a variable: an answer may come when nobody waits any more
	err := o.await(ctx, func() error {
		client, err := o.connect()
		if err != nil {
			return err
		}
		if err := client.RefreshMetadata(topics...); err != nil {
			return err
		}
		var all []event.Partition
		for _, topic := range topics {
			ids, err := client.Partitions(topic)
			if err != nil {
				return fmt.Errorf("topic %s: %w", topic, err)
			}
			for _, id := range ids {
				all = append(all, event.Partition{Topic: topic, ID: id})
			}
		}
		found <- all
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find partitions: %w", err)
	}
	return <-found, nil
}

// askCoordinator runs one request and forgets the coordinator when the answer
// says that it may be another one.
func (o *offsets) askCoordinator(request func(sarama.Client, *sarama.Broker) error) error {
	client, err := o.connect()
	if err != nil {
		return err
	}
	broker, err := client.Coordinator(o.group)
	if err != nil {
		return fmt.Errorf("find coordinator: %w", err)
	}
	err = request(client, broker)
	var code sarama.KError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &code):
		_ = broker.Close() // it is broken already; the next call opens it again
		_ = client.RefreshCoordinator(o.group)
	case code == sarama.ErrNotCoordinatorForConsumer || code == sarama.ErrConsumerCoordinatorNotAvailable:
		_ = client.RefreshCoordinator(o.group) // its failure shows at the next call
	}
	return err
}

func kerror(code sarama.KError) error {
	if code == sarama.ErrNoError {
		return nil
	}
	return code
}

// Cursor keeps offsets, each with a text, in a group that has no members: what
// it says outlives any owner of a partition and is fenced by nobody. Safe for
// concurrent use.
type Cursor struct{ offsets *offsets }

// NewCursor returns the cursor of the archive loop. It opens nothing.
func NewCursor(options Options) (*Cursor, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	return &Cursor{&offsets{options: &options, group: options.Group + ".archive"}}, nil
}

// Load returns the offset kept for p and its text; -1 when none is kept.
func (c *Cursor) Load(ctx context.Context, p event.Partition) (int64, string, error) {
	return c.offsets.load(ctx, p)
}

// Save keeps offset and text for p and returns when a later Load will see them.
// An error may come after the save.
func (c *Cursor) Save(ctx context.Context, p event.Partition, offset int64, text string) error {
	memberless := member{generation: sarama.GroupGenerationUndefined}
	err := c.offsets.save(ctx, memberless, map[event.Partition]position{p: {offset, text}})
	if errors.Is(err, sarama.ErrOffsetMetadataTooLarge) {
		return fault.As(fault.Permanent, err)
	}
	return err
}

// Stop closes the connection. It may be called twice.
func (c *Cursor) Stop(context.Context) error { return c.offsets.close() }
