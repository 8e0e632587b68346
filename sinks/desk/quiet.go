package desk

import (
	"fmt"
	"sync"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

const (
	// quietBack is how many records of each partition of the hits topic are read
	// at the start: more than what is told in the seconds between two commits.
	quietBack = 20_000
	// quietKept bounds what is remembered, about 20 MB: two generations.
	quietKept = 200_000
)

// quiet remembers of which evidence the hits topic has told lately. After a crash
// or a takeover nobody knows whether a hit that does not hold was told just before:
// ending all that might have been would fill the topic. Hits that alert are in the
// fold; these are kept nowhere else.
type quiet struct {
	mu       sync.Mutex
	now, old map[string]struct{} // evidence keys; old is dropped when now is full
}

// take notes one record of the hits topic: its key tells the evidence.
func (q *quiet) take(e topic.Entry) {
	_, _, evidence := caselog.Key(e.Key).Split()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.now == nil || len(q.now) >= quietKept {
		q.old, q.now = q.now, map[string]struct{}{}
	}
	q.now[evidence] = struct{}{}
}

// told reports whether the hits topic has told of an evidence lately.
func (q *quiet) told(evidence string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, now := q.now[evidence]
	_, old := q.old[evidence]
	return now || old
}

// followHits starts to read the end of the hits topic. The fold must be there.
func (d *Desk) followHits() error {
	name := d.opt.Layout.Names.Hits
	from := make([]int64, len(d.fold.parts))
	for _, p := range d.fold.all() {
		end, err := d.cases.EndOf(name, p)
		if err != nil {
			return err
		}
		from[p] = end - quietBack
	}
	tail, err := topic.Follow(d.opt.Kafka, name, nil, func(p int32) int64 { return from[p] }, d.quiet.take)
	if err != nil {
		return fmt.Errorf("see which hits were told lately: %w", err)
	}
	d.hitTail = tail
	return nil
}
