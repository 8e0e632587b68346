package freeze

import (
	"reflect"
	"strconv"
	"strings"
)

// MaxText returns how many characters the text of a request may have that lies under a
// path of member names, such as legal.facts; elements of a list have the path of the
// list. It returns 0 where there is no such text.
func MaxText(path string) int {
	t := reflect.TypeFor[Request]()
	is := ""
	for name := range strings.SplitSeq(path, ".") {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return 0
		}
		next, known := memberOf(t, name)
		if !known {
			return 0
		}
		t, is = next.Type, next.Tag.Get("is")
	}
	text, bounded := strings.CutPrefix(is, "text=")
	if !bounded {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// memberOf finds a field by its name in JSON.
func memberOf(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if member, _, _ := strings.Cut(f.Tag.Get("json"), ","); member == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// RefusalCodes lists the codes of a refusal, in the order of FREEZE 3.5.
func RefusalCodes() []string {
	f, _ := memberOf(reflect.TypeFor[Refusal](), "code")
	return strings.Split(strings.TrimPrefix(f.Tag.Get("is"), "enum="), "|")
}
