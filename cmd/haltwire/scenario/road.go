package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Fault is what happens to one message on its way.
type Fault int

// The faults.
const (
	Pass   Fault = iota
	Lose         // 503 with Retry-After, and nothing arrives
	Forget       // it arrives, and the answer is lost
	Hang         // nothing arrives, and nobody answers
)

// Letter is one message, or one later receipt, on its way to a party.
type Letter struct {
	To, From, MessageID string
	Type                freeze.Type // "" = a receipt
	Try                 int         // of this message on this road, from 1
	Body                []byte
	Head                http.Header
}

// Road leads to the endpoint of one party. It keeps what was sent along it.
type Road struct {
	to     string
	target string
	server *http.Server
	url    string
	client *http.Client
	ended  chan struct{}

	mu    sync.Mutex
	said  []Letter
	tries map[string]int
	fault func(Letter) Fault
	// replays are the answers to bytes that were sent once more as they were.
	replays []int
	replay  bool
	busy    int       // letters under way
	quiet   time.Time // since when there are none, by the machine's clock
}

// moments is how long a road is quiet before it is empty.
const moments = 60 * time.Millisecond

// roadTimeout is longer than any sender waits.
const roadTimeout = 30 * time.Second

// NewRoad opens a road to target, host:port.
func NewRoad(to, target string) (*Road, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open road to %s: %w", to, err)
	}
	r := &Road{to: to, target: target, url: "http://" + l.Addr().String(), tries: map[string]int{}, ended: make(chan struct{}), client: &http.Client{
		Timeout: roadTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: roadTimeout}
	go func() {
		defer close(r.ended)
		_ = r.server.Serve(l) // ErrServerClosed after Close
	}()
	return r, nil
}

// To is the party at its end.
func (r *Road) To() string { return r.to }

// URL is where the road begins.
func (r *Road) URL() string { return r.url }

// Close ends the road.
func (r *Road) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if r.server.Shutdown(ctx) != nil {
		_ = r.server.Close() // what hangs is cut off
	}
	<-r.ended
	r.client.CloseIdleConnections()
}

// Trouble makes fault decide about every letter from now on; nil = all pass.
func (r *Road) Trouble(fault func(Letter) Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

// Replay sends every letter that arrived once more, to the byte, as an attacker would.
func (r *Road) Replay() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replay = true
}

// Replays returns how the party answered what was replayed.
func (r *Road) Replays() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.replays)
}

// Said returns what was sent along the road, also what did not arrive.
func (r *Road) Said() []Letter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

// Text is everything that was sent along the road, as one text.
func (r *Road) Text() string {
	var b strings.Builder
	for _, l := range r.Said() {
		fmt.Fprintf(&b, "%s %v\n%s\n", l.MessageID, l.Head, l.Body)
	}
	return b.String()
}

// ServeHTTP implements http.Handler.
func (r *Road) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	defer r.through()
	switch r.note(req, body) {
	case Lose:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case Hang:
		<-req.Context().Done()
		return
	case Forget:
		_, _, _, _ = r.pass(req, body)
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	status, head, answer, err := r.pass(req, body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for name, values := range head {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
	r.again(req, body, status)
}

// through notes that a letter is no longer under way.
func (r *Road) through() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy--
	r.quiet = time.Now()
}

// idle reports whether nothing has been under way for a moment.
func (r *Road) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy == 0 && time.Since(r.quiet) > moments
}

// note keeps the letter and returns what happens to it.
func (r *Road) note(req *http.Request, body []byte) Fault {
	l := Letter{To: r.to, MessageID: req.Header.Get("Idempotency-Key"), Body: body, Head: req.Header.Clone()}
	var head struct {
		Type   freeze.Type  `json:"type"`
		Sender freeze.Party `json:"sender"`
	}
	if json.Unmarshal(body, &head) == nil {
		l.Type, l.From = head.Type, head.Sender.PartyID
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy++
	r.tries[l.MessageID]++
	l.Try = r.tries[l.MessageID]
	r.said = append(r.said, l)
	if r.fault == nil {
		return Pass
	}
	return r.fault(l)
}

// again replays what arrived, if it is to be.
func (r *Road) again(req *http.Request, body []byte, status int) {
	r.mu.Lock()
	on := r.replay && status < 300
	r.mu.Unlock()
	if !on {
		return
	}
	got, _, _, err := r.pass(req, body)
	if err != nil {
		return // the party is stopping
	}
	r.mu.Lock()
	r.replays = append(r.replays, got)
	r.mu.Unlock()
}

// pass hands a request on as it is, and returns the answer.
func (r *Road) pass(req *http.Request, body []byte) (status int, head http.Header, answer []byte, err error) {
	out, err := http.NewRequestWithContext(context.WithoutCancel(req.Context()), req.Method, "http://"+r.target+req.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	out.Header, out.Host = req.Header.Clone(), req.Host // what was signed
	resp, err := r.client.Do(out)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, answer, err
}
