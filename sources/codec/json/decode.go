package json

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// depth is how deep objects and arrays may lie in one another: reports need two
// levels, and recursion must end.
const depth = 32

// Decoder decodes runs of native JSON reports. One goroutine uses it; its batches
// may be released by any.
type Decoder struct {
	b      *codec.Builder
	root   *object
	fields []string // dotted names of the schema's members, by stamp
	strict bool

	// Of the record in hand.
	data    []byte
	pos     int
	marks   marks
	serial  uint32
	seen    []uint32 // one a member of the schema: serial of the record that had it
	scratch []byte   // texts that had escapes
	path    []byte   // dotted path of the unknown member in hand
	unknown names
}

// New returns a decoder for o.
func New(o codec.Options) *Decoder {
	root, fields := tree(o.Schema, o.Derived)
	return &Decoder{b: codec.NewBuilder(o), root: root, fields: fields, strict: o.Strict, seen: make([]uint32, len(fields))}
}

// Counters returns how many placeholders became missing, by column. Any goroutine
// may call it.
func (d *Decoder) Counters() map[string]uint64 { return d.b.Counters() }

// Decode returns one batch over recs, with the projected columns only, and the
// records that could not be used. The batch keeps recs until it is released; dead
// letters share the memory of recs' values.
func (d *Decoder) Decode(recs *event.Records) (*event.Batch, []event.Dead) {
	var dead []event.Dead
	d.b.Begin(recs)
	for i, raw := range recs.Values {
		d.b.Row()
		bad := d.record(raw)
		if bad == nil {
			bad = d.b.End(i)
		}
		if bad != nil {
			d.b.Drop()
			dead = append(dead, d.b.Dead(i, "json", bad))
		}
	}
	d.data = nil
	return d.b.Finish(), dead
}

// record reads one report.
func (d *Decoder) record(raw []byte) *codec.Defect {
	if len(raw) > event.MaxRecord {
		return codec.Refuse(event.TooLarge, "", "the record has more than %d bytes; split it or leave out what is not needed", event.MaxRecord)
	}
	if len(raw) == 0 {
		return codec.Refuse(event.Syntax, "", "the record is empty; every record is one report")
	}
	if !d.marks.read(raw) {
		return codec.Refuse(event.UTF8, "", "byte %d is not UTF-8; send JSON in UTF-8", invalid(raw))
	}
	d.reset(raw)
	switch c := d.space(); {
	case c == '{':
	case json.Valid(raw):
		return codec.Refuse(event.BadType, "", "the record is no JSON object; send one report a record")
	default:
		return d.syntax("an object")
	}
	if bad := d.object(d.root, 1); bad != nil {
		return bad
	}
	if d.space(); d.pos < len(d.data) {
		return codec.Refuse(event.Syntax, "", "byte %d follows the end of the report; send one report a record", d.pos)
	}
	return nil
}

func (d *Decoder) reset(raw []byte) {
	d.data, d.pos = raw[:len(raw):len(raw)], 0 // values may be read up to their capacity: not beyond the record
	d.scratch, d.path = d.scratch[:0], d.path[:0]
	d.unknown.reset()
	d.serial++
	if d.serial == 0 {
		clear(d.seen)
		d.serial = 1
	}
}

