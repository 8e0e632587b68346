package shelf

import (
	"slices"
	"time"
)

// Query asks for a page. Its filters are joined by and, the values of one by or.
type Query struct {
	// After is the moment after which an entry must have been added.
	After time.Time
	// IDs, Types and Specs name objects; empty lets all pass, but an empty Specs
	// is a choice of the newest specification that each object has (TAXII 2.1,
	// 3.4.1).
	IDs, Types, Specs []string
	// Versions chooses among the versions of an object.
	Versions Versions
	// Limit bounds the entries of the page, Bytes the sum of their bodies. The
	// first entry is returned however long it is. Zero is no bound.
	Limit, Bytes int
}

// Versions chooses among the versions of an object that have the right
// specification. The zero value chooses the last.
type Versions struct {
	All, First, Last bool
	At               []time.Time
}

func (v Versions) zero() bool { return !v.All && !v.First && !v.Last && len(v.At) == 0 }

// Page is what a query found.
type Page struct {
	Entries []Entry
	// More reports that more entries match, after the last one here.
	More bool
}

// matches reports whether the entry at that position passes all filters but
// After and IDs, which chose the position.
func (c *collection) matches(at int, q Query) bool {
	e := &c.entries[at]
	if len(q.Types) > 0 && !slices.Contains(q.Types, e.Type) || !c.spec(e, q.Specs) {
		return false
	}
	v := q.Versions
	if v.All || slices.ContainsFunc(v.At, e.Version.Equal) {
		return true
	}
	chain := c.byID[e.ID]
	here := slices.Index(chain, at)
	counts := func(other int) bool { return c.spec(&c.entries[other], q.Specs) }
	return v.First && !slices.ContainsFunc(chain[:here], counts) ||
		(v.Last || v.zero()) && !slices.ContainsFunc(chain[here+1:], counts)
}

// spec reports whether an entry has the specification that is asked for.
func (c *collection) spec(e *Entry, specs []string) bool {
	if len(specs) > 0 {
		return slices.Contains(specs, e.Spec)
	}
	return !slices.ContainsFunc(c.byID[e.ID], func(at int) bool { return c.entries[at].Spec > e.Spec })
}
