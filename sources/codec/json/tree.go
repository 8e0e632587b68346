package json

import (
	"encoding/binary"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
)

// none marks a member that is no column.
const none = -1

// object is what the schema says about one JSON object.
type object struct {
	prefix  []byte // of unknown members in extra: "debtor."
	free    bool   // the extra object: unknown members are welcome
	names   map[string]int32
	members []member
	next    []int32 // next[i+1] = the member that followed member i last time
}

type member struct {
	name   string
	quoted []byte // "name": as it stands in most reports
	first  uint64 // the first eight bytes of quoted
	final  uint64 // the last eight
	mask   uint64 // of first: less than all bits when quoted is shorter
	field  string // dotted
	column int    // or none
	child  *object
	stamp  int // index into Decoder.seen
}

// tree builds the objects of s and returns the root and the number of stamps.
func tree(s *event.Schema) (*object, int) {
	t := &builder{stamps: len(s.Columns)}
	root := newObject("")
	extra := t.child(root, "extra", "extra")
	extra.prefix, extra.free = nil, true
	for i, c := range s.Columns {
		if c.Derived || c.Name == "extra" {
			continue
		}
		path := c.Name
		if c.Path != "" {
			path = c.Path
		}
		t.add(root, path, i, c.Name)
		if short, ok := strings.CutPrefix(path, "extra."); ok {
			t.add(root, short, i, c.Name)
		}
	}
	return root, t.stamps
}

type builder struct{ stamps int }

func newObject(prefix string) *object {
	return &object{prefix: []byte(prefix), names: map[string]int32{}, next: []int32{0}}
}

// add registers a column under path. A path that another column has already taken
// or crosses stays the other's: codec.CheckPaths tells the author of a config.
func (t *builder) add(root *object, path string, column int, field string) {
	parts := strings.Split(path, ".")
	o := root
	for i, p := range parts[:len(parts)-1] {
		if o = t.child(o, p, strings.Join(parts[:i+1], ".")); o == nil {
			return
		}
	}
	name := parts[len(parts)-1]
	if _, taken := o.names[name]; !taken {
		o.insert(member{name: name, field: field, column: column, stamp: column})
	}
}

// child returns the object called name in o, nil when name is a column.
func (t *builder) child(o *object, name, field string) *object {
	if i, ok := o.names[name]; ok {
		return o.members[i].child
	}
	c := newObject(field + ".")
	o.insert(member{name: name, field: field, column: none, child: c, stamp: t.stamps})
	t.stamps++
	return c
}

func (o *object) insert(m member) {
	m.quoted = []byte(`"` + m.name + `":`)
	m.first, m.mask = word(m.quoted)
	if n := len(m.quoted); n >= 8 {
		m.final, _ = word(m.quoted[n-8:])
	}
	o.names[m.name] = int32(len(o.members))
	o.members = append(o.members, m)
	o.next = append(o.next, int32(len(o.members)-1))
}

// word returns the first eight bytes of s, and a mask that is shorter when s is.
func word(s []byte) (w, mask uint64) {
	for i := range min(8, len(s)) {
		w |= uint64(s[i]) << (8 * i)
		mask |= 0xff << (8 * i)
	}
	return w, mask
}

// at reports whether m stands at data[pos:] in its usual form, name and colon
// without a blank. Two words cover names of up to 13 letters.
func (m *member) at(data []byte, pos int) bool {
	n := len(m.quoted)
	if pos+max(n, 8) > len(data) || (binary.LittleEndian.Uint64(data[pos:])^m.first)&m.mask != 0 {
		return false
	}
	if n <= 8 {
		return true
	}
	if binary.LittleEndian.Uint64(data[pos+n-8:]) != m.final {
		return false
	}
	return n <= 16 || string(data[pos+8:pos+n-8]) == string(m.quoted[8:n-8])
}
