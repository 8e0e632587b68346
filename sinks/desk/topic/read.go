package topic

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"
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
