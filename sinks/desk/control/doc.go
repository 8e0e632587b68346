// Package control owns the form of the control topic: which rule set, lists and
// rates held from which offsets of the sources on, each in full, so that a
// replay judges as the first run did.
//
// An activation is a run of records, because a rule set may be larger than one:
// each carries a part of the compressed text and the number of parts. A run that
// is not whole is the trace of a crash before the swap, and is passed over.
//
// It must not know what a rule is.
package control
