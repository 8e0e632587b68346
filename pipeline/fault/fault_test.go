package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haltwire/haltwire/pipeline/fault"
)

func TestKinds(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"unknown is retryable": {broken, fault.Retry},
		"nil":                  {nil, fault.Retry},
		"permanent":            {fault.As(fault.Permanent, broken), fault.Permanent},
		"wrapped":              {fmt.Errorf("insert: %w", fault.As(fault.Fenced, broken)), fault.Fenced},
		"outermost counts":     {fault.As(fault.Retry, fault.As(fault.Permanent, broken)), fault.Retry},
		"cancelled":            {fmt.Errorf("read: %w", context.Canceled), fault.Stopping},
		"too late":             {context.DeadlineExceeded, fault.Retry},
		"joined":               {errors.Join(broken, fault.As(fault.Permanent, broken)), fault.Permanent},
	} {
		if got := fault.Of(c.err); got != c.want {
			t.Errorf("%s: kind %d, want %d", name, got, c.want)
		}
	}
	if fault.As(fault.Permanent, nil) != nil {
		t.Error("As(nil) is not nil")
	}
	if err := fault.As(fault.Permanent, broken); !errors.Is(err, broken) || err.Error() != "broken" {
		t.Errorf("As hides its error: %v", err)
	}
}

func TestBackoff(t *testing.T) {
	b := fault.Backoff{Min: 100 * time.Millisecond, Max: time.Second}
	for i, step := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
		step *= time.Millisecond
		if d := b.Next(0); d < step/2 || d > step {
			t.Errorf("wait %d is %v, want %v to %v", i, d, step/2, step)
		}
	}
	if d := b.Next(5 * time.Second); d != 5*time.Second {
		t.Errorf("asked for 5 s, waits %v", d)
	}
	b.Reset()
	if d := b.Next(0); d > 100*time.Millisecond {
		t.Errorf("after a success it waits %v", d)
	}
	zero := fault.Backoff{}
	for range 100 { // also far beyond what a shift could hold
		if d := zero.Next(0); d <= 0 || d > 10*time.Second {
			t.Fatalf("the zero value waits %v", d)
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := fault.Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("slept %v, %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := fault.Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("a context that ends gives %v after %v", err, time.Since(began))
		}
	})
}
