// Package index owns the order in which alerts are listed: newest first, all of
// them and by state, those with open tasks, and by id.
//
// It must not know what an alert is about. An entry is what lists are narrowed by,
// so that a page of 50 out of a million alerts looks at those 50 where only the
// state narrows, and never at the alerts themselves.
package index
