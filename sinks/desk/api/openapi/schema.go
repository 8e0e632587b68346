package openapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Node is a part of a document; encoding/json sorts its members.
type Node map[string]any

// Writer collects the schemas of types.
type Writer struct {
	// Scalars are types that are one value in JSON.
	Scalars map[reflect.Type]Node
	// Members replace what the type of a member says, by "Type.member".
	Members map[string]Node
	// Omit are members that a body does not have, by "Type.member".
	Omit []string
	// Closed are types of which unknown members are refused.
	Closed []reflect.Type
	// Full are packages whose lists are never null.
	Full []string
	// Source is the folder of the module's root, where comments are read.
	Source string
	Module string

	schemas  Node
	names    map[reflect.Type]string
	comments map[string]map[string]string
}

// Schemas returns what has been collected: components.schemas.
func (w *Writer) Schemas() Node { return w.schemas }

// Ref returns a reference to the schema of a struct type, and collects it.
func (w *Writer) Ref(t reflect.Type) (Node, error) {
	if w.schemas == nil {
		w.schemas, w.names, w.comments = Node{}, map[reflect.Type]string{}, map[string]map[string]string{}
	}
	name, known := w.names[t]
	if !known {
		name = w.name(t)
		w.names[t], w.schemas[name] = name, Node{}
		o, err := w.object(t)
		if err != nil {
			return nil, err
		}
		w.schemas[name] = o
	}
	return Node{"$ref": "#/components/schemas/" + name}, nil
}

// name is the type's, with its package in front where two have the same.
func (w *Writer) name(t reflect.Type) string {
	if _, taken := w.schemas[t.Name()]; !taken {
		return t.Name()
	}
	pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
	return strings.ToUpper(pkg[:1]) + pkg[1:] + t.Name()
}

func (w *Writer) object(t reflect.Type) (Node, error) {
	properties, required := Node{}, []string{}
	about, err := w.about(t)
	if err != nil {
		return nil, err
	}
	for _, f := range fields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		path := t.Name() + "." + name
		if slices.Contains(w.Omit, path) {
			continue
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		node, given := w.Members[path]
		if !given {
			if node, err = w.value(f.Type, optional, slices.Contains(w.Full, f.owner.PkgPath())); err != nil {
				return nil, err
			}
		}
		comments, err := w.about(f.owner)
		if err != nil {
			return nil, err
		}
		if text := comments[f.owner.Name()+"."+f.Name]; text != "" {
			node = with(node, "description", text)
		}
		properties[name] = node
		if !optional {
			required = append(required, name)
		}
	}
	o := Node{"type": "object", "properties": properties}
	if len(required) > 0 {
		o["required"] = required
	}
	if text := about[t.Name()]; text != "" {
		o["description"] = text
	}
	if slices.Contains(w.Closed, t) {
		o["additionalProperties"] = false
	}
	return o, nil
}

// with returns a copy of n that has one member more.
func with(n Node, name string, value any) Node {
	out := Node{name: value}
	for k, v := range n {
		out[k] = v
	}
	return out
}

// field is a member with the struct that declares it.
type field struct {
	reflect.StructField
	owner reflect.Type
}

// fields lists the members of an object; those of embedded structs are its own, and
// an outer one hides an inner one of the same name.
func fields(t reflect.Type) []field {
	var own, inner []field
	names := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		switch {
		case f.Anonymous && tag == "":
			inner = append(inner, fields(f.Type)...)
		case f.IsExported() && tag != "-":
			own = append(own, field{f, t})
			name, _, _ := strings.Cut(tag, ",")
			names[name] = true
		}
	}
	for _, f := range inner {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !names[name] {
			own = append(own, f)
		}
	}
	return own
}

func (w *Writer) value(t reflect.Type, optional, full bool) (Node, error) {
	if n, ok := w.Scalars[t]; ok {
		return n, nil
	}
	switch t {
	case reflect.TypeFor[json.RawMessage]():
		return Node{"type": "object"}, nil
	case reflect.TypeFor[time.Time]():
		return Node{"type": "string", "format": "date-time"}, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.value(t.Elem(), optional, full)
	case reflect.Slice:
		return w.list(t, optional || full, full)
	case reflect.Map:
		n, err := w.value(t.Elem(), true, full)
		return Node{"type": "object", "additionalProperties": n}, err
	case reflect.Struct:
		return w.Ref(t)
	case reflect.String:
		return Node{"type": "string"}, nil
	case reflect.Bool:
		return Node{"type": "boolean"}, nil
	case reflect.Interface:
		return Node{}, nil
	case reflect.Float64:
		return Node{"type": "number"}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Node{"type": "integer", "minimum": 0}, nil
	}
	return Node{"type": "integer"}, nil
}

func (w *Writer) list(t reflect.Type, never, full bool) (Node, error) {
	n, err := w.value(t.Elem(), true, full)
	if never {
		return Node{"type": "array", "items": n}, err
	}
	return Node{"type": []string{"array", "null"}, "items": n}, err
}
