package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/rules/window"
)

// Question names a rule and a report.
type Question struct{ Rule, Reporter, ReportID string }

// Ref returns the report of the question.
func (q Question) Ref() plan.Ref { return plan.Ref{Reporter: q.Reporter, ID: q.ReportID} }

// Options are the means and the bounds of an explanation.
type Options struct {
	// Decoders returns new decoders for a plan. It is called twice.
	Decoders func(p *plan.Plan) whole.Decoders
	Lookups  *lookup.Set    // lists and tables; nil = none
	Windows  window.Options // bounds; the zero value is none, as eval judges
	Entries  int            // that a window lists at the most; 0 = 50
	Source   string         // what is searched for the report, for messages
}

// defaultEntries is how many reports of a window people look through.
const defaultEntries = 50

// Explainer gathers an input and then explains one question. One goroutine uses
// it.
type Explainer struct {
	question Question
	options  Options
	set      *lang.Set // of the rule and of those that it counts
	rule     *lang.Rule
	status   lang.Status // as written
	judge    *whole.Judge
	decode   whole.Decoders
	eval     *evaluator

	runs   []*event.Records
	latest map[plan.Ref]hit.Version
	dead   []event.Dead // that name the report
	counts struct{ accepted, dead int }
	at     struct{ reporter, reportID, revision, kind, occurredAt, precision int }
}

// New returns an explainer of a question about the rules of set. The error names
// the nearest rule when there is none of the name. A draft or retired rule is
// explained as if it were a shadow one.
func New(set *lang.Set, q Question, o Options) (*Explainer, error) {
	i := slices.IndexFunc(set.Rules, func(r *lang.Rule) bool { return r.ID == q.Rule })
	if i < 0 {
		return nil, noRule(set, q.Rule)
	}
	if o.Entries == 0 {
		o.Entries = defaultEntries
	}
	e := &Explainer{question: q, options: o, status: set.Rules[i].Status, latest: map[plan.Ref]hit.Version{}}
	e.set, e.rule = reduced(set, i)
	e.at.reporter, e.at.reportID, e.at.revision = set.Schema.Must("reporter"), set.Schema.Must("report_id"), set.Schema.Must("revision")
	e.at.kind, e.at.occurredAt, e.at.precision = set.Schema.Must("kind"), set.Schema.Must("occurred_at"), set.Schema.Must("time_precision")
	p, err := plan.New(e.set, o.Lookups)
	if err != nil {
		return nil, err
	}
	ref := q.Ref()
	if e.judge, err = whole.New(p, set.Schema, whole.Options{Decoders: o.Decoders(p), Windows: o.Windows, Only: &ref}); err != nil {
		return nil, err
	}
	e.decode = o.Decoders(p)
	e.eval, err = newEvaluator(e.set, e.rule, o)
	return e, err
}

func noRule(set *lang.Set, id string) error {
	ids := make([]string, len(set.Rules))
	for i, r := range set.Rules {
		ids[i] = r.ID
	}
	if fix := spec.DidYouMean(id, ids); fix != "" {
		return fmt.Errorf("there is no rule %s: %s", id, fix)
	}
	return fmt.Errorf("there is no rule %s among %d", id, len(ids))
}

// reduced returns the set of rule i and of the rules whose hits it counts, and the
// rule in it. A rule that is not judged becomes a shadow one.
func reduced(set *lang.Set, i int) (*lang.Set, *lang.Rule) {
	out := set.Alone(i, func(r *lang.Rule) lang.Status {
		if r == set.Rules[i] && !r.Status.Judged() {
			return lang.Shadow
		}
		return r.Status
	})
	at := slices.IndexFunc(out.Rules, func(r *lang.Rule) bool { return r.ID == set.Rules[i].ID })
	return out, out.Rules[at]
}

// Add takes a run of records, which must not change afterwards.
func (e *Explainer) Add(recs *event.Records) error {
	accepted, dead, err := e.judge.Add(recs)
	if err != nil {
		return err
	}
	e.counts.accepted += accepted
	e.counts.dead += len(dead)
	for _, d := range dead {
		if Names(d.Raw, e.question.Ref()) {
			d.Raw = nil
			e.dead = append(e.dead, d)
		}
	}
	e.runs = append(e.runs, recs)
	b, _ := e.decode.Whole(recs)
	defer b.Release()
	for r := range b.Rows {
		ref, v := e.identity(b, r)
		if old, ok := e.latest[ref]; !ok || old.Compare(v) < 0 {
			ref.Reporter, ref.ID = strings.Clone(ref.Reporter), strings.Clone(ref.ID)
			e.latest[ref] = v
		}
	}
	e.eval.feed(b)
	return nil
}

