package codec

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Options are what a codec needs to know. Only Schema and Project are required.
type Options struct {
	Schema          *event.Schema
	Project         []bool     // one flag a column; identity, kind and occurred_at are always decoded
	ReporterCountry string     // where a report does not say; "" = missing
	Strict          bool       // a member that the schema does not name is an error
	Kinds           code.Kinds // the zero value is the list of DESIGN §3
	Placeholders    []string   // texts that mean "missing"; nil = DefaultPlaceholders()
	Rates           Rates      // of base_amount; the zero value has none
	Derived         bool       // a record may set derived columns, as tests of rules do: what it sets is not derived
}

// Defect is why a record is refused: what a Dead letter says without its place.
type Defect struct {
	Reason  event.Reason
	Field   string
	Message string
}

// Error returns the message.
func (d *Defect) Error() string { return d.Message }

// Refuse returns a defect of field with a message that says what is wrong and
// what to do.
func Refuse(reason event.Reason, field, format string, args ...any) *Defect {
	return &Defect{Reason: reason, Field: field, Message: fmt.Sprintf(format, args...)}
}

// grace is how far occurred_at may lie behind the record time: clocks differ
// (RULES §2, window contract). Milliseconds.
const grace = 5 * 60 * 1000

// Builder turns values of columns into batches, judging each as DESIGN §3 says.
// Of a record it is called in this order: Row, any of Text, Number, Flag and
// Extra, then End or Drop. A defect that any of them returns ends the record with
// Drop. One goroutine uses it; its batches may be released by any.
type Builder struct {
	opts     Options
	cols     []column
	extra    int
	required []int
	holder   *Placeholders
	missing  []atomic.Uint64 // placeholders seen, one a column
	side     [2]sideColumns  // debtor, creditor
	pay      paymentColumns
	at       headColumns
	derive   derived

	batch  *event.Batch
	serial uint32 // of the record; what columns hold of another serial is stale
	amount decimal.D
	when   int64 // occurred_at
	settle int32 // payment.settlement_date
	iban   [2]bool
	own    Side      // the reporter's, unasked until something needs it
	banks  [2][]bank // what is known of each BIC of a side, by its code
	arena  []byte
	codes  []*[26 * 26]uint32 // one a column of countries: codes in its dict, by letters; such a dictionary never restarts

	pool pool
}

// column is what the builder knows of one column: 64 bytes, a cache line, because
// every value of every report looks at it.
type column struct {
	vec     *event.Vector // of the batch in hand
	dict    *event.Dict   // of a projected Symbol, of every code list and BIC
	text    []byte        // value of a held column; the record's bytes or the arena's
	has     uint32        // serial of the last record with a value
	code    uint32        // of a held Symbol: its value's code in dict
	way     way
	project bool
	hold    bool // a derived column or End needs its value
	bic     bool
	*event.Column
}

// way is how a text becomes a value of a column.
type way uint8

const (
	asOther   way = iota // no text, or a rare one
	asSymbol             // with a dictionary
	asLoose              // a Symbol of no list that is not projected
	asPlain              // a text as it is
	asAccount            // normalised at End, when its scheme is known
	asPhone
	asEmail
	asDecimal
	asTime
	asDate
)

// wayOf returns the way of c.
func (c *column) wayOf() way {
	switch c.Type {
	case event.Symbol:
		if c.dict == nil {
			return asLoose
		}
		return asSymbol
	case event.Text:
		switch {
		case c.Phone:
			return asPhone
		case strings.HasSuffix(c.Name, ".email"):
			return asEmail
		case c.way == asAccount:
			return asAccount
		}
		return asPlain
	case event.Decimal:
		return asDecimal
	case event.Time:
		return asTime
	case event.Date:
		return asDate
	}
	return asOther
}

// NewBuilder returns a builder for o.
func NewBuilder(o Options) *Builder {
	if o.Placeholders == nil {
		o.Placeholders = DefaultPlaceholders()
	}
	n := len(o.Schema.Columns)
	b := &Builder{opts: o, cols: make([]column, n), extra: o.Schema.Must("extra"), holder: NewPlaceholders(o.Placeholders),
		missing: make([]atomic.Uint64, n), codes: make([]*[26 * 26]uint32, n)}
	for i := range o.Schema.Columns {
		c := &o.Schema.Columns[i]
		b.cols[i] = column{Column: c, project: i < len(o.Project) && o.Project[i]}
		if c.Required {
			b.required = append(b.required, i)
		}
	}
	b.locate(o.Schema)
	for i := range b.cols {
		c := &b.cols[i]
		if c.Type == event.Symbol && (c.project || c.bic || c.List != event.Free) {
			c.dict = event.NewDict()
		}
		c.way = c.wayOf()
	}
	return b
}

