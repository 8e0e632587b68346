package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/explain/page"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/window"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/file"
)

// ExplainOptions are the question to Explain and where its answer is looked for:
// in the file Input, or in ClickHouse when Input is "".
type ExplainOptions struct {
	EvalOptions // Dead and Table are not looked at
	explain.Question

	Config  *config.Config // says where ClickHouse is; nil with a file
	PerKey  int            // reports that a window keeps of a key; 0 = all
	Entries int            // reports that are listed a window; 0 = 50
	JSON    bool
	Colour  bool

	limit   int      // reports of a window and kind that are fetched; 0 = maxStored
	reports *reports // by Config; nil without
}

// Explain writes why a rule fires on a report or not. Every rule of the folder may
// be asked about, drafts too. The error is ErrBadRules when a rule has errors.
func Explain(ctx context.Context, o ExplainOptions) error {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	language := o.Language
	language.Schema, language.Kinds = o.Schema, o.Kinds
	set, findings, err := lang.Load(o.Rules, language)
	if err != nil {
		return err
	}
	if findings.Errors() > 0 {
		return errors.Join(writeErrors(o.Log, findings), ErrBadRules)
	}
	var x *explain.Explanation
	if o.Input != "" {
		x, err = o.explainFile(set)
	} else {
		x, err = o.explainStored(ctx, set)
	}
	switch {
	case err != nil:
		return err
	case o.JSON:
		return writeExplanation(o.Out, x)
	}
	return page.Write(o.Out, x, o.Colour)
}

// explainer returns what answers the question from an input called source.
func (o *ExplainOptions) explainer(set *lang.Set, source string) (*explain.Explainer, error) {
	if o.Config != nil {
		var err error
		if o.reports, err = newReports(o.Config); err != nil {
			return nil, err
		}
	}
	return explain.New(set, o.Question, explain.Options{
		Decoders: o.decoders, Lookups: o.Lookups, Windows: window.Options{Entries: o.PerKey}, Entries: o.Entries, Source: source,
	})
}

// decoders returns decoders that read reports of a topic as the config says.
func (o *ExplainOptions) decoders(p *plan.Plan) whole.Decoders {
	return whole.Decoders{Plan: o.topics(p.Columns()), Whole: o.topics(o.Schema.Whole()), About: o.topics(o.Schema.Whole())}
}

func (o *ExplainOptions) topics(project []bool) plan.Decode {
	if o.reports != nil {
		return o.reports.decoderBy(&o.Rates, project).Decode
	}
	return jsoncodec.New(codec.Options{Schema: o.Schema, Project: project, Kinds: o.Kinds, Rates: o.Rates}).Decode
}

func (o *ExplainOptions) explainFile(set *lang.Set) (*explain.Explanation, error) {
	source := o.Input
	if source == "-" {
		source = "standard input"
	}
	e, err := o.explainer(set, source)
	if err != nil {
		return nil, err
	}
	in, err := file.Open(o.Input)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // read only
	for {
		recs, err := in.Next()
		if errors.Is(err, io.EOF) {
			return e.Explain()
		}
		if err == nil {
			err = e.Add(recs)
		}
		if err != nil {
			return nil, err
		}
	}
}

// explanationLine is an explanation as JSON, with the hit as eval prints it.
type explanationLine struct {
	*explain.Explanation
	Hit *hitLine `json:"hit"` // null when the rule does not fire
}

func writeExplanation(w io.Writer, x *explain.Explanation) error {
	out := explanationLine{Explanation: x}
	if x.Hit != nil {
		line := newHitLine(x.Hit)
		out.Hit = &line
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("write explanation: %w", err)
	}
	return nil
}
