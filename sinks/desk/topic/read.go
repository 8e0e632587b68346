package topic

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
)

const (
	// piece is what one fetch of Read brings, 256 KiB: a busy alert's events stand
	// close together, and a record beyond it comes whole by itself.
	piece = 256 << 10
	// fetchVersion is that of Kafka 2.3, the oldest that Kafka 4 still answers.
	fetchVersion = 11
)

// Read returns the records at the given offsets of a partition, which ascend. It
// does not disturb the tail. An offset without a record is an error.
func (t *Tail) Read(ctx context.Context, partition int32, offsets []int64) ([]Entry, error) {
	out := make([]Entry, 0, len(offsets))
	for len(out) < len(offsets) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read %s partition %d: %w", t.topic, partition, err)
		}
		before := len(out)
		err := t.fetch(partition, offsets[before], func(e Entry) {
			if len(out) < len(offsets) && e.Offset == offsets[len(out)] {
				out = append(out, e)
			}
		})
		if err == nil && len(out) == before {
			err = fmt.Errorf("offset %d has no record", offsets[before])
		}
		if err != nil {
			return nil, fmt.Errorf("read %s partition %d: %w", t.topic, partition, err)
		}
	}
	return out, nil
}

// fetch calls use for the records from offset on that one fetch brings.
func (t *Tail) fetch(partition int32, offset int64, use func(Entry)) error {
	client, err := t.asker()
	if err != nil {
		return err
	}
	leader, err := client.Leader(t.topic, partition)
	if err != nil {
		return err
	}
	r := &sarama.FetchRequest{Version: fetchVersion, MaxWaitTime: 500, MinBytes: 1, MaxBytes: maxRecord + piece}
	r.AddBlock(t.topic, partition, offset, piece, -1)
	answer, err := leader.Fetch(r)
	if err != nil {
		_ = client.RefreshMetadata(t.topic) // the next one may find another leader
		return err
	}
	block := answer.GetBlock(t.topic, partition)
	if block == nil {
		return sarama.ErrIncompleteResponse
	}
	if block.Err != sarama.ErrNoError {
		return block.Err
	}
	for _, set := range block.RecordsSet {
		batch := set.RecordBatch
		if batch == nil {
			continue // older formats are not written here
		}
		for _, rec := range batch.Records {
			at := batch.FirstTimestamp.Add(rec.TimestampDelta)
			if batch.LogAppendTime {
				at = batch.MaxTimestamp
			}
			use(Entry{Partition: partition, Offset: batch.FirstOffset + rec.OffsetDelta, Appended: at.UnixMilli(), Key: string(rec.Key), Value: rec.Value})
		}
	}
	return nil
}

// ReadAt reads the one record of a partition that has the offset. It connects for
// itself, which takes milliseconds: it is for what happens seldom.
func ReadAt(ctx context.Context, c conn.Config, topic string, partition int32, offset int64) (Entry, error) {
	fail := func(err error) (Entry, error) {
		return Entry{}, fmt.Errorf("read %s partition %d offset %d: %w", topic, partition, offset, err)
	}
	config, err := c.Sarama()
	if err != nil {
		return fail(err)
	}
	consumer, err := sarama.NewConsumer(c.Brokers, config)
	if err != nil {
		return fail(err)
	}
	part, err := consumer.ConsumePartition(topic, partition, offset)
	if err != nil {
		return fail(errors.Join(err, consumer.Close()))
	}
	entry, err := first(ctx, part, offset)
	if err = errors.Join(err, part.Close(), consumer.Close()); err != nil {
		return fail(err)
	}
	return entry, nil
}

func first(ctx context.Context, part sarama.PartitionConsumer, offset int64) (Entry, error) {
	select {
	case m := <-part.Messages():
		if m == nil || m.Offset != offset {
			return Entry{}, errors.New("the record is gone")
		}
		return Entry{Partition: m.Partition, Offset: m.Offset, Appended: m.Timestamp.UnixMilli(), Key: string(m.Key), Value: m.Value}, nil
	case <-ctx.Done():
		return Entry{}, ctx.Err()
	}
}
