package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// open connects the metadata client, trying until ctx ends.
func (r *Reader) open(ctx context.Context) error {
	config, err := r.options.Conn.Sarama()
	if err != nil {
		return err
	}
	r.config, r.tls = config, config.Net.TLS.Config
	backoff := fault.Backoff{Max: retryMax}
	for {
		r.client, err = r.options.client(func(c *sarama.Config) { c.Metadata.Retry.Max = 1 })
		if err == nil {
			return nil
		}
		r.options.Log.Warn("connect to kafka", telemetry.Loop, r.reader.Loop, telemetry.Error, err)
		if err := fault.Sleep(ctx, backoff.Next(0)); err != nil {
			return err
		}
	}
}

// lead finds the leaders of homeless partitions and keeps one fetcher a leader,
// until ctx ends.
func (r *Reader) lead(ctx context.Context, fetchers *sync.WaitGroup) {
	for ctx.Err() == nil {
		found := r.settle()
		r.mu.Lock()
		r.startLocked(ctx, fetchers)
		changed, waiting := r.changed, r.homelessLocked()
		r.mu.Unlock()
		if waiting > 0 && found == 0 {
			_ = fault.Sleep(ctx, refreshWait)
			continue
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

func (r *Reader) homelessLocked() (n int) {
	for _, q := range r.order {
		if q.state == homeless {
			n++
		}
	}
	return n
}

// settle looks up leader and first offset of every homeless partition and
// returns how many it has settled.
func (r *Reader) settle() (found int) {
	r.mu.Lock()
	var waiting []*part
	topics := map[string]bool{}
	for _, q := range r.order {
		if q.state == homeless && !q.busy && !time.Now().Before(q.notBefore) {
			waiting = append(waiting, q)
			topics[q.id.Topic] = true
		}
	}
	r.mu.Unlock()
	for topic := range topics {
		_ = r.client.RefreshMetadata(topic) // stale metadata shows below, or at the next fetch
	}
	for _, q := range waiting {
		if err := r.settleOne(q); err != nil {
			r.options.Log.Debug("find leader", telemetry.Topic, q.id.Topic, telemetry.Partition, q.id.ID, telemetry.Error, err)
			continue
		}
		found++
	}
	return found
}

func (r *Reader) settleOne(q *part) error {
	broker, epoch, err := r.client.LeaderAndEpoch(q.id.Topic, q.id.ID)
	if err != nil {
		return err
	}
	from := q.offset
	if from < 0 {
		if from, err = r.client.GetOffset(q.id.Topic, q.id.ID, from); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	q.leader, q.epoch, q.offset, q.state = broker.ID(), epoch, from, reading
	if f := r.leaders[broker.ID()]; f == nil || f.addr != broker.Addr() {
		r.leaders[broker.ID()] = &fetcher{reader: r, leader: broker.ID(), addr: broker.Addr()}
	}
	r.wakeLocked()
	return nil
}

// startLocked runs the fetchers that do not run yet.
func (r *Reader) startLocked(ctx context.Context, fetchers *sync.WaitGroup) {
	for _, f := range r.leaders {
		if !f.started {
			f.started = true
			fetchers.Go(func() { f.run(ctx) })
		}
	}
}

// orphanLocked sends q back to be settled.
func (q *part) orphanLocked() {
	if q.state == reading {
		q.state, q.failed = homeless, true
		if q.silent.IsZero() {
			q.silent = time.Now()
		}
		q.notBefore = time.Now().Add(q.backoff.Next(0))
	}
}

// moved reports whether err says that a partition is led by somebody else, or
// by nobody for the moment.
func moved(err sarama.KError) bool {
	switch err {
	case sarama.ErrNotLeaderForPartition, sarama.ErrLeaderNotAvailable, sarama.ErrReplicaNotAvailable,
		sarama.ErrFencedLeaderEpoch, sarama.ErrUnknownLeaderEpoch, sarama.ErrUnknownTopicOrPartition,
		sarama.ErrOffsetNotAvailable, sarama.ErrKafkaStorageError:
		return true
	}
	return false
}

// wantLocked returns the partitions of leader that may be asked for, and marks
// them busy.
func (r *Reader) wantLocked(leader int32) []*part {
	var parts []*part
	for _, q := range r.order {
		if q.state != reading || q.leader != leader || q.busy {
			continue
		}
		if len(q.queue) > 0 && (q.queued >= lookAhead || r.used >= r.reader.Budget) {
			continue
		}
		q.busy = true
		parts = append(parts, q)
	}
	return parts
}

// want blocks until partitions of f may be asked for; nil when ctx ends or f has
// been replaced.
func (f *fetcher) want(ctx context.Context) []*part {
	r := f.reader
	for ctx.Err() == nil {
		r.mu.Lock()
		if r.leaders[f.leader] != f {
			r.mu.Unlock()
			return nil
		}
		parts := r.wantLocked(f.leader)
		changed := r.changed
		r.mu.Unlock()
		if len(parts) > 0 {
			return parts
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil
}

// deliver puts what was read of q into its queue.
func (r *Reader) deliver(q *part, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.gone {
		return
	}
	q.failed, q.silent = false, time.Time{}
	q.backoff.Reset()
	q.offset, q.idle = a.next, a.next >= a.end
	if q.idle {
		q.sure = time.Now()
	}
	for _, records := range a.runs {
		q.queue = append(q.queue, records)
		q.queued += records.Bytes
		r.used += records.Bytes
	}
	r.wakeLocked()
	ctx := context.Background()
	if len(a.runs) > 0 || q.idle {
		r.options.Metrics.Buffered.Record(ctx, int64(r.used), telemetry.Attr(telemetry.Loop, r.reader.Loop))
	}
}

// fail notes that q got err instead of records.
func (r *Reader) fail(q *part, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.wakeLocked()
	if q.gone {
		return
	}
	if errors.Is(err, sarama.ErrOffsetOutOfRange) {
		r.stopLocked(q, err)
		return
	}
	q.orphanLocked()
}

// done makes parts available for the next request.
func (r *Reader) done(parts []*part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range parts {
		q.busy = false
	}
	r.wakeLocked()
}

// share returns how many bytes on the wire one response may have.
func (r *Reader) share() int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	free := float64(r.reader.Budget-r.used) / r.ratio
	return int32(min(max(free, 64<<10), maxFetchBytes))
}

// learn remembers how far records decompress, quickly upwards.
func (r *Reader) learn(wire, memory int) {
	if wire == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := float64(memory) / float64(wire)
	r.ratio = max(1, now, r.ratio*0.95+now*0.05)
}

// answer is what one response said about one partition.
type answer struct {
	runs []*event.Records
	next int64 // offset to ask for next
	end  int64 // first offset that cannot be read yet
}

// connectWait is the wait after a broken connection.
const connectWait = 250 * time.Millisecond
