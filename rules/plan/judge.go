package plan

import (
	"fmt"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// Decode turns records into a batch, as pipeline.Decoder's method does.
type Decode func(recs *event.Records) (*event.Batch, []event.Dead)

// Judge is a plan with evaluators and the means to read a matching report whole.
// One goroutine uses it.
type Judge struct {
	plan       *Plan
	evaluators map[string]*Evaluator // by topic: topics have decoders, and so dictionaries, of their own
	whole      Decode
	digests    hit.Digests
	state      *State // nil = windows are missing
}

// NewJudge returns a judge by p. whole must accept the same records as the
// decoder of the batches and decode all columns. digests says which lists and
// rates are in force.
func NewJudge(p *Plan, whole Decode, digests hit.Digests) *Judge {
	digests.Rules = p.digest()
	return &Judge{plan: p, evaluators: map[string]*Evaluator{}, whole: whole, digests: digests}
}

// With makes j look into the windows of s, and returns it.
func (j *Judge) With(s *State) *Judge {
	j.state = s
	return j
}

// Columns returns the projection that Judge needs, one flag a schema column.
func (j *Judge) Columns() []bool { return j.plan.Columns() }

// Errors returns, by position in Plan.Rules, on how many reports evaluating the
// rule met a run-time error, and for how many feeding one of its windows did.
func (j *Judge) Errors() []uint64 {
	sum := make([]uint64, len(j.plan.rules))
	for _, e := range j.evaluators {
		for i, n := range e.errors {
			sum[i] += n
		}
	}
	if j.state != nil {
		for i, n := range j.state.Errors() {
			sum[i] += n
		}
	}
	return sum
}

func (j *Judge) evaluator(topic string) *Evaluator {
	e, ok := j.evaluators[topic]
	if !ok {
		e = NewEvaluator(j.plan)
		if j.state != nil {
			e.With(j.state)
		}
		j.evaluators[topic] = e
	}
	return e
}

// Judge returns the hits of b, by row and rule, which own their memory: b may be
// released after the call. An error means that b could not be judged at all.
func (j *Judge) Judge(b *event.Batch, _ *event.Records) (*hit.Judgement, error) {
	hits, err := j.Hits(b)
	if err != nil {
		return nil, err
	}
	return &hit.Judgement{Hits: hits}, nil
}

// Hits returns the hits of b as Judge does.
func (j *Judge) Hits(b *event.Batch) ([]*hit.Hit, error) {
	return j.Write(b, j.evaluator(b.Records.Topic).Eval(b))
}

// Write returns the hits of matches, which must be by row, on the reports of b,
// read whole. It changes the rows of matches.
func (j *Judge) Write(b *event.Batch, matches []Match) ([]*hit.Hit, error) {
	if len(matches) == 0 {
		return nil, nil
	}
	recs := &event.Records{Topic: b.Records.Topic, Partition: b.Records.Partition, Codec: b.Records.Codec, Next: b.Records.Next, High: b.Records.High}
	last := int32(-1)
	for i := range matches {
		m := &matches[i]
		if m.Row != last {
			last = m.Row
			AppendRecord(recs, b.Records, int(b.Index[last]))
		}
		m.Row = int32(recs.Len() - 1)
	}
	full, dead := j.whole(recs)
	defer full.Release()
	if len(dead) > 0 || full.Rows != recs.Len() {
		return nil, fmt.Errorf("decode %d matching reports from offset %d again: %d that were accepted are refused", recs.Len(), recs.Offsets[0], recs.Len()-full.Rows)
	}
	hits, err := j.plan.hits(full, matches, j.state)
	if err != nil {
		return nil, err
	}
	for _, h := range hits {
		h.Digests = j.digests
	}
	return hits, nil
}

// AppendRecord appends to recs record i of a run.
func AppendRecord(recs, run *event.Records, i int) {
	recs.Offsets = append(recs.Offsets, run.Offsets[i])
	recs.Times = append(recs.Times, run.Times[i])
	recs.Values = append(recs.Values, run.Values[i])
	if run.Trace != nil {
		recs.Trace = append(recs.Trace, run.Trace[i])
	}
	recs.Bytes += len(run.Values[i])
}
