package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// ledger is the case log of a world: what stands, and all that was said, in order.
type ledger struct {
	mu       sync.Mutex
	standing map[string]bool
	said     []string
	away     bool
	gate     chan struct{} // when set, appends wait until it is closed
	refuse   int           // so many overturnings are refused
}

// pen writes to the ledger for m.
type pen struct{ m *member }

func (l pen) check(pos event.Position) {
	if p := (event.Partition{Topic: pos.Topic, ID: pos.Partition}); !l.m.holds(p) {
		l.m.w.fault("published for %v, which is not owned", p)
	}
}

func (l pen) open(ctx context.Context) (*ledger, error) {
	g := l.m.w.ledger
	g.mu.Lock()
	gate := g.gate
	g.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	g.mu.Lock()
	if g.away || l.m.dead.Load() {
		g.mu.Unlock()
		return nil, errAway
	}
	return g, nil
}

func (l pen) Append(ctx context.Context, hits []*hit.Hit) error {
	g, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer g.mu.Unlock()
	for _, h := range hits {
		l.check(h.Position)
		g.standing[h.Rule+" "+h.ReportID] = true
		late := ""
		if h.Late {
			late = "late "
		}
		g.said = append(g.said, late+h.Rule+" "+h.ReportID)
	}
	return nil
}

func (l pen) Overturn(ctx context.Context, overturned []hit.Overturned) error {
	g, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer g.mu.Unlock()
	if g.refuse > 0 {
		g.refuse--
		return errAway
	}
	for _, o := range overturned {
		l.check(o.Position)
		delete(g.standing, o.Rule+" "+o.ReportID)
		g.said = append(g.said, "no "+o.Rule+" "+o.ReportID)
	}
	return nil
}

func (l pen) Revise(ctx context.Context, revisions []hit.Revision) error {
	g, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer g.mu.Unlock()
	for _, r := range revisions {
		l.check(r.Position)
		g.said = append(g.said, fmt.Sprintf("revised %s/%d", r.ReportID, r.Version.Revision))
	}
	return nil
}

// all returns what was said since the last call.
func (g *ledger) all() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	said := slices.Clone(g.said)
	g.said = nil
	return said
}

func (g *ledger) set(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}
