package pipeline

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"github.com/haltwire/haltwire/pipeline/event"
)

// block is the records of one partition that become one INSERT. It covers every
// offset in [from, to].
type block struct {
	from, to int64
	pinned   bool // to was fixed by an earlier try
	born     time.Time
	records  event.Records
	runs     []*event.Records // whose memory records points into
}

func newBlock(p event.Partition, from int64, now time.Time) *block {
	return &block{from: from, to: from - 1, born: now, records: event.Records{Topic: p.Topic, Partition: p.ID}}
}

// add appends the records of run.
func (b *block) add(run *event.Records) {
	r := &b.records
	if run.Trace != nil || r.Trace != nil {
		r.Trace = appendTrace(r.Trace, r.Len(), run)
	}
	r.Codec, r.High, r.Next = run.Codec, run.High, run.Next
	r.Offsets = append(r.Offsets, run.Offsets...)
	r.Times = append(r.Times, run.Times...)
	r.Values = append(r.Values, run.Values...)
	r.Dead = append(r.Dead, run.Dead...)
	r.Bytes += run.Bytes
	b.runs = append(b.runs, run)
	b.to = run.Next - 1
}

func appendTrace(have [][]byte, n int, run *event.Records) [][]byte {
	for len(have) < n {
		have = append(have, nil)
	}
	if run.Trace != nil {
		return append(have, run.Trace...)
	}
	return append(have, make([][]byte, run.Len())...)
}

// full reports whether b has the size of a block of so many rows.
func (b *block) full(rows int) bool {
	return b.records.Len() >= rows || b.records.Bytes >= blockBytes
}

// oldest returns the time of the first record, 0 without one.
func (b *block) oldest() int64 {
	if b.records.Len() == 0 {
		return 0
	}
	return b.records.Times[0]
}

func (b *block) release() {
	for _, run := range b.runs {
		run.Release()
	}
	b.runs = nil
}

// cut splits run after offset last. The memory goes with the rest.
func cut(run *event.Records, last int64) (head, rest *event.Records) {
	i := sort.Search(run.Len(), func(i int) bool { return run.Offsets[i] > last })
	d := sort.Search(len(run.Dead), func(i int) bool { return run.Dead[i].Offset > last })
	h, r := *run, *run
	h.Offsets, r.Offsets = run.Offsets[:i:i], run.Offsets[i:]
	h.Times, r.Times = run.Times[:i:i], run.Times[i:]
	h.Values, r.Values = run.Values[:i:i], run.Values[i:]
	h.Dead, r.Dead = run.Dead[:d:d], run.Dead[d:]
	if run.Trace != nil {
		h.Trace, r.Trace = run.Trace[:i:i], run.Trace[i:]
	}
	h.Next, h.Free = last+1, nil
	if n := run.Len(); n > 0 {
		h.Bytes = run.Bytes * i / n
		r.Bytes = run.Bytes - h.Bytes
	}
	return &h, &r
}

// token returns the name under which a store keeps b once: the range, and a hash
// over the version and the original bytes of its rows. The range alone would not
// do: a store keeps the first of two blocks with one token, so one that holds
// other rows, because a decoder was mended between two tries, would be dropped
// in silence (ENGINE A3, trap 1).
func (b *block) token(batch *event.Batch, version string) string {
	h := xxh3.New()
	var n [8]byte
	write := func(raw []byte) {
		binary.LittleEndian.PutUint64(n[:], uint64(len(raw)))
		_, _ = h.Write(n[:]) // a hash does not fail
		_, _ = h.Write(raw)
	}
	write([]byte(version))
	for r := range batch.Rows {
		write(batch.Raw(r))
	}
	sum := h.Sum128().Bytes()
	return fmt.Sprintf("%s/%d/%d-%d/%s", b.records.Topic, b.records.Partition, b.from, b.to, hex.EncodeToString(sum[:]))
}

// intent is the text that is kept with a cursor while a block is on its way: the
// last offset of the block that begins at the cursor.
func intent(to int64, version string) string { return fmt.Sprintf("to=%d v=%s", to, version) }

// parseIntent returns the offset of text, and false when text holds none.
func parseIntent(text string) (int64, bool) {
	to, ok := strings.CutPrefix(text, "to=")
	if !ok {
		return 0, false
	}
	to, _, _ = strings.Cut(to, " ")
	n, err := strconv.ParseInt(to, 10, 64)
	return n, err == nil
}
