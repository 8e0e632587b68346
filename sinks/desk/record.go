package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/ledger"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// Ledger keeps rows for analysts. sinks/clickhouse implements it. Every method
// blocks until the rows are stored; writing a row again is harmless; an error is
// one that another try may cure. Safe for concurrent use.
type Ledger interface {
	WriteHits(ctx context.Context, rows []caselog.HitRow) error
	WriteAlerts(ctx context.Context, rows []caselog.AlertRow) error
	WriteCaseEvents(ctx context.Context, rows []caselog.CaseEventRow) error
	WriteDeliveries(ctx context.Context, rows []caselog.DeliveryRow) error
	WriteMessages(ctx context.Context, rows []caselog.MessageRow) error
	WriteMeasures(ctx context.Context, rows []caselog.MeasureRow) error
	WriteFunds(ctx context.Context, rows []caselog.FundsRow) error
	WritePayments(ctx context.Context, rows []caselog.PaymentRow) error
}

const (
	// recordBatch bounds the records of one block of rows.
	recordBatch = 5000
	// recordEvery bounds how long rows wait for company.
	recordEvery = 200 * time.Millisecond
)

// recorder writes the rows of the partitions that one session of the membership
// owns. Its cursor is an offset store without members, <group>.ledger; it is
// committed after the rows are stored. A recorder that lost its partitions
// without knowing it writes rows that the new owner writes too: the same ones.
type recorder struct {
	desk       *Desk
	partitions []int32
	incoming   chan recorded
	maker      ledger.Maker
	offsets    sarama.OffsetManager
	cursors    map[place]sarama.PartitionOffsetManager
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

// record runs until ctx ends. Whatever fails is tried again.
func (d *Desk) record(ctx context.Context, partitions []int32) {
	if d.opt.Ledger == nil || len(partitions) == 0 {
		return
	}
	backoff := fault.Backoff{}
	for ctx.Err() == nil {
		r := &recorder{desk: d, partitions: partitions, incoming: make(chan recorded, recordBatch), cursors: map[place]sarama.PartitionOffsetManager{}}
		if err := r.run(ctx); err != nil && ctx.Err() == nil {
			d.opt.Log.Warn("record alerts", telemetry.Error, err)
			_ = fault.Sleep(ctx, backoff.Next(0))
		}
	}
}

func (r *recorder) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	client, err := r.open()
	if err != nil {
		cancel()
		return err
	}
	names := r.desk.opt.Layout.Names
	var tails []*topic.Tail
	defer func() {
		cancel() // lets the handlers go
		for _, t := range tails {
			err = errors.Join(err, t.Close())
		}
		err = errors.Join(err, r.close(client))
	}()
	r.maker = ledger.Maker{
		Machine: apply.Machine{Root: r.desk.opt.Root}, Book: r.desk.opt.Book,
		Open: func(personal string, into any) error { return r.desk.open(ctx, personal, into) },
	}
	hits, err := topic.Follow(r.desk.opt.Kafka, names.Hits, r.partitions, func(p int32) int64 { return r.cursor(place{names.Hits, p}) }, r.handle(ctx, names.Hits))
	if err != nil {
		return err
	}
	tails = append(tails, hits)
	for _, p := range r.partitions { // what is below the cursor is stored, or gone
		r.desk.written.move(place{names.Hits, p}, hits.Next(p))
	}
	cases, err := topic.Follow(r.desk.opt.Kafka, names.Cases, r.partitions, nil, r.handle(ctx, names.Cases))
	if err != nil {
		return err
	}
	tails = append(tails, cases)
	return r.loop(ctx)
}

func (r *recorder) open() (sarama.Client, error) {
	config, err := r.desk.opt.Kafka.Sarama()
	if err != nil {
		return nil, err
	}
	client, err := sarama.NewClient(r.desk.opt.Kafka.Brokers, config)
	if err != nil {
		return nil, fmt.Errorf("open cursor of the ledger: %w", err)
	}
	r.offsets, err = sarama.NewOffsetManagerFromClient(r.desk.opt.Group+".ledger", client)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open cursor of the ledger: %w", err), client.Close())
	}
	names := r.desk.opt.Layout.Names
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
	for range p.Errors() { //nolint:revive // nothing to do
	}
}

