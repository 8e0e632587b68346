package spec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/rules/spec"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(spec.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rule.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("rule.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaAcceptsShippedRules holds the schema to every shipped rule and to the
// rule that has every key.
func TestSchemaAcceptsShippedRules(t *testing.T) {
	s := compileSchema(t)
	files := []string{"testdata/whole-rule.yaml"}
	err := filepath.WalkDir("../pack", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".yaml") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 12 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range documents(t, data) {
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func documents(t *testing.T, data []byte) []any {
	t.Helper()
	var docs []any
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc any
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
}

// TestSchemaHasTheKeysOfTheFormat compares the keys of the schema with what Read
// takes.
func TestSchemaHasTheKeysOfTheFormat(t *testing.T) {
	var s struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage
		} `json:"$defs"`
	}
	if err := json.Unmarshal(spec.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	for def, head := range map[string]string{"rule": "%s: 1", "library": "library: abc\n%s: 1", "exception": "exception: abc\n%s: 1", "alert": "alert: {%s: 1}", "window": "windows: {w: {%s: 1}}"} {
		if len(s.Defs[def].Properties) == 0 {
			t.Errorf("%s has no keys", def)
		}
		for key := range s.Defs[def].Properties {
			_, findings := spec.Parse([]*spec.File{spec.NewFile("x.yaml", fmt.Appendf(nil, head, key))})
			for _, f := range findings {
				if strings.Contains(f.Message, "has no key") {
					t.Errorf("%s: %s", def, f.Message)
				}
			}
		}
	}
}

// TestSchemaOfWindows holds the schema to what is right and wrong in windows and
// weights.
func TestSchemaOfWindows(t *testing.T) {
	s := compileSchema(t)
	const head = "id: abc\nversion: 1\nstatus: live\ntitle: t\nowner: o\nseverity: high\non: bank.transfer\nwhen: a > 1\n"
	for text, right := range map[string]bool{
		"windows: {w: {from: bank.transfer, key: a, within: 5d, last: 3, values: {n: count()}}}":   true,
		"windows: {w: {key: {telecom.call: a}, match: b, within: 1d12h, values: {n: \"sum(a)\"}}}": true,
		"weights: {a: {rule: abc, hit: 4, freeze: 5}}":                                             true,
		"settle: 5s\nbudget: 5/d":                                                                     true,
		"windows: {w: {key: a, within: 5d, values: {n: count()}}}":                                    false,
		"windows: {w: {from: bank.transfer, key: a, within: month, values: {n: count()}}}":            false,
		"windows: {w: {from: bank.transfer, key: a, within: 5d, values: {}}}":                         false,
		"windows: {w: {from: bank.transfer, key: a, within: 5d, values: {n: median(a)}}}":             false,
		"windows: {w: {from: bank.transfer, key: a, within: 5d, last: 0, values: {n: count()}}}":      false,
		"windows: {w: {from: x, key: {telecom.call: a}, match: b, within: 1d, values: {n: count()}}}": false,
		"windows: {w: {key: {telecom.call: a}, within: 1d, values: {n: count()}}}":                    false,
		"weights: {a: {rule: abc}}":                                                                   false,
		"weights: {a: {rule: abc, when: a, points: 5}}":                                               false,
		"settle: soon": false,
		"budget: 5":    false,
	} {
		for _, doc := range documents(t, []byte(head+text)) {
			if err := s.Validate(doc); (err == nil) != right {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// TestSchemaAndBadExamples holds the schema to every file of rules that check is
// tested with: what check accepts the schema accepts, and what spec refuses the
// schema refuses too, but for what no schema can see.
func TestSchemaAndBadExamples(t *testing.T) {
	s := compileSchema(t)
	files, err := filepath.Glob("../lang/testdata/check/*.yaml")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, findings := spec.Parse([]*spec.File{spec.NewFile(filepath.Base(file), data)})
		var refused error
		parsed := true
		dec := yaml.NewDecoder(bytes.NewReader(data))
		for {
			var doc any
			if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				parsed = false // no editor gets as far as the schema
				break
			}
			text, err := json.Marshal(doc)
			if err != nil {
				parsed = false
				break
			}
			if doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			refused = errors.Join(refused, s.Validate(doc))
		}
		said, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		switch _, exempt := beyondSchema()[name]; {
		case !parsed:
		case !bytes.Contains(said, []byte(": error: ")) && refused != nil:
			t.Errorf("%s: the schema refuses what check accepts: %v", name, refused)
		case findings.Errors() > 0 && refused == nil && !exempt:
			t.Errorf("%s: the schema accepts it, and spec says %s", name, findings[0].Message)
		case exempt && (findings.Errors() == 0 || refused != nil):
			t.Errorf("%s is no exemption any more", name)
		}
	}
}

// beyondSchema are the examples whose defect is gone once YAML is data.
func beyondSchema() map[string]string {
	return map[string]string{
		"too-many-keys": "how many keys a mapping may have bounds the time of reading it",
		"anchor-alias":  "an alias is its value then", "merge": "keys are merged then",
		"tag-not-window": "the value is a text then", "tag-type": "the value is a number then",
	}
}
