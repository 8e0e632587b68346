package app

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
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

	Language lang.Options // its lists, tables and zones
	Lookups  *lookup.Set  // the lists and tables; nil = none

	Out io.Writer // hits
	Log io.Writer // findings about rules, and the counts

	conf *config.Config // what Configure read, nil = none
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
	e, err := newEvaluation(o, p, dead)
	if err == nil {
		err = e.run(in)
	}
	if err = errors.Join(err, in.Close(), dead.close()); err != nil {
		return e.counts, err
	}
	hits, err := e.judge.Hits()
	if err != nil {
		return e.counts, err
	}
	e.counts.Hits = len(hits)
	e.faults(o.Log, p)
	if o.Table {
		return e.counts, writeHitTable(o.Out, hits)
	}
	return e.counts, writeHits(o.Out, hits)
}

// loadPlan compiles the rules, or writes what is wrong with them.
func loadPlan(o EvalOptions) (*plan.Plan, error) {
	language := o.Language
	language.Schema, language.Kinds = o.Schema, o.Kinds
	set, findings, err := lang.Load(o.Rules, language)
	if err != nil {
		return nil, err
	}
	if findings.Errors() > 0 {
		return nil, errors.Join(findings.WriteText(o.Log), ErrBadRules)
	}
	if len(set.Rules) == 0 {
		return nil, fmt.Errorf("no rule found in %s; a rule is a *.yaml file with id, version, on and when", o.Rules)
	}
	return plan.New(set, o.Lookups)
}

// evaluation is the state of one run of Eval.
type evaluation struct {
	judge  *whole.Judge
	dead   *deadFile
	counts EvalCounts
}

func newEvaluation(o EvalOptions, p *plan.Plan, dead *deadFile) (*evaluation, error) {
	j, err := newWhole(o.Schema, o.Kinds, o.Rates, o.Lookups, p)
	return &evaluation{judge: j, dead: dead}, err
}

// newWhole returns what judges whole inputs of JSON by p.
func newWhole(s *event.Schema, kinds code.Kinds, rates codec.Rates, lookups *lookup.Set, p *plan.Plan) (*whole.Judge, error) {
	opts := codec.Options{Schema: s, Project: p.Columns(), Kinds: kinds, Rates: rates}
	all := opts
	all.Project = s.Whole()
	return whole.New(p, s, whole.Options{
		Decoders: whole.Decoders{Plan: jsoncodec.New(opts).Decode, Whole: jsoncodec.New(all).Decode, About: jsoncodec.New(all).Decode},
		Digests:  hit.Digests{Lists: lookupsDigest(lookups), Rates: rates.Digest()},
	})
}

func (e *evaluation) run(in *file.Reader) error {
	for {
		recs, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		accepted, dead, err := e.judge.Add(recs)
		if err != nil {
			return err
		}
		e.counts.Read += recs.Len()
		e.counts.Accepted += accepted
		e.counts.Dead += len(dead)
		if err := e.dead.write(dead); err != nil {
			return err
		}
	}
}

// faults says which rules met run-time errors: an operand that could not be
// computed was missing there.
func (e *evaluation) faults(w io.Writer, p *plan.Plan) {
	for i, n := range e.judge.Errors() {
		if n > 0 {
			fmt.Fprintf(w, "rule %s: an operand could not be computed on %d of %d reports and was missing there (an index out of range, a text that is no number or too long to look through); haltwire explain shows which\n",
				p.Rules()[i].ID, n, e.counts.Accepted)
		}
	}
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
