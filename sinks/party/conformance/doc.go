// Package conformance owns the tests that every channel to a party must pass: what a
// Sender promises its caller, whatever it carries messages over.
//
// A channel gives the suite a World, in which it works, breaks and hangs on demand. The
// package must not know any channel; the table of all of them is in its test.
package conformance
