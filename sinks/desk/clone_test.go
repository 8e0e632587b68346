package desk

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// filled gives a value something of everything that it can refer to.
func filled(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		if depth < 12 {
			v.Set(reflect.New(v.Type().Elem()))
			filled(v.Elem(), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			filled(v.Index(i), depth+1)
		}
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		filled(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMilli(1772424000000).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				filled(v.Field(i), depth+1)
			}
		}
	case reflect.String:
		v.SetString("1.00")
	case reflect.Int64:
		v.SetInt(7)
	}
}

// shared lists where two values refer to the same memory that can be written.
func shared(a, b reflect.Value, at string) []string {
	var out []string
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() {
			return nil
		}
		if a.Pointer() == b.Pointer() {
			return []string{at}
		}
		return shared(a.Elem(), b.Elem(), at)
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			return []string{at}
		}
		for i := range a.Len() {
			out = append(out, shared(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", at, i))...)
		}
	case reflect.Map:
		if !a.IsNil() && a.Pointer() == b.Pointer() {
			return []string{at}
		}
		for _, k := range a.MapKeys() {
			out = append(out, shared(a.MapIndex(k), b.MapIndex(k), at+"[k]")...)
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				out = append(out, shared(a.Field(i), b.Field(i), at+"."+f.Name)...)
			}
		}
	case reflect.Interface, reflect.Func, reflect.Chan:
		out = append(out, at+": of a kind that clone does not know")
	}
	return out
}

// TestCloneIsWholeAndItsOwn copies a state in which everything is set that can be.
func TestCloneIsWholeAndItsOwn(t *testing.T) {
	t.Parallel()
	from := new(apply.Subject)
	filled(reflect.ValueOf(from).Elem(), 0)
	to := clone(from)
	if !reflect.DeepEqual(from, to) {
		t.Error("the copy is another one")
	}
	if got := shared(reflect.ValueOf(from), reflect.ValueOf(to), "subject"); len(got) > 0 {
		t.Errorf("both have the same: %s", strings.Join(got, ", "))
	}
	before, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	a := to.Alerts[0]
	a.Trail[0].Blocked, a.Tasks[0].Done, a.Outcome.Decision, to.Evidence["k"], a.Items[0].Facts[0].Own = "x", "x", "x", "x", true
	after, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("who writes into the copy writes into the state")
	}
	if got := clone[apply.Subject](nil); got != nil {
		t.Errorf("the copy of nothing is %v", got)
	}
}

// TestCloneDoesNotCopyTexts copies an alert with a sealed outcome of half a megabyte that
// five hundred movements refer to: the copy has it once, and the same.
func TestCloneDoesNotCopyTexts(t *testing.T) {
	sealed := strings.Repeat("a", 457<<10)
	a := &apply.Alert{OutcomeID: "O", Inbox: []*apply.Inbound{{ID: "O", Personal: sealed}}}
	for i := range 500 {
		a.Trail = append(a.Trail, &apply.Hop{HopMark: caselog.HopMark{ItemID: fmt.Sprint(i), ParentItems: []string{"P"}, Credited: &freeze.Money{}}, Outcome: "O"})
	}
	to := clone(a)
	if unsafe.StringData(to.Sealed(to.Trail[499].Outcome)) != unsafe.StringData(sealed) {
		t.Error("the text is copied")
	}
	if text, err := json.Marshal(to); err != nil || len(text) > 2*len(sealed) {
		t.Errorf("the copy has %d bytes as text, want at most %d: %v", len(text), 2*len(sealed), err)
	}
}
