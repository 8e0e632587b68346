package pipeline

import (
	"context"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// Decoder turns runs of records into columns. It is used by one goroutine.
type Decoder interface {
	// Decode returns one batch over recs, with the projected columns only, and the
	// records that could not be used. Which records are accepted does not depend
	// on the projection. The batch keeps recs until it is released.
	Decode(recs *event.Records) (*event.Batch, []event.Dead)
}

// HitLog keeps hits for ever. sinks/desk implements it.
type HitLog interface {
	// Append blocks until every hit is on the log with acks=all, or returns why
	// not; after an error none, some or all of them may be there, and appending
	// the same hits again is harmless. Safe for concurrent use.
	Append(ctx context.Context, hits []*hit.Hit) error
	// Overturn blocks until it is on the log with acks=all that hits hold no more,
	// or returns why not. It is called after the hits are on the log; overturning
	// what is not standing, or was never written, changes nothing. Safe for
	// concurrent use.
	Overturn(ctx context.Context, overturned []hit.Overturned) error
	// Revise blocks until every revision is on the log with acks=all, or returns
	// why not; hits on lower versions of the reports stand no more, wherever they
	// are. It is called after the hits on the revisions are on the log; writing a
	// revision again is harmless. Safe for concurrent use.
	Revise(ctx context.Context, revisions []hit.Revision) error
}

// Archive keeps reports for analysts. sinks/clickhouse implements it.
type Archive interface {
	// Insert blocks until the block is stored. The same token with the same rows
	// is stored once. It returns rows that the store refuses for good as dead
	// letters, and an error only for what another try may cure. Safe for
	// concurrent use.
	Insert(ctx context.Context, b *event.Batch, token string) ([]event.Dead, error)
}

// DeadLetters keeps what could not be used. sinks/deadletter implements it.
type DeadLetters interface {
	// Append blocks until every letter is kept with acks=all. Appending one again
	// is harmless. Safe for concurrent use.
	Append(ctx context.Context, letters []event.Dead) error
}

// Source shares the partitions of the topics among all instances.
type Source interface {
	// Run takes part until ctx ends and then gives every partition back. For each
	// partition that this instance becomes the owner of it calls own in a
	// goroutine of its own, with the offset to start from (negative: nothing was
	// committed yet). own returns soon after its ctx has ended; the cause of that
	// end is Fenced when the partition is another owner's already. Run is called
	// once and returns an error only for what no retry can cure.
	Run(ctx context.Context, own func(ctx context.Context, p event.Partition, from int64)) error
	// Commit makes next the offsets from which the next owner starts; Fenced when
	// a partition of next is not owned any more. Safe for concurrent use.
	Commit(ctx context.Context, next map[event.Partition]int64) error
}

// Reader reads partitions, whoever owns them.
type Reader interface {
	// Run reads until ctx ends. It is called once.
	Run(ctx context.Context) error
	// Add starts reading p at from; negative is the start of the log.
	Add(p event.Partition, from int64)
	// Remove stops reading p: runs that wait are dropped.
	Remove(p event.Partition)
	// Next blocks until there is a run, which the caller releases; one that is there
	// already is returned although ctx has ended. Runs of one partition come in
	// order, without gaps. What is read and not released stays within the reader's
	// budget, so that a slow caller slows the reader down.
	Next(ctx context.Context) (*event.Records, error)
	// Ended returns for how long it has been known that Next returns no more of p
	// than it has returned, and false when there is more or nobody knows.
	Ended(p event.Partition) (time.Duration, bool)
	// Away reports whether nobody can say when more of p will come: others do not
	// wait for it.
	Away(p event.Partition) bool
}

// Cursor keeps the position of the archive loop. Safe for concurrent use.
type Cursor interface {
	// Load returns the offset kept for p and its text; negative when none is kept.
	Load(ctx context.Context, p event.Partition) (offset int64, text string, err error)
	// Save keeps offset and text for p.
	Save(ctx context.Context, p event.Partition, offset int64, text string) error
}

// Judge is the rules in force: one immutable version of them.
type Judge interface {
	// Columns returns the projection that Judge needs, one flag a schema column.
	Columns() []bool
	// Judge returns what b brings to light; b is released after the call. Called
	// by one goroutine at a time. An error means that b could not be judged at
	// all; it is tried again.
	Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error)
}

// Memory is a Judge whose rules look at earlier reports: it must see the reports
// of every partition, whoever owns them, and its state outlives the process. What
// it says of reports whose partitions others own is not published. Reports may
// come to it again, those of a partition that has changed its owner or from a
// snapshot on, and earlier ones of other partitions between them. Its methods are
// called by one goroutine at a time, except Committed.
type Memory interface {
	Judge
	// Tick judges what waits for time to pass, and what earlier calls have left for
	// later. clock is the aligned record time, Unix ms, and never goes back: reports
	// that come later have later record times, as far as anybody can know.
	Tick(clock int64) (*hit.Judgement, error)
	// Recent returns once more what is to be said of recent reports of p below an
	// offset, that hits hold and that they do not: p has come here, the owner before
	// may not have seen what this instance has, which was silent about it. Its Hold
	// is not looked at. It is called before any report of p is judged again, and at
	// a start when all that is below the committed offsets has been.
	Recent(p event.Partition, below int64) (*hit.Judgement, error)
	// Keep may write part of a snapshot. at are the first offsets of all partitions
	// that have not been judged.
	Keep(at map[event.Partition]int64) error
	// Committed says that all consequences of what is below at are on the log and
	// committed, or are for others to say: a snapshot of no more than that may be
	// used from now on. Called about once a second. Safe for concurrent use.
	Committed(at map[event.Partition]int64)
}

// Warmer is a Memory that can be shown reports of the past, from which it learns
// and of which it says nothing. They may be known to it already.
type Warmer interface {
	// Warm takes in b, which is released after the call. Called by the goroutine of
	// Judge.
	Warm(b *event.Batch) error
}
