// Package freeze owns the messages that cross the border, haltwire.freeze/1:
// their Go types, strict parsing, validation, deterministic encoding, ids, the
// digest that approvals sign, the arithmetic that makes an outcome balance, and
// the JSON Schema shipped in the binary.
//
// It is a leaf: it knows no Kafka, no HTTP, no case log and no policy. Whether a
// message may be sent is decided by sinks/policy and sinks/desk; how it travels
// is decided by sinks/party. Signatures are in sinks/freeze/signature, and the
// contract between desk and channels in sinks/freeze/delivery.
//
// # One description
//
// The struct tags are the only description of the shape. The decoder, the
// validator and the schema generator of the tests read the same tags:
//
//	json  member name; without omitempty the member is required
//	need  "!receipt": required in every type but this one, though omitempty
//	is    form of a string, or of each string of a list: id35 alert party cc
//	      ccy bic sha256 name text=N enum=a|b|c const=a
//	len   bounds of a list, "1..500"
//
// Conditions between members (a hold needs an amount) are Go code in
// conditions.go. The schema says the shape only; what passes Parse always
// passes the schema.
//
// # Decisions
//
// 2026-10-02: times are written and read as RFC 3339 UTC with exactly three
// decimals, and null is refused everywhere outside extensions: one text for one
// value, so that digests agree.
//
// 2026-10-02: case is optional in a receipt, because a rejection of an
// unreadable message has no case to name. It is required elsewhere.
//
// 2026-10-02: a trail hop may carry credited, what arrived at the next account
// where that differs from money (another currency): without it the requester
// cannot ask the next country for an amount.
//
// 2026-10-02: sequence ends at 9999, because alert id, kind, sequence and the
// receipt's suffix must fit 35 characters together.
package freeze
