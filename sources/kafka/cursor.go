package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
)

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

	mu     sync.Mutex
	client sarama.Client // nil until the first use, and after close
}

// connect returns the client, opened by the first call.
func (o *offsets) connect() (sarama.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client == nil {
		client, err := o.options.client(func(c *sarama.Config) { c.Metadata.Retry.Max = 1 })
		if err != nil {
			return nil, err
		}
		o.client = client
	}
	return o.client, nil
}

func (o *offsets) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client == nil {
		return nil
	}
	client := o.client
	o.client = nil
	if err := client.Close(); err != nil {
		return fmt.Errorf("close kafka client: %w", err)
	}
	return nil
}

// load returns what is committed for p: -1 when nothing is.
func (o *offsets) load(p event.Partition) (int64, string, error) {
	var block *sarama.OffsetFetchResponseBlock
	err := o.ask(func(client sarama.Client, broker *sarama.Broker) error {
		request := sarama.NewOffsetFetchRequest(client.Config().Version, o.group, map[string][]int32{p.Topic: {p.ID}})
		response, err := broker.FetchOffset(request)
		if err != nil {
			return err
		}
		block = response.GetBlock(p.Topic, p.ID)
		if response.Err != sarama.ErrNoError {
			return response.Err
		}
		if block == nil {
			return sarama.ErrIncompleteResponse
		}
		return kerror(block.Err)
	})
	if err != nil {
		return 0, "", fmt.Errorf("read offset of %s in group %s: %w", p, o.group, err)
	}
	return block.Offset, block.Metadata, nil
}

// position is an offset to commit, with what belongs to it.
type position struct {
	offset   int64
	metadata string
}

// save commits all positions in one request, as m.
func (o *offsets) save(m member, at map[event.Partition]position) error {
	err := o.ask(func(client sarama.Client, broker *sarama.Broker) error {
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

// ask runs one request against the coordinator of the group and forgets the
// coordinator when the answer says that it may be another one.
func (o *offsets) ask(request func(sarama.Client, *sarama.Broker) error) error {
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
func (c *Cursor) Load(_ context.Context, p event.Partition) (int64, string, error) {
	return c.offsets.load(p)
}

// Save keeps offset and text for p and returns when a later Load will see them.
// An error may come after the save.
func (c *Cursor) Save(_ context.Context, p event.Partition, offset int64, text string) error {
	memberless := member{generation: sarama.GroupGenerationUndefined}
	err := c.offsets.save(memberless, map[event.Partition]position{p: {offset, text}})
	if errors.Is(err, sarama.ErrOffsetMetadataTooLarge) {
		return fault.As(fault.Permanent, err)
	}
	return err
}

// Stop closes the connection. It may be called twice.
func (c *Cursor) Stop(context.Context) error { return c.offsets.close() }
