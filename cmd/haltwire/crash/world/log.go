package world

import (
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
)

// Attempt is one attempt event of the case log.
type Attempt struct {
	caselog.AttemptData
	Appended time.Time
	// First says that no earlier event has the same message and number.
	First bool
}

// Attempts reads the attempts on the case log, each partition in its order. All
// events of a message lie in one partition.
func (w *World) Attempts() []Attempt {
	w.t.Helper()
	type number struct {
		message string
		n       uint32
	}
	seen := map[number]bool{}
	var out []Attempt
	w.events("haltwire.cases", func(e caselog.Event, at time.Time) {
		if e.Type != caselog.Attempt {
			return
		}
		a := Attempt{Appended: at}
		w.must(e.Into(&a.AttemptData))
		key := number{a.MessageID, a.Number}
		a.First = !seen[key]
		seen[key] = true
		out = append(out, a)
	})
	return out
}

// Later counts the events by which later evidence made, raised or ended hits in
// alerts between two moments.
func (w *World) Later(from, to time.Time) map[caselog.Type]int {
	w.t.Helper()
	n := map[caselog.Type]int{}
	w.events("haltwire.cases", func(e caselog.Event, at time.Time) {
		var d caselog.HitData
		if e.Type != caselog.Hit && e.Type != caselog.HitChanged && e.Type != caselog.HitOverturned || at.Before(from) || at.After(to) {
			return
		}
		w.must(e.Into(&d))
		if d.Cause != nil {
			n[e.Type]++
		}
	})
	return n
}

// events reads a topic of events, each partition in its order.
func (w *World) events(topic string, do func(e caselog.Event, appended time.Time)) {
	w.t.Helper()
	config, err := conn.Config{Brokers: w.Kafka.Addresses()}.Sarama()
	w.must(err)
	client, err := sarama.NewClient(w.Kafka.Addresses(), config)
	w.must(err)
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	w.must(err)
	defer consumer.Close()
	for p := range int32(CasePartitions) {
		w.eachEvent(client, consumer, topic, p, do)
	}
}

func (w *World) eachEvent(client sarama.Client, consumer sarama.Consumer, topic string, partition int32, do func(caselog.Event, time.Time)) {
	end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
	w.must(err)
	if end == 0 {
		return
	}
	c, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
	w.must(err)
	defer c.Close()
	for {
		select {
		case m := <-c.Messages():
			e, err := caselog.Decode(m.Value)
			w.must(err)
			do(e, m.Timestamp)
			if m.Offset >= end-1 {
				return
			}
		case <-time.After(30 * time.Second):
			w.t.Fatalf("read %s/%d: no record for 30 s", topic, partition)
		}
	}
}
