// Package shape decodes JSON strictly into Go structs, checks the form of every
// member and writes the JSON Schema of the same structs, all three from one
// description: the struct tags that package freeze explains.
//
// It owns the rules of form (unknown, duplicate, missing, null, bounds,
// patterns). It must not know any message: what members mean to one another is
// checked by package freeze.
package shape
