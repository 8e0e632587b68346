package live

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/window"
)

// A generation is a file: magic and format, then 64 shards of the windows, each with
// its length before it, and the memory of candidates: head as JSON and shelf, each
// with its length, and xxh3-64 of both. The windows' shards have sums of their own.
const (
	magic  = "HWLV\x01"
	next   = "next.snapshot"    // being written, or not committed yet
	actual = "current.snapshot" // what a restart reads
)

// ErrSnapshot says that a file is not a whole snapshot of this format.
var ErrSnapshot = errors.New("not a whole snapshot")

// keeper writes generations.
type keeper struct {
	file   *os.File
	shard  int                       // next to be written
	vector map[event.Partition]int64 // of the candidates; nil until they are written
	last   map[event.Partition]int64 // of the generation before
	synced chan error                // of the goroutine that makes the file durable; nil = none runs
	pause  int                       // calls of Keep to pass over

	mu        sync.Mutex
	committed map[event.Partition]int64
}

// head is what the shelf does not know of itself.
type head struct {
	Vector  []mark           `json:"vector"`
	Seed    uint64           `json:"seed"`
	Clock   int64            `json:"clock"`
	Horizon int64            `json:"horizon"`
	Covered map[string]int64 `json:"covered"` // by window
	Sources []mark           `json:"sources"` // by number
	Rules   []ident          `json:"rules"`   // by number
}

// mark is a partition with an offset, or with its codec.
type mark struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset,omitempty"`
	Codec     string `json:"codec,omitempty"`
}

func marks(at map[event.Partition]int64) []mark {
	all := []mark{}
	for p, offset := range at {
		all = append(all, mark{Topic: p.Topic, Partition: p.ID, Offset: offset})
	}
	return all
}

// Committed implements pipeline.Memory. It is safe for concurrent use.
func (j *Judge) Committed(at map[event.Partition]int64) {
	k := &j.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	k.committed = maps.Clone(at)
}

// passed reports whether everything in a vector is committed.
func (k *keeper) passed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for p, offset := range k.vector {
		if have, ok := k.committed[p]; !ok || have < offset {
			return false
		}
	}
	return true
}

// Keep implements pipeline.Memory: it writes Options.Piece bytes of a generation, or
// makes the one that is written current.
func (j *Judge) Keep(at map[event.Partition]int64) error {
	k := &j.keeper
	switch {
	case j.o.Dir == "":
		return nil
	case k.synced != nil:
		return j.finish()
	case k.pause > 0:
		k.pause--
		return nil
	case k.file == nil:
		if maps.Equal(at, k.last) {
			return nil
		}
		f, err := os.OpenFile(filepath.Join(j.o.Dir, next), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("begin snapshot: %w", err)
		}
		k.file, k.shard, k.vector = f, 0, nil
		if _, err := f.WriteString(magic); err != nil {
			return k.fail(err)
		}
	}
	if err := j.piece(at); err != nil {
		return k.fail(err)
	}
	return nil
}

// fail gives a generation up.
func (k *keeper) fail(err error) error {
	k.file.Close()
	k.file = nil
	return fmt.Errorf("write snapshot: %w", err)
}

// piece writes the next shards, and the candidates after the last one.
func (j *Judge) piece(at map[event.Partition]int64) error {
	k := &j.keeper
	vector, err := json.Marshal(marks(at))
	if err != nil {
		return err
	}
	for written := int64(0); k.shard < window.Shards; k.shard++ {
		if written >= j.o.Piece {
			return nil
		}
		n, err := writeBlock(k.file, func(w io.Writer) error { return j.state.Store().Snapshot(w, k.shard, vector) })
		if err != nil {
			return err
		}
		written += n
	}
	if len(j.queue.items) > 0 || len(j.turns.ripe) > 0 {
		return nil // what is deferred would be forgotten
	}
	if _, err := writeBlock(k.file, func(w io.Writer) error { return j.writeCandidates(w, at) }); err != nil {
		return err
	}
	k.vector = maps.Clone(at)
	file, synced := k.file, make(chan error, 1)
	k.file, k.synced = nil, synced
	go func() { synced <- errors.Join(file.Sync(), file.Close()) }()
	return nil
}

// writeBlock writes what write writes with its length before it.
func writeBlock(to io.Writer, write func(w io.Writer) error) (int64, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	if err := write(&b); err != nil {
		return 0, err
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	n, err := to.Write(b.Bytes())
	return int64(n), err
}

func (j *Judge) writeCandidates(w io.Writer, at map[event.Partition]int64) error {
	h := head{Vector: marks(at), Seed: j.shelf.Seed(), Clock: j.clock, Horizon: j.horizon, Covered: j.covered()}
	for _, s := range j.sources {
		h.Sources = append(h.Sources, mark{Topic: s.Topic, Partition: s.ID, Codec: s.codec})
	}
	for _, r := range j.book.rules {
		if r.at < 0 {
			r.ident = ident{}
		}
		h.Rules = append(h.Rules, r.ident)
	}
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	b = j.shelf.AppendTo(append(b, text...))
	b = binary.LittleEndian.AppendUint64(b, xxh3.Hash(b))
	_, err = w.Write(b)
	return err
}

// covered returns since when windows see all reports.
func (j *Judge) covered() map[string]int64 {
	all := map[string]int64{}
	for i := range j.panes {
		all[j.panes[i].name] = j.panes[i].covered
	}
	return all
}

// Sync waits until a generation that is written whole is durable, so that the next
// Keep makes it current if it is committed.
func (j *Judge) Sync() error {
	k := &j.keeper
	if k.synced == nil {
		return nil
	}
	err := <-k.synced
	if err != nil {
		k.synced = nil
		return fmt.Errorf("write snapshot: %w", err)
	}
	k.synced <- nil
	return nil
}

// finish makes the generation that is written current once it is durable and
// everything in it is committed.
func (j *Judge) finish() error {
	k := &j.keeper
	if len(k.synced) == 0 {
		return nil
	}
	if err := j.Sync(); err != nil || !k.passed() {
		return err
	}
	k.synced = nil
	k.last, k.pause = k.vector, j.o.Pause
	if err := os.Rename(filepath.Join(j.o.Dir, next), filepath.Join(j.o.Dir, actual)); err != nil {
		return fmt.Errorf("make snapshot current: %w", err)
	}
	d, err := os.Open(j.o.Dir)
	if err != nil {
		return fmt.Errorf("make snapshot current: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("make snapshot current: %w", err)
	}
	return nil
}

// Close waits for what writes a snapshot, and makes the generation current if it is
// whole and committed; another one is given up. Nothing can be kept afterwards.
func (j *Judge) Close() error {
	k := &j.keeper
	if k.file != nil {
		k.file.Close()
		k.file = nil
	}
	if err := j.Sync(); err != nil {
		return err
	}
	if k.synced == nil {
		return nil
	}
	err := j.finish()
	k.synced = nil
	return err
}
