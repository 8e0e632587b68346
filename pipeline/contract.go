package pipeline

import (
	"context"

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
