package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// described is openapi.json as tests read it. Objects with properties are closed:
// a member that the document does not name is a defect.
type described struct {
	text  map[string]any
	by    map[string]where // by operationId
	built *jsonschema.Compiler
}

type where struct {
	method, path string
	op           map[string]any
}

func openDocument(t *testing.T) *described {
	t.Helper()
	d := &described{by: map[string]where{}, built: jsonschema.NewCompiler()}
	must(t, json.Unmarshal(api.Document(), &d.text))
	d.each(func(w where) { d.by[w.op["operationId"].(string)] = w }) //nolint:forcetypeassert // of a document of ours
	shut(d.text)
	text, err := json.Marshal(d.text)
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	must(t, err)
	d.built.AssertFormat()
	must(t, d.built.AddResource("openapi.json", doc))
	return d
}

func (d *described) each(use func(where)) {
	for path, item := range d.text["paths"].(map[string]any) { //nolint:forcetypeassert // of a document of ours
		for method, op := range item.(map[string]any) { //nolint:forcetypeassert // of a document of ours
			use(where{strings.ToUpper(method), path, op.(map[string]any)}) //nolint:forcetypeassert // of a document of ours
		}
	}
}

// shut closes all objects with properties.
func shut(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["type"] == "object" && v["properties"] != nil {
			v["additionalProperties"] = false
		}
		for _, x := range v {
			shut(x)
		}
	case []any:
		for _, x := range v {
			shut(x)
		}
	}
}

// check holds an answer against the document.
func (d *described) check(t *testing.T, operation string, status int, media, body string) {
	t.Helper()
	w, known := d.by[operation]
	if !known {
		t.Fatalf("no operation %s", operation)
	}
	answers, _ := w.op["responses"].(map[string]any)
	answer, known := answers[fmt.Sprint(status)].(map[string]any)
	if !known {
		t.Errorf("%s: the document does not know status %d: %s", operation, status, body)
		return
	}
	content, _ := answer["content"].(map[string]any)
	if media, _, _ = strings.Cut(media, ";"); media == "text/html" {
		text, err := json.Marshal(body)
		must(t, err)
		body = string(text)
	}
	if content == nil && body == "" {
		return
	}
	if content[media] == nil {
		t.Errorf("%s %d: the document does not know %s", operation, status, media)
		return
	}
	pointer := fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%d/content/%s/schema", escape(w.path), strings.ToLower(w.method), status, escape(media))
	schema, err := d.built.Compile(pointer)
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	must(t, err)
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%s: %v\n%s", operation, err, body)
	}
}

// checkHeaders holds that a success has the headers that the document gives it.
func (d *described) checkHeaders(t *testing.T, operation string, resp *http.Response) {
	t.Helper()
	answers, _ := d.by[operation].op["responses"].(map[string]any)
	answer, _ := answers[fmt.Sprint(resp.StatusCode)].(map[string]any)
	headers, _ := answer["headers"].(map[string]any)
	for name := range headers {
		if resp.Header.Get(name) == "" {
			t.Errorf("%s %d: no header %s", operation, resp.StatusCode, name)
		}
	}
}

// takes reports whether the document allows a body.
func (d *described) takes(t *testing.T, operation, body string) bool {
	t.Helper()
	w := d.by[operation]
	schema, err := d.built.Compile(fmt.Sprintf("openapi.json#/paths/%s/%s/requestBody/content/application~1json/schema", escape(w.path), strings.ToLower(w.method)))
	must(t, err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	must(t, err)
	return schema.Validate(doc) == nil
}

func escape(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(s)
}

// TestEveryActAndMemberIsDescribed compares the document with what officers can do
// and say.
func TestEveryActAndMemberIsDescribed(t *testing.T) {
	d := openDocument(t)
	parameters := d.by["act"].op["parameters"].([]any)            //nolint:forcetypeassert // of a document of ours
	enum := fmt.Sprint(parameters[1].(map[string]any)["schema"])  //nolint:forcetypeassert // of a document of ours
	schemas := d.text["components"].(map[string]any)["schemas"]   //nolint:forcetypeassert // of a document of ours
	action := schemas.(map[string]any)["Action"].(map[string]any) //nolint:forcetypeassert // of a document of ours
	members, _ := action["properties"].(map[string]any)           // those of a body
	for _, act := range desk.Acts() {
		if !strings.Contains(enum, act) {
			t.Errorf("act %s is not in the document: %s", act, enum)
		}
	}
	n := 0
	for i := range reflect.TypeFor[desk.Action]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[desk.Action]().Field(i).Tag.Get("json"), ",")
		if name == "do" {
			continue
		}
		n++
		form, _ := members[name].(map[string]any)
		if form["pattern"] == nil && form["format"] == nil && form["properties"] == nil && form["propertyNames"] == nil && form["items"] == nil && form["$ref"] == nil && form["type"] != "boolean" {
			t.Errorf("member %s has no form: %v", name, form)
		}
	}
	if n != len(members) {
		t.Errorf("%d members, %d described", n, len(members))
	}
}

// TestAPartnersRequestIsAsTheDocumentSays holds an inbound alert that says everything
// against the document.
func TestAPartnersRequestIsAsTheDocumentSays(t *testing.T) {
	text, err := os.ReadFile("../../freeze/testdata/messages/request.json")
	must(t, err)
	m, err := freeze.Parse(text)
	must(t, err)
	r, _ := m.(*freeze.Request)
	full := desk.Detail{
		View: desk.View{
			ID: alert, Direction: "in", State: "assessing", Asks: []string{}, Totals: r.Totals,
			Countersign: []apply.Countersign{{Act: "refuse", Code: "no_power", Until: &r.ValidUntil, Amount: r.Asks[0].Amount, Has: 1, Needs: 2, For: "officer"}},
		},
		Messages: []desk.MessageView{}, Inbox: []desk.MessageView{},
		Request: &desk.RequestView{
			Message: r.MessageID, Urgency: r.Urgency, Legal: r.Legal, Asks: r.Asks, Indicators: r.Indicators, Handling: r.Handling, ValidUntil: r.ValidUntil, DecideBy: r.AnswerBy.Decide,
		},
	}
	text, err = json.Marshal(full)
	must(t, err)
	openDocument(t).check(t, "showAlert", http.StatusOK, "application/json", string(text))
}
