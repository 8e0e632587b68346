// Package fault says what kind of failure an error is, so that whoever owns the
// retry decides by kind and not by text. An error without a kind is retryable:
// losing a report costs more than trying again.
package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Kind is what may be done about an error.
type Kind uint8

// The kinds.
const (
	Retry     Kind = iota // passing: try again with backoff
	Permanent             // the same input fails for ever: dead-letter or refuse it
	Fenced                // ownership is lost: stop writing, do not retry here
	Stopping              // the process is going down: not a failure of the input
)

// Error is an error with a kind.
type Error struct {
	Kind  Kind
	After time.Duration // of a Retry: the least wait the other side asked for, or 0
	Err   error
}

// Error returns the text of the wrapped error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// As returns err marked with kind, nil for nil.
func As(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Err: err}
}

// Of returns the kind of err: that of the outermost Error in its chain, Stopping
// for a cancelled context, else Retry.
func Of(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	if errors.Is(err, context.Canceled) {
		return Stopping
	}
	return Retry
}

// Backoff is a doubling wait with full jitter between half and the whole step.
// The zero value waits 100 ms to 10 s.
type Backoff struct {
	Min, Max time.Duration
	n        int
}

// Next returns the next wait, at least after.
func (b *Backoff) Next(after time.Duration) time.Duration {
	lo, hi := b.Min, b.Max
	if lo == 0 {
		lo = 100 * time.Millisecond
	}
	if hi == 0 {
		hi = 10 * time.Second
	}
	step := min(hi, lo<<min(b.n, 20))
	b.n++
	return max(after, step/2+rand.N(step/2+1))
}

// Reset starts over after a success.
func (b *Backoff) Reset() { b.n = 0 }

// Sleep waits for d or until ctx ends, whose error it returns.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
