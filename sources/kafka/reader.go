package kafka

import (
	"context"
	"crypto/tls"
	"strconv"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"go.opentelemetry.io/otel/metric"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// state is what a partition of a reader is doing.
type state uint8

const (
	homeless state = iota // its leader or its first offset is to be found
	reading
	stopped // its next record is gone: it waits for an operator
)

// part is a partition that a reader reads. All fields but id, codec and events are
// guarded by the mutex of the reader, except while busy, when the fetcher alone
// may touch offset and size.
type part struct {
	id     event.Partition
	codec  string
	events bool // records may be CloudEvents in binary mode

	state  state
	err    error // of stopped
	leader int32
	epoch  int32
	offset int64     // next to ask for; negative = the start of the log, not resolved yet
	size   int32     // bytes to ask for
	empty  int       // answers in a row without a record, below the end
	busy   bool      // a request with it is under way
	gone   bool      // removed: what arrives is dropped
	idle   bool      // caught up at the last answer
	failed bool      // the last request got no answer
	sure   time.Time // when an answer last said that it was caught up
	silent time.Time // since when it gets no answer; zero = it gets them
	dry    time.Time // when the queue was emptied, or was empty at first
	// Its leader is not looked up before this time: one that refuses again and
	// again must not be asked in a tight loop.
	notBefore time.Time
	backoff   fault.Backoff
	queue     []*event.Records
	queued    int // bytes in queue
}

// ReaderOptions say how one Reader reads.
type ReaderOptions struct {
	Loop   string // detect | archive: the name in metrics
	Budget int    // bytes read and not yet released; 0 = 64 MiB
	// Aligned makes Next return the run whose first record is the oldest of all
	// partitions that are behind. Otherwise Next returns what came first.
	Aligned bool
}

// Reader reads the partitions that it is given. Bytes read and not yet released
// stay within the budget, except that a partition of which nothing is queued may
// always read once more, so that no partition waits for another one's memory.
//
// Add, Remove, Next, Ended, Away and Stopped are safe for concurrent use; Run is called once.
type Reader struct {
	options Options
	reader  ReaderOptions
	topics  map[string]Topic

	config *sarama.Config
	tls    *tls.Config
	client sarama.Client // for metadata only

	mu      sync.Mutex
	parts   map[event.Partition]*part
	order   []*part // in the order of Add
	used    int     // bytes queued or handed out
	ratio   float64 // decompressed bytes a byte on the wire, remembered for budgets
	changed chan struct{}
	leaders map[int32]*fetcher
}

// NewReader validates the options; it opens nothing.
func NewReader(options Options, reader ReaderOptions) (*Reader, error) {
	if err := options.validate(); err != nil {
		return nil, err
	}
	if reader.Budget == 0 {
		reader.Budget = defaultBudget
	}
	return &Reader{
		options: options, reader: reader, topics: options.byName(), ratio: 4,
		parts: map[event.Partition]*part{}, leaders: map[int32]*fetcher{}, changed: make(chan struct{}),
	}, nil
}

// Add starts reading p at from; a negative from is the start of the log, and
// adding p twice starts it anew.
func (r *Reader) Add(p event.Partition, from int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removeLocked(p)
	if from < 0 {
		from = sarama.OffsetOldest // -1, the answer "nothing is committed", would be its end
	}
	q := &part{id: p, codec: r.topics[p.Topic].Codec, events: r.topics[p.Topic].CloudEvents, offset: from, size: int32(r.options.FetchBytes), leader: -1, dry: time.Now(), silent: time.Now(),
		backoff: fault.Backoff{Min: 10 * time.Millisecond, Max: time.Second}}
	r.parts[p] = q
	r.order = append(r.order, q)
	r.wakeLocked()
}

// Remove stops reading p. Runs of it that were returned stay valid until they
// are released; Next returns no more of them.
func (r *Reader) Remove(p event.Partition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removeLocked(p)
	r.wakeLocked()
}

func (r *Reader) removeLocked(p event.Partition) {
	q := r.parts[p]
	if q == nil {
		return
	}
	q.gone = true
	r.used -= q.queued
	q.queue, q.queued = nil, 0
	delete(r.parts, p)
	for i, other := range r.order {
		if other == q {
			r.order = append(r.order[:i], r.order[i+1:]...)
			break
		}
	}
	r.stoppedMetric(q, 0)
}

// Next blocks until there is a run and returns it, also when ctx has ended; the
// caller releases it. The error is that of ctx.
func (r *Reader) Next(ctx context.Context) (*event.Records, error) {
	for {
		r.mu.Lock()
		records, wait := r.takeLocked(time.Now())
		changed := r.changed
		r.mu.Unlock()
		if records != nil {
			return records, nil
		}
		if err := r.await(ctx, changed, wait); err != nil {
			return nil, err
		}
	}
}

// await blocks until something has changed, for at most wait when that is not 0.
func (r *Reader) await(ctx context.Context, changed <-chan struct{}, wait time.Duration) error {
	if wait > 0 {
		var cancel context.CancelFunc
		parent := ctx
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
		select {
		case <-ctx.Done():
			return parent.Err()
		case <-changed:
			return nil
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
		return nil
	}
}

// takeLocked returns the next run, nil when there is none, and how long one that
// may be older is still waited for.
func (r *Reader) takeLocked(now time.Time) (*event.Records, time.Duration) {
	var best *part
	var wait time.Duration
	for _, q := range r.order {
		if len(q.queue) == 0 {
			// Idle: nothing older can come. Not being served: it must not hold up
			// the others, whatever it may still bring.
			if r.reader.Aligned && q.state == reading && !q.idle && !q.failed {
				wait = max(wait, q.dry.Add(alignPatience).Sub(now))
			}
			continue
		}
		if best == nil || r.reader.Aligned && head(q) < head(best) {
			best = q
		}
	}
	if best == nil {
		return nil, 0
	}
	if wait > 0 {
		return nil, wait
	}
	records := best.queue[0]
	best.queue[0] = nil
	best.queue = best.queue[1:]
	best.queued -= records.Bytes
	best.dry = now
	r.lend(records)
	r.rotateLocked(best)
	r.wakeLocked()
	return records, 0
}

// head returns the time of the first record of q's queue; a run without records
// goes first.
func head(q *part) int64 {
	if times := q.queue[0].Times; len(times) > 0 {
		return times[0]
	}
	return 0
}

// rotateLocked puts q behind the others, so that none starves when Next does
// not go by time.
func (r *Reader) rotateLocked(q *part) {
	if r.reader.Aligned {
		return
	}
	for i, other := range r.order {
		if other == q {
			r.order = append(append(r.order[:i], r.order[i+1:]...), q)
			return
		}
	}
}

// lend makes the release of records give its bytes back.
func (r *Reader) lend(records *event.Records) {
	n := records.Bytes
	records.Free = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.used -= n
		r.wakeLocked()
	}
}

// wakeLocked wakes everyone who waits for a change.
func (r *Reader) wakeLocked() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Used returns the bytes that are read and not yet released.
func (r *Reader) Used() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// Stopped returns the partitions that are not read any more and why: their next
// record is not in the log. Only adding them anew, with an offset that somebody
// has thought about, starts them again.
func (r *Reader) Stopped() map[event.Partition]error {
	r.mu.Lock()
	defer r.mu.Unlock()
	stops := map[event.Partition]error{}
	for p, q := range r.parts {
		if q.state == stopped {
			stops[p] = q.err
		}
	}
	return stops
}

// Ended returns for how long it has been known that Next returns no more of p
// than it has returned, and false when there is more or nobody knows.
func (r *Reader) Ended(p event.Partition) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.parts[p]
	if q == nil || !q.idle || len(q.queue) > 0 {
		return 0, false
	}
	return time.Since(q.sure), true
}

