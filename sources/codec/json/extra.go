package json

import (
	"bytes"
	"hash/maphash"
	"strconv"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// stranger reads the value of a member that the schema does not name; o is the
// object of the schema that it stands in.
func (d *Decoder) stranger(o *object, name []byte, level int) *codec.Defect {
	d.path = append(append(d.path[:0], o.prefix...), name...)
	if d.strict && !o.free {
		field := string(d.path)
		return codec.Refuse(event.UnknownMember, field, "%q is not a member of a report; correct its name, add it under fields in the config, or set strict: false", field)
	}
	if bad := d.once(); bad != nil {
		return bad
	}
	return d.any(level, true)
}

// mostPaths bounds the dotted paths of one record: a long name around many short
// ones would otherwise be repeated for each of them.
const mostPaths = 4 * event.MaxRecord

// once refuses d.path when the record had it before.
func (d *Decoder) once() *codec.Defect {
	if len(d.unknown.text)+len(d.path) > mostPaths {
		return codec.Refuse(event.TooLarge, "", "the dotted paths of the members that the schema does not name have more than %d bytes together; use shorter names or less nesting", mostPaths)
	}
	if !d.unknown.add(d.path) {
		return twice(string(d.path))
	}
	return nil
}

// any reads a value whose dotted path is d.path. With keep it goes to extra;
// without it stands inside an array and is only judged.
func (d *Decoder) any(level int, keep bool) *codec.Defect {
	from := d.pos
	var value []byte
	var bad *codec.Defect
	switch c := d.peek(); {
	case c == '"':
		value, bad = d.text()
	case c == '-' || c-'0' < 10:
		value, bad = d.number()
	case c == 'n':
		return d.literal("null")
	case c == 't':
		bad = d.literal("true")
		value = d.data[from:d.pos]
	case c == 'f':
		bad = d.literal("false")
		value = d.data[from:d.pos]
	case c == '{' || c == '[':
		if level == depth {
			return d.tooDeep()
		}
		if c == '{' {
			return d.anyObject(level+1, keep)
		}
		bad = d.array(level + 1)
		value = d.data[from:d.pos]
	default:
		return d.syntax("a value")
	}
	if bad == nil && keep {
		d.b.Extra(d.path, value)
	}
	return bad
}

// anyObject reads an object whose dotted path is d.path.
func (d *Decoder) anyObject(level int, keep bool) *codec.Defect {
	d.pos++
	if d.space() == '}' {
		d.pos++
		return nil
	}
	prefix := len(d.path)
	for {
		if d.peek() != '"' {
			return d.syntax("a member's name in quotes")
		}
		name, bad := d.text()
		if bad != nil {
			return bad
		}
		if d.space() != ':' {
			return d.syntax("a colon")
		}
		d.pos++
		d.space()
		d.path = append(append(d.path[:prefix], '.'), name...)
		if bad := d.once(); bad != nil {
			return bad
		}
		if bad := d.any(level, keep); bad != nil {
			return bad
		}
		if more, bad := d.more('}'); !more || bad != nil {
			d.path = d.path[:prefix]
			return bad
		}
	}
}

// array reads an array whose dotted path is d.path.
func (d *Decoder) array(level int) *codec.Defect {
	d.pos++
	if d.space() == ']' {
		d.pos++
		return nil
	}
	prefix := len(d.path)
	for n := 0; ; n++ {
		d.path = append(strconv.AppendInt(append(d.path[:prefix], '['), int64(n), 10), ']')
		if bad := d.any(level, false); bad != nil {
			return bad
		}
		if more, bad := d.more(']'); !more || bad != nil {
			d.path = d.path[:prefix]
			return bad
		}
	}
}

// names remembers the dotted paths of one record, to find a second one. Up to few
// paths are compared one by one; more go by a hash that senders cannot foresee.
type names struct {
	text  []byte
	ends  []int32
	slots []int32 // path number + 1, by hash; len is a power of two, 0 up to few paths
	seed  maphash.Seed
}

const few = 12

func (n *names) reset() {
	n.text, n.ends, n.slots = n.text[:0], n.ends[:0], n.slots[:0]
}

func (n *names) at(i int) []byte {
	from := int32(0)
	if i > 0 {
		from = n.ends[i-1]
	}
	return n.text[from:n.ends[i]]
}

// add reports whether path is new.
func (n *names) add(path []byte) bool {
	if len(n.ends) < few {
		for i := range n.ends {
			if bytes.Equal(n.at(i), path) {
				return false
			}
		}
		n.push(path)
		return true
	}
	if len(n.ends)*2 > len(n.slots) {
		n.rehash()
	}
	slot := n.find(path)
	if n.slots[slot] != 0 {
		return false
	}
	n.push(path)
	n.slots[slot] = int32(len(n.ends))
	return true
}

func (n *names) push(path []byte) {
	n.text = append(n.text, path...)
	n.ends = append(n.ends, int32(len(n.text)))
}

// find returns the slot of path: where it is or where it belongs.
func (n *names) find(path []byte) int {
	mask := len(n.slots) - 1
	i := int(maphash.Bytes(n.seed, path)) & mask
	for n.slots[i] != 0 && !bytes.Equal(n.at(int(n.slots[i])-1), path) {
		i = (i + 1) & mask
	}
	return i
}

func (n *names) rehash() {
	if n.slots == nil {
		n.seed = maphash.MakeSeed()
	}
	size := 64 // of this record: a huge one before must not make it dear
	for size < 4*len(n.ends) {
		size *= 2
	}
	if size > cap(n.slots) {
		n.slots = make([]int32, size)
	}
	n.slots = n.slots[:size]
	clear(n.slots)
	for i := range n.ends {
		n.slots[n.find(n.at(i))] = int32(i + 1)
	}
}
