package kafka_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// batch is one record batch of a forged log.
type batch struct {
	first, last int64
	raw         []byte
}

// forged is what a partition of a forged topic holds.
type forged struct {
	batches []batch
	aborted []kmsg.FetchResponseTopicPartitionAbortedTransaction
	stable  int64 // last stable offset; 0 = the end
	cuts    bool  // cuts even the first batch at the size asked for, as brokers before KIP-74
}

func (f *forged) end() int64 { return f.batches[len(f.batches)-1].last + 1 }

// forge makes cluster answer fetches of topic, partition by partition, from logs.
// It returns how many it has answered.
func forge(cluster *kfake.Cluster, topic string, logs map[int32]*forged) *atomic.Int64 {
	var asked atomic.Int64
	cluster.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		request := r.(*kmsg.FetchRequest)
		response := request.ResponseKind().(*kmsg.FetchResponse)
		for _, rt := range request.Topics {
			if rt.Topic != topic {
				return nil, nil, false
			}
			t := kmsg.NewFetchResponseTopic()
			t.Topic = topic
			for _, rp := range rt.Partitions {
				t.Partitions = append(t.Partitions, logs[rp.Partition].answer(rp))
			}
			response.Topics = append(response.Topics, t)
		}
		asked.Add(1)
		return response, nil, true
	})
	return &asked
}

func (f *forged) answer(asked kmsg.FetchRequestTopicPartition) kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.HighWatermark, p.LastStableOffset = asked.Partition, f.end(), f.end()
	if f.stable > 0 {
		p.LastStableOffset = f.stable
	}
	p.AbortedTransactions = f.aborted
	p.RecordBatches = []byte{}
	limit := int(asked.PartitionMaxBytes)
	for _, b := range f.batches {
		if b.last < asked.FetchOffset || b.first >= p.LastStableOffset {
			continue
		}
		if len(p.RecordBatches) > 0 && len(p.RecordBatches)+len(b.raw) > limit {
			break
		}
		p.RecordBatches = append(p.RecordBatches, b.raw...)
	}
	if f.cuts && len(p.RecordBatches) > limit {
		p.RecordBatches = p.RecordBatches[:limit]
	}
	return p
}

// Bits of the attributes of a batch (Kafka protocol, "Record Batch").
const (
	isGzip          = 1
	isTransactional = 1 << 4
	isControl       = 1 << 5
)

// newBatch returns a batch of the values from offset first on.
func newBatch(first int64, values ...string) batch {
	return build(kmsg.RecordBatch{FirstOffset: first, LastOffsetDelta: int32(len(values) - 1), NumRecords: int32(len(values)), Records: records(values...)})
}

// records returns values as the records of a batch.
func records(values ...string) []byte {
	var b []byte
	for i, v := range values {
		r := kmsg.Record{OffsetDelta: int32(i), TimestampDelta64: int64(i), Value: []byte(v)}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		b = append(b, withLength(r)...)
	}
	return b
}

// withLength encodes r with its length in front, whose own size varies.
func withLength(r kmsg.Record) []byte {
	r.Length = 0
	body := r.AppendTo(nil)[1:]
	return append(binary.AppendVarint(nil, int64(len(body))), body...)
}

// marker returns the batch that aborts the transaction of producer.
func marker(offset, producer int64) batch {
	r := kmsg.Record{Key: []byte{0, 0, 0, 0}, Value: []byte{0, 0, 0, 0, 0, 0}}
	return build(kmsg.RecordBatch{FirstOffset: offset, NumRecords: 1, Records: withLength(r), ProducerID: producer, Attributes: isTransactional | isControl})
}

// build fills in length and checksum.
func build(rb kmsg.RecordBatch) batch {
	rb.Magic = 2
	if rb.ProducerID == 0 {
		rb.ProducerID, rb.ProducerEpoch = -1, -1
	}
	rb.FirstTimestamp, rb.MaxTimestamp = 1_700_000_000_000+rb.FirstOffset, 1_700_000_000_000+rb.FirstOffset+int64(rb.LastOffsetDelta)
	raw := rb.AppendTo(nil)
	binary.BigEndian.PutUint32(raw[8:], uint32(len(raw)-12))
	binary.BigEndian.PutUint32(raw[17:], crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return batch{rb.FirstOffset, rb.FirstOffset + int64(rb.LastOffsetDelta), raw}
}

// damaged returns b with one bit of its records flipped.
func damaged(b batch) batch {
	b.raw = bytes.Clone(b.raw)
	b.raw[len(b.raw)-1] ^= 1
	return b
}

// bomb returns a batch of one record of n equal bytes, compressed.
func bomb(t testing.TB, first int64, n int) batch {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(records(string(make([]byte, n)))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return build(kmsg.RecordBatch{FirstOffset: first, NumRecords: 1, Records: b.Bytes(), Attributes: isGzip})
}
