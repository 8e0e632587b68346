package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

// BacktestOptions are the input of Backtest. Of EvalOptions it looks at Rules, Dead,
// Log and what Configure fills in.
type BacktestOptions struct {
	EvalOptions

	Against string            // a second folder of rules; "" = none
	Files   []string          // NDJSON, .csv, .tsv, .parquet; "-" = NDJSON from standard input; none = ClickHouse
	Maps    []string          // mappings: none, one for all tables, or one a file
	Labels  string            // file that says what was fraud; "" = none
	Strict  bool              // what has no label is not fraud
	From    time.Time         // hits from then on are measured; zero = all
	To      time.Time         // and before that
	Episode time.Duration     // how long an alert takes in payments; 0 = backtest.Episode
	Limit   int               // of the listed differences
	Params  map[string]string // params of rules to replace, by NAME or RULE/NAME

	Progress io.Writer // a terminal that shows how far it is; nil = none
}

// errNoInput says that nothing of the input could be judged.
var errNoInput = errors.New("no report was accepted: there is nothing to measure")

// Backtest judges a whole input by one or two folders of rules and measures what they
// say. The error is ErrBadRules when a rule has errors.
func Backtest(ctx context.Context, o BacktestOptions) (*backtest.Report, error) {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	labels, err := o.labels()
	if err != nil {
		return nil, err
	}
	measured, err := o.measuring(labels)
	if err != nil {
		return nil, err
	}
	sides := make([]*side, 0, 2)
	for _, dir := range []string{o.Rules, o.Against} {
		if dir == "" {
			continue
		}
		s, err := o.side(dir, measured, len(sides) == 0)
		if err != nil {
			return nil, err
		}
		sides = append(sides, s)
	}
	if err := o.checkParams(sides); err != nil {
		return nil, err
	}
	in, err := o.open(ctx, sides)
	if err != nil {
		return nil, err
	}
	dead, err := openDead(o.Dead)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	r := &backtestRun{o: o, sides: sides, dead: dead, progress: newProgress(o.Progress)}
	err = r.judge(in)
	if err = errors.Join(err, in.Close(), dead.close()); err != nil {
		return nil, err
	}
	return r.report()
}

func (o *BacktestOptions) labels() (*backtest.Labels, error) {
	if o.Labels == "" {
		return nil, nil
	}
	f, err := os.Open(o.Labels)
	if err != nil {
		return nil, fmt.Errorf("open labels: %w", err)
	}
	defer f.Close()
	l, err := backtest.ReadLabels(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Labels, err)
	}
	return l, nil
}

func (o *BacktestOptions) measuring(labels *backtest.Labels) (backtest.Options, error) {
	m := backtest.Options{Episode: o.Episode, Labels: labels, Unlabelled: o.Strict}
	if !o.From.IsZero() {
		m.From = o.From.UnixMilli()
	}
	if !o.To.IsZero() {
		m.To = o.To.UnixMilli()
	}
	if o.conf == nil || len(o.conf.Parties) == 0 {
		return m, nil
	}
	book, err := policy.NewBook(o.conf.Party, o.conf.Parties)
	if err != nil {
		return m, err
	}
	m.Party = func(s hit.Subject, ask []string) string {
		if p, _ := book.Route(s, ask); p != nil {
			return p.ID
		}
		return ""
	}
	return m, nil
}

// side is one of the sets of rules that are measured.
type side struct {
	dir       string
	set       *lang.Set
	plan      *plan.Plan
	collector *backtest.Collector
	judge     *whole.Judge
	params    []string // that can be replaced: NAME and RULE/NAME
	first     int64    // occurred_at of the first report that is measured, and of the last
	last      int64
}

// side loads a folder of rules and makes what judges by it. The first side shows the
// reports to the labels, which one goroutine may do.
func (o *BacktestOptions) side(dir string, measured backtest.Options, first bool) (*side, error) {
	language := o.Language
	language.Schema, language.Kinds, language.Params = o.Schema, o.Kinds, o.Params
	tree, findings, err := spec.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	set, more := lang.Check(tree, language)
	if findings = append(findings, more...); findings.Errors() > 0 {
		findings.Sort()
		return nil, errors.Join(writeErrors(o.Log, findings), ErrBadRules)
	}
	s := &side{dir: dir, set: set, first: math.MaxInt64, last: math.MinInt64}
	for _, r := range tree.Rules {
		for _, p := range r.Params {
			s.params = append(s.params, p.Name.Text, r.ID.Text+"/"+p.Name.Text)
		}
	}
	var rules []*lang.Rule
	for i, r := range set.Rules {
		if r.Status == lang.Retired {
			continue
		}
		rules = append(rules, r)
		live := *r
		live.Status = lang.Live // whatever it is: a backtest is how authors learn what it would do
		set.Rules[i] = &live
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("no rule found in %s; a rule is a *.yaml file with id, version, on and when", dir)
	}
	s.collector = backtest.NewCollector(rules, measured)
	if s.plan, err = plan.New(set, o.Lookups); err != nil {
		return nil, err
	}
	s.judge, err = o.judge(s, measured, first)
	return s, err
}

