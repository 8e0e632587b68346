package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/telemetry"
)

const (
	// 1 MiB of compressed records a partition and request: at the usual ratio of
	// 5 to 10 a response of a few partitions stays inside the budget.
	fetchBytes = 1 << 20
	// 64 MiB: the largest batch that a broker may be configured to take. A larger
	// one is a dead letter.
	maxFetchBytes = 64 << 20
	// 16 MiB decompressed a batch: 16 times the 1 MiB that producers send at most
	// by default. A batch beyond it is a dead letter.
	batchBytes = 16 << 20
	// 100 ms is how long a leader may wait for new records, and the longest that
	// a partition given to a busy connection waits for its first request.
	maxWait     = 100 * time.Millisecond
	dialTimeout = 10 * time.Second
	// 10 s without an answer to a fetch that asked for at most maxWait: the
	// leader hangs.
	fetchTimeout = 10 * time.Second
	// 1 s between two tries at most: a broker that has come back is used at once.
	retryMax = time.Second
	// 1 s is how long the others wait for a partition that is behind and says
	// nothing: a leader that hangs must not hold up every alert.
	alignPatience = time.Second
	// 10 s without an answer: a leader that moves has been found again by then, and
	// nobody waits for the records of one that has not.
	awayAfter = 10 * time.Second
	// 64 MiB of decompressed records, read and not yet released.
	defaultBudget = 64 << 20
	// 8192 records, about 4 MB: enough to amortise a batch, few enough to align
	// partitions by time.
	runRecords = 8192
	runBytes   = 4 << 20
	// Above it a run that is not the only one of its partition must wait.
	lookAhead = 2 * runBytes
)

// Topic is one topic of reports.
type Topic struct {
	Name  string
	Codec string // name of the codec of its records
	// CloudEvents says that records may be CloudEvents in binary mode: they are handed
	// on in structured mode, whole in one value.
	CloudEvents bool
}

// Options say what a Source and its Readers work with.
type Options struct {
	Conn   conn.Config
	Group  string // the consumer group; its archive cursor lives in Group.archive
	Topics []Topic
	// FetchBytes is how many compressed bytes of one partition a response may
	// hold; 0 = 1 MiB.
	FetchBytes int
	Session    time.Duration      // a silent member loses its partitions after it; 0 = 10 s
	Log        *slog.Logger       // nil = slog.Default
	Metrics    *telemetry.Metrics // nil = none
}

// validate reports what is missing and fills in what is optional.
func (o *Options) validate() error {
	if err := o.Conn.Validate(); err != nil {
		return err
	}
	if o.Group == "" {
		return errors.New("kafka.group: give the name of the consumer group")
	}
	if len(o.Topics) == 0 {
		return errors.New("kafka.topics: give at least one topic")
	}
	if sarama.MaxDecompressedBatchSize == 0 {
		return errors.New("decompressed batches are not bounded: call kafka.Bound first")
	}
	if o.Session == 0 {
		o.Session = 10 * time.Second
	}
	if o.FetchBytes == 0 {
		o.FetchBytes = fetchBytes
	}
	o.FetchBytes = min(o.FetchBytes, maxFetchBytes)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = telemetry.Discard()
	}
	return nil
}

// names returns the names of the topics.
func (o *Options) names() []string {
	names := make([]string, len(o.Topics))
	for i, t := range o.Topics {
		names[i] = t.Name
	}
	return names
}

// byName returns the topics by name.
func (o *Options) byName() map[string]Topic {
	topics := make(map[string]Topic, len(o.Topics))
	for _, t := range o.Topics {
		topics[t.Name] = t
	}
	return topics
}

// Bound sets the largest size to which sarama may decompress one batch, 0 = 16
// MiB. It is a variable of the process and unlimited by default: 1 MB on the wire
// may be gigabytes in memory. A program calls it once, before anything reads.
func Bound(limit int) {
	if limit <= 0 {
		limit = batchBytes
	}
	sarama.MaxDecompressedBatchSize = int32(min(limit, math.MaxInt32))
}

// client opens a client with connections of its own.
func (o *Options) client(refine func(*sarama.Config)) (sarama.Client, error) {
	config, err := o.Conn.Sarama()
	if err != nil {
		return nil, err
	}
	if refine != nil {
		refine(config)
	}
	client, err := sarama.NewClient(o.Conn.Brokers, config)
	if err != nil {
		return nil, fmt.Errorf("connect to kafka: %w", err)
	}
	return client, nil
}
