package pipeline_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
	"github.com/haltwire/haltwire/sources/kafka"
)

// memberEnv makes the test binary a member of a group instead of a test: its
// value is the address of a broker and the name of the topic.
const memberEnv = "HALTWIRE_TEST_MEMBER"

// printed is a hit log that says on standard output what it has got.
type printed struct{}

func (printed) Append(_ context.Context, hits []*hit.Hit) error {
	for _, h := range hits {
		fmt.Println("hit", h.ReportID)
	}
	return nil
}

func (printed) Overturn(context.Context, []hit.Overturned) error { return nil }

func (printed) Revise(context.Context, []hit.Revision) error { return nil }

// runMember is a whole instance in a process of its own, until SIGTERM.
func runMember() {
	broker, topic, _ := strings.Cut(os.Getenv(memberEnv), " ")
	options := kafka.Options{
		Conn: conn.Config{Brokers: []string{broker}}, Group: "g-" + topic, Session: 6 * time.Second,
		Topics: []kafka.Topic{{Name: topic, Codec: "text"}}, Log: slog.New(slog.NewTextHandler(os.Stdout, nil)),
	}
	source, err1 := kafka.NewSource(options)
	detect, err2 := kafka.NewReader(options, kafka.ReaderOptions{Loop: "detect", Aligned: true})
	archive, err3 := kafka.NewReader(options, kafka.ReaderOptions{Loop: "archive"})
	cursor, err4 := kafka.NewCursor(options)
	schema := event.Default()
	p, err5 := pipeline.New(pipeline.Options{
		Source: source, Detect: detect, Archive: archive, Cursor: cursor, Judge: judge{"zombie", schema.Projection()},
		HitLog: printed{}, Store: &store{}, DeadLetters: &letters{}, Schema: schema, Version: "1", Log: options.Log,
		NewDecoder: func([]bool) (pipeline.Decoder, error) { return decoder{schema}, nil },
	})
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := p.Run(ctx); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// TestZombie freezes an owner until its partitions have moved. Awake again, it
// learns from its refused commit that it owns nothing, and what it commits does
// not undo what the new owner has committed.
func TestZombie(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "zombie", 2)
	produce(t, brokers, "zombie", "first", 2000, 2)
	z := startMember(t, brokers[0], "zombie")
	eventually(t, 30*time.Second, z.state, func() bool { return z.seen("hit first") == 2000 })
	eventually(t, 10*time.Second, z.state, func() bool { return committed(t, brokers, "g-zombie", "zombie") == 2000 })

	z.signal(t, syscall.SIGSTOP)
	produce(t, brokers, "zombie", "second", 2000, 2)
	heir := newRig(t, brokers, "zombie", &hitLog{}, &store{}, &letters{}, nil)
	heir.start(t)
	eventually(t, 40*time.Second, heir.state, func() bool { return heir.log.count() == 2000 })
	eventually(t, 10*time.Second, heir.state, func() bool { return committed(t, brokers, "g-zombie", "zombie") == 4000 })

	z.signal(t, syscall.SIGCONT)
	eventually(t, 40*time.Second, z.state, func() bool { return z.seen("lost=true") >= 2 })
	if n := committed(t, brokers, "g-zombie", "zombie"); n != 4000 {
		t.Errorf("%d is committed after the zombie woke, want 4000", n)
	}
	// It joins again as a new member, and both work on.
	produce(t, brokers, "zombie", "third", 2000, 2)
	eventually(t, 40*time.Second, z.state, func() bool { return z.seen("hit third")+heir.log.count()-2000 >= 2000 })
}

// child is an instance in a process of its own.
type child struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	lines []string
}

func startMember(t *testing.T, broker, topic string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), memberEnv+"="+broker+" "+topic)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out := must[io.ReadCloser](t)(c.cmd.StdoutPipe())
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			c.mu.Lock()
			c.lines = append(c.lines, scanner.Text())
			c.mu.Unlock()
		}
		_ = c.cmd.Wait() // how it ended shows in what it wrote
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.done
	})
	return c
}

func (c *child) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// seen counts the lines that contain text.
func (c *child) seen(text string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range c.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func (c *child) state() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var other []string
	for _, line := range c.lines {
		if !strings.HasPrefix(line, "hit ") {
			other = append(other, line)
		}
	}
	return fmt.Sprintf("%d hits and\n%s", len(c.lines)-len(other), strings.Join(other, "\n"))
}
