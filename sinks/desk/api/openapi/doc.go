// Package openapi owns how Go types become the schemas of an OpenAPI 3.1 document:
// members and their types from the struct, what they mean from its comments.
//
// It must not know any route. Only tests call it: the document that they write is
// embedded where it is served.
package openapi
