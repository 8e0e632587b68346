package kafkatest_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

func TestConnAgainstApacheKafka(t *testing.T) {
	server := kafkatest.Start(t, kafkatest.Options{SASL: true, TLS: true})
	server.CreateTopic(t, "reports", 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(kafkatest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	configs := map[string]conn.Config{
		"plaintext": {Brokers: server.Addresses()},
		"tls":       {Brokers: []string{server.TLSAddress()}, TLS: conn.TLS{Enabled: true, CA: server.CA()}},
	}
	for _, mechanism := range []string{conn.SASLPlain, conn.SASLScramSHA256, conn.SASLScramSHA512} {
		configs[mechanism] = conn.Config{Brokers: []string{server.SASLAddress()},
			SASL: conn.SASL{Mechanism: mechanism, User: kafkatest.User, PasswordFile: password}}
	}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			if err := send(t, config); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("unknown authority", func(t *testing.T) {
		if err := send(t, conn.Config{Brokers: []string{server.TLSAddress()}, TLS: conn.TLS{Enabled: true}}); err == nil {
			t.Fatal("an unknown authority is trusted")
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		config := configs[conn.SASLScramSHA512]
		config.SASL.User = "stranger"
		if err := send(t, config); err == nil {
			t.Fatal("a stranger is let in")
		}
	})
}

func TestServerSurvivesKillAndFreeze(t *testing.T) {
	server := kafkatest.Start(t)
	server.CreateTopic(t, "reports", 1, nil)
	config := conn.Config{Brokers: server.Addresses()}
	if err := send(t, config); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	server.Restart(t)
	server.Pause(t)
	impatient := sarama.NewConfig()
	impatient.Metadata.Retry.Max, impatient.Net.ReadTimeout = 0, time.Second
	if client, err := sarama.NewClient(server.Addresses(), impatient); err == nil {
		t.Error(client.Close())
		t.Fatal("a frozen broker answers")
	}
	server.Resume(t)
	if err := send(t, config); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	if server.Pid() != 0 {
		t.Fatal("a stopped broker has a process")
	}
}

func TestFake(t *testing.T) {
	cluster := kafkatest.Fake(t, 3)
	if err := cluster.CreateTopic("reports", 3, nil); err != nil {
		t.Fatal(err)
	}
	if addresses := cluster.ListenAddrs(); len(addresses) != 3 {
		t.Fatalf("%d brokers", len(addresses))
	}
	if err := send(t, conn.Config{Brokers: cluster.ListenAddrs()}); err != nil {
		t.Fatal(err)
	}
}

// send sends one record within a few seconds.
func send(t *testing.T, settings conn.Config) (err error) {
	t.Helper()
	config, err := settings.Sarama()
	if err != nil {
		return err
	}
	conn.Idempotent(config)
	config.Metadata.Retry.Max, config.Producer.Retry.Max = 1, 1
	config.Net.ReadTimeout, config.Net.DialTimeout = 3*time.Second, 3*time.Second
	producer, err := sarama.NewSyncProducer(settings.Brokers, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, producer.Close()) }()
	_, _, err = producer.SendMessage(&sarama.ProducerMessage{Topic: "reports", Value: sarama.StringEncoder("{}")})
	return err
}
