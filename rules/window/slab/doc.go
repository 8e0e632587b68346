// Package slab is the memory of a window store: byte extents of any size in a few
// large pages (Arena), fixed slots found by a whole key (Keys), and where a report
// has entries (Places). Nothing in it is a heap object of its own, so the garbage
// collector sees pages, not keys.
//
// It knows neither windows nor what the bytes mean.
package slab