func (r *recorder) close(client sarama.Client) error {
	for _, c := range r.cursors {
		c.AsyncClose()
	}
	return errors.Join(r.offsets.Close(), client.Close())
}

// cursor returns the first offset whose rows are not known to be stored.
func (r *recorder) cursor(at place) int64 {
	next, _ := r.cursors[at].NextOffset()
	return max(next, 0) // below 0: nothing is committed yet
}

func (r *recorder) handle(ctx context.Context, name string) func(topic.Entry) {
	return func(e topic.Entry) {
		select {
		case r.incoming <- recorded{place{name, e.Partition}, e}:
		case <-ctx.Done():
		}
	}
}

func (r *recorder) loop(ctx context.Context) error {
	for {
		batch := r.gather(ctx)
		if ctx.Err() != nil {
			return nil
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
			r.desk.written.move(at, next)
		}
		r.offsets.Commit()
	}
}

// gather waits for a record, and then a little for more.
func (r *recorder) gather(ctx context.Context) []recorded {
	var batch []recorded
	select {
	case x := <-r.incoming:
		batch = append(batch, x)
	case <-ctx.Done():
		return nil
	}
	timer := time.NewTimer(recordEvery)
	defer timer.Stop()
	for len(batch) < recordBatch {
		select {
		case x := <-r.incoming:
			batch = append(batch, x)
		case <-timer.C:
			return batch
		case <-ctx.Done():
			return nil
		}
	}
	return batch
}

func (r *recorder) take(x recorded) {
	event, err := caselog.Decode(x.Value)
	if err != nil {
		return // the fold has said so
	}
	write := x.Offset >= r.cursor(x.place)
	if x.topic == r.desk.opt.Layout.Names.Hits {
		if write {
			r.maker.Hit(event, x.Partition, x.Offset, x.Appended)
		}
		return
	}
	r.maker.Event(apply.Record{Event: event, Partition: x.Partition, Offset: x.Offset, Appended: x.Appended}, write)
}

// write stores the rows, however often that takes.
func (r *recorder) write(ctx context.Context, rows ledger.Rows) error {
	l := r.desk.opt.Ledger
	for _, store := range []func() error{
		func() error { return some(rows.Hits, func() error { return l.WriteHits(ctx, rows.Hits) }) },
		func() error { return some(rows.Payments, func() error { return l.WritePayments(ctx, rows.Payments) }) },
		func() error { return some(rows.Messages, func() error { return l.WriteMessages(ctx, rows.Messages) }) },
		func() error {
			return some(rows.Deliveries, func() error { return l.WriteDeliveries(ctx, rows.Deliveries) })
		},
		func() error { return some(rows.Measures, func() error { return l.WriteMeasures(ctx, rows.Measures) }) },
		func() error { return some(rows.Funds, func() error { return l.WriteFunds(ctx, rows.Funds) }) },
		func() error { return some(rows.Alerts, func() error { return l.WriteAlerts(ctx, rows.Alerts) }) },
		func() error {
			return some(rows.CaseEvents, func() error { return l.WriteCaseEvents(ctx, rows.CaseEvents) })
		},
	} {
		if err := r.persist(ctx, store); err != nil {
			return err
		}
	}
	return nil
}

func some[R any](rows []R, store func() error) error {
	if len(rows) == 0 {
		return nil
	}
	return store()
}

// persist tries until it works or ctx ends: the rows are the only ones that the
// ledger lacks, and the log keeps everything behind them.
func (r *recorder) persist(ctx context.Context, store func() error) error {
	backoff := fault.Backoff{}
	for {
		err := store()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.desk.opt.Log.Warn("write rows of alerts", telemetry.Error, err)
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

// Recorded waits until the rows of everything that is on the case log and the
// hits topic now are stored by this instance, which must own all partitions.
// Without a ledger it returns at once.
func (d *Desk) Recorded(ctx context.Context) error {
	if d.opt.Ledger == nil {
		return nil
	}
	names := d.opt.Layout.Names
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for _, name := range []string{names.Cases, names.Hits} {
		for _, p := range d.fold.all() {
			end, err := d.cases.EndOf(name, p)
			if err != nil {
				return err
			}
			for d.written.reached(place{name, p}) < end {
				select {
				case <-ticker.C:
				case <-ctx.Done():
					return fmt.Errorf("wait for rows of %s partition %d: %w", name, p, ctx.Err())
				}
			}
		}
	}
	return nil
}
