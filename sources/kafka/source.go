package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// ErrLost is the cause of the end of an ownership that Kafka has taken away: what
// was read may be another owner's already, so nothing may be published for it.
var ErrLost = fault.As(fault.Fenced, errors.New("partition is lost to another owner"))

// Source takes part in a consumer group, from which it learns which partitions
// it owns, and commits their offsets. It reads no records.
type Source struct {
	options Options
	offsets *offsets

	mu      sync.Mutex
	session sarama.ConsumerGroupSession
	owned   map[event.Partition]context.CancelCauseFunc
}

// NewSource validates the options; it opens nothing.
func NewSource(options Options) (*Source, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	return &Source{
		options: options,
		offsets: &offsets{options: &options, group: options.Group},
		owned:   map[event.Partition]context.CancelCauseFunc{},
	}, nil
}

// Own is called in a goroutine of its own for each partition that the source has
// become the owner of, with the offset to start from: -1 where nothing was ever
// committed. Its ctx ends when the partition must be given back; Own then stops
// writing, commits what is done and returns within drain time. When the cause of
// the end is Fenced, the partition is another owner's already and Own only stops.
type Own = func(ctx context.Context, p event.Partition, from int64)

// Run is a member of the group until ctx ends; it then gives every partition
// back and leaves. It returns an error only for settings that can never work.
func (s *Source) Run(ctx context.Context, own Own) error {
	defer func() { _ = s.offsets.close() }() // what it saved was answered
	backoff := fault.Backoff{Max: retryMax}
	for ctx.Err() == nil {
		started := time.Now()
		err := s.member(ctx, own)
		if ctx.Err() != nil {
			break
		}
		if time.Since(started) > s.options.Session {
			backoff.Reset()
		}
		s.options.Log.Warn("leave consumer group", "group", s.options.Group, telemetry.Error, err)
		_ = fault.Sleep(ctx, backoff.Next(0))
	}
	return nil
}

// member joins once and stays until the membership breaks or ctx ends.
func (s *Source) member(ctx context.Context, own Own) error {
	sockets := &sockets{ctx: ctx, wait: dialWait}
	client, err := s.options.client(func(c *sarama.Config) { s.groupConfig(ctx, sockets, c) })
	if err != nil {
		return err
	}
	defer client.Close()
	// A broker that hangs must not keep the process from ending.
	hung := context.AfterFunc(ctx, func() { sockets.cutAfter(leaveTime) })
	defer sockets.cut()
	defer hung()
	group, err := sarama.NewConsumerGroupFromClient(s.options.Group, client)
	if err != nil {
		return fmt.Errorf("join consumer group: %w", err)
	}
	var errs sync.WaitGroup
	errs.Go(func() {
		for err := range group.Errors() {
			s.failed(err)
		}
	})
	defer errs.Wait()
	defer group.Close()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, s.options.names(), &handler{s, group, own}); err != nil {
			return fmt.Errorf("take part in consumer group: %w", err)
		}
	}
	return nil
}

// groupConfig sets what the membership needs. The group's own fetching is paused
// as soon as it begins; until then it reads one byte at a time.
//
// A heartbeat that finds no broker is tried again without any wait, so often as
// metadata is, and then sarama ends the session; the broker, back from a restart,
// would make the member wait until its old self has expired. The dialer makes the
// tries last as long as the session does.
func (s *Source) groupConfig(ctx context.Context, sockets *sockets, c *sarama.Config) {
	sockets.use(c)
	c.Metadata.Retry.Max = int(s.options.Session/dialWait) + 1
	c.Metadata.Retry.BackoffFunc = func(int, int) time.Duration {
		if ctx.Err() != nil {
			return 0
		}
		return dialWait
	}
	c.Consumer.Group.Session.Timeout = s.options.Session
	c.Consumer.Group.Heartbeat.Interval = s.options.Session / 3
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyCooperativeSticky()}
	c.Consumer.Fetch.Default = 1
	c.Consumer.Fetch.Min = 1
	c.ChannelBufferSize = 1
	c.Consumer.MaxWaitTime = 500 * time.Millisecond
}

