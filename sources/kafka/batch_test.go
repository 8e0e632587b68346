package kafka_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// TestBatches reads what only a hostile or an old broker serves, or what takes
// long to bring about with a real one. want lists what Next returns of partition
// 0: values, and dead batches as !first-next.
func TestBatches(t *testing.T) {
	large := strings.Repeat("x", 3<<20)
	for _, tt := range []struct {
		name string
		log  forged
		from int64
		want string
		next int64
	}{
		{"begins before the offset", forged{batches: []batch{newBatch(0, "a", "b", "c"), newBatch(3, "d")}}, 1, "b c d", 4},
		{"gap of compaction", forged{batches: []batch{newBatch(0, "a"), newBatch(7, "b")}}, 0, "a b", 8},
		{"empty batch", forged{batches: []batch{newBatch(0, "a"), empty(1, 9), empty(10, 10), newBatch(11, "b")}}, 0, "a b", 12},
		{"ends with an empty batch", forged{batches: []batch{newBatch(0, "a"), empty(1, 9)}}, 0, "a", 10},
		{"damaged first", forged{batches: []batch{damaged(newBatch(0, "a", "b")), newBatch(2, "c")}}, 0, "!0-2 c", 3},
		{"damaged in the middle", forged{batches: []batch{newBatch(0, "a"), damaged(newBatch(1, "b", "c")), damaged(newBatch(3, "d")), newBatch(4, "e")}}, 0, "a !1-3 !3-4 e", 5},
		{"damaged last", forged{batches: []batch{newBatch(0, "a"), damaged(newBatch(1, "b", "c"))}}, 2, "!2-3", 3},
		{"lies about its records", forged{batches: []batch{truncated(newBatch(0, "a", "b")), newBatch(2, "c")}}, 0, "!0-2 c", 3},
		{"unknown compression", forged{batches: []batch{build(kmsg.RecordBatch{FirstOffset: 0, NumRecords: 1, Records: records("a"), Attributes: 7}), newBatch(1, "b")}}, 0, "!0-1 b", 2},
		{"decompression bomb", forged{batches: []batch{newBatch(0, "a"), bomb(t, 1, 40<<20), newBatch(2, "b")}}, 0, "a !1-2 b", 3},
		{"larger than asked for", forged{batches: []batch{newBatch(0, "a"), newBatch(1, large), newBatch(2, "b")}}, 0, "a 3145728*x b", 3},
		{"larger than asked for and cut", forged{cuts: true, batches: []batch{newBatch(0, "a"), newBatch(1, large), newBatch(2, "b")}}, 0, "a 3145728*x b", 3},
		{"aborted", forged{batches: []batch{newBatch(0, "a"), aborted(1, 42, "x", "y"), newBatch(3, "b"), aborted(4, 42, "z"), marker(5, 42), transacted(6, 42, "c")},
			aborted: []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 42, FirstOffset: 1}}}, 0, "a b c", 7},
		{"nothing but aborted", forged{batches: []batch{aborted(0, 42, "x", "y"), marker(2, 42)},
			aborted: []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 42, FirstOffset: 0}}}, 0, "", 3},
		{"open transaction", forged{stable: 1, batches: []batch{newBatch(0, "a"), transacted(1, 42, "x")}}, 0, "a", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster := kafkatest.Fake(t, 1, kfake.SeedTopics(2, "forged"))
			// The second partition is sound: what ails the first must not touch it.
			sound := &forged{batches: []batch{newBatch(0, "s0"), newBatch(1, "s1")}}
			forge(cluster, "forged", map[int32]*forged{0: &tt.log, 1: sound})
			r := start(t, cluster.ListenAddrs(), "forged", kafka.ReaderOptions{Loop: "detect"})
			r.Add(event.Partition{Topic: "forged", ID: 1}, 0)
			r.Add(event.Partition{Topic: "forged", ID: 0}, tt.from)
			want := len(strings.Fields(tt.want))
			got := map[int32][]string{}
			next := map[int32]int64{0: tt.from}
			for len(got[0]) < want || len(got[1]) < 2 || next[0] < tt.next {
				records := r.next(t)
				got[records.Partition] = append(got[records.Partition], describe(records)...)
				next[records.Partition] = records.Next
				records.Release()
			}
			if s := strings.Join(got[0], " "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
			if next[0] != tt.next {
				t.Errorf("next is %d, want %d", next[0], tt.next)
			}
			if s := strings.Join(got[1], " "); s != "s0 s1" {
				t.Errorf("sound partition: got %s", s)
			}
			r.quiet(t)
			if used := r.Used(); used != 0 {
				t.Errorf("%d bytes are still lent", used)
			}
		})
	}
}

// describe names what a run holds.
func describe(r *event.Records) []string {
	var names []string
	for _, d := range r.Dead {
		var first, next int64
		_, _ = fmt.Sscanf(d.Message, "record batch with offsets %d to %d", &first, &next)
		names = append(names, fmt.Sprintf("!%d-%d", d.Offset, next+1))
	}
	for _, v := range r.Values {
		if len(v) > 100 {
			names = append(names, fmt.Sprintf("%d*%c", len(v), v[0]))
			continue
		}
		names = append(names, string(v))
	}
	return names
}

func empty(first, last int64) batch {
	return build(kmsg.RecordBatch{FirstOffset: first, LastOffsetDelta: int32(last - first)})
}

func aborted(first, producer int64, values ...string) batch {
	return transacted(first, producer, values...)
}

func transacted(first, producer int64, values ...string) batch {
	return build(kmsg.RecordBatch{
		FirstOffset: first, LastOffsetDelta: int32(len(values) - 1), NumRecords: int32(len(values)),
		Records: records(values...), ProducerID: producer, Attributes: isTransactional,
	})
}

// truncated returns b without the end of its records, and a checksum that holds.
func truncated(b batch) batch {
	var rb kmsg.RecordBatch
	if err := rb.ReadFrom(b.raw); err != nil {
		panic(err)
	}
	rb.Records = rb.Records[:len(rb.Records)-2]
	return build(rb)
}

// running is a reader that runs until the test ends.
type running struct {
	*kafka.Reader
	end func()
}

func start(t testing.TB, brokers []string, topic string, o kafka.ReaderOptions) *running {
	t.Helper()
	reader, err := kafka.NewReader(options(t, brokers, "g", topic), o)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, reader)
}

func (r *running) next(t testing.TB) *event.Records {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	records, err := r.Next(ctx)
	if err != nil {
		t.Fatalf("no run within 20 s: %v; stopped: %v", err, r.Stopped())
	}
	return records
}

// quiet checks that nothing more comes.
func (r *running) quiet(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
	defer cancel()
	if records, err := r.Next(ctx); err == nil {
		t.Errorf("more came: %v, next %d", describe(records), records.Next)
		records.Release()
	}
}
