package plan

import (
	"fmt"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan/past"
	"github.com/haltwire/haltwire/rules/window"
)

// Ref names a report whatever its version.
type Ref struct{ Reporter, ID string }

// Fetch returns the latest versions of reports with all columns, in any order;
// those that are not there any more are left out. The caller releases the batch.
type Fetch func(refs []Ref) (*event.Batch, error)

// State is what the windows of a plan remember. One goroutine uses it and the
// evaluators and judges that look into it.
type State struct {
	store            *window.Store
	feeder           *past.Feeder
	judging, writing *past.Reader // for frames of the plan, and for those of its writer
	fetch            Fetch
}

// NewState returns an empty state for p. Alerts about the reports in windows need
// fetch; nil leaves those reports out and marks the hit as cut.
func NewState(p *Plan, o window.Options, fetch Fetch) (*State, error) {
	store, err := window.New(p.past.Definitions(), o)
	if err != nil {
		return nil, fmt.Errorf("make windows: %w", err)
	}
	return &State{
		store: store, feeder: p.past.NewFeeder(store, p.compiler.Frame()),
		judging: p.past.NewReader(store), writing: p.writer.past.NewReader(store), fetch: fetch,
	}, nil
}

// Feed enters the reports of b, which needs the plan's Columns, into the windows.
// The verdicts, one a row, say which are the latest versions of themselves; they
// are valid until the next call.
func (s *State) Feed(b *event.Batch) []window.Verdict { return s.feeder.Feed(b) }

// Stats returns what the windows hold.
func (s *State) Stats() window.Stats { return s.store.Stats() }
