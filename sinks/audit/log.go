package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/telemetry"
)

// Options is what a Log needs.
type Options struct {
	Dir        string // of the trees; losing it costs time only
	Party      string // that keeps the log
	Partitions int32
	Salts      Salter
	Key        Key
	// Publish puts a signed checkpoint of a partition where it stays for ever, and
	// returns when it is there.
	Publish func(ctx context.Context, partition int32, signed []byte) error
	Every   time.Duration // between two checkpoints of a partition that grows; 0 = 1 min
	Now     func() time.Time
	Log     *slog.Logger // nil = none
}

// Log keeps the trees of all partitions and signs checkpoints of them. Records and
// checkpoints may come from any goroutine, those of one partition in order.
type Log struct {
	opt   Options
	trees []*Tree

	mu     sync.Mutex
	last   map[int32]Checkpoint // newest known, by partition
	digest map[int32]string     // of last
	broken error                // first failure to keep a record; nothing is signed after it
}

// every is how often a growing partition is signed: what is younger is not proven.
const every = time.Minute

// Open opens the trees.
func Open(o Options) (*Log, error) {
	if o.Every == 0 {
		o.Every = every
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := &Log{opt: o, last: map[int32]Checkpoint{}, digest: map[int32]string{}}
	for p := range o.Partitions {
		t, err := OpenTree(o.Dir, p)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.trees = append(l.trees, t)
	}
	return l, nil
}

// Append takes in a record. A failure is kept: no checkpoint is signed any more, and
// Run returns it.
func (l *Log) Append(r Record) {
	err := l.append(r)
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = fmt.Errorf("keep the proof of the case log: %w", err)
		l.opt.Log.Error("proof of the case log", telemetry.Partition, r.Partition, telemetry.Offset, r.Offset, telemetry.Error, err)
	}
}

func (l *Log) append(r Record) error {
	if r.Partition < 0 || int(r.Partition) >= len(l.trees) {
		return fmt.Errorf("partition %d is none of %d", r.Partition, len(l.trees))
	}
	t := l.trees[r.Partition]
	if r.Offset < t.Next() {
		return nil
	}
	return t.Append(r.Offset, Leaf(r, l.opt.Salts))
}

// Seen takes in a checkpoint that lies where checkpoints stay. One that does not
// verify is no error: it proves nothing, and verify says so.
func (l *Log) Seen(signed []byte) {
	v, err := VerifierKey(l.opt.Party, l.opt.Key.Public())
	if err != nil {
		return
	}
	c, err := OpenCheckpoint(signed, v)
	if err != nil || c.Log != l.opt.Party {
		l.opt.Log.Warn("checkpoint that does not verify", telemetry.Error, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, known := l.last[c.Partition]; !known || c.Size >= old.Size {
		l.last[c.Partition], l.digest[c.Partition] = c, Digest(signed)
	}
}

// Run signs what has grown, until ctx ends, and once more then. The error is that of
// a tree that cannot be kept.
func (l *Log) Run(ctx context.Context) error {
	ticker := time.NewTicker(l.opt.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return l.Checkpoint(end)
		case <-ticker.C:
			if err := l.Checkpoint(ctx); err != nil && l.failed() != nil {
				return err
			} else if err != nil && ctx.Err() == nil {
				l.opt.Log.Warn("write checkpoints", telemetry.Error, err)
			}
		}
	}
}

func (l *Log) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// Checkpoint signs and publishes every partition that has grown since it was signed.
func (l *Log) Checkpoint(ctx context.Context) error {
	if err := l.failed(); err != nil {
		return err
	}
	var errs []error
	for p, t := range l.trees {
		errs = append(errs, l.checkpoint(ctx, int32(p), t)) //nolint:gosec // partitions are int32
	}
	return errors.Join(errs...)
}

func (l *Log) checkpoint(ctx context.Context, p int32, t *Tree) error {
	l.mu.Lock()
	last, previous := l.last[p], l.digest[p]
	l.mu.Unlock()
	if previous == "" {
		previous = "-"
	}
	c := Checkpoint{Log: l.opt.Party, Partition: p, Size: t.Size(), Time: l.opt.Now(), Previous: previous}
	if c.Size <= last.Size {
		return nil
	}
	if last.Size > 0 { // never sign away what was signed before
		if root, err := t.Root(last.Size); err != nil || root != last.Root {
			return errors.Join(fmt.Errorf("partition %d no longer has the root that was signed at %d records: haltwire audit verify says where", p, last.Size), err)
		}
	}
	at, err := t.Offset(c.Size - 1)
	if err != nil {
		return err
	}
	c.Next = at + 1
	if c.Root, err = t.Root(c.Size); err != nil {
		return err
	}
	if err := t.Sync(); err != nil {
		return fmt.Errorf("sync tree of partition %d: %w", p, err)
	}
	signed, err := c.Sign(l.opt.Key)
	if err != nil {
		return err
	}
	if err := l.opt.Publish(ctx, p, signed); err != nil {
		return fmt.Errorf("publish checkpoint of partition %d: %w", p, err)
	}
	l.Seen(signed)
	return nil
}

// Tree returns the tree of a partition.
func (l *Log) Tree(partition int32) *Tree { return l.trees[partition] }

// Close closes the trees.
func (l *Log) Close() error {
	var errs []error
	for _, t := range l.trees {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
