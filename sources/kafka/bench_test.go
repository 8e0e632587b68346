package kafka_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
	"github.com/haltwire/haltwire/sources/sourcetest"
)

// BenchmarkFetch reads varied reports of some 430 bytes from two partitions of a
// real broker: our processor time a report, user and system, by fetches of our
// own and by sarama's Messages().
func BenchmarkFetch(b *testing.B) {
	brokers := kafkatest.Start(b).Addresses()
	for _, compression := range []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionLZ4, sarama.CompressionZSTD} {
		topic := "bench-" + compression.String()
		publish(b, brokers, topic, compression, reports)
		b.Run(compression.String()+"/fetch", func(b *testing.B) {
			readAll(b, func() sourcetest.Reader {
				r, err := kafka.NewReader(options(b, brokers, "g", topic), kafka.ReaderOptions{Loop: "detect", Aligned: true})
				if err != nil {
					b.Fatal(err)
				}
				return r
			}, topic)
		})
		b.Run(compression.String()+"/messages", func(b *testing.B) {
			readAll(b, func() sourcetest.Reader {
				_, r := newOracle(b, brokers, "g", topic)
				return r
			}, topic)
		})
	}
}

const reports = 300_000

func readAll(b *testing.B, make func() sourcetest.Reader, topic string) {
	var spent time.Duration
	for b.Loop() {
		r := make()
		ctx, cancel := context.WithCancel(b.Context())
		done := startReader(ctx, r)
		before := processor(b)
		r.Add(event.Partition{Topic: topic, ID: 0}, 0)
		r.Add(event.Partition{Topic: topic, ID: 1}, 0)
		for n := 0; n < reports; {
			records, err := r.Next(ctx)
			if err != nil {
				b.Fatal(err)
			}
			n += records.Len()
			records.Release()
		}
		spent += processor(b) - before
		cancel()
		<-done
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/reports, "cpu-ns/report")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/reports, "ns/report")
}

func startReader(ctx context.Context, r sourcetest.Reader) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Run(ctx) // it ends with ctx
	}()
	return done
}

// processor returns the processor time of this process.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// publish writes n varied reports.
func publish(b *testing.B, brokers []string, topic string, compression sarama.CompressionCodec, n int) {
	b.Helper()
	config, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		b.Fatal(err)
	}
	conn.Idempotent(config)
	config.Producer.Compression = compression
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Flush.Messages, config.Producer.Flush.Frequency = 2000, 10*time.Millisecond
	admin, err := sarama.NewClusterAdmin(brokers, config)
	if err != nil {
		b.Fatal(err)
	}
	defer admin.Close()
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1}, false); err != nil {
		b.Fatal(err)
	}
	producer, err := sarama.NewSyncProducer(brokers, config)
	if err != nil {
		b.Fatal(err)
	}
	defer producer.Close()
	random := rand.New(rand.NewPCG(1, 2))
	var messages []*sarama.ProducerMessage
	for i := range n {
		value := fmt.Sprintf(`{"report_id":"R%09d","reporter":"HWBIINB%c","kind":"bank.transfer","occurred_at":"2026-03-14T09:%02d:%02d.%03dZ","amount":"%d.%02d","currency":"INR","rail":"imps","payment":{"transaction_id":"T%016x","rrn":"%012d"},"debtor":{"account":"%014d","clearing_system":"INFSC","clearing_id":"HWBI%07d","name":"N%x"},"creditor":{"account":"%014d","clearing_system":"INFSC","clearing_id":"ABCD%07d","phone":"+9198%08d"}}`,
			i, 'A'+rune(random.IntN(8)), random.IntN(60), random.IntN(60), random.IntN(1000), random.IntN(1e6), random.IntN(100), random.Uint64(),
			random.IntN(1e12), random.IntN(1e14), random.IntN(1e6), random.Uint64(), random.IntN(1e14), random.IntN(1e6), random.IntN(1e8))
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Partition: int32(i % 2), Value: sarama.StringEncoder(value)})
		if len(messages) == 10_000 || i == n-1 {
			if err := producer.SendMessages(messages); err != nil {
				b.Fatal(err)
			}
			messages = messages[:0]
		}
	}
}
