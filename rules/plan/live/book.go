package live

import (
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/window"
)

// States of a verdict. 0 and more are the case that holds.
const (
	plain   int16 = -1 // the rule holds; it has no cases
	none    int16 = -2 // it does not hold
	unsaid  int16 = -3 // it was not judged
	waiting int16 = -4 // it is judged when the report has settled
)

// holds reports whether a state is that of a hit.
func holds(state int16) bool { return state >= plain }

// book numbers rules over all plans, so that what is kept of a rule outlives a
// change of the others.
type book struct {
	rules   []rule
	numbers []int32 // by position in the plan
	byIdent map[ident]int32
}

// ident is what makes a rule the same in two plans.
type ident struct {
	ID      string
	Version uint32
}

// rule is a rule of the book.
type rule struct {
	ident
	at      int32 // position in the plan, -1 = not in force
	settle  int64 // ms
	windows []int // of the store, which it or a rule that it counts reads
	falls   bool
	cases   int16
}

// use numbers the rules of p and forgets those that it has not: when they come back
// they are others.
func (b *book) use(p *plan.Plan) {
	for i := range b.rules {
		b.rules[i].at = -1
	}
	before := b.byIdent
	b.byIdent, b.numbers = map[ident]int32{}, nil
	for at, r := range p.Rules() {
		id := ident{r.ID, r.Version}
		n, ok := before[id]
		if !ok {
			n = int32(len(b.rules))
			b.rules = append(b.rules, rule{})
		}
		out := rule{ident: id, at: int32(at), falls: len(r.Falls) > 0, cases: int16(len(r.Cases))}
		out.depend(p, at)
		b.rules[n], b.byIdent[id] = out, n
		b.numbers = append(b.numbers, n)
	}
}

// depend adds what a rule of the plan waits for and reads.
func (r *rule) depend(p *plan.Plan, at int) {
	r.settle = max(r.settle, p.Rules()[at].Settle)
	for _, w := range p.Watches(at) {
		if !slices.Contains(r.windows, w) {
			r.windows = append(r.windows, w)
		}
	}
	for _, other := range p.Counts(at) {
		r.depend(p, int(other))
	}
}

// retire takes a rule out of force for reports that were judged before: what is kept
// of it is of no use any more.
func (b *book) retire(n int32) {
	old := b.rules[n]
	b.rules[n].at = -1
	fresh := int32(len(b.rules))
	b.rules = append(b.rules, old)
	b.byIdent[old.ident], b.numbers[old.at] = fresh, fresh
}

// pane is what is known of a window of the store.
type pane struct {
	name          string
	seed          uint64 // of hashes of its keys
	within, until int64
	covered       int64 // since when it sees all reports, Unix ms
	evidence      bool  // alerts are about what is in it
}

// paneName names a window by its meaning and by what is kept of it.
func paneName(d *window.Definition) string {
	return d.Key + fmt.Sprint(d.Args, d.OncePer, d.Identify)
}

func newPane(d *window.Definition, name string, covered int64, seed uint64) pane {
	return pane{name: name, seed: xxh3.HashSeed([]byte(name), seed), within: d.Within, until: d.Until, covered: covered, evidence: d.Identify}
}

// hash returns what a key of the window is found by.
func (p *pane) hash(key []byte) uint64 { return xxh3.HashSeed(key, p.seed) }

// cold reports whether a rule that can fire on absence does not see all that it
// judges a report of a time by.
func (j *Judge) cold(r *rule, occurred int64) bool {
	return r.falls && slices.ContainsFunc(r.windows, func(w int) bool {
		p := &j.panes[w]
		return p.covered > occurred-p.within+1
	})
}
