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
	first   *member // the member that came first last time
}

// member is one member of an object: 64 bytes, a cache line, because it is looked
// at once a member of every report.
type member struct {
	first  uint64 // the first eight bytes of quoted
	mask   uint64 // of first: less than all bits when quoted is shorter
	final  uint64 // the last eight
	quoted string // "name": as it stands in most reports
	child  *object
	next   *member // the member that followed last time; nil = not seen yet
	column int32   // or none
	stamp  int32   // index into Decoder.seen and Decoder.fields
}

// tree builds the objects of s and returns the root and the dotted names of all
// members, by stamp: those of the columns first. Derived columns are members when
// derived says so.
func tree(s *event.Schema, derived bool) (*object, []string) {
	t := &builder{}
	for _, c := range s.Columns {
		t.fields = append(t.fields, c.Name)
	}
	root := newObject("")
	extra := t.child(root, "extra", "extra")
	extra.prefix, extra.free = nil, true
	for i, c := range s.Columns {
		if c.Derived && !derived || c.Name == "extra" {
			continue
		}
		path := c.Name
		if c.Path != "" {
			path = c.Path
		}
		t.add(root, path, i)
		if short, ok := strings.CutPrefix(path, "extra."); ok {
			t.add(root, short, i)
		}
	}
	return root, t.fields
}

type builder struct{ fields []string }

func newObject(prefix string) *object {
	return &object{prefix: []byte(prefix), names: map[string]int32{}}
}

// add registers a column under path. A path that another column has already taken
// or crosses stays the other's: codec.CheckPaths tells the author of a config.
func (t *builder) add(root *object, path string, column int) {
	parts := strings.Split(path, ".")
	o := root
	for i, p := range parts[:len(parts)-1] {
		if o = t.child(o, p, strings.Join(parts[:i+1], ".")); o == nil {
			return
		}
	}
	name := parts[len(parts)-1]
	if _, taken := o.names[name]; !taken {
		o.insert(name, member{column: int32(column), stamp: int32(column)})
	}
}

// child returns the object called name in o, nil when name is a column.
func (t *builder) child(o *object, name, field string) *object {
	if i, ok := o.names[name]; ok {
		return o.members[i].child
	}
	c := newObject(field + ".")
	o.insert(name, member{column: none, child: c, stamp: int32(len(t.fields))})
	t.fields = append(t.fields, field)
	return c
}

func (o *object) insert(name string, m member) {
	m.quoted = `"` + name + `":`
	m.first, m.mask = word(m.quoted)
	if n := len(m.quoted); n >= 8 {
		m.final, _ = word(m.quoted[n-8:])
	}
	o.names[name] = int32(len(o.members))
	o.members = append(o.members, m)
}

// word returns the first eight bytes of s, and a mask that is shorter when s is.
func word(s string) (w, mask uint64) {
	for i := range min(8, len(s)) {
		w |= uint64(s[i]) << (8 * i)
		mask |= 0xff << (8 * i)
	}
	return w, mask
}

// at reports whether m stands at data[pos:] in its usual form, name and colon
// without a blank. Two words cover names of up to 13 letters.
func (m *member) at(data []byte, pos int) bool {
	rest := data[pos:]
	if len(rest) < 8 || (binary.LittleEndian.Uint64(rest)^m.first)&m.mask != 0 {
		return false
	}
	n := len(m.quoted)
	if n <= 8 {
		return true
	}
	if len(rest) < n || binary.LittleEndian.Uint64(rest[n-8:]) != m.final {
		return false
	}
	return n <= 16 || string(rest[8:n-8]) == m.quoted[8:n-8]
}
