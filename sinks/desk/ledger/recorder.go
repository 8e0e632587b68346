package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Store keeps rows for analysts. sinks/clickhouse implements it. Every method
// blocks until the rows are stored; writing a row again is harmless; an error is
// one that another try may cure. Safe for concurrent use.
type Store interface {
	WriteHits(ctx context.Context, rows []caselog.HitRow) error
	WriteOverturns(ctx context.Context, rows []caselog.OverturnRow) error
	WriteAlerts(ctx context.Context, rows []caselog.AlertRow) error
	WriteCaseEvents(ctx context.Context, rows []caselog.CaseEventRow) error
	WriteDeliveries(ctx context.Context, rows []caselog.DeliveryRow) error
	WriteMessages(ctx context.Context, rows []caselog.MessageRow) error
	WriteMeasures(ctx context.Context, rows []caselog.MeasureRow) error
	WriteFunds(ctx context.Context, rows []caselog.FundsRow) error
	WritePayments(ctx context.Context, rows []caselog.PaymentRow) error
	WriteTrail(ctx context.Context, rows []caselog.TrailRow) error
	WriteRecalls(ctx context.Context, rows []caselog.RecallRow) error
	WriteApprovals(ctx context.Context, rows []caselog.ApprovalRow) error
	WriteDisclosures(ctx context.Context, rows []caselog.DisclosureRow) error
	WriteConsents(ctx context.Context, rows []caselog.ConsentRow) error
	WriteTasks(ctx context.Context, rows []caselog.TaskRow) error
	// Erase removes the personal data from all rows of the keys that are stored, also
	// from those that newer rows stand for.
	Erase(ctx context.Context, rows []caselog.ErasedRow) error
}

const (
	// recordBatch bounds the records of one block of rows.
	recordBatch = 5000
	// recordEvery bounds how long rows wait for company.
	recordEvery = 200 * time.Millisecond
)

// Options is what a Recorder needs.
type Options struct {
	Kafka   conn.Config
	Group   string // the cursor is kept in Group + ".ledger"
	Names   topic.Names
	Store   Store // nil = no rows
	Machine apply.Machine
	Book    *policy.Book
	// Open opens personal data; the errors are those of caselog.Keyring.Open.
	Open func(ctx context.Context, personal string, into any) error
	Log  *slog.Logger
}

// Recorder writes the rows of the partitions that this instance owns. Safe for
// concurrent use.
type Recorder struct {
	opt     Options
	written progress
}

// NewRecorder opens nothing.
func NewRecorder(o Options) *Recorder { return &Recorder{opt: o} }

// Reached returns the offset after the last record of a partition whose rows are
// stored, by this instance.
func (r *Recorder) Reached(topic string, partition int32) int64 {
	return r.written.reached(place{topic, partition})
}

// session writes the rows of the partitions that one session of the membership
// owns. Its cursor is an offset store without members, <group>.ledger; it is
// committed after the rows are stored. A recorder that lost its partitions
// without knowing it writes rows that the new owner writes too: the same ones.
type session struct {
	*Recorder
	partitions []int32
	incoming   chan recorded
	maker      Maker
	offsets    sarama.OffsetManager
	cursors    map[place]sarama.PartitionOffsetManager
	lost       [2]<-chan error // of the tails: records are gone that were not read
}

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

type recorded struct {
	place
	topic.Entry
}

// Run writes the rows of the partitions until ctx ends. Whatever fails is tried
// again.
func (r *Recorder) Run(ctx context.Context, partitions []int32) {
	if r.opt.Store == nil || len(partitions) == 0 {
		return
	}
	backoff := fault.Backoff{}
	for ctx.Err() == nil {
		s := &session{Recorder: r, partitions: partitions, incoming: make(chan recorded, recordBatch), cursors: map[place]sarama.PartitionOffsetManager{}}
		if err := s.run(ctx); err != nil && ctx.Err() == nil {
			r.opt.Log.Warn("record alerts", telemetry.Error, err)
			_ = fault.Sleep(ctx, backoff.Next(0))
		}
	}
}

func (r *session) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	client, err := r.open()
	if err != nil {
		cancel()
		return err
	}
	names := r.opt.Names
	var tails []*topic.Tail
	defer func() {
		cancel() // lets the handlers go
		for _, t := range tails {
			err = errors.Join(err, t.Close())
		}
		err = errors.Join(err, r.close(client))
	}()
	r.maker = Maker{
		Machine: r.opt.Machine, Book: r.opt.Book,
		Open: func(personal string, into any) error { return r.opt.Open(ctx, personal, into) },
	}
	hits, err := topic.Follow(r.opt.Kafka, names.Hits, r.partitions, func(p int32) int64 { return r.cursor(place{names.Hits, p}) }, r.handle(ctx, names.Hits))
	if err != nil {
		return err
	}
	tails = append(tails, hits)
	for _, p := range r.partitions { // what is below the cursor is stored, or gone
		r.written.move(place{names.Hits, p}, hits.Next(p))
	}
	cases, err := topic.Follow(r.opt.Kafka, names.Cases, r.partitions, nil, r.handle(ctx, names.Cases))
	if err != nil {
		return err
	}
	tails = append(tails, cases)
	r.lost = [2]<-chan error{hits.Failed(), cases.Failed()}
	return r.loop(ctx)
}

