package live

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
	"github.com/haltwire/haltwire/rules/window"
)

// Decoders turn records into batches that live beside that of the caller. Each may
// get records of several partitions of one topic in one run.
type Decoders struct {
	Again plan.Decode // the plan's Columns, of reports that are judged again
	Whole plan.Decode // all columns, of reports that match
	About plan.Decode // all columns, of reports that alerts are about
}

// Options are the means and bounds of a judge.
type Options struct {
	Decoders
	Schema  *event.Schema
	Digests hit.Digests    // of lists and rates
	Windows window.Options // bounds; Dirty is set
	Bytes   int64          // of candidates and evidence; 0 = no bound
	// Lateness is how long, in ms of record time, later evidence can change what was
	// said of a report; 0 = Week.
	Lateness int64
	// Budget is how many candidates are judged again a batch; 0 = DefaultBudget.
	Budget int
	// Covered is the time, Unix ms, from which on all reports are or will be fed.
	Covered int64
	// Dir is where snapshots are kept; "" = nowhere.
	Dir string
	// Piece is how many bytes of windows a call of Keep writes; 0 = 4 MiB.
	Piece int64
	// Pause is how many calls of Keep lie between two generations; 0 = 50.
	Pause int
}

// Defaults of Options.
const (
	Week          = 7 * 86_400_000
	DefaultBudget = 4096
	defaultPause  = 50
	defaultPiece  = 4 << 20
)

// Stats counts what a judge remembers and what it did.
type Stats struct {
	Windows    window.Stats
	Candidates int64
	Evidence   int64  // reports that alerts of others may be about
	Bytes      int64  // of candidates and evidence
	Settling   int64  // reports that wait until they settle
	Queued     int64  // keys whose candidates are to be judged again
	Deferred   uint64 // times that a key had to wait for another batch
	Rejudged   uint64 // candidates judged again
	TooLate    uint64 // reports older than the lateness, whose verdict is final
	Cut        uint64 // verdicts that a cut window did not confirm, and left as they were
	Dropped    uint64 // candidates and evidence given up over Options.Bytes
	Refused    uint64 // candidates that could not be decoded again
}

// Judge is a plan with everything that it remembers. One goroutine uses it, except
// where a method says otherwise.
type Judge struct {
	o      Options
	plan   *plan.Plan
	state  *plan.State
	writer *plan.Judge
	shelf  *shelf.Shelf
	fresh  map[string]*plan.Evaluator // by topic, for the caller's batches
	again  map[string]*plan.Evaluator // by topic, for batches of Decoders.Again
	book   book
	panes  []pane // one a window of the store
	proof  int64  // the longest within of windows that alerts are about, ms
	cols   columns

	sources  []source
	sourceOf map[event.Partition]int32
	doubt    map[event.Partition]int64 // offsets below are in doubt

	turn    uint32
	clock   int64 // math.MinInt64 = not known
	horizon int64 // what occurred at or before it is not judged again
	swept   int64 // clock of the last sweep
	queue   queue
	settle  settle
	turns   turns
	errors  []uint64 // of evaluators that are gone, by rule of the plan
	keeper  keeper
	stats   Stats
}

// columns are the schema columns that identify a report.
type columns struct{ reporter, reportID, revision, occurred int }

// source is a partition and how it is encoded.
type source struct {
	event.Partition
	codec string
}

// New returns a judge by p that remembers nothing. It opens nothing.
func New(p *plan.Plan, o Options) (*Judge, error) {
	o.Lateness, o.Budget, o.Pause = cmp.Or(o.Lateness, Week), cmp.Or(o.Budget, DefaultBudget), cmp.Or(o.Pause, defaultPause)
	o.Piece = cmp.Or(o.Piece, defaultPiece)
	o.Windows.Dirty = true
	j := &Judge{
		o: o, plan: p, sourceOf: map[event.Partition]int32{}, doubt: map[event.Partition]int64{},
		clock: math.MinInt64, horizon: math.MinInt64, swept: math.MinInt64,
	}
	s := o.Schema
	j.cols = columns{s.Must("reporter"), s.Must("report_id"), s.Must("revision"), s.Must("occurred_at")}
	if err := j.forget(); err != nil {
		return nil, err
	}
	return j, nil
}

