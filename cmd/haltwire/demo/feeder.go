package demo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/pipeline/conn"
)

// tick is how often a feeder publishes: small enough that reports come evenly.
const tick = 10 * time.Millisecond

// feeder publishes the reports of one country's banks and operators.
type feeder struct {
	rate int // reports a second
	gen  *generator.Generator
	sent atomic.Uint64 // acknowledged by the broker
}

// run publishes until ctx ends and returns when everything is acknowledged.
func (f *feeder) run(ctx context.Context, brokers []string) error {
	c, err := conn.Config{Brokers: brokers}.Sarama()
	if err != nil {
		return err
	}
	conn.Idempotent(c)
	c.Producer.Flush.Frequency = tick / 2
	c.Producer.Compression = sarama.CompressionLZ4
	c.Producer.Return.Successes = true
	producer, err := sarama.NewAsyncProducer(brokers, c)
	if err != nil {
		return fmt.Errorf("connect reporters: %w", err)
	}
	answered := make(chan error, 1)
	go func() { answered <- f.count(producer) }()
	f.publish(ctx, producer.Input())
	producer.AsyncClose()
	return <-answered
}

func (f *feeder) publish(ctx context.Context, to chan<- *sarama.ProducerMessage) {
	t := time.NewTicker(tick)
	defer t.Stop()
	begin, made := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			due := int(now.Sub(begin).Seconds() * float64(f.rate))
			for ; made < due; made++ {
				r := f.gen.Next(time.Now())
				value := append([]byte(nil), r.Value...)
				to <- &sarama.ProducerMessage{Topic: r.Topic, Key: sarama.StringEncoder(r.Key), Value: sarama.ByteEncoder(value)}
			}
		}
	}
}

// count reads the broker's answers until the producer has closed.
func (f *feeder) count(p sarama.AsyncProducer) error {
	var first error
	oks, errs := p.Successes(), p.Errors()
	for oks != nil || errs != nil {
		select {
		case _, ok := <-oks:
			if !ok {
				oks = nil
				continue
			}
			f.sent.Add(1)
		case err, ok := <-errs:
			if !ok {
				errs = nil
			} else if first == nil {
				first = fmt.Errorf("publish report: %w", err.Err)
			}
		}
	}
	return first
}
