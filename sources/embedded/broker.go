package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Config is what a user writes under embedded.kafka.
type Config struct {
	Enabled bool `yaml:"enabled"`
	// Dir holds the log; it is created.
	Dir string `yaml:"dir"`
	// Port on 127.0.0.1, for reporters that run beside haltwire; 0 takes a free one.
	Port int `yaml:"port"`
	// AllowProduction lets a live environment keep its case log here.
	AllowProduction bool `yaml:"allow_production"`
}

// Topic is a topic that Start creates unless it is there already.
type Topic struct {
	Name       string
	Partitions int32
	// Configs are topic settings by their Apache Kafka names.
	Configs map[string]string
}

// Options says how a Broker runs.
type Options struct {
	// Dir holds the log, which outlives the process; it is created. One
	// process at a time may use it.
	Dir string
	// Port on 127.0.0.1; 0 takes a free one.
	Port int
	// SyncWrites makes every write reach the disk before it is acknowledged.
	SyncWrites bool
	// Topics are created by Start.
	Topics []Topic
	// Retention and RetentionBytes (a partition) apply to topics that set
	// neither; 0 means 24 h and 64 MiB, negative means for ever.
	Retention      time.Duration
	RetentionBytes int64
	// Now is the clock of append times; nil = time.Now. The age of what is deleted
	// goes by the machine's clock all the same.
	Now func() time.Time
}

const (
	// 24 h and 64 MiB a partition: the log is read into memory at start, so a
	// dozen busy partitions stay below 1 GiB.
	defaultRetention      = 24 * time.Hour
	defaultRetentionBytes = 64 << 20
)

// Broker is one embedded Kafka broker. Its methods are for one goroutine.
type Broker struct {
	options Options
	cluster *kfake.Cluster
	lock    *os.File
}

// New checks the options. It opens nothing.
func New(options Options) (*Broker, error) {
	if options.Dir == "" {
		return nil, errors.New("embedded kafka: a directory is needed")
	}
	for _, topic := range options.Topics {
		if topic.Name == "" || topic.Partitions < 1 {
			return nil, fmt.Errorf("embedded kafka: topic %q needs a name and at least one partition", topic.Name)
		}
	}
	if options.Retention == 0 {
		options.Retention = defaultRetention
	}
	if options.RetentionBytes == 0 {
		options.RetentionBytes = defaultRetentionBytes
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Broker{options: options}, nil
}

// Start opens the log, listens and creates the topics, and returns the
// addresses to connect to. The broker then runs until Stop; ctx bounds the
// start alone.
func (b *Broker) Start(ctx context.Context) ([]string, error) {
	if b.cluster != nil {
		return nil, errors.New("start embedded kafka: it runs already")
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start embedded kafka: %w", err)
	}
	if err := b.open(); err != nil {
		return nil, fmt.Errorf("start embedded kafka in %s: %w", b.options.Dir, err)
	}
	for _, topic := range b.options.Topics {
		if err := b.CreateTopic(topic); err != nil {
			return nil, errors.Join(err, b.Stop(ctx))
		}
	}
	return b.cluster.ListenAddrs(), nil
}

// CreateTopic creates a topic on a running broker; one that exists is left as
// it is.
func (b *Broker) CreateTopic(topic Topic) error {
	err := b.cluster.CreateTopic(topic.Name, topic.Partitions, b.withRetention(topic.Configs))
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("create topic %s: %w", topic.Name, err)
	}
	return nil
}

// Stop writes what is open to disk and closes the port. It may be called
// without Start and twice. The write is short and not interruptible: ctx is
// only there for the shape of the call.
func (b *Broker) Stop(context.Context) error {
	if b.cluster != nil {
		b.cluster.Close()
		b.cluster = nil
	}
	return b.unlock()
}

func (b *Broker) open() error {
	if err := b.acquire(); err != nil {
		return err
	}
	options := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.Ports(b.options.Port),
		kfake.ClusterID("haltwire-embedded"),
		kfake.DataDir(b.options.Dir),
	}
	if b.options.SyncWrites {
		options = append(options, kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		return errors.Join(err, b.unlock())
	}
	correct(cluster, b.options.Now)
	b.cluster = cluster
	return nil
}

func (b *Broker) withRetention(configs map[string]string) map[string]string {
	_, byTime := configs["retention.ms"]
	_, bySize := configs["retention.bytes"]
	if byTime || bySize || configs["cleanup.policy"] == "compact" {
		return configs
	}
	merged := map[string]string{
		"retention.ms":    strconv.FormatInt(max(-1, b.options.Retention.Milliseconds()), 10),
		"retention.bytes": strconv.FormatInt(max(-1, b.options.RetentionBytes), 10),
	}
	for name, value := range configs {
		merged[name] = value
	}
	return merged
}

// acquire takes the directory for this process. The lock goes with the process,
// however it ends.
func (b *Broker) acquire() error {
	if err := os.MkdirAll(b.options.Dir, 0o750); err != nil {
		return err
	}
	lock, err := lockFile(b.options.Dir + ".lock")
	if errors.Is(err, fs.ErrExist) {
		return errors.New("another process uses this directory: stop it or choose another one")
	}
	if err != nil {
		return err
	}
	b.lock = lock
	return nil
}

func (b *Broker) unlock() error {
	if b.lock == nil {
		return nil
	}
	err := b.lock.Close()
	b.lock = nil
	if err != nil {
		return fmt.Errorf("close lock of embedded kafka: %w", err)
	}
	return nil
}
