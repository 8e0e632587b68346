package table

import (
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// Bounds of one run, as of files: what a decoder takes at a time.
const (
	runRecords = 8192
	runBytes   = 4 << 20
)

// Runs gathers rows into runs of records, whose offsets are the numbers of the rows.
// One goroutine uses it.
type Runs struct {
	topic string
	w     *Writer
	run   *event.Records
	data  []byte
	ends  []int
	size  int // of the last run and a bit
}

// NewRuns returns runs of the rows that w writes, which carry topic.
func NewRuns(topic string, w *Writer) *Runs { return &Runs{topic: topic, w: w, run: fresh(topic)} }

func fresh(topic string) *event.Records { return &event.Records{Topic: topic, Codec: "json"} }

// Add adds a row; what is wrong with it becomes a dead letter of the run.
func (r *Runs) Add(row int64, cells [][]byte) {
	if r.data == nil {
		r.data = make([]byte, 0, r.size) // runs may be kept, so none gets room that it does not need
	}
	from := len(r.data)
	data, bad := r.w.Append(r.data, row, cells)
	if size := len(data) - from; bad == nil && size > event.MaxRecord {
		data, bad = data[:from], codec.Refuse(event.TooLarge, "", "the row is a report of %d bytes, more than %d", size, event.MaxRecord)
	}
	r.data = data
	if bad != nil {
		r.Refuse(row, bad)
		return
	}
	r.ends = append(r.ends, len(r.data))
	r.run.Offsets = append(r.run.Offsets, row)
	r.run.Times = append(r.run.Times, event.AsOccurred)
}

// Refuse makes a row a dead letter.
func (r *Runs) Refuse(row int64, bad *codec.Defect) {
	r.run.Dead = append(r.run.Dead, event.Dead{
		Position: event.Position{Topic: r.topic, Offset: row}, Codec: "table",
		Reason: bad.Reason, Field: bad.Field, Message: bad.Message,
	})
}

// Full reports whether the run is large enough to be taken.
func (r *Runs) Full() bool {
	return len(r.ends)+len(r.run.Dead) >= runRecords || len(r.data) >= runBytes
}

// Take returns the run so far, nil when nothing is in it, and begins another.
func (r *Runs) Take() *event.Records {
	if len(r.ends) == 0 && len(r.run.Dead) == 0 {
		return nil
	}
	run := r.run
	from := 0
	run.Values = make([][]byte, 0, len(r.ends))
	for _, end := range r.ends {
		run.Values = append(run.Values, r.data[from:end:end])
		from = end
	}
	run.Bytes = len(r.data)
	r.size = len(r.data) + len(r.data)/16
	if n := len(run.Offsets); n > 0 {
		run.Next = run.Offsets[n-1] + 1
		run.High = run.Next
	}
	r.run, r.data, r.ends = fresh(r.topic), nil, r.ends[:0]
	return run
}
