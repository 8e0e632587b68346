package app

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
)

// rebuild returns a native report with the values of columns, a JSON object of
// texts by column name where "" is missing, and of extra. Derived columns are left
// to the decoder.
func rebuild(s *event.Schema, columns, extra string) ([]byte, error) {
	var values, members map[string]string
	if err := json.Unmarshal([]byte(columns), &values); err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	if err := json.Unmarshal([]byte(extra), &members); err != nil {
		return nil, fmt.Errorf("read extra: %w", err)
	}
	doc := map[string]any{}
	for _, c := range s.Columns {
		v := values[c.Name]
		if v == "" || c.Derived {
			continue
		}
		path := c.Path
		if path == "" {
			path = c.Name
		}
		place(doc, strings.Split(path, "."), onWire(c.Type, v))
	}
	for name, v := range members {
		place(doc, []string{"extra", name}, v)
	}
	return json.Marshal(doc)
}

// place puts a value into a nested object.
func place(doc map[string]any, path []string, v any) {
	for _, name := range path[:len(path)-1] {
		inner, ok := doc[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			doc[name] = inner
		}
		doc = inner
	}
	doc[path[len(path)-1]] = v
}

// onWire returns the text that ClickHouse writes of a value as a report has it.
func onWire(t event.Type, v string) any {
	switch t {
	case event.Time:
		return strings.Replace(v, " ", "T", 1) + "Z"
	case event.Uint, event.Float:
		return json.Number(v)
	case event.Bool:
		return v == "true" || v == "1"
	}
	return v
}
