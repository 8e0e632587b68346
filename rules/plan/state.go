package plan

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/past"
	"github.com/haltwire/haltwire/rules/window"
)

// Ref names a report whatever its version.
type Ref struct{ Reporter, ID string }

// Fetch returns the latest versions of reports with all columns, in any order;
// those that are not there any more are left out. The caller releases the batch.
type Fetch func(refs []Ref) (*event.Batch, error)

// FetchAll does what Fetch does for reports of several topics, a batch each.
type FetchAll func(refs []Ref) ([]*event.Batch, error)

// State is what the windows of a plan remember. One goroutine uses it and the
// evaluators and judges that look into it.
type State struct {
	plan             *Plan
	store            *window.Store
	feeder           *past.Feeder
	judging, writing *past.Reader // for frames of the plan, and for those of its writer
	fetch            FetchAll
}

// NewState returns an empty state for p. Alerts about the reports in windows need
// fetch; nil leaves those reports out and marks the hit as cut.
func NewState(p *Plan, o window.Options, fetch Fetch) (*State, error) {
	store, err := window.New(p.past.Definitions(), o)
	if err != nil {
		return nil, fmt.Errorf("make windows: %w", err)
	}
	s := p.over(store)
	if fetch != nil {
		s.fetch = func(refs []Ref) ([]*event.Batch, error) {
			b, err := fetch(refs)
			if err != nil {
				return nil, err
			}
			return []*event.Batch{b}, nil
		}
	}
	return s, nil
}

// over returns a state for p over a store of its windows.
func (p *Plan) over(store *window.Store) *State {
	return &State{
		plan: p, store: store, feeder: p.past.NewFeeder(store, p.compiler.Frame()),
		judging: p.past.NewReader(store), writing: p.writer.past.NewReader(store),
	}
}

// FetchAll makes alerts get the reports in windows from fetch, and returns s.
func (s *State) FetchAll(fetch FetchAll) *State {
	s.fetch = fetch
	return s
}

// Adopt returns the state for p with what s remembers of windows that both have,
// and one flag a window of p that says which those are. s must not be used
// afterwards. After an error s is as it was.
func (s *State) Adopt(p *Plan) (*State, []bool, error) {
	kept, err := s.store.Replace(p.past.Definitions())
	if err != nil {
		return nil, nil, fmt.Errorf("replace windows: %w", err)
	}
	return p.over(s.store).FetchAll(s.fetch), kept, nil
}

// Feed enters the reports of b, which needs the plan's Columns, into the windows.
// The verdicts, one a row, say which are the latest versions of themselves; they
// are valid until the next call.
func (s *State) Feed(b *event.Batch) []window.Verdict { return s.feeder.Feed(b) }

// Fed returns the rows of the last batch that feed window w of the store, valid
// until the next Feed.
func (s *State) Fed(w int) []int32 { return s.feeder.Fed(w) }

// Keys calls f for each window of the store that row r of b feeds, were it not
// superseded, with its key there, valid during the call.
func (s *State) Keys(b *event.Batch, r int, f func(w int, key []byte)) { s.feeder.Keys(b, r, f) }

// Store returns the store of the windows, which are Plan.Definitions. Whoever
// changes it does what its owner may.
func (s *State) Store() *window.Store { return s.store }

// Errors returns, by position in Plan.Rules, for how many reports what feeds a
// window of the rule met a run-time error: the greatest number of its windows.
func (s *State) Errors() []uint64 {
	byWindow, all := s.feeder.Errors(), make([]uint64, len(s.plan.rules))
	for rule := range all {
		for _, w := range s.plan.outcomes[rule].watches {
			all[rule] = max(all[rule], byWindow[w])
		}
	}
	return all
}

// Stats returns what the windows hold.
func (s *State) Stats() window.Stats { return s.store.Stats() }

// Definitions returns the windows of a state for p.
func (p *Plan) Definitions() []window.Definition { return p.past.Definitions() }

// Watches returns the windows of a state, ascending, that the conditions of a rule
// read, those of rules whose hits it counts left out.
func (p *Plan) Watches(rule int) []int { return p.outcomes[rule].watches }

// Counts returns the rules whose hits on the same report a rule counts.
func (p *Plan) Counts(rule int) []int32 { return p.outcomes[rule].counts }

// watch notes which windows and rules every rule depends on.
func (p *Plan) watch() {
	for i, r := range p.rules {
		o := &p.outcomes[i]
		look := func(n *lang.Node) bool {
			switch n.Op {
			case lang.Windowed:
				o.watches = append(o.watches, p.past.Parts(n.Win)...)
			case lang.RuleHit:
				o.count(p, n.Name)
			}
			return true
		}
		r.Guard.Walk(look)
		r.Score.Walk(look)
		for _, w := range r.Weights {
			w.When.Walk(look)
			o.count(p, w.Rule)
		}
		for _, c := range r.Cases {
			c.When.Walk(look)
		}
		slices.Sort(o.watches)
		o.watches = slices.Compact(o.watches)
	}
	for i := range p.rules {
		p.outcomes[i].open = p.open(i)
	}
}

func (o *outcome) count(p *Plan, rule string) {
	if at, ok := p.at[rule]; ok && !slices.Contains(o.counts, at) {
		o.counts = append(o.counts, at)
	}
}

// open reports whether a rule, or one whose hits it counts, reads a window.
func (p *Plan) open(rule int) bool {
	o := &p.outcomes[rule]
	return len(o.watches) > 0 || slices.ContainsFunc(o.counts, func(r int32) bool { return p.open(int(r)) })
}
