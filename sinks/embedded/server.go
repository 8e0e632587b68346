package embedded

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
)

const (
	host = "127.0.0.1"
	user = "haltwire"
	// 60 s: a start takes 0.2 to 0.7 s, more when a crash left parts to check.
	startTimeout = 60 * time.Second
	// 10 s: what Stop grants the child to write what is open before a kill.
	stopTimeout = 10 * time.Second
	pollEvery   = 10 * time.Millisecond
	// Another process may take a free port before the engine does.
	startTries = 3
)

// Options says how a Server runs.
type Options struct {
	// Dir holds data and configuration; it is created and outlives the process.
	Dir string
	// Library is the engine's library; empty looks as Library does.
	Library string
	// MemoryBytes caps what the engine takes; 0 is 1500 MiB.
	MemoryBytes int64
	// Stable keeps address and password of the first start in later ones, as
	// clients need that outlive the process.
	Stable bool
}

// Address is where a running server is reached and as whom.
type Address struct {
	// Native and HTTP are host:port of the two protocols.
	Native, HTTP string
	User         string
	Password     conn.Secret
}

// Server is one embedded ClickHouse server. Its methods are for one goroutine,
// except Done.
type Server struct {
	options Options
	child   *child
	address Address // of the last start
}

// child is one run of the engine's process.
type child struct {
	process *exec.Cmd
	stdin   io.Closer
	// done is closed when the process has ended; failure is set before.
	done    chan struct{}
	failure error
	stderr  tail
}

// New checks the options. It opens nothing.
func New(options Options) (*Server, error) {
	if options.Dir == "" {
		return nil, errors.New("embedded ClickHouse: a directory is needed")
	}
	if options.MemoryBytes < 0 {
		return nil, errors.New("embedded ClickHouse: memory cannot be negative")
	}
	if options.MemoryBytes == 0 {
		options.MemoryBytes = defaultMemory
	}
	return &Server{options: options}, nil
}

// Start starts the engine and returns when it answers. The server then runs
// until Stop; ctx bounds the start alone. After the child has died, Stop and
// Start give a new one on the same data, at a new address unless Options.Stable.
func (s *Server) Start(ctx context.Context) (Address, error) {
	if s.child != nil {
		return Address{}, errors.New("start embedded ClickHouse: it runs already")
	}
	library, err := Library(s.options.Library)
	if err != nil {
		return Address{}, err
	}
	dir, err := filepath.Abs(s.options.Dir)
	if err != nil {
		return Address{}, fmt.Errorf("start embedded ClickHouse: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Address{}, fmt.Errorf("start embedded ClickHouse: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for try := 1; ; try++ {
		address, err := s.start(ctx, library, dir)
		if err == nil {
			return address, nil
		}
		if try == startTries || ctx.Err() != nil {
			return Address{}, fmt.Errorf("start embedded ClickHouse in %s: %w", dir, err)
		}
	}
}

// Stop lets the engine end, and kills it when it does not end in time. It may
// be called without Start and twice.
func (s *Server) Stop(ctx context.Context) error {
	c := s.child
	if c == nil {
		return nil
	}
	s.child = nil
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	return c.stop(ctx)
}

// Done is closed when the child has ended by itself or by Stop. It is nil when
// the server was not started.
func (s *Server) Done() <-chan struct{} {
	if s.child == nil {
		return nil
	}
	return s.child.done
}

// Pid returns the process id of the child, or 0 when none was started.
func (s *Server) Pid() int {
	if s.child == nil {
		return 0
	}
	return s.child.process.Process.Pid
}

func (s *Server) start(ctx context.Context, library, dir string) (Address, error) {
	address, err := s.next()
	if err != nil {
		return Address{}, err
	}
	config, err := writeConfig(dir, s.options.MemoryBytes, user, address.Password.Reveal())
	if err != nil {
		return Address{}, err
	}
	c, err := spawn(order{Library: library, Dir: dir, Args: arguments(dir, config, address)}, dir)
	if err != nil {
		return Address{}, err
	}
	if err := c.ready(ctx, address); err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = c.stop(stopping) // the failure to start says more
		return Address{}, err
	}
	s.child, s.address = c, address
	return address, nil
}

// next returns where the next start will be reached.
func (s *Server) next() (Address, error) {
	if s.options.Stable && s.address.Native != "" {
		return s.address, nil
	}
	ports, err := freePorts(2)
	if err != nil {
		return Address{}, err
	}
	return Address{
		Native:   net.JoinHostPort(host, strconv.Itoa(ports[0])),
		HTTP:     net.JoinHostPort(host, strconv.Itoa(ports[1])),
		User:     user,
		Password: conn.Secret(rand.Text()),
	}, nil
}

// spawn starts this binary again as the engine's process.
func spawn(o order, dir string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own binary: %w", err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encode order: %w", err)
	}
	c := &child{process: exec.Command(self), done: make(chan struct{})}
	c.process.Env = append(environment(), childVariable+"="+string(text))
	c.process.Dir = dir
	c.process.Stderr = &c.stderr
	if c.stdin, err = c.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("open pipe to child: %w", err)
	}
	detach(c.process)
	if err := c.process.Start(); err != nil {
		return nil, fmt.Errorf("start child: %w", err)
	}
	go func() {
		c.failure = c.process.Wait()
		close(c.done)
	}()
	return c, nil
}

// ready waits until the engine answers over both protocols or has ended. The
// HTTP answer carries our password, so it cannot be another server's.
func (c *child) ready(ctx context.Context, address Address) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if answers(ctx, address) {
			return nil
		}
		select {
		case <-tick.C:
		case <-c.done:
			return fmt.Errorf("the engine ended at once: %s", c.last())
		case <-ctx.Done():
			return fmt.Errorf("the engine does not answer: %w: %s", ctx.Err(), c.stderr.String())
		}
	}
}

func answers(ctx context.Context, address Address) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address.HTTP+"/?query=SELECT+1", nil)
	if err != nil {
		return false
	}
	request.SetBasicAuth(address.User, address.Password.Reveal())
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false
	}
	native, err := (&net.Dialer{}).DialContext(ctx, "tcp", address.Native)
	if err != nil {
		return false
	}
	return native.Close() == nil
}

// stop closes the child's input, which ends it, and kills it when ctx ends
// first. A child that had ended before is no error.
func (c *child) stop(ctx context.Context) error {
	_ = c.stdin.Close() // the process may have closed it already
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
	}
	if err := c.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill embedded ClickHouse: %w", err)
	}
	<-c.done
	return fmt.Errorf("stop embedded ClickHouse: killed: %w", ctx.Err())
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", host+":0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// last returns the last words of a child that has ended.
func (c *child) last() string {
	if c.failure == nil {
		return c.stderr.String()
	}
	return c.failure.Error() + ": " + c.stderr.String()
}
