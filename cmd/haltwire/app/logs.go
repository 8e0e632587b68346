package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/event"
)

// peekTime bounds the wait for one record: what is there comes at once, and behind a
// record of a transaction's end there is nothing.
const peekTime = 3 * time.Second

// logs asks the topics of reports what they hold. Safe for concurrent use.
type logs struct {
	topics []config.Topic
	now    func() time.Time

	mu       sync.Mutex // a partition is consumed once at a time
	client   sarama.Client
	consumer sarama.Consumer
}

func openLogs(k config.Kafka) (*logs, error) {
	c, err := k.Sarama()
	if err != nil {
		return nil, err
	}
	client, err := sarama.NewClient(k.Brokers, c)
	if err != nil {
		return nil, fmt.Errorf("look into topics of reports: %w", err)
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look into topics of reports: %w", err), client.Close())
	}
	return &logs{topics: k.Topics, now: time.Now, client: client, consumer: consumer}, nil
}

func (l *logs) close() error { return errors.Join(l.consumer.Close(), l.client.Close()) }

// partitions returns all partitions of the topics.
func (l *logs) partitions() ([]event.Partition, error) {
	var all []event.Partition
	for _, t := range l.topics {
		ids, err := l.client.Partitions(t.Name)
		if err != nil {
			return nil, fmt.Errorf("find partitions of %s: %w", t.Name, err)
		}
		for _, id := range ids {
			all = append(all, event.Partition{Topic: t.Name, ID: id})
		}
	}
	return all, nil
}

// ends returns where the topics end now.
func (l *logs) ends() (map[event.Partition]int64, error) {
	all, err := l.partitions()
	if err != nil {
		return nil, err
	}
	ends := map[event.Partition]int64{}
	for _, p := range all {
		if ends[p], err = l.offset(p, sarama.OffsetNewest); err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// offset returns the offset for a time, Unix ms, or sarama's names of both ends;
// negative where no record is so late.
func (l *logs) offset(p event.Partition, at int64) (int64, error) {
	offset, err := l.client.GetOffset(p.Topic, p.ID, at)
	if err != nil {
		return 0, fmt.Errorf("find offset of %s for %d: %w", p, at, err)
	}
	return offset, nil
}

// since returns the first offset with a record of the given time or later, the end
// without one.
func (l *logs) since(p event.Partition, at time.Time) (int64, error) {
	offset, err := l.offset(p, max(0, at.UnixMilli()))
	if err != nil || offset >= 0 {
		return offset, err
	}
	return l.offset(p, sarama.OffsetNewest)
}

// timeOf returns the time of the first record of p at or behind offset, and false
// when there is none.
func (l *logs) timeOf(ctx context.Context, p event.Partition, offset int64) (time.Time, bool, error) {
	newest, err := l.offset(p, sarama.OffsetNewest)
	if err != nil || offset >= newest {
		return time.Time{}, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	from, err := l.consumer.ConsumePartition(p.Topic, p.ID, offset)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read record %d of %s: %w", offset, p, err)
	}
	defer func() { _ = from.Close() }() // errors of reading would have been told
	patience := time.NewTimer(peekTime)
	defer patience.Stop()
	select {
	case m, ok := <-from.Messages():
		if !ok {
			return time.Time{}, false, nil
		}
		return m.Timestamp, true, nil
	case <-patience.C:
		return time.Time{}, false, nil
	case <-ctx.Done():
		return time.Time{}, false, ctx.Err()
	}
}

// begin returns where reading p begins at a start: at what a snapshot has, else as
// far back as windows look from what is committed, and nothing that is gone.
func (a *App) begin(ctx context.Context, p event.Partition, committed int64) (int64, error) {
	oldest, err := a.logs.offset(p, sarama.OffsetOldest)
	if err != nil {
		return 0, err
	}
	at := committed
	m := a.reading
	if m == nil {
		return committed, nil
	}
	if kept, ok := m.begin[p]; ok {
		at = kept
	} else if a.config.Rules.Windows.Warm != config.WarmNone {
		if at, err = a.lookBack(ctx, p, committed, oldest, m.longest); err != nil {
			return 0, err
		}
	}
	if at < oldest && oldest <= committed {
		a.log.Warn("Kafka does not hold everything any more that windows should have seen", "topic", p.Topic, "partition", p.ID, "wanted", at, "oldest", oldest)
	}
	return min(max(at, oldest), max(committed, oldest)), nil
}

// lookBack returns the offset of what came some time before offset.
func (a *App) lookBack(ctx context.Context, p event.Partition, offset, oldest int64, back time.Duration) (int64, error) {
	at, ok, err := a.logs.timeOf(ctx, p, max(oldest, offset-1))
	if err != nil {
		return 0, err
	}
	if !ok {
		return oldest, nil // nobody knows: all of it
	}
	since, err := a.logs.since(p, at.Add(-back))
	return min(since, offset), err
}

// coverage returns since when the topics hold all reports, Unix ms: not before the
// first of them, nor before what a topic has deleted, nor before the time asked for.
// It is now where there is none.
func (l *logs) coverage(ctx context.Context, wanted time.Time) (int64, error) {
	all, err := l.partitions()
	if err != nil {
		return 0, err
	}
	now := l.now()
	first, lost := now, wanted
	for _, p := range all {
		oldest, err := l.offset(p, sarama.OffsetOldest)
		if err != nil {
			return 0, err
		}
		at, ok, err := l.timeOf(ctx, p, oldest)
		if err != nil {
			return 0, err
		}
		if !ok {
			at = now
		}
		if at.Before(first) {
			first = at
		}
		if oldest > 0 && at.After(lost) {
			lost = at
		}
	}
	if lost.After(first) {
		first = lost
	}
	return first.UnixMilli(), nil
}
