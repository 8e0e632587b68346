package shape

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	// Field is the path of the member, "payments[0].disputed.amount"; empty
	// when the whole document is meant.
	Field string
	// Text says what is wrong and what is wanted.
	Text string
}

// Set is the compiled description of some struct types. It is immutable and
// safe for concurrent use.
type Set struct {
	scalars map[reflect.Type]string
	objects map[reflect.Type]*object
}

type object struct {
	typ     reflect.Type
	members []member
	byName  map[string]int
}

// member is one JSON member of an object; members of embedded structs are
// flattened into the embedding one.
type member struct {
	name     string
	index    []int
	required bool
	// requiredBut names the kind of document in which the member is optional.
	requiredBut string
	form        form
	min, max    int
}

func (m member) neededIn(kind string) bool {
	return m.required || m.requiredBut != "" && m.requiredBut != kind
}

// MustCompile reads the tags of the given struct types and of all they hold.
// scalars names the form of string-like types. It panics on a tag that it does
// not understand, since tags are part of the program.
func MustCompile(scalars map[reflect.Type]string, roots ...reflect.Type) *Set {
	s := &Set{scalars: scalars, objects: map[reflect.Type]*object{}}
	for _, t := range roots {
		s.add(t)
	}
	return s
}

func (s *Set) add(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && !isRaw(t) {
		t = t.Elem()
	}
	if _, known := s.objects[t]; known || t.Kind() != reflect.Struct || s.scalars[t] != "" {
		return
	}
	o := &object{typ: t, byName: map[string]int{}}
	s.objects[t] = o
	o.collect(t, nil, s)
	for i, m := range o.members {
		o.byName[m.name] = i
		s.add(t.FieldByIndex(m.index).Type)
	}
}

func (o *object) collect(t reflect.Type, prefix []int, s *Set) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		if f.Anonymous {
			o.collect(f.Type, index, s)
			continue
		}
		o.members = append(o.members, s.member(f, index))
	}
}

func (s *Set) member(f reflect.StructField, index []int) member {
	name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	m := member{name: name, index: index, required: opts != "omitempty", max: -1}
	m.requiredBut = strings.TrimPrefix(f.Tag.Get("need"), "!")
	is := f.Tag.Get("is")
	if scalar := s.scalars[leaf(f.Type)]; scalar != "" {
		is = scalar
	}
	m.form = formOf(f.Name, is)
	if bounds := f.Tag.Get("len"); bounds != "" {
		lo, hi, _ := strings.Cut(bounds, "..")
		m.min, m.max = number(f.Name, lo), number(f.Name, hi)
	}
	return m
}

func number(field, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(fmt.Sprintf("shape: field %s: bounds %q are no number", field, s))
	}
	return n
}

// leaf strips pointers and lists.
func leaf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && !isRaw(t) {
		t = t.Elem()
	}
	return t
}

func isRaw(t reflect.Type) bool { return t == reflect.TypeFor[json.RawMessage]() }

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
