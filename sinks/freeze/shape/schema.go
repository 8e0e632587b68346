package shape

import (
	"encoding/json"
	"reflect"
	"strings"
	"unicode"
)

// node is a part of a JSON Schema; encoding/json sorts its members.
type node map[string]any

// Schema returns the JSON Schema (2020-12) of documents of the given kinds,
// each the struct type of its kind. The member named kindMember tells them
// apart.
func (s *Set) Schema(id, title, kindMember string, kinds []string, types []reflect.Type) ([]byte, error) {
	w := &writer{set: s, defs: node{}}
	var refs []node
	for i, kind := range kinds {
		w.defs[kind] = w.object(types[i], kind, kindMember)
		refs = append(refs, node{"$ref": "#/$defs/" + kind})
	}
	return json.MarshalIndent(node{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     id, "title": title, "type": "object", "oneOf": refs, "$defs": w.defs,
	}, "", "  ")
}

type writer struct {
	set  *Set
	defs node
}

func (w *writer) object(t reflect.Type, kind, kindMember string) node {
	properties, required := node{}, []string{}
	for _, m := range w.set.objects[t].members {
		if m.name == kindMember && kindMember != "" {
			properties[m.name] = node{"const": kind}
		} else {
			properties[m.name] = w.member(t.FieldByIndex(m.index).Type, m)
		}
		if m.neededIn(kind) {
			required = append(required, m.name)
		}
	}
	return node{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func (w *writer) member(t reflect.Type, m member) node {
	switch {
	case isRaw(t):
		return node{"type": "object"}
	case t.Kind() == reflect.Pointer:
		return w.member(t.Elem(), m)
	case t.Kind() == reflect.Slice:
		n := node{"type": "array", "items": w.member(t.Elem(), m), "minItems": m.min}
		if m.max >= 0 {
			n["maxItems"] = m.max
		}
		return n
	case t.Kind() == reflect.Bool:
		return node{"type": "boolean"}
	case t.Kind() == reflect.String || isText(t):
		return m.form.schema()
	case t.Kind() == reflect.Struct:
		return w.ref(t)
	}
	return node{"type": "integer", "minimum": 0, "maximum": uint64(1)<<t.Bits() - 1}
}

func (w *writer) ref(t reflect.Type) node {
	name := snake(t.Name())
	if _, done := w.defs[name]; !done {
		w.defs[name] = node{}
		w.defs[name] = w.object(t, "", "")
	}
	return node{"$ref": "#/$defs/" + name}
}

func (f form) schema() node {
	switch {
	case f.name == "const":
		return node{"const": f.enum[0]}
	case f.enum != nil:
		return node{"enum": f.enum}
	}
	n := node{"type": "string"}
	if f.pattern != nil {
		n["pattern"] = f.pattern.String()
	}
	if f.max > 0 {
		n["maxLength"] = f.max
	}
	switch f.name {
	case "ts":
		n["format"] = "date-time"
	case "date":
		n["format"] = "date"
	}
	return n
}

// snake turns a Go name into the name of a definition; the suffix keeps it
// apart from the names of kinds.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String() + "-object"
}
