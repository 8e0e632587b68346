package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

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
		offset, _, err := h.source.offsets.load(p)
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
