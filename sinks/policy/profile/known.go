package profile

import (
	"reflect"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Paths lists the members of a message of the type, as May names them, in the order of
// the contract. extensions, which is open, stands for all below it.
func Paths(t freeze.Type) []string {
	m := freeze.New(t)
	if m == nil {
		return nil
	}
	return members(reflect.TypeOf(m).Elem(), "")
}

func members(t reflect.Type, at string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[freeze.Time]() {
		return []string{at}
	}
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			out = append(out, members(f.Type, at)...)
		case name != "":
			out = append(out, members(f.Type, strings.TrimPrefix(at+"."+name, "."))...)
		}
	}
	return out
}

// Known reports whether some message has a member that the pattern names.
func Known(pattern string) bool {
	for _, t := range Types() {
		for _, path := range Paths(t) {
			if matches([]string{pattern}, path) {
				return true
			}
		}
	}
	return false
}
