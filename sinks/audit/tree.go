package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is the Merkle tree of one partition, in two files that grow at their ends: the
// hashes, 32 bytes each in the order of tlog, and the offset of each record, 8 bytes.
// Safe for concurrent use by one writer and any number of readers.
type Tree struct {
	mu      sync.RWMutex
	hashes  *os.File
	offsets *os.File
	size    int64               // records
	next    int64               // offset after the last record
	edge    map[int64]tlog.Hash // what the next leaves will be hashed with, by index: at most 64
}

const (
	hashSize   = int64(tlog.HashSize)
	offsetSize = 8
)

// OpenTree opens the tree of a partition in dir, which it makes. What a crash has left
// half-written is cut off.
func OpenTree(dir string, partition int32) (*Tree, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open tree: %w", err)
	}
	t := &Tree{}
	var err error
	name := filepath.Join(dir, fmt.Sprintf("cases-%05d", partition))
	if t.hashes, err = os.OpenFile(name+".hashes", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("open tree: %w", err)
	}
	if t.offsets, err = os.OpenFile(name+".offsets", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open tree: %w", err), t.hashes.Close())
	}
	if err := t.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open tree of partition %d: %w", partition, err), t.Close())
	}
	return t, nil
}

// ReadTree opens the tree of a partition that another process keeps: it is read and
// never written.
func ReadTree(dir string, partition int32) (*Tree, error) {
	name := filepath.Join(dir, fmt.Sprintf("cases-%05d", partition))
	hashes, err := os.Open(name + ".hashes")
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	offsets, err := os.Open(name + ".offsets")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read tree: %w", err), hashes.Close())
	}
	t := &Tree{hashes: hashes, offsets: offsets}
	if err := t.measure(); err != nil {
		return nil, errors.Join(fmt.Errorf("read tree of partition %d: %w", partition, err), t.Close())
	}
	return t, nil
}

// recover cuts off what is not whole.
func (t *Tree) recover() error {
	if err := t.measure(); err != nil {
		return err
	}
	if err := t.hashes.Truncate(tlog.StoredHashCount(t.size) * hashSize); err != nil {
		return err
	}
	return t.offsets.Truncate(t.size * offsetSize)
}

// measure finds how many records are whole in both files.
func (t *Tree) measure() error {
	hashes, err := t.hashes.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	offsets, err := t.offsets.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	t.size = offsets / offsetSize
	if have := hashes / hashSize; tlog.StoredHashCount(t.size) > have { // the largest size whose hashes are there
		t.size = int64(sort.Search(int(t.size)+1, func(n int) bool { return tlog.StoredHashCount(int64(n)) > have })) - 1
	}
	if t.size > 0 {
		last, err := t.offset(t.size - 1)
		if err != nil {
			return err
		}
		t.next = last + 1
	}
	return nil
}

// Size returns how many records the tree has.
func (t *Tree) Size() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size
}

// Next returns the offset after the last record.
func (t *Tree) Next() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.next
}

// Append adds a leaf. A record that the tree has already changes nothing.
func (t *Tree) Append(offset int64, leaf tlog.Hash) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if offset < t.next {
		return nil
	}
	hashes, err := tlog.StoredHashesForRecordHash(t.size, leaf, tlog.HashReaderFunc(t.readEdge))
	if err != nil {
		return fmt.Errorf("append leaf %d: %w", t.size, err)
	}
	text := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		text = append(text, h[:]...)
	}
	if _, err := t.hashes.WriteAt(text, tlog.StoredHashCount(t.size)*hashSize); err != nil {
		return fmt.Errorf("append leaf %d: %w", t.size, err)
	}
	var at [offsetSize]byte
	binary.BigEndian.PutUint64(at[:], uint64(offset)) //nolint:gosec // offsets are not negative
	if _, err := t.offsets.WriteAt(at[:], t.size*offsetSize); err != nil {
		return fmt.Errorf("append leaf %d: %w", t.size, err)
	}
	t.keepEdge(hashes)
	t.size, t.next = t.size+1, offset+1
	return nil
}

// keepEdge keeps the last of the hashes of a leaf that was appended: the others are
// inside of it.
func (t *Tree) keepEdge(hashes []tlog.Hash) {
	at := tlog.StoredHashCount(t.size) + int64(len(hashes)) - 1
	level, n := tlog.SplitStoredHashIndex(at)
	for l := range level { // what it was made of is not asked for again
		delete(t.edge, tlog.StoredHashIndex(l, n<<(level-l)+1<<(level-l)-2))
	}
	if t.edge == nil {
		t.edge = map[int64]tlog.Hash{}
	}
	t.edge[at] = hashes[len(hashes)-1]
}

// readEdge reads hashes that are most often on the edge.
func (t *Tree) readEdge(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if h, ok := t.edge[at]; ok {
			out[i] = h
			continue
		}
		h, err := t.read(indexes[i : i+1])
		if err != nil {
			return nil, err
		}
		out[i] = h[0]
	}
	return out, nil
}

// read implements tlog.HashReader; the lock is held.
func (t *Tree) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if _, err := t.hashes.ReadAt(out[i][:], at*hashSize); err != nil {
			return nil, fmt.Errorf("read hash %d: %w", at, err)
		}
	}
	return out, nil
}

func (t *Tree) offset(n int64) (int64, error) {
	var at [offsetSize]byte
	if _, err := t.offsets.ReadAt(at[:], n*offsetSize); err != nil {
		return 0, fmt.Errorf("read offset of leaf %d: %w", n, err)
	}
	return int64(binary.BigEndian.Uint64(at[:])), nil //nolint:gosec // it was written from one
}

// Offset returns the offset of a record of the tree.
func (t *Tree) Offset(n int64) (int64, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if n < 0 || n >= t.size {
		return 0, fmt.Errorf("the tree has %d records, not %d", t.size, n)
	}
	return t.offset(n)
}

// Find returns the number of the record at an offset.
func (t *Tree) Find(offset int64) (int64, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var failed error
	n := sort.Search(int(t.size), func(i int) bool {
		at, err := t.offset(int64(i))
		failed = errors.Join(failed, err)
		return at >= offset
	})
	if failed != nil {
		return 0, failed
	}
	if int64(n) == t.size {
		return 0, fmt.Errorf("no record at offset %d is in the tree", offset)
	}
	if at, err := t.offset(int64(n)); err != nil || at != offset {
		return 0, errors.Join(fmt.Errorf("no record at offset %d is in the tree", offset), err)
	}
	return int64(n), nil
}

// Root returns the hash of the tree of the first size records.
func (t *Tree) Root(size int64) (tlog.Hash, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if size > t.size {
		return tlog.Hash{}, fmt.Errorf("the tree has %d records, not %d", t.size, size)
	}
	return tlog.TreeHash(size, tlog.HashReaderFunc(t.read))
}

// Leaf returns the hash of a record's leaf.
func (t *Tree) Leaf(n int64) (tlog.Hash, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	h, err := t.read([]int64{tlog.StoredHashIndex(0, n)})
	if err != nil {
		return tlog.Hash{}, err
	}
	return h[0], nil
}

// Prove returns the proof that record n is in the tree of the first size records.
func (t *Tree) Prove(size, n int64) (tlog.RecordProof, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return tlog.ProveRecord(size, n, tlog.HashReaderFunc(t.read))
}

// Sync brings the files to the disk.
func (t *Tree) Sync() error {
	return errors.Join(t.hashes.Sync(), t.offsets.Sync())
}

// Close closes the files.
func (t *Tree) Close() error { return errors.Join(t.hashes.Close(), t.offsets.Close()) }
