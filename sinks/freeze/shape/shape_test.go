package shape_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze/shape"
)

type base struct {
	Kind string `json:"kind"`
	Note string `json:"note,omitempty" need:"!light" is:"text=4"`
}

type leaf struct {
	N    uint8  `json:"n"`
	Code string `json:"code" is:"enum=a|b"`
}

type doc struct {
	base
	Leaf  *leaf           `json:"leaf,omitempty"`
	List  []leaf          `json:"list" len:"1..2"`
	Names []string        `json:"names,omitempty" is:"cc" len:"0..2"`
	Flag  bool            `json:"flag"`
	Open  json.RawMessage `json:"open,omitempty"`
}

func set() *shape.Set { return shape.MustCompile(nil, reflect.TypeFor[doc]()) }

func judge(kind, text string) string {
	var d doc
	s := set()
	if p := s.Decode([]byte(text), kind, &d); p != nil {
		return p.Field + ": " + p.Text
	}
	var out []string
	for _, p := range s.Check(&d, kind) {
		out = append(out, p.Field+": "+p.Text)
	}
	return strings.Join(out, "; ")
}

func TestDecodeAndCheck(t *testing.T) {
	for text, want := range map[string]string{
		`{"kind":"x","note":"abcd","list":[{"n":1,"code":"a"}],"flag":false}`:                          "",
		`{"kind":"x","note":"äöüß","list":[{"n":1,"code":"a"}],"flag":true,"open":{"a":null}}`:         "",
		`{"kind":"x","list":[{"n":1,"code":"a"}],"flag":false}`:                                        "note: missing",
		`{"kind":"x","note":"abcde","list":[{"n":1,"code":"c"}],"flag":false}`:                         `note: longer than 4 characters; list[0].code: "c" is not one of a, b`,
		`{"kind":"x","note":"a","list":[],"flag":false}`:                                               "list: 0 elements, want 1 to 2",
		`{"kind":"x","note":"a","list":[{"n":1,"code":"a"}],"flag":"yes"}`:                             "flag: want true or false, got a string",
		`{"kind":"x","note":"a","list":[{"n":-1,"code":"a"}],"flag":true}`:                             "list[0].n: want a whole number of at most 8 bits, got a number that does not fit",
		`{"kind":"x","note":"a","list":[{"n":1,"code":"a"}],"flag":true,"leaf":[]}`:                    "leaf: want an object, got a list or an object",
		`{"kind":"x","note":"a","list":[{"n":1,"code":"a"}],"flag":true,"leaf":null}`:                  "leaf: want an object, got null",
		`{"kind":"x","note":"a","list":[{"n":1,"code":"a"}],"flag":true,"names":["GB","gb"]}`:          `names[1]: "gb" does not match ^[A-Z]{2}$ (cc)`,
		`{"kind":"x","note":"a","list":[{"n":1,"code":"a"}],"flag":true,"open":{"a":[{"b":1,"b":2}]}}`: "open.a[0].b: duplicate member",
	} {
		if got := judge("heavy", text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	if got := judge("light", `{"kind":"x","list":[{"n":1,"code":"a"}],"flag":false}`); got != "" {
		t.Errorf("a member that is not needed in this kind: %s", got)
	}
}

func TestCompilePanicsOnTagsThatItDoesNotKnow(t *testing.T) {
	for name, typ := range map[string]reflect.Type{
		"form": reflect.TypeFor[struct {
			A string `json:"a" is:"colour"`
		}](),
		"bounds": reflect.TypeFor[struct {
			A []string `json:"a" len:"many"`
		}](),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			shape.MustCompile(nil, typ)
		}()
	}
}

func TestSchemaIsClosed(t *testing.T) {
	text, err := set().Schema("urn:test", "test", "kind", []string{"heavy", "light"}, []reflect.Type{reflect.TypeFor[doc](), reflect.TypeFor[doc]()})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Defs map[string]struct {
			Required   []string       `json:"required"`
			Properties map[string]any `json:"properties"`
			Additional any            `json:"additionalProperties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if want := []string{"kind", "note", "list", "flag"}; !reflect.DeepEqual(got.Defs["heavy"].Required, want) {
		t.Errorf("heavy needs %v", got.Defs["heavy"].Required)
	}
	if want := []string{"kind", "list", "flag"}; !reflect.DeepEqual(got.Defs["light"].Required, want) {
		t.Errorf("light needs %v", got.Defs["light"].Required)
	}
	for name, d := range got.Defs {
		if d.Additional != false {
			t.Errorf("%s is open", name)
		}
	}
	if len(got.Defs["heavy"].Properties) != 7 || len(got.Defs["leaf-object"].Properties) != 2 {
		t.Errorf("members: %v", got.Defs)
	}
}
