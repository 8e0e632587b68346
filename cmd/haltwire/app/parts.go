package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// stopTimeout bounds the whole of a stop: what is not flushed by then is done
// again after the next start. 25 s fits into the 30 s that service managers grant.
const stopTimeout = 25 * time.Second

// part is one running piece of haltwire. run blocks until its context ends and
// may be nil; stop releases what the part holds and may be nil too.
type part struct {
	name string
	run  func(context.Context) error
	stop func(context.Context) error

	cancel context.CancelFunc
	done   chan struct{}
}

// parts runs pieces: started in order, stopped in reverse, each waited for
// before the one that it hands its work to.
type parts struct {
	log    *slog.Logger
	list   []*part
	failed chan error
}

func newParts(log *slog.Logger) *parts { return &parts{log: log, failed: make(chan error, 1)} }

// start adds p and runs it. Its context outlives ctx's end: stop decides when.
func (ps *parts) start(ctx context.Context, p *part) {
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.done = make(chan struct{})
	ps.list = append(ps.list, p)
	go func() {
		defer close(p.done)
		if p.run == nil {
			return
		}
		if err := p.run(ctx); err != nil && ctx.Err() == nil {
			ps.fail(fmt.Errorf("%s: %w", p.name, err))
		}
	}()
}

// fail notes the first failure; it ends the process.
func (ps *parts) fail(err error) {
	select {
	case ps.failed <- err:
	default:
	}
}

// wait blocks until ctx ends or a part fails, and returns its failure.
func (ps *parts) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-ps.failed:
		return err
	}
}

// stop ends every part within stopTimeout, the last started first.
func (ps *parts) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	var errs []error
	for i := len(ps.list) - 1; i >= 0; i-- {
		p := ps.list[i]
		p.cancel()
		select {
		case <-p.done:
		case <-ctx.Done():
			errs = append(errs, fmt.Errorf("stop %s: %w", p.name, ctx.Err()))
		}
		if p.stop != nil {
			if err := p.stop(ctx); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", p.name, err))
				ps.log.Warn("stop", "part", p.name, telemetry.Error, err)
			}
		}
	}
	ps.list = nil
	return errors.Join(errs...)
}
