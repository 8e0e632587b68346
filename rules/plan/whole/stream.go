package whole

import (
	"errors"
	"io"

	"github.com/haltwire/haltwire/pipeline/event"
)

// ahead is how many runs wait between two steps: enough that neither waits for the
// other, and at most 8 MB each.
const ahead = 4

// Source gives runs of records. Next blocks, returns io.EOF behind the last one,
// and is called by one goroutine; the memory of a run is the caller's.
type Source interface {
	Next() (*event.Records, error)
}

// decoded is a run with its batch, or what ended the input.
type decoded struct {
	recs  *event.Records
	batch *event.Batch
	dead  []event.Dead
	err   error
}

// AddAll adds every run of from as Add does, reading, decoding and judging side by
// side. added, which may be nil, hears of every run from the caller's goroutine; an
// error of it, or of from, ends the work and is returned.
func (j *Judge) AddAll(from Source, added func(recs *event.Records, accepted int, dead []event.Dead) error) error {
	return j.stream(from, func(d decoded) error {
		if err := j.add(d.batch, d.recs); err != nil || added == nil {
			return err
		}
		return added(d.recs, d.batch.Rows, d.dead)
	})
}

// Finish judges what waits for that, which is everything where the plan has windows,
// or the only report; nothing can be added afterwards. judged, which may be nil,
// hears how many runs are done of how many.
func (j *Judge) Finish(judged func(done, of int)) error {
	runs := j.runs
	j.runs = nil
	if j.only != nil {
		runs = j.one(*j.only)
	}
	done := 0
	return j.stream(&kept{runs}, func(d decoded) error {
		if done++; judged != nil {
			judged(done, len(runs))
		}
		return j.take(d.batch)
	})
}

// kept is runs as a Source.
type kept struct{ runs []*event.Records }

// Next implements Source.
func (k *kept) Next() (*event.Records, error) {
	if len(k.runs) == 0 {
		return nil, io.EOF
	}
	recs := k.runs[0]
	k.runs = k.runs[1:]
	return recs, nil
}

// stream gives the runs of from, decoded, to do in their order. Both goroutines that
// it starts have ended when it returns.
func (j *Judge) stream(from Source, do func(decoded) error) error {
	stop := make(chan struct{})
	read := make(chan decoded, ahead)
	go pull(from, read, stop)
	ready := make(chan decoded, ahead)
	go j.decodeAll(read, ready, stop)
	var err error
	for d := range ready {
		if err == nil {
			if err = d.err; err == nil {
				err = do(d)
			}
			if err != nil {
				close(stop)
			}
		}
		if d.batch != nil {
			d.batch.Release()
		}
	}
	return err
}

// pull reads until the input ends, what ended it last.
func pull(from Source, to chan<- decoded, stop <-chan struct{}) {
	defer close(to)
	for {
		recs, err := from.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		select {
		case to <- decoded{recs: recs, err: err}:
		case <-stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// decodeAll decodes runs in their order: a dictionary is one decoder's.
func (j *Judge) decodeAll(from <-chan decoded, to chan<- decoded, stop <-chan struct{}) {
	defer close(to)
	for d := range from {
		if d.err == nil {
			d.batch, d.dead = j.decode.Plan(d.recs)
		}
		select {
		case to <- d:
		case <-stop:
			if d.batch != nil {
				d.batch.Release()
			}
			for range from { // so that pull, which may wait to give, ends
			}
			return
		}
	}
}
