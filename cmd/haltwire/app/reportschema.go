package app

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
)

// ReportSchema returns the JSON Schema (2020-12) of a native JSON report.
// Derived columns are left out: the wire may not set them.
func ReportSchema(s *event.Schema, kinds code.Kinds) ([]byte, error) {
	root := object("A fraud report as banks, telecom operators and police desks send it. Members that are not named here are kept under extra.")
	for _, c := range s.Columns {
		if c.Derived || c.Type == event.Map || c.Path != "" {
			continue
		}
		parts := strings.Split(c.Name, ".")
		at := root
		for _, p := range parts[:len(parts)-1] {
			at = child(at, p)
		}
		leaf := parts[len(parts)-1]
		at["properties"].(map[string]any)[leaf] = valueSchema(c, kinds)
		if c.Required {
			required, _ := at["required"].([]string)
			at["required"] = append(required, leaf)
		}
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:haltwire:report:1"
	root["title"] = "haltwire report"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode report schema: %w", err)
	}
	return append(text, '\n'), nil
}

func object(description string) map[string]any {
	o := map[string]any{"type": "object", "properties": map[string]any{}}
	if description != "" {
		o["description"] = description
	}
	return o
}

func child(at map[string]any, name string) map[string]any {
	props := at["properties"].(map[string]any)
	c, ok := props[name].(map[string]any)
	if !ok {
		c = object("")
		c["type"] = []string{"object", "null"}
		props[name] = c
	}
	return c
}

// valueSchema is the schema of one column; every optional member may be null,
// which means absent.
func valueSchema(c event.Column, kinds code.Kinds) map[string]any {
	v := map[string]any{}
	types := []string{"string"}
	switch c.Type {
	case event.Decimal:
		types = []string{"string", "number"}
		v["pattern"] = `^\d{1,20}(\.\d{1,18}0*)?$`
		v["minimum"] = 0
	case event.Uint:
		types = []string{"integer"}
		v["minimum"], v["maximum"] = 0, uint32(1<<32-1)
	case event.Float:
		types = []string{"number"}
	case event.Bool:
		types = []string{"boolean"}
	case event.Time:
		v["format"] = "date-time"
	case event.Date:
		v["format"] = "date"
	}
	if list := values(c, kinds); list != nil {
		if !c.Required {
			list = append(list, nil)
		}
		v["enum"] = list
	}
	if c.Phone {
		v["pattern"] = `^\+[1-9]\d{6,14}$`
	}
	if !c.Required {
		types = append(types, "null")
	}
	v["type"] = types
	return v
}

func values(c event.Column, kinds code.Kinds) []any {
	var texts []string
	switch c.List {
	case event.Closed:
		texts = c.Values
	case event.Country:
		texts = code.Countries()
	case event.Currency:
		texts = code.Currencies()
	case event.Kind:
		texts = kinds.List()
	case event.Free:
		return nil
	}
	list := make([]any, len(texts))
	for i, t := range texts {
		list[i] = t
	}
	return list
}
