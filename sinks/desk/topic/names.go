package topic

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/fault"
)

// Names are the topics that haltwire makes for itself.
type Names struct {
	Cases, Hits, Dead, Control, Keys, Checkpoints string
}

// NamesOf returns the topics of a prefix: haltwire.cases and so on.
func NamesOf(prefix string) Names {
	return Names{prefix + ".cases", prefix + ".hits", prefix + ".dead", prefix + ".control", prefix + ".keys", prefix + ".checkpoints"}
}

// Layout says how the topics are made. Partitions is the number of partitions
// of the case log, which never changes.
type Layout struct {
	Names       Names
	Partitions  int32
	Replication int16
}

// PartitionOf returns the partition of a key among n. It is part of the format
// of the case log: FNV-1a, 32 bits, modulo n.
func PartitionOf(key string, n int32) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int32(h.Sum32() % uint32(n)) //nolint:gosec // n is positive and below 2^31
}

type wanted struct {
	name       string
	partitions int32
	config     map[string]string
	fixed      bool // the number of partitions is checked too
}

// maxRecord is the largest record of the case log, 4 MiB: a message of 1 MiB,
// sealed and in base64, twice escaped, with its receipt and its event. It bounds the
// batches of the writer too, whatever topic they are for.
const maxRecord = 4 << 20

const (
	hitsRetention = 30 * 24 * time.Hour
	deadRetention = 30 * 24 * time.Hour
)

// maxDead is the largest dead letter, 8 MiB: a record of 1 MiB in base64, or the
// beginning of a batch, with room for what a topic's owner allows its producers.
const maxDead = 8 << 20

func (l Layout) wanted() []wanted {
	days := func(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }
	forever := map[string]string{"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
	cases := map[string]string{"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "max.message.bytes": fmt.Sprint(maxRecord)}
	return []wanted{
		{l.Names.Cases, l.Partitions, cases, true},
		{l.Names.Hits, l.Partitions, map[string]string{"retention.ms": days(hitsRetention), "message.timestamp.type": "LogAppendTime", "max.message.bytes": fmt.Sprint(maxRecord)}, true},
		{l.Names.Dead, 1, map[string]string{"retention.ms": days(deadRetention), "max.message.bytes": fmt.Sprint(maxDead)}, false},
		{l.Names.Control, 1, forever, true},
		{l.Names.Keys, 1, map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}, true},
		{l.Names.Checkpoints, 1, forever, true},
	}
}

// Ensure makes the topics that are missing and checks those that are there. The
// error of a topic that would lose or reorder events says what to change; it is
// permanent.
func Ensure(ctx context.Context, c conn.Config, l Layout) error {
	config, err := c.Sarama()
	if err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	admin, err := sarama.NewClusterAdmin(c.Brokers, config)
	if err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	defer admin.Close()
	for _, w := range l.wanted() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("ensure topics: %w", err)
		}
		if err := settled(ctx, func() error { return ensure(admin, w, l.Replication) }); err != nil {
			return err
		}
	}
	return nil
}

// settled calls f until it works, until it fails for good, or for ten tries of
// growing waits: a topic that has just been made is not known everywhere yet.
func settled(ctx context.Context, f func() error) error {
	backoff := fault.Backoff{Max: time.Second}
	for i := 0; ; i++ {
		err := f()
		if err == nil || fault.Of(err) == fault.Permanent || i == 9 {
			return err
		}
		if fault.Sleep(ctx, backoff.Next(0)) != nil {
			return err
		}
	}
}

func ensure(admin sarama.ClusterAdmin, w wanted, replication int16) error {
	entries := map[string]*string{}
	for name, value := range w.config {
		entries[name] = &value
	}
	err := admin.CreateTopic(w.name, &sarama.TopicDetail{NumPartitions: w.partitions, ReplicationFactor: replication, ConfigEntries: entries}, false)
	var exists *sarama.TopicError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exists) && errors.Is(exists.Err, sarama.ErrTopicAlreadyExists), errors.Is(err, sarama.ErrTopicAlreadyExists):
		return check(admin, w)
	}
	return fmt.Errorf("create topic %s: %w", w.name, err)
}

func check(admin sarama.ClusterAdmin, w wanted) error {
	about, err := admin.DescribeTopics([]string{w.name})
	if err != nil {
		return fmt.Errorf("describe topic %s: %w", w.name, err)
	}
	if about[0].Err != sarama.ErrNoError {
		return fmt.Errorf("describe topic %s: %w", w.name, about[0].Err)
	}
	if n := int32(len(about[0].Partitions)); w.fixed && n != w.partitions { //nolint:gosec // Kafka's counts are int32
		return fault.As(fault.Permanent, fmt.Errorf("topic %s has %d partitions, kafka.own.case_partitions says %d: the number is fixed when the topic is made, because events of one subject must stay in one partition", w.name, n, w.partitions))
	}
	settings, err := admin.DescribeConfigs([]*sarama.ConfigResource{{Type: sarama.TopicResource, Name: w.name}}, sarama.DescribeConfigsOptions{})
	if err == nil && settings[0].ErrorCode != sarama.ErrNoError {
		err = settings[0].ErrorCode
	}
	if err != nil {
		return fmt.Errorf("describe settings of topic %s: %w", w.name, err)
	}
	for _, e := range settings[0].Configs {
		if want, asked := w.config[e.Name]; asked && !w.suits(e.Name, e.Value, want) {
			return wrong(w.name, e.Name, e.Value, want)
		}
	}
	return nil
}

// suits reports whether a setting of an existing topic is good enough: what must
// be kept for ever is, and what orders or compacts is as it has to be.
func (w wanted) suits(name, got, want string) bool {
	switch name {
	case "retention.ms", "retention.bytes":
		return want != "-1" || got == "-1"
	case "max.message.bytes":
		n, err := strconv.Atoi(got)
		return err != nil || n >= maxRecord
	case "cleanup.policy", "message.timestamp.type":
		return !w.fixed || strings.Contains(got, want)
	}
	return true
}

func wrong(topic, setting, got, want string) error {
	return fault.As(fault.Permanent, fmt.Errorf("topic %s has %s=%s, haltwire needs %s: kafka-configs.sh --alter --topic %s --add-config %s=%s", topic, setting, got, want, topic, setting, want))
}
