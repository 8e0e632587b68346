//go:build vectors

package stix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemas = "http://raw.githubusercontent.com/oasis-open/cti-stix2-json-schemas/stix2.1/schemas/"

// anyText stands for a pattern that Go cannot read (the ones of URLs).
type anyText string

func (p anyText) MatchString(string) bool { return true }
func (p anyText) String() string          { return string(p) }

func engine(pattern string) (jsonschema.Regexp, error) {
	if re, err := regexp.Compile(pattern); err == nil {
		return re, nil
	}
	return anyText(pattern), nil
}

func official(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	root := filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "stix", "schemas")
	files, err := filepath.Glob(filepath.Join(root, "*", "*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("set HALTWIRE_VECTORS to the folder of vectors: %d schemas, %v", len(files), err)
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(engine)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(f, err)
		}
		name, _ := filepath.Rel(root, f)
		if err := c.AddResource(schemas+filepath.ToSlash(name), doc); err != nil {
			t.Fatal(f, err)
		}
	}
	return c
}

// schemaOf returns the schema file of a type; our own types have the core's.
func schemaOf(objectType string) string {
	switch objectType {
	case "extension-definition", "marking-definition":
		return "common/" + objectType + ".json"
	case "relationship":
		return "sros/relationship.json"
	case "file":
		return "observables/file.json"
	case "bank-account":
		return "common/cyber-observable-core.json"
	case "x-haltwire-payment":
		return "common/core.json"
	}
	return "sdos/" + objectType + ".json"
}

// TestVectorSchemas validates every object of every sample against the JSON
// Schemas of STIX 2.1.
func TestVectorSchemas(t *testing.T) {
	c := official(t)
	types := map[string]int{}
	for _, body := range everything(t) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		objectType := v.(map[string]any)["type"].(string)
		s, err := c.Compile(schemas + schemaOf(objectType))
		if err != nil {
			t.Fatal(err)
		}
		types[objectType]++
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
	if len(types) != 13 {
		t.Errorf("objects of %d types: %v", len(types), types)
	}
	s, err := c.Compile(schemas + "sdos/report.json")
	if err != nil {
		t.Fatal(err)
	}
	if s.Validate(map[string]any{"type": "report"}) == nil {
		t.Error("an empty report fits")
	}
}

// TestVectorValidator gives every object to stix2-validator, which knows more
// than the schemas say. Two of its warnings are ours by choice: ids that follow
// from the content are UUIDs of version 5 (103), and payments follow payments
// (202).
func TestVectorValidator(t *testing.T) {
	var list []json.RawMessage
	for _, body := range everything(t) {
		list = append(list, body)
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(os.Getenv("HALTWIRE_PYTHON"), "testdata/validate.py")
	run.Stdin = bytes.NewReader(in)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("set HALTWIRE_PYTHON to a Python with stix2-validator (make vectors does): %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.HasPrefix(line, "validated"), strings.Contains(line, "{103}"), strings.Contains(line, "{202}"):
		default:
			t.Error(strings.TrimSpace(line))
		}
	}
	if want := fmt.Sprintf("validated %d\n", len(list)); !strings.HasSuffix(string(out), want) {
		t.Errorf("want %q at the end", want)
	}
}

// TestVectorMarkings compares our TLP 2.0 objects with the schema of their
// extension.
func TestVectorMarkings(t *testing.T) {
	c := official(t)
	data, err := os.ReadFile(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "stix", "validator_v21", "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.ReplaceAll(data, []byte(`"required": [
	     "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
	  ],`), nil))) // a member of properties that was meant to stand beside it
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("http://tlp.example/tlp2.0.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("http://tlp.example/tlp2.0.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range []string{"clear", "green", "amber", "amber+strict", "red"} {
		body := encoded(t, withTLP(t, level))
		var found int
		for _, b := range body {
			if v, _ := jsonschema.UnmarshalJSON(bytes.NewReader(b)); strings.Contains(string(b), "tlp_2_0") {
				found++
				if err := s.Validate(v); err != nil {
					t.Errorf("%s: %v", b, err)
				}
			}
		}
		if found != 1 {
			t.Errorf("%s: %d TLP objects", level, found)
		}
	}
}
