package shape

import (
	"fmt"
	"reflect"
)

// Check looks at the forms of all members of the struct that v points to and
// returns every problem in the order of the members. kind is as in Decode.
func (s *Set) Check(v any, kind string) []Problem {
	c := &checker{set: s, kind: kind}
	c.object(reflect.ValueOf(v).Elem(), "")
	return c.problems
}

type checker struct {
	set      *Set
	kind     string
	problems []Problem
}

func (c *checker) add(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{Field: path, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) object(v reflect.Value, path string) {
	for _, m := range c.set.objects[v.Type()].members {
		f, at := v.FieldByIndex(m.index), join(path, m.name)
		if empty(f) {
			if m.neededIn(c.kind) {
				c.add(at, "missing")
			}
			continue
		}
		c.value(f, at, m)
	}
}

// empty reports whether v cannot stand for a present member. Booleans and
// plain numbers always can; whether they were there is the decoder's to say.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return v.Len() == 0
	case reflect.Slice, reflect.Pointer:
		return v.IsNil()
	case reflect.Struct:
		return isText(v.Type()) && v.IsZero()
	}
	return false
}

func (c *checker) value(v reflect.Value, path string, m member) {
	switch t := v.Type(); {
	case isRaw(t):
		if p := checkOpen(v.Bytes(), path); p != nil {
			c.problems = append(c.problems, *p)
		}
	case t.Kind() == reflect.Pointer:
		c.value(v.Elem(), path, m)
	case isText(t):
	case t.Kind() == reflect.Struct:
		c.object(v, path)
	case t.Kind() == reflect.Slice:
		c.list(v, path, m)
	case t.Kind() == reflect.String:
		if fault := m.form.fault(v.String()); fault != "" {
			c.add(path, "%s", fault)
		}
	}
}

func (c *checker) list(v reflect.Value, path string, m member) {
	if n := v.Len(); n < m.min || m.max >= 0 && n > m.max {
		c.add(path, "%d elements, want %d to %d", n, m.min, m.max)
	}
	for i := range v.Len() {
		c.value(v.Index(i), fmt.Sprintf("%s[%d]", path, i), m)
	}
}
