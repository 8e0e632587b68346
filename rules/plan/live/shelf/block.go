package shelf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/haltwire/haltwire/pipeline/event"
)

// Bounds of blocks.
const (
	blockBytes = 16 << 10 // after which one is full
	maxBlock   = blockBytes + event.MaxRecord + 4096
	unpacked   = 16 // blocks that are kept unpacked for reading
)

// errBytes says that the bytes of a report cannot be read any more.
var errBytes = errors.New("the bytes of a report that was kept are damaged")

// blocks are the bytes of all reports. The last one is open.
type blocks struct {
	all    []block
	order  []int32 // of those in use, as they were begun
	free   []int32
	bytes  int64
	spare  []byte // of the block that was packed last
	packer *zstd.Encoder
	reader *zstd.Decoder
	cache  [unpacked]struct {
		block int32
		data  []byte
	}
	next int // of cache, to be used again
}

// block is the bytes of some reports.
type block struct {
	data   []byte
	packed bool
	live   int32 // reports that are kept
	refs   []Ref // all that were put
}

func (b *blocks) init() (err error) {
	b.packer, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128<<10), zstd.WithEncoderCRC(false))
	if err != nil {
		return fmt.Errorf("make compressor: %w", err)
	}
	b.reader, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxBlock))
	if err != nil {
		return fmt.Errorf("make decompressor: %w", err)
	}
	for i := range b.cache {
		b.cache[i].block = -1
	}
	return nil
}

// add puts the bytes of a report at the end of the open block.
func (b *blocks) add(ref Ref, raw, trace []byte) (at int32, from, length uint32) {
	open := b.open()
	o := &b.all[open]
	before := len(o.data)
	o.data = binary.AppendUvarint(o.data, uint64(len(raw)))
	o.data = append(append(o.data, raw...), trace...)
	o.refs = append(o.refs, ref)
	o.live++
	b.bytes += int64(len(o.data) - before + 4)
	return open, uint32(before), uint32(len(o.data) - before)
}

// open returns the block that is being filled.
func (b *blocks) open() int32 {
	if n := len(b.order); n > 0 {
		last := b.order[n-1]
		if o := &b.all[last]; !o.packed && len(o.data) < blockBytes {
			return last
		}
		b.pack(last)
	}
	at := int32(len(b.all))
	if n := len(b.free); n > 0 {
		at, b.free = b.free[n-1], b.free[:n-1]
	} else {
		b.all = append(b.all, block{})
	}
	b.order = append(b.order, at)
	b.all[at].data, b.spare = b.spare, nil
	return at
}

// pack compresses a full block.
func (b *blocks) pack(at int32) {
	o := &b.all[at]
	if o.packed || o.live == 0 {
		return
	}
	small := slices.Clone(b.packer.EncodeAll(o.data, nil))
	b.bytes += int64(len(small) - len(o.data))
	b.spare = o.data[:0]
	o.data, o.packed, o.refs = small, true, slices.Clip(o.refs)
}

// remove notes that a report of a block is not kept any more.
func (b *blocks) remove(at int32) {
	o := &b.all[at]
	if o.live--; o.live > 0 {
		return
	}
	b.bytes -= int64(len(o.data) + 4*len(o.refs))
	*o = block{}
	b.order = slices.DeleteFunc(b.order, func(x int32) bool { return x == at })
	b.free = append(b.free, at)
	for i := range b.cache {
		if b.cache[i].block == at {
			b.cache[i].block = -1
		}
	}
}

// read appends the bytes and the trace of a report to buf.
func (b *blocks) read(at int32, from, length uint32, buf []byte) (out, raw, trace []byte, err error) {
	data, err := b.unpack(at)
	if err != nil {
		return buf, nil, nil, err
	}
	if int(from)+int(length) > len(data) {
		return buf, nil, nil, errBytes
	}
	rec := data[from : from+length]
	n, head := binary.Uvarint(rec)
	if head <= 0 || n > uint64(len(rec)-head) {
		return buf, nil, nil, errBytes
	}
	start := len(buf)
	buf = append(buf, rec[head:]...)
	return buf, buf[start : start+int(n) : start+int(n)], buf[start+int(n):], nil
}

// unpack returns the bytes of a block, valid until the next call.
func (b *blocks) unpack(at int32) ([]byte, error) {
	o := &b.all[at]
	if !o.packed {
		return o.data, nil
	}
	for i := range b.cache {
		if b.cache[i].block == at {
			return b.cache[i].data, nil
		}
	}
	c := &b.cache[b.next]
	b.next = (b.next + 1) % unpacked
	var err error
	if c.data, err = b.reader.DecodeAll(o.data, c.data[:0]); err != nil {
		c.block = -1
		return nil, fmt.Errorf("%w: %w", errBytes, err)
	}
	c.block = at
	return c.data, nil
}

// restore puts a block at the end.
func (b *blocks) restore(data []byte, packed bool) {
	b.order = append(b.order, int32(len(b.all)))
	b.all = append(b.all, block{data: data, packed: packed})
	b.bytes += int64(len(data))
}

// join makes a restored report one of a block.
func (b *blocks) join(at int32, ref Ref) {
	o := &b.all[at]
	o.live++
	o.refs = append(o.refs, ref)
	b.bytes += 4
}

// vacant takes the restored blocks without reports out of use and returns them.
func (b *blocks) vacant() (none []int32) {
	b.order = slices.DeleteFunc(b.order, func(at int32) bool {
		o := &b.all[at]
		if o.live > 0 {
			return false
		}
		b.bytes -= int64(len(o.data))
		*o = block{}
		none = append(none, at)
		return true
	})
	return none
}
