package freeze_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/haltwire/haltwire/sinks/freeze"
)

var rewrite = flag.Bool("rewrite", false, "write schema.json from the struct tags")

func TestSchemaIsWrittenFromTheTypes(t *testing.T) {
	want, err := freeze.Generate()
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *rewrite {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(freeze.Schema(), want) {
		t.Fatal("schema.json is not what the types say: run go test ./sinks/freeze -run SchemaIsWritten -rewrite")
	}
}

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(freeze.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("freeze.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("freeze.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schemaError(t testing.TB, s *jsonschema.Schema, body []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemaAndTypesHaveTheSameMembers walks the Go types by their json tags,
// without the package's own compiler, and compares with the schema.
func TestSchemaAndTypesHaveTheSameMembers(t *testing.T) {
	var doc struct {
		Defs map[string]struct {
			Properties map[string]any `json:"properties"`
			Additional any            `json:"additionalProperties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(freeze.Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(name string, typ reflect.Type)
	walk = func(name string, typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[freeze.Time]() {
			return
		}
		if name == "" {
			name = defName(typ.Name())
		}
		if seen[name] {
			return
		}
		seen[name] = true
		def, ok := doc.Defs[name]
		if !ok || def.Additional != false {
			t.Errorf("%s: no closed definition in the schema", name)
		}
		members := map[string]reflect.Type{}
		collect(typ, members)
		for m, mt := range members {
			if _, ok := def.Properties[m]; !ok {
				t.Errorf("%s.%s is not in the schema", name, m)
			}
			walk("", mt)
		}
		for m := range def.Properties {
			if _, ok := members[m]; !ok {
				t.Errorf("%s.%s is in the schema only", name, m)
			}
		}
	}
	for _, k := range freeze.Types() {
		walk(string(k), reflect.TypeOf(freeze.New(k)))
	}
	if len(seen) != len(doc.Defs) {
		t.Errorf("%d definitions, %d types", len(doc.Defs), len(seen))
	}
}

func collect(t reflect.Type, into map[string]reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			collect(f.Type, into)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		into[name] = f.Type
	}
}

func defName(goName string) string {
	var b strings.Builder
	for i, r := range goName {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String()) + "-object"
}