// invalid returns the position of the first byte of raw that is not UTF-8.
func invalid(raw []byte) int {
	i := 0
	for i < len(raw) {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}

// object reads the members of an object whose brace is at pos.
func (d *Decoder) object(o *object, level int) *codec.Defect {
	d.pos++
	if d.space() == '}' {
		d.pos++
		return nil
	}
	link := &o.first
	for {
		m := *link
		if m != nil && m.at(d.data, d.pos) {
			d.pos += len(m.quoted)
		} else {
			var bad *codec.Defect
			if m, bad = d.other(o, level); bad != nil {
				return bad
			}
		}
		if m != nil {
			if *link != m {
				*link = m
			}
			link = &m.next
			if bad := d.member(m, level); bad != nil {
				return bad
			}
		}
		if d.pos+1 < len(d.data) && d.data[d.pos] == ',' && d.data[d.pos+1] == '"' {
			d.pos++ // nearly every report is written without blanks
			continue
		}
		if more, bad := d.more('}'); !more || bad != nil {
			return bad
		}
	}
}

// more reads what follows a value: a comma and the start of the next, or end.
func (d *Decoder) more(end byte) (bool, *codec.Defect) {
	switch d.space() {
	case ',':
		d.pos++
		d.space()
		return true, nil
	case end:
		d.pos++
		return false, nil
	}
	if end == '}' {
		return false, d.syntax("a comma or the end of the object")
	}
	return false, d.syntax("a comma or the end of the array")
}

// other reads the name of a member that was not foreseen, and all of one that the
// schema does not name, for which it returns nil.
func (d *Decoder) other(o *object, level int) (*member, *codec.Defect) {
	m, name, bad := d.name(o)
	if bad == nil && m == nil {
		bad = d.stranger(o, name, level)
	}
	return m, bad
}

// name reads a member's name and the colon. It returns the member, or nil and its
// name when o does not have it.
func (d *Decoder) name(o *object) (*member, []byte, *codec.Defect) {
	if d.peek() != '"' {
		return nil, nil, d.syntax("a member's name in quotes")
	}
	name, bad := d.text()
	if bad != nil {
		return nil, nil, bad
	}
	if d.space() != ':' {
		return nil, nil, d.syntax("a colon")
	}
	d.pos++
	if i, ok := o.names[string(name)]; ok {
		return &o.members[i], nil, nil
	}
	d.space()
	return nil, name, nil
}

// member reads the value of a member that the schema names.
func (d *Decoder) member(m *member, level int) *codec.Defect {
	if d.seen[m.stamp] == d.serial {
		return twice(d.fields[m.stamp])
	}
	d.seen[m.stamp] = d.serial
	c := d.space()
	if c == '"' && m.column != none {
		s, bad := d.text()
		if bad != nil {
			return bad
		}
		return d.b.Text(int(m.column), s)
	}
	switch {
	case m.column != none:
		return d.value(m)
	case c == '{' && level == depth:
		return d.tooDeep()
	case c == '{':
		return d.object(m.child, level+1)
	case c == 'n':
		return d.literal("null")
	case c == 0:
		return d.syntax("a value")
	}
	return codec.Refuse(event.BadType, d.fields[m.stamp], "%s is no object; write its members in braces", d.fields[m.stamp])
}

func twice(field string) *codec.Defect {
	return codec.Refuse(event.DuplicateMember, field, "%s stands twice; readers would choose differently, send it once", field)
}

func (d *Decoder) tooDeep() *codec.Defect {
	return codec.Refuse(event.Syntax, "", "byte %d opens more than %d levels of objects and arrays; send a flatter report", d.pos, depth)
}

func (d *Decoder) peek() byte {
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

// value reads the value of a column that is no text.
func (d *Decoder) value(m *member) *codec.Defect {
	switch c := d.peek(); {
	case c == '-' || c-'0' < 10:
		s, bad := d.number()
		if bad != nil {
			return bad
		}
		return d.b.Number(int(m.column), s)
	case c == 'n':
		return d.literal("null")
	case c == 't':
		if bad := d.literal("true"); bad != nil {
			return bad
		}
		return d.b.Flag(int(m.column), true)
	case c == 'f':
		if bad := d.literal("false"); bad != nil {
			return bad
		}
		return d.b.Flag(int(m.column), false)
	case c == '{' || c == '[':
		return codec.Refuse(event.BadType, d.fields[m.stamp], "%s is an object or array; it has a single value", d.fields[m.stamp])
	}
	return d.syntax("a value")
}
