// Package api owns the loopback API of the desk, /api/v1, the probes beside it
// and the client that `haltwire alerts` uses.
//
// openapi.json says what there is. The routes (route.go) and the Go types are its one
// source: the mux, the checks of parameters, the check of bodies and the document
// follow from them, and a test fails when the document is older than they are.
//
// Who asks is the Guard's word. Without one (the development form) everybody who
// has the shared token is whichever officer the body names.
//
// What comes in is bounded here: parameters and paths by the patterns of the
// document, unknown and repeated ones refused; bodies of 64 KiB of JSON that arrive
// within 10 s; nothing is answered to another origin, and nothing is cached.
//
// It must not know what an action does to an alert, nor how somebody logs in.
package api