func (e *Explainer) identity(b *event.Batch, r int) (plan.Ref, hit.Version) {
	v := hit.Version{Hash: b.Hash(r)}
	if rev := &b.Columns[e.at.revision]; rev.Has(r) {
		v.Revision = rev.U32[r]
	}
	return plan.Ref{Reporter: b.Columns[e.at.reporter].String(r), ID: b.Columns[e.at.reportID].String(r)}, v
}

// Names reports whether an input that could not be used says that it is a report.
func Names(raw []byte, ref plan.Ref) bool {
	var id struct {
		Reporter any `json:"reporter"`
		ReportID any `json:"report_id"`
	}
	if json.Unmarshal(raw, &id) == nil {
		return id.Reporter == ref.Reporter && id.ReportID == ref.ID
	}
	return bytes.Contains(raw, []byte(`"`+ref.ID+`"`)) && bytes.Contains(raw, []byte(`"`+ref.Reporter+`"`))
}

// noReport says why there is no report to explain.
func (e *Explainer) noReport() error {
	q := e.question
	if len(e.dead) > 0 {
		return Refused(q, e.dead[len(e.dead)-1])
	}
	var ids []string
	for ref := range e.latest {
		if ref.Reporter == q.Reporter {
			ids = append(ids, ref.ID)
		}
	}
	slices.Sort(ids)
	text := fmt.Sprintf("there is no report %s/%s in %s: %d reports accepted, %d of them by %s, %d dead letters",
		q.Reporter, q.ReportID, e.options.Source, len(e.latest), len(ids), q.Reporter, e.counts.dead)
	if id := code.Nearest(ids, q.ReportID); id != "" {
		text += "; did you mean " + q.Reporter + "/" + id + "?"
	}
	return fmt.Errorf("%s", text)
}

// Refused returns the error for a report that is a dead letter.
func Refused(q Question, d event.Dead) error {
	field := ""
	if d.Field != "" {
		field = " " + d.Field
	}
	return fmt.Errorf("report %s/%s was not accepted: it is a dead letter (%s%s: %s) from %s/%d/%d, so no rule has seen it",
		q.Reporter, q.ReportID, d.Reason, field, d.Message, d.Topic, d.Partition, d.Offset)
}

// Explain judges what was added and explains the question. Nothing can be added
// afterwards.
func (e *Explainer) Explain() (*Explanation, error) {
	version, ok := e.latest[e.question.Ref()]
	if !ok {
		return nil, e.noReport()
	}
	b, versions, err := e.report(version)
	if err != nil {
		return nil, err
	}
	defer b.Release()
	hits, err := e.judge.Hits()
	if err != nil {
		return nil, err
	}
	var own *hit.Hit
	others := map[string]string{} // rule that hits → its case
	for _, h := range hits {
		switch {
		case h.Reporter != e.question.Reporter || h.ReportID != e.question.ReportID:
		case h.Rule == e.rule.ID:
			own = h
		default:
			others[h.Rule] = h.Case
		}
	}
	e.eval.bind(b, others)
	x := e.explanation(b, own)
	x.Report.Versions = versions
	if err := e.agree(x, own); err != nil {
		return nil, err
	}
	return x, e.windows(x, b)
}

// report decodes the version of the report that is explained as the only row of a
// batch, and counts its versions.
func (e *Explainer) report(v hit.Version) (b *event.Batch, versions int, err error) {
	seen := map[hit.Version]bool{}
	for _, recs := range e.runs {
		all, _ := e.decode.Whole(recs)
		for r := range all.Rows {
			ref, got := e.identity(all, r)
			if ref != e.question.Ref() || seen[got] {
				continue
			}
			seen[got] = true
			if got == v {
				one := &event.Records{Topic: recs.Topic, Partition: recs.Partition, Codec: recs.Codec, Next: recs.Next, High: recs.High}
				plan.AppendRecord(one, recs, int(all.Index[r]))
				b, _ = e.decode.About(one)
			}
		}
		all.Release()
	}
	if b == nil || b.Rows != 1 {
		return nil, 0, fmt.Errorf("decode report %s/%s again: it is refused now", e.question.Reporter, e.question.ReportID)
	}
	return b, len(seen), nil
}

// agree says whether what is shown is what the plan decides.
func (e *Explainer) agree(x *Explanation, own *hit.Hit) error {
	score := x.Score.Value
	switch {
	case own == nil && !x.Fires:
		return nil
	case own != nil && x.Fires && own.Case == x.Case && (score == nil && own.Score.Sign() == 0 || score != nil && *score == own.Score):
		x.Hit = own
		return nil
	}
	return fmt.Errorf("explain %s on %s/%s: the plan says hit %t and the explanation %t (case %q): this is a defect of haltwire, please report it with rule and report",
		e.rule.ID, e.question.Reporter, e.question.ReportID, own != nil, x.Fires, x.Case)
}
