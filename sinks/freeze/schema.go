package freeze

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of all messages, as haltwire schema
// freeze prints it. It is written from the struct tags by the package's tests
// and says the form only, not the conditions between members.
func Schema() []byte { return slices.Clone(schema) }
