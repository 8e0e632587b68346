// Package delivery is the contract between sinks/desk, which decides what is
// sent and what a partner's word means, and the channels under sinks/party,
// which carry it: one Attempt goes out and one Result comes back; one Inbound
// comes in and one Answer goes back.
//
// It holds data only. Interfaces stand where they are used: desk declares the
// sender that it calls, sinks/party/inbound the desk that it asks.
package delivery