// Begin starts a batch over recs.
func (b *Builder) Begin(recs *event.Records) {
	b.batch = b.pool.take(b.opts.Schema)
	b.batch.Reset(recs)
	for i := range b.cols {
		c := &b.cols[i]
		c.vec = &b.batch.Columns[i]
		if c.dict != nil && c.dict.NextBatch() && c.bic {
			b.forget(i)
		}
	}
}

// Finish ends the batch and hands it over.
func (b *Builder) Finish() *event.Batch {
	out := b.batch
	b.batch = nil
	for i := range b.cols {
		if c := &b.cols[i]; c.dict != nil && c.project {
			c.dict.Bind(&out.Columns[i])
		}
	}
	out.Finish()
	return out
}

// Row starts the next record.
func (b *Builder) Row() {
	b.serial++
	if b.serial == 0 { // 2^32 records: stamps of the first round would look fresh
		for i := range b.cols {
			b.cols[i].has = 0
		}
		b.serial = 1
	}
	b.arena = b.arena[:0]
}

// Drop forgets what the record under construction has set.
func (b *Builder) Drop() { b.batch.Reject() }

// End judges the record under construction as a whole, derives what is derived
// and makes it a row of the batch, decoded from record i.
func (b *Builder) End(i int) *Defect {
	for _, c := range b.required {
		if b.cols[c].has != b.serial {
			return Refuse(event.MissingField, b.cols[c].Name, "%s is missing; every report has one", b.cols[c].Name)
		}
	}
	if t := b.batch.Records.Times[i]; t != event.AsOccurred && b.when > t+grace {
		return Refuse(event.Future, "occurred_at", "occurred_at %s is more than 5 minutes after the record time %s; correct the sender's clock or time zone",
			event.FormatTime(b.when), event.FormatTime(t))
	}
	b.derived()
	b.batch.Accept(i)
	return nil
}

// Dead returns the dead letter of record i of the batch's run.
func (b *Builder) Dead(i int, codec string, d *Defect) event.Dead {
	recs := b.batch.Records
	if recs.Codec != "" {
		codec = recs.Codec
	}
	t := recs.Times[i]
	if t == event.AsOccurred {
		t = 0
	}
	return event.Dead{
		Position: event.Position{Topic: recs.Topic, Partition: recs.Partition, Offset: recs.Offsets[i]},
		Time:     t, Codec: codec, Reason: d.Reason, Field: d.Field, Message: d.Message, Raw: recs.Values[i],
	}
}

// Counters returns how many placeholders became missing, by column; columns
// without any are left out. Any goroutine may call it.
func (b *Builder) Counters() map[string]uint64 {
	out := map[string]uint64{}
	for i := range b.missing {
		if n := b.missing[i].Load(); n > 0 {
			out[b.cols[i].Name] = n
		}
	}
	return out
}

// pool keeps released batches for the next Begin. Not a sync.Pool: the buffers of
// a batch are megabytes that should survive a garbage collection.
type pool struct {
	mu   sync.Mutex
	free []*event.Batch
}

// kept is how many idle batches stay: one in decoding, one in use downstream, and
// two on their way. More are left to the garbage collector.
const kept = 4

func (p *pool) take(s *event.Schema) *event.Batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return event.NewBatch(s, p.put)
}

func (p *pool) put(b *event.Batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.Records = nil
	if len(p.free) < kept {
		p.free = append(p.free, b)
	}
}

// CheckPaths reports two columns of s that stand at the same place on the wire,
// or one that stands inside another. A config is checked with it once.
func CheckPaths(s *event.Schema) error {
	taken := map[string]string{}
	for _, c := range s.Columns {
		if c.Derived {
			continue
		}
		path := c.Name
		if c.Path != "" {
			path = c.Path
		}
		if other, ok := taken[path]; ok {
			return fmt.Errorf("field %q: its path %s is that of %s; choose another", c.Name, path, other)
		}
		taken[path] = c.Name
	}
	for path, name := range taken {
		for i, r := range path {
			if other, ok := taken[path[:i]]; r == '.' && ok && other != "extra" {
				return fmt.Errorf("field %q: its path %s lies inside %s, which has a single value", name, path, other)
			}
		}
	}
	return nil
}
