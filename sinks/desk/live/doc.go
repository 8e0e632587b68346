// Package live owns the news of alerts that changed: who hears them, and what
// somebody who was away for a moment has missed.
//
// It must not know how news reach anybody. Whoever is too slow is dropped, since the
// fold waits for nobody.
package live
