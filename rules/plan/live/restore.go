package live

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live/shelf"
	"github.com/haltwire/haltwire/rules/window"
)

// Restore makes the judge, which has judged nothing yet, remember the current
// generation of Options.Dir, and returns the offsets from which reading must begin:
// partitions that are not named are not in it. nil without an error says that there
// is no generation. After an error, which is ErrSnapshot for a file that is not
// whole, the judge remembers nothing and can be used as it is.
func (j *Judge) Restore() (map[event.Partition]int64, error) {
	if j.o.Dir == "" {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(j.o.Dir, actual))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open snapshot: %w", err)
	}
	defer f.Close()
	begin, err := j.restore(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		if again := j.forget(); again != nil {
			return nil, again
		}
		return nil, fmt.Errorf("restore snapshot %s: %w", f.Name(), err)
	}
	return begin, nil
}

func (j *Judge) restore(from io.Reader) (begin map[event.Partition]int64, err error) {
	got := make([]byte, len(magic))
	if _, err := io.ReadFull(from, got); err != nil || string(got) != magic {
		return nil, ErrSnapshot
	}
	for range window.Shards {
		b, err := readBlock(from)
		if err != nil {
			return nil, err
		}
		_, vector, err := j.state.Store().Restore(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
		var at []mark
		if err := json.Unmarshal(vector, &at); err != nil {
			return nil, ErrSnapshot
		}
		begin = least(begin, at)
	}
	b, err := readBlock(from)
	if err != nil {
		return nil, err
	}
	h, rest, err := readHead(b)
	if err != nil {
		return nil, err
	}
	return least(begin, h.Vector), j.restoreCandidates(h, rest)
}

// readBlock reads what writeBlock wrote.
func readBlock(from io.Reader) ([]byte, error) {
	var n [8]byte
	if _, err := io.ReadFull(from, n[:]); err != nil {
		return nil, ErrSnapshot
	}
	size := binary.LittleEndian.Uint64(n[:])
	if size > 1<<40 {
		return nil, ErrSnapshot
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, from, int64(size)); err != nil {
		return nil, ErrSnapshot
	}
	return b.Bytes(), nil
}

// least returns the least offset of each partition that both have; nil has all.
func least(have map[event.Partition]int64, at []mark) map[event.Partition]int64 {
	out := map[event.Partition]int64{}
	for _, m := range at {
		p := event.Partition{Topic: m.Topic, ID: m.Partition}
		offset, ok := have[p]
		switch {
		case have == nil:
			out[p] = m.Offset
		case ok:
			out[p] = min(offset, m.Offset)
		}
	}
	return out
}

// readHead returns the head of the candidates, and the shelf.
func readHead(b []byte) (h head, rest []byte, err error) {
	if len(b) < 12 || xxh3.Hash(b[:len(b)-8]) != binary.LittleEndian.Uint64(b[len(b)-8:]) {
		return h, nil, ErrSnapshot
	}
	n := int(binary.LittleEndian.Uint32(b))
	rest = b[4 : len(b)-8]
	if n > len(rest) || json.Unmarshal(rest[:n], &h) != nil {
		return h, nil, ErrSnapshot
	}
	return h, rest[n:], nil
}

func (j *Judge) restoreCandidates(h head, rest []byte) (err error) {
	if j.shelf, err = shelf.New(h.Seed); err != nil {
		return err
	}
	if err := j.shelf.Restore(rest); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	j.clock, j.horizon = h.Clock, h.Horizon
	for _, m := range h.Sources {
		j.source(&event.Records{Topic: m.Topic, Partition: m.Partition, Codec: m.Codec})
	}
	j.use(j.plan, j.state, h.Covered)
	return j.adopt(h)
}

// adopt makes the verdicts of a snapshot those of the rules in force.
func (j *Judge) adopt(h head) error {
	gone := int32(len(j.book.rules))
	j.book.rules = append(j.book.rules, rule{at: -1})
	numbers := make([]int32, len(h.Rules))
	for i, id := range h.Rules {
		n, ok := j.book.byIdent[id]
		for _, w := range j.book.rules[n].windows {
			_, known := h.Covered[j.panes[w].name]
			ok = ok && known
		}
		if numbers[i] = n; !ok {
			numbers[i] = gone
		}
	}
	bad := false
	j.shelf.All(func(ref shelf.Ref, r *shelf.Report) {
		bad = bad || !j.known(r.Source) || !j.known(r.CauseSource)
		for i := range j.shelf.Count(ref) {
			v := j.shelf.Verdict(ref, i)
			if v.Rule < 0 || int(v.Rule) >= len(numbers) {
				bad = true
				return
			}
			v.Rule = numbers[v.Rule]
			j.shelf.SetVerdict(ref, i, v)
			if v.Pinned {
				j.settle.wait(r.Time+j.book.rules[v.Rule].settle, ref, true)
			}
		}
	})
	if bad {
		return ErrSnapshot
	}
	j.thin()
	return nil
}

// known reports whether a source has a number; reports that were not judged again
// have none.
func (j *Judge) known(source int32) bool {
	return source >= 0 && int(source) < max(1, len(j.sources))
}

// thin drops the candidates of which no rule in force says anything, and lets those
// go on that wait for a rule that is not.
func (j *Judge) thin() {
	j.shelf.All(func(ref shelf.Ref, _ *shelf.Report) {
		alive := false
		for i := range j.shelf.Count(ref) {
			v := j.shelf.Verdict(ref, i)
			if j.book.rules[v.Rule].at >= 0 {
				alive = true
			} else if v.Pinned {
				v.Pinned = false
				j.shelf.SetVerdict(ref, i, v)
			}
		}
		if !alive {
			j.shelf.Close(ref)
			j.shelf.Tidy(ref)
		}
	})
}

// Reload makes p the plan in force between two batches. Windows that p has too keep
// their state, and rules that are the same, whose windows all are, their candidates;
// new windows see all reports that occurred at or after covered, Unix ms. d are
// decoders for p. After an error nothing has changed.
func (j *Judge) Reload(p *plan.Plan, d Decoders, digests hit.Digests, covered int64) error {
	state, kept, err := j.state.Adopt(p)
	if err != nil {
		return err
	}
	since := j.covered()
	before := j.book.byIdent
	j.o.Decoders, j.o.Digests, j.o.Covered = d, digests, covered
	j.use(p, state, since)
	for w := range kept {
		_, same := since[j.panes[w].name]
		kept[w] = kept[w] && same
		if !kept[w] {
			j.panes[w].covered = covered
		}
	}
	for id, n := range before {
		if now, ok := j.book.byIdent[id]; ok && now == n && slices.ContainsFunc(j.book.rules[n].windows, func(w int) bool { return !kept[w] }) {
			j.book.retire(n)
		}
	}
	j.thin()
	return nil
}
