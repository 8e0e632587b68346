package app

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/file"
)

// ErrBadRules says that rules have errors, which were written out already.
var ErrBadRules = errors.New("the rules have errors")

// EvalOptions are the input and output of Eval. Only Rules, Input, Out and Log
// are required.
type EvalOptions struct {
	Rules  string // folder of rules
	Input  string // file of one report a line; "-" = standard input
	Dead   string // file for what could not be read; "" = none
	Table  bool   // a table for people instead of JSON
	Schema *event.Schema
	Kinds  code.Kinds
	Rates  codec.Rates
	Out    io.Writer // hits
	Log    io.Writer // findings about rules, and the counts
}

// EvalCounts are what became of the input of Eval.
type EvalCounts struct{ Read, Accepted, Dead, Hits int }

// Eval judges a whole file of reports by a folder of rules, without any service,
// and writes the hits that stand: those of the latest version of each report,
// by (occurred_at, reporter, report_id, rule). The error is ErrBadRules when a
// rule has errors.
func Eval(o EvalOptions) (EvalCounts, error) {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	p, err := loadPlan(o)
	if err != nil {
		return EvalCounts{}, err
	}
	in, err := file.Open(o.Input)
	if err != nil {
		return EvalCounts{}, err
	}
	dead, err := openDead(o.Dead)
	if err != nil {
		return EvalCounts{}, errors.Join(err, in.Close())
	}
	e := newEvaluation(o, p, dead)
	err = errors.Join(e.run(in), in.Close(), dead.close())
	if err != nil {
		return e.counts, err
	}
	hits := e.standing()
	e.counts.Hits = len(hits)
	if o.Table {
		return e.counts, writeHitTable(o.Out, hits)
	}
	return e.counts, writeHits(o.Out, hits)
}

// loadPlan compiles the rules, or writes what is wrong with them.
func loadPlan(o EvalOptions) (*plan.Plan, error) {
	set, findings, err := lang.Load(o.Rules, lang.Options{Schema: o.Schema, Kinds: o.Kinds})
	if err != nil {
		return nil, err
	}
	if findings.Errors() > 0 {
		return nil, errors.Join(findings.WriteText(o.Log), ErrBadRules)
	}
	if len(set.Rules) == 0 {
		return nil, fmt.Errorf("no rule found in %s; a rule is a *.yaml file with id, version, on and when", o.Rules)
	}
	return plan.New(set, nil)
}

// evaluation is the state of one run of Eval.
type evaluation struct {
	decode plan.Decode
	judge  *plan.Judge
	dead   *deadFile
	latest map[identity]version
	hits   []*hit.Hit
	counts EvalCounts
	at     struct{ reporter, reportID, revision int }
}

// identity is what the versions of a report share.
type identity struct{ reporter, reportID string }

// version orders the versions of a report.
type version struct {
	revision uint32
	hash     event.Hash
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.revision, w.revision), bytes.Compare(v.hash[:], w.hash[:]))
}

func newEvaluation(o EvalOptions, p *plan.Plan, dead *deadFile) *evaluation {
	opts := codec.Options{Schema: o.Schema, Project: p.Columns(), Kinds: o.Kinds, Rates: o.Rates}
	whole := opts
	whole.Project = o.Schema.Whole()
	e := &evaluation{
		decode: jsoncodec.New(opts).Decode,
		judge:  plan.NewJudge(p, jsoncodec.New(whole).Decode, hit.Digests{Rates: o.Rates.Digest()}),
		dead:   dead, latest: map[identity]version{},
	}
	e.at.reporter, e.at.reportID, e.at.revision = o.Schema.Must("reporter"), o.Schema.Must("report_id"), o.Schema.Must("revision")
	return e
}

func (e *evaluation) run(in *file.Reader) error {
	for {
		recs, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := e.take(recs); err != nil {
			return err
		}
	}
}

// take judges one run of records.
func (e *evaluation) take(recs *event.Records) error {
	b, dead := e.decode(recs)
	defer b.Release()
	e.counts.Read += recs.Len()
	e.counts.Accepted += b.Rows
	e.counts.Dead += len(dead)
	if err := e.dead.write(dead); err != nil {
		return err
	}
	for r := range b.Rows {
		id := identity{b.Columns[e.at.reporter].String(r), b.Columns[e.at.reportID].String(r)}
		v := version{hash: b.Hash(r)}
		if rev := &b.Columns[e.at.revision]; rev.Has(r) {
			v.revision = rev.U32[r]
		}
		if old, ok := e.latest[id]; !ok || old.compare(v) < 0 {
			e.latest[id] = v
		}
	}
	hits, err := e.judge.Judge(b, recs)
	if err != nil {
		return fmt.Errorf("judge reports: %w", err)
	}
	e.hits = append(e.hits, hits...)
	return nil
}

// standing returns the hits of the latest versions, each once, in order.
func (e *evaluation) standing() []*hit.Hit {
	seen := map[string]bool{}
	kept := e.hits[:0]
	for _, h := range e.hits {
		latest := e.latest[identity{h.Reporter, h.ReportID}]
		if latest == (version{h.Revision, h.Hash}) && !seen[h.ID] {
			seen[h.ID] = true
			kept = append(kept, h)
		}
	}
	slices.SortFunc(kept, func(a, b *hit.Hit) int {
		return cmp.Or(cmp.Compare(a.OccurredAt, b.OccurredAt), cmp.Compare(a.Reporter, b.Reporter),
			cmp.Compare(a.ReportID, b.ReportID), cmp.Compare(a.Rule, b.Rule))
	})
	return kept
}

// deadFile is the file named by --dead; its zero value keeps nothing.
type deadFile struct {
	f   *os.File
	buf *bufio.Writer
	enc *json.Encoder
}

func openDead(path string) (*deadFile, error) {
	if path == "" {
		return &deadFile{}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("open file of dead letters: %w", err)
	}
	d := &deadFile{f: f, buf: bufio.NewWriter(f)}
	d.enc = json.NewEncoder(d.buf)
	d.enc.SetEscapeHTML(false)
	return d, nil
}

// deadLine is one line of the file.
type deadLine struct {
	Line      int64        `json:"line"`
	Reason    event.Reason `json:"reason"`
	Field     *string      `json:"field"`
	Message   string       `json:"message"`
	Raw       *string      `json:"raw,omitempty"`
	RawBase64 string       `json:"raw_base64,omitempty"`
}

func (d *deadFile) write(letters []event.Dead) error {
	if d.f == nil {
		return nil
	}
	for _, l := range letters {
		line := deadLine{Line: l.Offset, Reason: l.Reason, Field: optional(l.Field), Message: l.Message}
		if utf8.Valid(l.Raw) {
			raw := string(l.Raw)
			line.Raw = &raw
		} else {
			line.RawBase64 = base64.StdEncoding.EncodeToString(l.Raw)
		}
		if err := d.enc.Encode(line); err != nil {
			return fmt.Errorf("write dead letter: %w", err)
		}
	}
	return nil
}

func (d *deadFile) close() error {
	if d.f == nil {
		return nil
	}
	if err := errors.Join(d.buf.Flush(), d.f.Close()); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	return nil
}
