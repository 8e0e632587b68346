package api

import (
	_ "embed"
	"slices"
)

// document is written from the routes and the types by the package's tests:
// go test ./sinks/desk/api -run Document -rewrite
//
//go:embed openapi.json
var document []byte

// Document returns the OpenAPI 3.1 description of the API, as it is served.
func Document() []byte { return slices.Clone(document) }
