package shape

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds the nesting inside open members; described members cannot
// nest deeper than their types.
const maxDepth = 16

// Decode reads body into the struct that into points to. It refuses what is
// not one JSON object in UTF-8, and unknown, duplicate, missing, null and
// wrongly typed members, and returns the first problem, or nil. kind is the
// kind of document, for members that are not needed in all of them. It does not
// check forms; Check does.
func (s *Set) Decode(body []byte, kind string, into any) *Problem {
	if p := syntax(body); p != nil {
		return p
	}
	d := &decoder{set: s, kind: kind, json: json.NewDecoder(bytes.NewReader(body))}
	d.json.UseNumber()
	return d.value(reflect.ValueOf(into).Elem(), "", member{max: -1})
}

func syntax(body []byte) *Problem {
	if !utf8.Valid(body) {
		return &Problem{Text: "not valid UTF-8"}
	}
	if !json.Valid(body) {
		return &Problem{Text: "not valid JSON"}
	}
	if loneSurrogate(body) {
		return &Problem{Text: "an escaped surrogate without its other half"}
	}
	return nil
}

// loneSurrogate reports whether valid JSON holds an escape in the range D800 to
// DFFF that is not one half of a pair; encoding/json would replace it silently.
func loneSurrogate(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		i++
		if b[i] != 'u' {
			continue
		}
		r := escaped(b[i+1 : i+5])
		i += 4
		if r < 0xD800 || r > 0xDFFF {
			continue
		}
		if r > 0xDBFF || i+6 >= len(b) || b[i+1] != '\\' || b[i+2] != 'u' {
			return true
		}
		if low := escaped(b[i+3 : i+7]); low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 6
	}
	return false
}

func escaped(hex []byte) uint64 {
	r, _ := strconv.ParseUint(string(hex), 16, 32)
	return r
}

type decoder struct {
	set  *Set
	kind string
	json *json.Decoder
}

func (d *decoder) value(v reflect.Value, path string, m member) *Problem {
	switch t := v.Type(); {
	case isRaw(t):
		return d.open(v, path)
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		return d.value(v.Elem(), path, m)
	case isText(t):
		return d.text(v, path)
	case t.Kind() == reflect.Struct:
		return d.object(v, path)
	case t.Kind() == reflect.Slice:
		return d.list(v, path, m)
	}
	return d.scalar(v, path)
}

func (d *decoder) token(path string) (json.Token, *Problem) {
	t, err := d.json.Token()
	if err != nil {
		return nil, &Problem{Field: path, Text: err.Error()}
	}
	return t, nil
}

func (d *decoder) text(v reflect.Value, path string) *Problem {
	t, p := d.token(path)
	if p != nil {
		return p
	}
	s, ok := t.(string)
	if !ok {
		return wrong(path, "a string", t)
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		return &Problem{Field: path, Text: err.Error()}
	}
	return nil
}

func (d *decoder) object(v reflect.Value, path string) *Problem {
	t, p := d.token(path)
	if p != nil {
		return p
	}
	if t != json.Delim('{') {
		return wrong(path, "an object", t)
	}
	o := d.set.objects[v.Type()]
	seen := make([]bool, len(o.members))
	for d.json.More() {
		if p := d.member(o, v, seen, path); p != nil {
			return p
		}
	}
	if _, p := d.token(path); p != nil {
		return p
	}
	for i, m := range o.members {
		if !seen[i] && m.neededIn(d.kind) {
			return &Problem{Field: join(path, m.name), Text: "missing"}
		}
	}
	return nil
}

func (d *decoder) member(o *object, v reflect.Value, seen []bool, path string) *Problem {
	t, p := d.token(path)
	if p != nil {
		return p
	}
	name, _ := t.(string)
	i, known := o.byName[name]
	switch {
	case !known:
		return &Problem{Field: join(path, clip(name)), Text: "unknown member"}
	case seen[i]:
		return &Problem{Field: join(path, name), Text: "duplicate member"}
	}
	seen[i] = true
	m := o.members[i]
	return d.value(v.FieldByIndex(m.index), join(path, name), m)
}

func (d *decoder) list(v reflect.Value, path string, m member) *Problem {
	t, p := d.token(path)
	if p != nil {
		return p
	}
	if t != json.Delim('[') {
		return wrong(path, "a list", t)
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 1))
	for n := 0; d.json.More(); n++ {
		if m.max >= 0 && n >= m.max {
			return &Problem{Field: path, Text: fmt.Sprintf("more than %d elements", m.max)}
		}
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		if p := d.value(v.Index(n), fmt.Sprintf("%s[%d]", path, n), member{max: -1}); p != nil {
			return p
		}
	}
	_, p = d.token(path)
	return p
}

func (d *decoder) scalar(v reflect.Value, path string) *Problem {
	t, p := d.token(path)
	if p != nil {
		return p
	}
	switch v.Kind() {
	case reflect.String:
		s, ok := t.(string)
		if !ok {
			return wrong(path, "a string", t)
		}
		if s == "" { // absent is written by leaving the member out
			return &Problem{Field: path, Text: "empty"}
		}
		v.SetString(s)
	case reflect.Bool:
		b, ok := t.(bool)
		if !ok {
			return wrong(path, "true or false", t)
		}
		v.SetBool(b)
	default:
		n, ok := t.(json.Number)
		u, err := strconv.ParseUint(n.String(), 10, v.Type().Bits())
		if !ok || err != nil {
			return wrong(path, fmt.Sprintf("a whole number of at most %d bits", v.Type().Bits()), t)
		}
		v.SetUint(u)
	}
	return nil
}

// open reads a member whose content nobody describes: an object, without
// duplicate members and not too deep.
func (d *decoder) open(v reflect.Value, path string) *Problem {
	var raw json.RawMessage
	if err := d.json.Decode(&raw); err != nil {
		return &Problem{Field: path, Text: err.Error()}
	}
	if p := checkOpen(raw, path); p != nil {
		return p
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return &Problem{Field: path, Text: err.Error()}
	}
	v.SetBytes(compact.Bytes())
	return nil
}

func checkOpen(raw []byte, path string) *Problem {
	if len(raw) == 0 || raw[0] != '{' {
		return &Problem{Field: path, Text: "want an object"}
	}
	in := &decoder{json: json.NewDecoder(bytes.NewReader(raw))}
	in.json.UseNumber()
	return in.anything(path, 0)
}

func (d *decoder) anything(path string, depth int) *Problem {
	t, p := d.token(path)
	delim, nested := t.(json.Delim)
	if p != nil || !nested {
		return p
	}
	if depth >= maxDepth {
		return &Problem{Field: path, Text: fmt.Sprintf("nested deeper than %d", maxDepth)}
	}
	seen := map[string]bool{}
	for n := 0; d.json.More(); n++ {
		at := fmt.Sprintf("%s[%d]", path, n)
		if delim == '{' {
			key, p := d.token(path)
			if p != nil {
				return p
			}
			name, _ := key.(string)
			at = join(path, clip(name))
			if seen[name] {
				return &Problem{Field: at, Text: "duplicate member"}
			}
			seen[name] = true
		}
		if p := d.anything(at, depth+1); p != nil {
			return p
		}
	}
	_, p = d.token(path)
	return p
}

func wrong(path, want string, got json.Token) *Problem {
	kind := "a list or an object"
	switch got.(type) {
	case nil:
		kind = "null"
	case string:
		kind = "a string"
	case json.Number:
		kind = "a number that does not fit"
	case bool:
		kind = "true or false"
	}
	return &Problem{Field: path, Text: "want " + want + ", got " + kind}
}