// Away reports whether nobody can say when more of p will come: its leader has
// given no answer for a while, or its next record is not in the log.
func (r *Reader) Away(p event.Partition) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.parts[p]
	if q == nil || len(q.queue) > 0 {
		return q == nil
	}
	return q.state == stopped || !q.silent.IsZero() && time.Since(q.silent) > awayAfter
}

// stopLocked stops q for good.
func (r *Reader) stopLocked(q *part, err error) {
	q.state, q.err = stopped, err
	r.stoppedMetric(q, 1)
	r.options.Log.Error("partition stopped: its next record is not in the log; records between it and the start of the log are lost to this loop. Commit the offset to go on from and restart",
		telemetry.Loop, r.reader.Loop, telemetry.Topic, q.id.Topic, telemetry.Partition, q.id.ID, telemetry.Offset, q.offset, telemetry.Error, err)
}

func (r *Reader) stoppedMetric(q *part, v int64) {
	r.options.Metrics.Stopped.Record(context.Background(), v, attributes(r.reader.Loop, q.id))
}

// Run reads until ctx ends and then closes every connection.
func (r *Reader) Run(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var fetchers sync.WaitGroup
	r.lead(ctx, &fetchers)
	cancel()
	fetchers.Wait()
	return r.client.Close()
}

// refreshWait is the wait between two looks for the leader of a partition.
const refreshWait = 50 * time.Millisecond

// attributes name p in the metrics of a loop.
func attributes(loop string, p event.Partition) metric.MeasurementOption {
	return telemetry.Attr(telemetry.Loop, loop, telemetry.Topic, p.Topic, telemetry.Partition, strconv.Itoa(int(p.ID)))
}