// forget begins without any memory.
func (j *Judge) forget() error {
	seed := cmp.Or(j.o.Windows.Seed, rand.Uint64()|1)
	state, err := plan.NewState(j.plan, j.o.Windows, nil)
	if err != nil {
		return err
	}
	if j.shelf, err = shelf.New(seed); err != nil {
		return fmt.Errorf("make shelf: %w", err)
	}
	j.book, j.queue, j.settle = book{}, queue{}, settle{}
	j.sources, j.sourceOf = nil, map[event.Partition]int32{}
	j.clock, j.horizon, j.swept = math.MinInt64, math.MinInt64, math.MinInt64
	clear(j.doubt)
	j.use(j.plan, state.FetchAll(j.fetch), nil)
	return nil
}

// use makes p, whose windows state keeps, the plan in force. covered are the times
// from which on windows see all reports, by window name; others begin at
// Options.Covered.
func (j *Judge) use(p *plan.Plan, state *plan.State, covered map[string]int64) {
	j.plan, j.state = p, state
	j.writer = plan.NewJudge(p, j.o.Whole, j.o.Digests).With(state)
	j.fresh, j.again = map[string]*plan.Evaluator{}, map[string]*plan.Evaluator{}
	j.errors = make([]uint64, len(p.Rules()))
	j.panes, j.proof = nil, 0
	for _, d := range p.Definitions() {
		name := paneName(&d)
		since, ok := covered[name]
		if !ok {
			since = j.o.Covered
		}
		j.panes = append(j.panes, newPane(&d, name, since, j.shelf.Seed()))
		if d.Identify {
			j.proof = max(j.proof, d.Within)
		}
	}
	j.book.use(p)
}

// Columns returns the projection that Judge needs, one flag a schema column.
func (j *Judge) Columns() []bool { return j.plan.Columns() }

// Errors returns, by position in Plan.Rules, on how many reports evaluating the
// rule met a run-time error, and for how many feeding one of its windows did.
func (j *Judge) Errors() []uint64 {
	sum := append([]uint64(nil), j.errors...)
	for _, e := range j.fresh {
		for i, n := range e.Errors() {
			sum[i] += n
		}
	}
	for i, n := range j.state.Errors() {
		sum[i] += n
	}
	return sum
}

// Stats returns what the judge remembers and did.
func (j *Judge) Stats() Stats {
	s := j.stats
	s.Windows = j.state.Stats()
	s.Candidates, s.Evidence, s.Bytes = j.shelf.Candidates(), j.shelf.Evidence(), j.shelf.Bytes()
	s.Settling, s.Queued = int64(len(j.settle.heap)), int64(len(j.queue.items))
	return s
}

// evaluator returns the evaluator of a topic.
func (j *Judge) evaluator(by map[string]*plan.Evaluator, topic string) *plan.Evaluator {
	e, ok := by[topic]
	if !ok {
		e = plan.NewEvaluator(j.plan).With(j.state).Open()
		by[topic] = e
	}
	return e
}

// source returns the number of the partition of recs.
func (j *Judge) source(recs *event.Records) int32 {
	p := event.Partition{Topic: recs.Topic, ID: recs.Partition}
	n, ok := j.sourceOf[p]
	if !ok {
		n = int32(len(j.sources))
		j.sources = append(j.sources, source{Partition: p})
		j.sourceOf[p] = n
	}
	j.sources[n].codec = recs.Codec
	return n
}

// doubtful reports whether a run may have been judged before, by a process that
// nobody remembers.
func (j *Judge) doubtful(recs *event.Records) bool {
	p := event.Partition{Topic: recs.Topic, ID: recs.Partition}
	high, ok := j.doubt[p]
	if !ok {
		high = recs.High
		j.doubt[p] = high
	}
	return recs.Len() > 0 && recs.Offsets[0] < high
}

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
	return fmt.Sprintf("%sargs %d once %t names %t", d.Key, d.Args, d.OncePer, d.Identify)
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

// Lacks returns since when, Unix ms, all reports would have to be fed for windows to
// miss nothing at a clock, and since when those of them that lack something do see
// all: when that is not later, nothing is lacking.
func (j *Judge) Lacks(clock int64) (needed, covered int64) {
	needed, covered = math.MaxInt64, math.MinInt64
	for i := range j.panes {
		p := &j.panes[i]
		if from := clock - p.within - j.o.Lateness; from < p.covered {
			needed, covered = min(needed, from), max(covered, p.covered)
		}
	}
	return needed, covered
}
