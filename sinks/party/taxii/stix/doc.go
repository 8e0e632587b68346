// Package stix says messages of haltwire.freeze/1 in STIX 2.1, as FREEZE 2
// maps them, and reads them back without loss.
//
// Objects makes the objects that one message adds to a collection; Read returns
// the messages that an object carries in our property extension. The package
// owns the mapping and the deterministic ids. It must not know TAXII, parties'
// collections or policy: what it is given may go out.
//
// # What carries what
//
//	report        a request or amendment, and the confirmations and the
//	              withdrawal that followed it; revoked by the withdrawal
//	note          every other message, and texts of a request for readers
//	x-haltwire-payment, bank-account
//	              new object types of the same extension-definition
//	relationship, observed-data, identity, location, incident,
//	course-of-action, file, marking-definition
//	              the same facts in the standard's words
//
// # Decisions
//
// 2026-11-24: a report carries its whole present state, so a reader that asks
// for the last versions only misses no confirmation and no request.
//
// 2026-11-24: an attachment is a file object, because an artifact must hold its
// bytes or a URL (STIX 2.1, 6.1), and a message has neither.
//
// 2026-11-24: only its creator may change an object (STIX 2.1, 3.6), so what a
// responder says of a payment is an object of its own, beside the requester's.
//
// 2026-11-24: nothing may follow a revoked version (STIX 2.1, 3.6). A request
// that goes on after its withdrawal is a new report, its generation one higher.
package stix
