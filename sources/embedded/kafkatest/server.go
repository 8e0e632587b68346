package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

const (
	host = "127.0.0.1"
	// 60 s: a start takes 4 s on an idle machine.
	startTimeout = 60 * time.Second
	// 20 s: what an orderly end takes at most before the kill.
	stopTimeout = 20 * time.Second
	pollEvery   = 50 * time.Millisecond
)

// Options says what a real broker offers beside its plain listener.
type Options struct {
	// SASL opens listeners for PLAIN and SCRAM, with user User and password
	// Password.
	SASL bool
	// TLS opens a listener with a certificate of an authority made for it.
	TLS bool
	// Settings are further lines of server.properties.
	Settings map[string]string
}

// User and Password are what SASL listeners accept.
const (
	User     = "reporter"
	Password = "s3cret-of-tests"
)

// Server is one real Apache Kafka broker, KRaft, in a process of its own with
// its log in a directory of its own. Ports and data stay over restarts.
type Server struct {
	options Options
	dir     string
	plain   int
	sasl    int
	tls     int
	control int

	process *exec.Cmd
	done    chan struct{}
	log     *os.File
}

// Start starts a real broker and stops it when the test ends. Without Java or
// the jars the test fails and says how to get them.
func Start(t testing.TB, options ...Options) *Server {
	t.Helper()
	s := &Server{dir: t.TempDir()}
	if len(options) > 0 {
		s.options = options[0]
	}
	t.Cleanup(func() {
		s.Kill(t)
		if t.Failed() {
			t.Logf("end of the broker's log:\n%s", s.tail())
		}
	})
	if err := s.prepare(); err != nil {
		t.Fatalf("prepare kafka: %v", err)
	}
	s.Restart(t)
	return s
}

// Address returns the plain listener's host:port.
func (s *Server) Address() string { return address(s.plain) }

// Addresses returns the plain listener as a list, as clients take it.
func (s *Server) Addresses() []string { return []string{s.Address()} }

// SASLAddress returns the listener for PLAIN and SCRAM, without TLS.
func (s *Server) SASLAddress() string { return address(s.sasl) }

// TLSAddress returns the TLS listener.
func (s *Server) TLSAddress() string { return address(s.tls) }

// CA returns the PEM file of the authority that signed the TLS certificate.
func (s *Server) CA() string { return filepath.Join(s.dir, "ca.pem") }

// Pid returns the broker's process id, or 0 when it does not run.
func (s *Server) Pid() int {
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// Kill ends the broker as kill -9 does. It may be called twice.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return
	}
	s.signal(t, syscall.SIGKILL)
	<-s.done
	s.process = nil
}

// Stop lets the broker end in order.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return
	}
	s.signal(t, syscall.SIGTERM)
	select {
	case <-s.done:
		s.process = nil
	case <-time.After(stopTimeout):
		s.Kill(t)
		t.Errorf("kafka did not stop in %s", stopTimeout)
	}
}

// Pause freezes the broker as SIGSTOP does: its ports take connections and
// nothing answers.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGSTOP)
}

// Resume lets a frozen broker go on.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGCONT)
}

// Restart starts the broker again on the same ports and data, after Kill or
// Stop, and returns when it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.process != nil {
		t.Fatal("restart kafka: it runs")
	}
	if err := s.launch(); err != nil {
		t.Fatalf("start kafka: %v", err)
	}
	if err := s.ready(); err != nil {
		t.Fatalf("start kafka: %v\n%s", err, s.tail())
	}
}

// CreateTopic creates a topic with one replica.
func (s *Server) CreateTopic(t testing.TB, name string, partitions int32, configs map[string]string) {
	t.Helper()
	admin, err := sarama.NewClusterAdmin(s.Addresses(), clientConfig())
	if err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
	defer func() {
		if err := admin.Close(); err != nil {
			t.Errorf("close admin: %v", err)
		}
	}()
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: map[string]*string{}}
	for key, value := range configs {
		detail.ConfigEntries[key] = &value
	}
	if err := admin.CreateTopic(name, detail, false); err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
}

func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if s.process == nil {
		t.Fatalf("send %s to kafka: it does not run", signal)
	}
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("send %s to kafka: %v", signal, err)
	}
}

// launch starts the process. It dies with this one, however that ends.
func (s *Server) launch() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "broker.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	process, err := java("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"kafka.Kafka", s.properties())
	if err != nil {
		return errors.Join(err, log.Close())
	}
	process.Dir, process.Stdout, process.Stderr = s.dir, log, log
	if err := process.Start(); err != nil {
		return errors.Join(err, log.Close())
	}
	s.process, s.done, s.log = process, make(chan struct{}), log
	done := s.done
	go func() {
		_ = process.Wait() // the log says why it ended
		_ = log.Close()
		close(done)
	}()
	return nil
}

// ready waits until the broker answers for its metadata.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if client, err := sarama.NewClient(s.Addresses(), clientConfig()); err == nil {
			_, err = client.Controller()
			if errors.Join(err, client.Close()) == nil {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", ctx.Err())
		}
	}
}

func clientConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Metadata.Retry.Max = 0
	config.Net.DialTimeout = time.Second
	config.Net.ReadTimeout = 10 * time.Second
	return config
}

func (s *Server) tail() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "broker.log"))
	if err != nil {
		return err.Error()
	}
	const most = 4096
	return string(text[max(0, len(text)-most):])
}

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
