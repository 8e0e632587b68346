package event

import "math"

import "strconv"

// MaxRecord is the greatest size of one record, 1 MiB (DESIGN §3). A codec refuses
// a longer one as too_large, so a source that bounds its memory may cut a record
// after MaxRecord+1 bytes.
const MaxRecord = 1 << 20

// AsOccurred stands in Records.Times for a record without a time of its own: its
// record time is its occurred_at (DESIGN §8, files), so it is never in the future.
const AsOccurred int64 = math.MinInt64

// Records is a run of consecutive records of one partition as a source read
// them, column by column. Index i of every slice is one record.
type Records struct {
	Topic     string
	Partition int32
	Codec     string   // name of the codec of the topic
	Offsets   []int64  //
	Times     []int64  // Kafka record time, Unix ms, or AsOccurred
	Values    [][]byte // raw; nil value = tombstone
	Trace     [][]byte // W3C traceparent header a record; nil when no record has one
	Next      int64    // offset after the run: past control and aborted records
	High      int64    // high watermark when the run was read
	Bytes     int      // decompressed size, for budgets
	Dead      []Dead   // inputs of the run that have no record: batches nobody can read
	Free      func()   // gives the memory back to the budget of the source; may be nil
}

// Release says that nobody looks at r, or at anything that points into it, any
// more.
func (r *Records) Release() {
	if r.Free != nil {
		r.Free()
		r.Free = nil
	}
}

// Partition names one partition of a topic.
type Partition struct {
	Topic string
	ID    int32
}

// String returns topic/partition.
func (p Partition) String() string { return p.Topic + "/" + strconv.Itoa(int(p.ID)) }

// Len returns the number of records.
func (r *Records) Len() int { return len(r.Offsets) }

// Position says where a record came from.
type Position struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Reason is why an input became a dead letter (DESIGN §3).
type Reason string

// The reasons of a dead letter.
const (
	Syntax          Reason = "syntax"
	UTF8            Reason = "utf8"
	DuplicateMember Reason = "duplicate_member"
	MissingField    Reason = "missing_field"
	BadType         Reason = "type"
	Range           Reason = "range"
	Precision       Reason = "precision"
	Negative        Reason = "negative"
	BadCode         Reason = "code"
	BadTime         Reason = "time"
	Future          Reason = "future"
	TooLarge        Reason = "too_large"
	UnknownMember   Reason = "unknown_member"
	BadBatch        Reason = "batch"
	BadCodec        Reason = "codec"
	MissingPhone    Reason = "missing_phone"
	RowRefused      Reason = "row_refused"
)

// Dead is one input that could not be used, with all that is needed to replay
// it after a fix.
type Dead struct {
	Position
	Time    int64  // Kafka record time, Unix ms; 0 = it has none
	Codec   string //
	Reason  Reason //
	Field   string // dotted name, or "" where no field is to blame
	Message string // what and what to do, for people
	Raw     []byte // the original bytes
}