// checkParams refuses to replace what no rule has.
func (o *BacktestOptions) checkParams(sides []*side) error {
	var all []string
	for _, s := range sides {
		all = append(all, s.params...)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Params)) {
		if slices.Contains(all, name) {
			continue
		}
		if near := code.Nearest(all, name); near != "" {
			return fmt.Errorf("no rule has a param %s; did you mean %s?", name, near)
		}
		return fmt.Errorf("no rule has a param %s", name)
	}
	return nil
}

// judge returns what judges by s.
func (o *BacktestOptions) judge(s *side, measured backtest.Options, first bool) (*whole.Judge, error) {
	columns := []string{"occurred_at"}
	if measured.Labels != nil {
		columns = append(columns, measured.Labels.Columns()...)
	}
	project := o.Schema.Projection(columns...)
	for i, reads := range s.plan.Columns() {
		project[i] = project[i] || reads
	}
	narrow := codec.Options{Schema: o.Schema, Project: project, Kinds: o.Kinds, Rates: o.Rates}
	wide := narrow
	wide.Project = o.Schema.Whole()
	occurred := o.Schema.Must("occurred_at")
	return whole.New(s.plan, o.Schema, whole.Options{
		Decoders: whole.Decoders{Plan: jsoncodec.New(narrow).Decode, Whole: jsoncodec.New(wide).Decode, About: jsoncodec.New(wide).Decode},
		Digests:  hit.Digests{Lists: lookupsDigest(o.Lookups), Rates: o.Rates.Digest()},
		Take:     s.collector.Take,
		Observe: func(b *event.Batch) {
			if measured.Labels != nil && first {
				measured.Labels.Observe(b)
			}
			for r := range b.Rows {
				if at := b.Columns[occurred].I64[r]; (measured.From == 0 || at >= measured.From) && (measured.To == 0 || at < measured.To) {
					s.first, s.last = min(s.first, at), max(s.last, at)
				}
			}
		},
	})
}

// backtestRun is the state of one Backtest.
type backtestRun struct {
	o        BacktestOptions
	sides    []*side
	dead     *deadFile
	progress *progress
	input    backtest.Input
	told     int // dead letters that were written to the log
}

// judge judges the input by every side at once.
func (r *backtestRun) judge(in tableInput) error {
	var sources []whole.Source
	watched := &watchedInput{tableInput: in, progress: r.progress}
	if len(r.sides) == 1 {
		sources = []whole.Source{watched}
	} else {
		t := newTee(watched, len(r.sides))
		defer t.stop()
		sources = t.branches()
	}
	errs := make([]error, len(r.sides))
	var wg sync.WaitGroup
	for i, s := range r.sides {
		wg.Go(func() {
			errs[i] = r.side(s, sources[i], i == 0)
			if b, ok := sources[i].(*branch); ok {
				b.leave()
			}
		})
	}
	wg.Wait()
	r.progress.end()
	return errors.Join(errs...)
}

// side judges the input by one side; the first counts the input.
func (r *backtestRun) side(s *side, from whole.Source, first bool) error {
	var added func(*event.Records, int, []event.Dead) error
	var judged func(done, of int)
	if first {
		added = r.count
		judged = func(done, of int) { r.progress.show("judged", float64(done)/float64(of)) }
	}
	if err := s.judge.AddAll(from, added); err != nil {
		return err
	}
	return s.judge.Finish(judged)
}

// maxTold is how many dead letters the log gets; all go to the file of dead letters.
const maxTold = 5

// count counts a run and writes its dead letters.
func (r *backtestRun) count(recs *event.Records, accepted int, dead []event.Dead) error {
	letters := append(recs.Dead[:len(recs.Dead):len(recs.Dead)], dead...)
	r.input.Read += recs.Len() + len(recs.Dead)
	r.input.Accepted += accepted
	r.input.Dead += len(letters)
	for _, l := range letters {
		if r.told++; r.told > maxTold {
			break
		}
		field := ""
		if l.Field != "" {
			field = l.Field + ": "
		}
		r.progress.pause()
		fmt.Fprintf(r.o.Log, "%s: row %d: %s%s (%s)\n", l.Topic, l.Offset, field, l.Message, l.Reason)
	}
	return r.dead.write(letters)
}

// report measures what was judged.
func (r *backtestRun) report() (*backtest.Report, error) {
	if n := r.input.Dead - maxTold; n > 0 {
		fmt.Fprintf(r.o.Log, "and %d more that could not be read\n", n)
	}
	if r.input.Accepted == 0 {
		return nil, errNoInput
	}
	a := r.sides[0]
	r.input.Reports = a.judge.Reports()
	if !r.o.From.IsZero() {
		a.first = r.o.From.UnixMilli()
	}
	if !r.o.To.IsZero() {
		a.last = r.o.To.UnixMilli() - 1
	}
	out := &backtest.Report{Input: r.input, Span: backtest.NewSpan(a.first, a.last)}
	var standing []*backtest.Standing
	for i, s := range r.sides {
		st := s.collector.Standing(s.judge.Stands)
		standing = append(standing, st)
		set := st.Measure(s.dir, s.plan.Digest(), out.Span, s.errors())
		if i == 0 {
			out.A = set
		} else {
			out.B = &set
		}
	}
	if len(standing) == 2 {
		out.Difference = backtest.Compare(standing[0], standing[1], r.o.Limit)
	}
	return out, nil
}

// errors returns run-time errors by rule. Both lists are of the rules that are not
// retired, in the order of the set.
func (s *side) errors() []uint64 { return s.judge.Errors() }
