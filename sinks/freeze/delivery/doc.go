// Package delivery is the contract between sinks/desk, which decides what is
// sent and what a partner's word means, and the channels under sinks/party,
// which carry it: one Attempt goes out and one Result comes back; one Inbound
// comes in and one Answer goes back.
//
// It holds data, the Desk interface that sinks/party/inbound asks and sinks/desk
// implements, and the sealing of receipts that both need. The sender is an
// interface of desk, which calls it:
//
//	Send(ctx context.Context, a Attempt) Result
package delivery
