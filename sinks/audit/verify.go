package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Source reads a whole log. It calls record for every record, in order within a
// partition, maybe at the same time for different ones.
type Source func(ctx context.Context, record func(Record) error) error

// Report is what verification found.
type Report struct {
	Party      string            `json:"party"`
	Sound      bool              `json:"sound"` // nothing contradicts a checkpoint
	Partitions []PartitionReport `json:"partitions"`
	// Unverified are checkpoints that no key verifies, or of another log.
	Unverified []string `json:"unverified,omitempty"`
}

// PartitionReport is what was found of one partition.
type PartitionReport struct {
	Partition   int32     `json:"partition"`
	Records     int64     `json:"records"`
	Checkpoints int       `json:"checkpoints"`
	Proven      int64     `json:"proven"` // records up to the last checkpoint that holds
	Until       string    `json:"until,omitempty"`
	Root        tlog.Hash `json:"root"`
	Problems    []Problem `json:"problems,omitempty"`
}

// Problem is one thing that does not hold.
type Problem struct {
	// First and Last bound the offsets that what is wrong lies between.
	First int64  `json:"first_offset"`
	Last  int64  `json:"last_offset"`
	Text  string `json:"text"`
}

// VerifyOptions is what Verify needs.
type VerifyOptions struct {
	Party       string
	Partitions  int32
	Salts       Salter
	Verifiers   []string // keys of the party, as VerifierKey writes them
	Checkpoints [][]byte // signed, in any order
	// Kept returns the tree of a partition that an instance kept while it ran, to say
	// which record differs; nil = only the range is known.
	Kept func(partition int32) *Tree
}

// Verify reads the log and compares it with every checkpoint.
func Verify(ctx context.Context, log Source, o VerifyOptions) (*Report, error) {
	dir, err := os.MkdirTemp("", "haltwire-audit-")
	if err != nil {
		return nil, fmt.Errorf("verify log: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l, err := Open(Options{Dir: dir, Party: o.Party, Partitions: o.Partitions, Salts: o.Salts})
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.Close() }() // it is thrown away
	if err := log(ctx, func(r Record) error { return l.append(r) }); err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	r := &Report{Party: o.Party, Sound: true}
	signed := r.open(o)
	for p := range o.Partitions {
		part, err := l.verify(p, signed[p], o)
		if err != nil {
			return nil, err
		}
		r.Sound = r.Sound && len(part.Problems) == 0
		r.Partitions = append(r.Partitions, *part)
	}
	r.Sound = r.Sound && len(r.Unverified) == 0
	return r, nil
}

// opened is a checkpoint with its digest.
type opened struct {
	Checkpoint
	digest string
}

// open verifies the checkpoints and sorts them by partition and size.
func (r *Report) open(o VerifyOptions) map[int32][]opened {
	out := map[int32][]opened{}
	for _, text := range o.Checkpoints {
		c, err := OpenCheckpoint(text, o.Verifiers...)
		switch {
		case err != nil:
			r.Unverified = append(r.Unverified, err.Error())
		case c.Log != o.Party || c.Partition < 0 || c.Partition >= o.Partitions:
			r.Unverified = append(r.Unverified, fmt.Sprintf("a checkpoint is of %s partition %d, which is not this log", c.Log, c.Partition))
		default:
			out[c.Partition] = append(out[c.Partition], opened{c, Digest(text)})
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b opened) int { return cmp.Or(cmp.Compare(a.Size, b.Size), a.Time.Compare(b.Time)) })
	}
	return out
}

func (l *Log) verify(p int32, checkpoints []opened, o VerifyOptions) (*PartitionReport, error) {
	t := l.trees[p]
	out := &PartitionReport{Partition: p, Records: t.Size(), Checkpoints: len(checkpoints)}
	root, err := t.Root(t.Size())
	if err != nil {
		return nil, err
	}
	out.Root = root
	digests := map[string]bool{"-": true}
	var sound int64
	for _, c := range checkpoints {
		digests[c.digest] = true
		problem, err := t.against(c.Checkpoint, sound)
		if err != nil {
			return nil, err
		}
		if problem != nil {
			if o.Kept != nil {
				problem.narrow(t, o.Kept(p), sound, min(c.Size, t.Size()))
			}
			out.Problems = append(out.Problems, *problem)
			continue
		}
		sound = c.Size
		out.Proven, out.Until = c.Size, c.Time.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	for _, c := range checkpoints {
		if !digests[c.Previous] {
			out.Problems = append(out.Problems, Problem{Last: c.Next - 1, Text: fmt.Sprintf("the checkpoint at %d records follows one that is missing", c.Size)})
		}
	}
	return out, nil
}

// against compares the tree with a checkpoint; up to sound records are known to hold.
func (t *Tree) against(c Checkpoint, sound int64) (*Problem, error) {
	first := int64(0)
	if sound > 0 && sound < t.Size() {
		at, err := t.Offset(sound)
		if err != nil {
			return nil, err
		}
		first = at
	}
	if c.Size > t.Size() {
		return &Problem{First: first, Last: c.Next - 1, Text: fmt.Sprintf("the log has %d records; %d were signed on %s: records are missing", t.Size(), c.Size, c.Time.UTC().Format("2006-01-02T15:04:05Z"))}, nil
	}
	root, err := t.Root(c.Size)
	if err != nil || root == c.Root {
		return nil, err
	}
	return &Problem{First: first, Last: c.Next - 1, Text: fmt.Sprintf("the first %d records are not those that were signed on %s: one was altered, dropped, put in or moved", c.Size, c.Time.UTC().Format("2006-01-02T15:04:05Z"))}, nil
}

// narrow finds the first record that differs from the tree that was kept.
func (p *Problem) narrow(t, kept *Tree, from, to int64) {
	if kept == nil {
		return
	}
	for n := from; n < min(to, kept.Size()); n++ {
		a, errA := t.Leaf(n)
		b, errB := kept.Leaf(n)
		at, errC := kept.Offset(n)
		if errors.Join(errA, errB, errC) != nil {
			return
		}
		if a != b {
			p.First, p.Text = at, p.Text+fmt.Sprintf("; the first that differs is at offset %d", at)
			return
		}
	}
}

// Slice returns a source over records in memory.
func Slice(records []Record) Source {
	return func(ctx context.Context, record func(Record) error) error {
		for _, r := range records {
			if err := errors.Join(ctx.Err(), record(r)); err != nil {
				return err
			}
		}
		return nil
	}
}
