package spec

import _ "embed" // for the schema

//go:embed rule.schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of a document of a rules directory,
// for editors. It says less than Read: it knows no expression.
func Schema() []byte { return append([]byte(nil), schema...) }
