package lane

import (
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// trips is how many failures one after the other open a way: more than one message
// meets by chance, and reached within a minute by a single message.
const trips = 5

// Result is what an attempt says about its way.
type Result int

// The results. Aside says nothing: the attempt ended for reasons of its own.
const (
	Aside Result = iota
	Worked
	Failed
)

var errFailed, errAside = errors.New("failed"), errors.New("aside")

// Way is one channel to a party. After some failures it is closed to all but one
// message at a time, which find out whether it works again; and it is closed as long
// as the party asks for. Safe for concurrent use.
type Way struct {
	rest    time.Duration
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu     sync.Mutex
	held   time.Time // until when the party wants to be left alone
	broken time.Time // since when it does not work; zero = it does
	tried  time.Time // when it was last closed
}

// NewWay returns a way that is left alone for rest after it failed. changed is called
// when it begins or ceases to work; nil = nobody.
func NewWay(rest time.Duration, changed func(works bool)) *Way {
	w := &Way{rest: rest}
	w.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1, Timeout: rest,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= trips },
		IsExcluded:  func(err error) bool { return errors.Is(err, errAside) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			w.turned(to)
			if changed != nil && (from == gobreaker.StateClosed || to == gobreaker.StateClosed) {
				changed(to == gobreaker.StateClosed)
			}
		},
	})
	return w
}

func (w *Way) turned(to gobreaker.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch to {
	case gobreaker.StateClosed:
		w.broken = time.Time{}
	case gobreaker.StateOpen:
		w.tried = time.Now()
		if w.broken.IsZero() {
			w.broken = w.tried
		}
	case gobreaker.StateHalfOpen:
	}
}

// Begin lets an attempt start, or returns how long the way is closed. The caller calls
// done once with what came of it, and with how long the party wants to be left alone.
func (w *Way) Begin() (done func(r Result, hold time.Duration), wait time.Duration) {
	w.mu.Lock()
	wait = time.Until(w.held)
	w.mu.Unlock()
	if wait > 0 {
		return nil, wait
	}
	report, err := w.breaker.Allow()
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		// Somebody else tries it now, or nobody yet: look again when it may be over.
		return nil, max(time.Until(w.tried.Add(w.rest)), w.rest/10)
	}
	return func(r Result, hold time.Duration) {
		report(map[Result]error{Worked: nil, Failed: errFailed, Aside: errAside}[r])
		if hold > 0 {
			w.mu.Lock()
			w.held = time.Now().Add(hold)
			w.mu.Unlock()
		}
	}, 0
}

// State is how a way is doing. Moments are Unix ms.
type State struct {
	State    string `json:"state"`                  // open | broken | trying | held
	Since    int64  `json:"since,omitempty"`        // when it ceased to work
	Next     int64  `json:"next_try,omitempty"`     // when it is tried again
	Failures uint32 `json:"failures_row,omitempty"` // one after the other
}

// State returns how the way is doing: open is well, broken is left alone, trying finds
// out, held is closed by the party.
func (w *Way) State() State {
	b := w.breaker.State() // may call turned
	n := w.breaker.Counts().ConsecutiveFailures
	w.mu.Lock()
	defer w.mu.Unlock()
	s := State{State: "open", Failures: n}
	switch {
	case b == gobreaker.StateOpen:
		s.State, s.Next = "broken", w.tried.Add(w.rest).UnixMilli()
	case b == gobreaker.StateHalfOpen:
		s.State = "trying"
	case w.held.After(time.Now()):
		s.State, s.Next = "held", w.held.UnixMilli()
	}
	if !w.broken.IsZero() {
		s.Since = w.broken.UnixMilli()
	}
	return s
}

// Broken returns how long the way has not worked.
func (w *Way) Broken() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken.IsZero() {
		return 0
	}
	return time.Since(w.broken)
}
