package live

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Change says that an alert is not what it was.
type Change struct {
	ID        string `json:"alert_id"`
	Direction string `json:"direction"`
	Party     string `json:"party"`
	State     string `json:"state"`
	// Version grows with every change of the alert: the offset of the event in its
	// partition of the case log.
	Version int64 `json:"version"`
	Seq     int64 `json:"-"` // its number in the feed
}

const (
	// history is how many changes a client may have missed: at 100 a second, 40 s.
	history = 4096
	// backlog is how many changes a client may be behind.
	backlog = 256
)

// ErrFull says that as many clients listen as may.
var ErrFull = errors.New("too many listeners")

// Feed hands every change to everybody who listens. Safe for concurrent use.
type Feed struct {
	name string // tells this feed from that of another process

	mu      sync.Mutex
	most    int // listeners
	next    int64
	ring    []Change // the latest, Seq modulo its length
	clients map[*Client]struct{}
	closed  bool
}

// New returns a feed for at most that many listeners.
func New(listeners int) *Feed {
	return &Feed{name: strings.ToLower(rand.Text()[:10]), most: listeners, ring: make([]Change, history), clients: map[*Client]struct{}{}}
}

// Client is one listener. It belongs to one goroutine.
type Client struct {
	feed *Feed
	// C gives the changes in order. It is closed when the client is too slow, or
	// when the feed ends.
	C <-chan Change
	c chan Change
	// Missed are the changes between where the client was and now.
	Missed []Change
	// Reset says that the client was away for too long, or listened to another
	// process: what it knows is worth nothing.
	Reset bool
}

// Tell hands a change to everybody. It never blocks.
func (f *Feed) Tell(c Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	c.Seq = f.next
	f.ring[c.Seq%history] = c
	for client := range f.clients {
		select {
		case client.c <- c:
		default:
			f.drop(client)
		}
	}
}

// Listen adds a client. last is the name of the last change that it knows, "" of
// one that knows nothing.
func (f *Feed) Listen(last string) (*Client, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.clients) >= f.most {
		return nil, ErrFull
	}
	c := &Client{feed: f, c: make(chan Change, backlog)}
	c.C = c.c
	if last != "" {
		c.Missed, c.Reset = f.since(last)
	}
	f.clients[c] = struct{}{}
	return c, nil
}

func (f *Feed) since(last string) (missed []Change, reset bool) {
	name, text, _ := strings.Cut(last, "-")
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || name != f.name || seq < 0 || seq > f.next || f.next-seq >= history {
		return nil, true
	}
	for s := seq + 1; s <= f.next; s++ {
		missed = append(missed, f.ring[s%history])
	}
	return missed, false
}

// Name returns the name of a change, for Listen.
func (f *Feed) Name(c Change) string { return fmt.Sprintf("%s-%d", f.name, c.Seq) }

// Now returns the name of the latest change.
func (f *Feed) Now() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprintf("%s-%d", f.name, f.next)
}

// Listeners returns how many there are.
func (f *Feed) Listeners() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.clients)
}

// Close ends all listening; nobody can listen any more.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.clients {
		f.drop(c)
	}
}

// Leave ends the listening. It may be called twice.
func (c *Client) Leave() {
	c.feed.mu.Lock()
	defer c.feed.mu.Unlock()
	c.feed.drop(c)
}

// drop needs the lock.
func (f *Feed) drop(c *Client) {
	if _, there := f.clients[c]; there {
		delete(f.clients, c)
		close(c.c)
	}
}