// failed hears what the group cannot return. What names a partition ends its
// ownership: it is safer to read it again than to go on for somebody else.
func (s *Source) failed(err error) {
	s.options.Log.Warn("consumer group", "group", s.options.Group, telemetry.Error, err)
	var of *sarama.ConsumerError
	if errors.As(err, &of) && fenced(of.Err) {
		s.lose(event.Partition{Topic: of.Topic, ID: of.Partition})
	}
}

// fenced reports whether err is the coordinator's word that somebody is not, or
// not any more, who he says he is.
func fenced(err error) bool {
	return errors.Is(err, sarama.ErrUnknownMemberId) || errors.Is(err, sarama.ErrFencedInstancedId) ||
		errors.Is(err, sarama.ErrIllegalGeneration)
}

func (s *Source) lose(ps ...event.Partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range ps {
		if cancel := s.owned[p]; cancel != nil {
			cancel(ErrLost)
		}
	}
}

// commitTries bounds how long a rebalance may hold up a commit: a new generation
// is known here only when the join has ended.
const (
	commitTries = 40
	commitWait  = 100 * time.Millisecond
)

// Commit makes next the offsets from which the next owner starts. A Fenced error
// means that at least one of the partitions is owned no more; any other that
// nothing may have been committed and another try is worth it.
func (s *Source) Commit(ctx context.Context, next map[event.Partition]int64) error {
	at := make(map[event.Partition]position, len(next))
	for p, offset := range next {
		at[p] = position{offset: offset}
	}
	for try := 1; ; try++ {
		m, ok := s.owner(next)
		if !ok {
			return ErrLost
		}
		err := s.offsets.save(ctx, m, at)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, sarama.ErrUnknownMemberId), errors.Is(err, sarama.ErrFencedInstancedId):
			return s.fence(next, err)
		case errors.Is(err, sarama.ErrIllegalGeneration):
			if now, ok := s.owner(next); try >= commitTries || ok && now == m && try > 10 {
				return s.fence(next, err)
			}
		case errors.Is(err, sarama.ErrRebalanceInProgress) && try < commitTries:
		default:
			return err
		}
		if err := fault.Sleep(ctx, commitWait); err != nil {
			return err
		}
	}
}

func (s *Source) fence(next map[event.Partition]int64, err error) error {
	for p := range next {
		s.lose(p)
	}
	return fault.As(fault.Fenced, err)
}

// owner returns who commits, and false when one of the partitions is not owned.
func (s *Source) owner(next map[event.Partition]int64) (member, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range next {
		if s.owned[p] == nil {
			return member{}, false
		}
	}
	if s.session == nil {
		return member{}, false
	}
	return member{s.session.MemberID(), s.session.GenerationID()}, true
}

// Committed returns what is committed for p in the group, whoever owns it: -1
// when nothing ever was.
func (s *Source) Committed(ctx context.Context, p event.Partition) (int64, error) {
	offset, _, err := s.offsets.load(ctx, p)
	if err != nil {
		return 0, fmt.Errorf("read committed offset of %s: %w", p, err)
	}
	return offset, nil
}

// Partitions returns all partitions that the topics have now.
func (s *Source) Partitions(ctx context.Context) ([]event.Partition, error) {
	return s.offsets.partitions(ctx, s.options.names())
}

