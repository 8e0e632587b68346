// Package app wires haltwire together and runs its life-cycle. It alone names
// concrete sources and sinks; the verbs in cmd/haltwire hold flags and exit
// codes, and everything below holds one job each.
//
// Start goes from downstream to upstream (engine, ClickHouse, desk, loops), stop
// the other way round, so that nothing is read that could not be handed on.
package app
