package conn

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
)

// Mechanisms of SASL that a Kafka connection may use.
const (
	SASLNone        = "none"
	SASLPlain       = "plain"
	SASLScramSHA256 = "scram-sha-256"
	SASLScramSHA512 = "scram-sha-512"
)

const (
	clientID = "haltwire"
	// 10 s: longer than a TCP retransmission or two, shorter than a session.
	dialTimeout = 10 * time.Second
	// 30 s: must outlast the longest wait that a request asks of the broker.
	requestTimeout = 30 * time.Second
	// 20 s: a join waits this long for slow members, inside requestTimeout.
	rebalanceTimeout = 20 * time.Second
	// 1 min: how long a new partition of a topic may stay unseen.
	refreshEvery = time.Minute
	// 10 tries of 250 ms outlast the restart of a broker and a leader election.
	tries   = 10
	backoff = 250 * time.Millisecond
)

// Config says how to reach a Kafka cluster. It is the part of the kafka section
// that every user of a connection shares.
type Config struct {
	// Brokers are host:port pairs to start from; the others are learnt.
	Brokers []string `yaml:"brokers"`
	TLS     TLS      `yaml:"tls"`
	SASL    SASL     `yaml:"sasl"`
}

// SASL says how we prove to Kafka who we are. The zero value is anonymous.
type SASL struct {
	// Mechanism is none, plain, scram-sha-256 or scram-sha-512; empty is none.
	Mechanism    string `yaml:"mechanism"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
}

// Validate reports settings that are missing or contradict one another. It
// opens no file and no connection.
func (c Config) Validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("kafka.brokers: give at least one host:port")
	}
	for _, broker := range c.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			return fmt.Errorf("kafka.brokers: %q is not host:port: %w", broker, err)
		}
	}
	if err := c.TLS.Validate(); err != nil {
		return fmt.Errorf("kafka.%w", err)
	}
	if err := c.SASL.Validate(); err != nil {
		return fmt.Errorf("kafka.%w", err)
	}
	return nil
}

// Validate reports settings that are missing or contradict one another.
func (s SASL) Validate() error {
	switch s.Mechanism {
	case "", SASLNone:
		if s.User != "" || s.PasswordFile != "" {
			return errors.New("sasl: user and password_file have no effect without a mechanism")
		}
		return nil
	case SASLPlain, SASLScramSHA256, SASLScramSHA512:
		if s.User == "" || s.PasswordFile == "" {
			return fmt.Errorf("sasl: %s needs user and password_file", s.Mechanism)
		}
		return nil
	}
	return fmt.Errorf("sasl: mechanism %q is unknown: use none, plain, scram-sha-256 or scram-sha-512", s.Mechanism)
}

// Under returns the settings with relative paths resolved against dir.
func (c Config) Under(dir string) Config {
	c.TLS = c.TLS.Under(dir)
	c.SASL.PasswordFile = under(dir, c.SASL.PasswordFile)
	return c
}

// Sarama reads the files that the settings name and returns a new client
// configuration, which the caller owns and may refine. It never creates topics,
// reads only committed records and commits offsets only when told to.
func (c Config) Sarama() (*sarama.Config, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := sarama.NewConfig()
	s.ClientID = clientID
	s.Net.DialTimeout = dialTimeout
	s.Net.ReadTimeout = requestTimeout
	s.Net.WriteTimeout = requestTimeout
	s.Net.KeepAlive = requestTimeout
	s.Metadata.AllowAutoTopicCreation = false
	s.Metadata.RefreshFrequency = refreshEvery
	s.Metadata.Retry.Max = tries
	s.Metadata.Retry.Backoff = backoff
	s.Admin.Retry.Max = tries
	s.Consumer.Return.Errors = true
	s.Consumer.IsolationLevel = sarama.ReadCommitted
	s.Consumer.Offsets.AutoCommit.Enable = false
	s.Consumer.Group.Rebalance.Timeout = rebalanceTimeout
	s.Consumer.Offsets.Initial = sarama.OffsetOldest

	config, err := c.TLS.Client()
	if err != nil {
		return nil, fmt.Errorf("configure kafka: %w", err)
	}
	s.Net.TLS.Enable, s.Net.TLS.Config = config != nil, config
	if err := c.SASL.apply(s); err != nil {
		return nil, fmt.Errorf("configure kafka: %w", err)
	}
	return s, nil
}

// Idempotent sets what a producer needs whose records must neither be lost nor
// doubled nor reordered by retries: acks from all replicas, a producer id, one
// request in flight. The last one slows every other use of the connection, so
// a producer has a client of its own. Results come back on both channels.
func Idempotent(s *sarama.Config) {
	s.Net.MaxOpenRequests = 1
	s.Producer.Idempotent = true
	s.Producer.RequiredAcks = sarama.WaitForAll
	s.Producer.Timeout = dialTimeout
	s.Producer.Retry.Max = tries
	s.Producer.Retry.Backoff = backoff
	s.Producer.Return.Successes = true
	s.Producer.Return.Errors = true
	s.Producer.Compression = sarama.CompressionLZ4
}

func (s SASL) apply(config *sarama.Config) error {
	if s.Mechanism == "" || s.Mechanism == SASLNone {
		return nil
	}
	password, err := ReadSecret(s.PasswordFile)
	if err != nil {
		return fmt.Errorf("sasl: %w", err)
	}
	sasl := &config.Net.SASL
	sasl.Enable, sasl.Handshake, sasl.Version = true, true, sarama.SASLHandshakeV1
	sasl.User, sasl.Password = s.User, password.Reveal()
	switch s.Mechanism {
	case SASLScramSHA256:
		sasl.Mechanism = sarama.SASLTypeSCRAMSHA256
		sasl.SCRAMClientGeneratorFunc = scramGenerator(scram.SHA256)
	case SASLScramSHA512:
		sasl.Mechanism = sarama.SASLTypeSCRAMSHA512
		sasl.SCRAMClientGeneratorFunc = scramGenerator(scram.SHA512)
	default:
		sasl.Mechanism = sarama.SASLTypePlaintext
	}
	return nil
}