func (r *session) open() (sarama.Client, error) {
	config, err := r.opt.Kafka.Sarama()
	if err != nil {
		return nil, err
	}
	client, err := sarama.NewClient(r.opt.Kafka.Brokers, config)
	if err != nil {
		return nil, fmt.Errorf("open cursor of the ledger: %w", err)
	}
	r.offsets, err = sarama.NewOffsetManagerFromClient(r.opt.Group+".ledger", client)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open cursor of the ledger: %w", err), client.Close())
	}
	names := r.opt.Names
	for _, p := range r.partitions {
		for _, name := range []string{names.Cases, names.Hits} {
			at := place{name, p}
			if r.cursors[at], err = r.offsets.ManagePartition(name, p); err != nil {
				return nil, errors.Join(fmt.Errorf("read cursor of the ledger: %w", err), r.close(client))
			}
			go drain(r.cursors[at]) // ends with its close
		}
	}
	return client, nil
}

// drain keeps the errors of a cursor from blocking it: a commit that failed is
// repeated by the next one.
func drain(p sarama.PartitionOffsetManager) {
	for range p.Errors() {
		continue
	}
}

func (r *session) close(client sarama.Client) error {
	for _, c := range r.cursors {
		c.AsyncClose()
	}
	return errors.Join(r.offsets.Close(), client.Close())
}

// cursor returns the first offset whose rows are not known to be stored.
func (r *session) cursor(at place) int64 {
	next, _ := r.cursors[at].NextOffset()
	return max(next, 0) // below 0: nothing is committed yet
}

func (r *session) handle(ctx context.Context, name string) func(topic.Entry) {
	return func(e topic.Entry) {
		select {
		case r.incoming <- recorded{place{name, e.Partition}, e}:
		case <-ctx.Done():
		}
	}
}

func (r *session) loop(ctx context.Context) error {
	for {
		batch, err := r.gather(ctx)
		if ctx.Err() != nil || err != nil {
			return err
		}
		ends := map[place]int64{}
		for _, x := range batch {
			r.take(x)
			ends[x.place] = x.Offset + 1
		}
		if err := r.write(ctx, r.maker.Take()); err != nil {
			return err
		}
		for at, next := range ends {
			if next > r.cursor(at) {
				r.cursors[at].MarkOffset(next, "")
			}
			r.written.move(at, next)
		}
		r.offsets.Commit()
	}
}

// gather waits for a record, and then a little for more.
func (r *session) gather(ctx context.Context) ([]recorded, error) {
	var batch []recorded
	select {
	case x := <-r.incoming:
		batch = append(batch, x)
	case err := <-r.lost[0]:
		return nil, err
	case err := <-r.lost[1]:
		return nil, err
	case <-ctx.Done():
		return nil, nil
	}
	timer := time.NewTimer(recordEvery)
	defer timer.Stop()
	for len(batch) < recordBatch {
		select {
		case x := <-r.incoming:
			batch = append(batch, x)
		case <-timer.C:
			return batch, nil
		case <-ctx.Done():
			return nil, nil
		}
	}
	return batch, nil
}

func (r *session) take(x recorded) {
	event, err := caselog.Decode(x.Value)
	if err != nil {
		return // the fold has said so
	}
	write := x.Offset >= r.cursor(x.place)
	if x.topic == r.opt.Names.Hits {
		if write {
			r.maker.Hit(event, x.Partition, x.Offset, x.Appended)
		}
		return
	}
	r.maker.Event(apply.Record{Event: event, Partition: x.Partition, Offset: x.Offset, Appended: x.Appended}, write)
}

// write stores the rows, however often that takes. What is erased goes last: no row that
// was made before it is stored after it.
func (r *session) write(ctx context.Context, rows Rows) error {
	l := r.opt.Store
	for _, store := range []func(context.Context) error{
		some(rows.Hits, l.WriteHits), some(rows.Overturns, l.WriteOverturns), some(rows.Payments, l.WritePayments), some(rows.Messages, l.WriteMessages),
		some(rows.Deliveries, l.WriteDeliveries), some(rows.Measures, l.WriteMeasures), some(rows.Funds, l.WriteFunds), some(rows.Trail, l.WriteTrail),
		some(rows.Recalls, l.WriteRecalls), some(rows.Approvals, l.WriteApprovals), some(rows.Disclosures, l.WriteDisclosures),
		some(rows.Consents, l.WriteConsents), some(rows.Tasks, l.WriteTasks), some(rows.Alerts, l.WriteAlerts),
		some(rows.CaseEvents, l.WriteCaseEvents), some(rows.Erased, l.Erase),
	} {
		if err := r.persist(ctx, store); err != nil {
			return err
		}
	}
	return nil
}

// some stores rows if there are any.
func some[R any](rows []R, store func(context.Context, []R) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if len(rows) == 0 {
			return nil
		}
		return store(ctx, rows)
	}
}

// persist tries until it works or ctx ends: the rows are the only ones that the
// ledger lacks, and the log keeps everything behind them.
func (r *session) persist(ctx context.Context, store func(context.Context) error) error {
	backoff := fault.Backoff{}
	for {
		err := store(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.opt.Log.Warn("write rows of alerts", telemetry.Error, err)
		if err := fault.Sleep(ctx, backoff.Next(0)); err != nil {
			return err
		}
	}
}

// progress is how far the rows are stored, by this instance.
type progress struct {
	mu   sync.Mutex
	next map[place]int64
}

func (p *progress) move(at place, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = map[place]int64{}
	}
	p.next[at] = max(p.next[at], next)
}

func (p *progress) reached(at place) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next[at]
}