// Retention returns for how long a topic keeps its records, 0 for ever.
func (s *Source) Retention(_ context.Context, topic string) (time.Duration, error) {
	client, err := s.offsets.connect()
	if err != nil {
		return 0, err
	}
	broker := client.LeastLoadedBroker()
	if broker == nil {
		return 0, errors.New("read retention: no broker is known")
	}
	_ = broker.Open(client.Config()) // it may be open already
	response, err := broker.DescribeConfigs(&sarama.DescribeConfigsRequest{
		Version:   1,
		Resources: []*sarama.ConfigResource{{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}}},
	})
	if err != nil {
		return 0, fmt.Errorf("read retention of topic %s: %w", topic, err)
	}
	for _, r := range response.Resources {
		if r.ErrorCode != 0 {
			return 0, fmt.Errorf("read retention of topic %s: %w", topic, sarama.KError(r.ErrorCode))
		}
		for _, c := range r.Configs {
			ms, err := strconv.ParseInt(c.Value, 10, 64)
			if c.Name == "retention.ms" && err == nil && ms > 0 {
				return time.Duration(ms) * time.Millisecond, nil
			}
		}
	}
	return 0, nil
}

// handler turns the sessions and claims of sarama's group into calls of own.
type handler struct {
	source *Source
	group  sarama.ConsumerGroup
	own    Own
}

// Setup notes the session, whose generation commits are made under.
func (h *handler) Setup(s sarama.ConsumerGroupSession) error {
	h.source.mu.Lock()
	defer h.source.mu.Unlock()
	h.source.session = s
	return nil
}

// Cleanup forgets the session after its last claim.
func (h *handler) Cleanup(sarama.ConsumerGroupSession) error {
	h.source.mu.Lock()
	defer h.source.mu.Unlock()
	h.source.session = nil
	return nil
}

// ConsumeClaim owns one partition until it must be given back. Returning before
// that would end the whole session at once, so nothing in here does.
func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	p := event.Partition{Topic: claim.Topic(), ID: claim.Partition()}
	h.group.Pause(map[string][]int32{p.Topic: {p.ID}})
	ctx, end := context.WithCancelCause(context.WithoutCancel(session.Context()))
	defer end(nil)
	h.source.hold(p, end)
	defer h.source.release(p)

	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for range claim.Messages() { // paused: one or two slip through; the Reader reads them again
		}
		end(ending(session.Context()))
	}()
	if from, err := h.from(ctx, p); err == nil {
		h.own(ctx, p, from)
	}
	h.await(drained, p)
	return nil
}

// await blocks until the claim has ended. One that was lost by a refused commit
// may still be claimed: the session should learn of it by a heartbeat, and when
// it does not, returning ends the session, and the member joins again.
func (h *handler) await(drained <-chan struct{}, p event.Partition) {
	patience := time.NewTimer(h.source.options.Session)
	defer patience.Stop()
	select {
	case <-drained:
	case <-patience.C:
		h.source.options.Log.Warn("end session: an owner has let go of a partition that is still claimed", telemetry.Topic, p.Topic, telemetry.Partition, p.ID)
	}
}

// ending returns why a claim ends: Fenced when the session is broken, nil when
// the group asks for the partition or the member leaves.
func ending(session context.Context) error {
	cause := context.Cause(session)
	switch {
	case session.Err() == nil, errors.Is(cause, context.Canceled):
		return nil
	case errors.Is(cause, sarama.ErrRebalanceInProgress), errors.Is(cause, sarama.ErrSessionPartitionCountChanged):
		return nil
	}
	return ErrLost
}

// from reads the committed offset, for as long as the partition is owned.
func (h *handler) from(ctx context.Context, p event.Partition) (int64, error) {
	backoff := fault.Backoff{Max: retryMax}
	for {
		offset, _, err := h.source.offsets.load(ctx, p)
		if err == nil {
			return offset, nil
		}
		h.source.options.Log.Warn("read committed offset", telemetry.Topic, p.Topic, telemetry.Partition, p.ID, telemetry.Error, err)
		if err := fault.Sleep(ctx, backoff.Next(0)); err != nil {
			return 0, err
		}
	}
}

func (s *Source) hold(p event.Partition, end context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owned[p] = end
}

func (s *Source) release(p event.Partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.owned, p)
}
