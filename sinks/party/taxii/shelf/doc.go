// Package shelf keeps the objects of TAXII collections in memory, in the order
// in which they were added, and finds pages of them.
//
// It owns the filters of TAXII 2.1 (3.4) and the bounds of a page and of a
// collection. It must not know HTTP, parties or what an object means. It is
// filled anew from the case log at every start.
//
// The moment at which an object was added is unique in its collection and grows,
// so it is a cursor: a page after it misses nothing and repeats nothing, however
// much is added in the meantime.
package shelf
