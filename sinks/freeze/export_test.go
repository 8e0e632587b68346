package freeze

import "reflect"

// Generate writes the schema from the struct tags.
func Generate() ([]byte, error) {
	var kinds []string
	var types []reflect.Type
	for _, t := range Types() {
		kinds = append(kinds, string(t))
		types = append(types, reflect.TypeOf(New(t)).Elem())
	}
	return messages.Schema("urn:haltwire:freeze:1", Schema1, "type", kinds, types)
}
