package app_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
)

func TestReportSchema(t *testing.T) {
	kinds, err := code.NewKinds()
	if err != nil {
		t.Fatal(err)
	}
	text, err := app.ReportSchema(event.Default(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:haltwire:report:1", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("urn:haltwire:report:1")
	if err != nil {
		t.Fatal(err)
	}
	check := func(value string) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(value)))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	for _, country := range []string{"IN", "GB"} {
		g := generator.New(generator.Options{Seed: 3, Country: country, Fraud: 0.1})
		for range 2000 {
			r := g.Next(time.Date(2026, 3, 2, 4, 10, 0, 0, time.UTC))
			if err := check(string(r.Value)); err != nil {
				t.Fatalf("%s\n%v", r.Value, err)
			}
		}
	}
	for name, bad := range map[string]string{
		"no reporter":     `{"report_id":"1","kind":"bank.hold","occurred_at":"2026-03-02T04:10:00Z"}`,
		"unknown kind":    `{"report_id":"1","reporter":"B","kind":"bank.x","occurred_at":"2026-03-02T04:10:00Z"}`,
		"bad time":        `{"report_id":"1","reporter":"B","kind":"bank.hold","occurred_at":"2 March"}`,
		"negative amount": `{"report_id":"1","reporter":"B","kind":"bank.hold","occurred_at":"2026-03-02T04:10:00Z","amount":-1}`,
		"UK":              `{"report_id":"1","reporter":"B","kind":"bank.hold","occurred_at":"2026-03-02T04:10:00Z","creditor":{"country":"UK"}}`,
	} {
		if check(bad) == nil {
			t.Errorf("%s: the schema accepts %s", name, bad)
		}
	}
}
