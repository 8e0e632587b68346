// Package xmlsafe owns the writing and reading of XML towards others: a stream
// writer that cannot make a document that is not well formed, and a reader that
// turns a bounded document into a tree and refuses everything a message never
// needs. It knows no message: names, order and meaning belong to its users.
//
// # Decisions
//
// 2026-11-24: the reader builds a tree, within bounds on bytes, depth, elements
// and attributes that hold before anything is kept. A message is at most a few
// MiB, and a tree lets its reader ask for paths in any order.
//
// 2026-11-24: a DOCTYPE is refused whole, empty or not. No message of ISO 20022
// or goAML has one, and entities are what XML bombs and file disclosure are made
// of. encoding/xml expands none, but refuses them late and without a reason.
package xmlsafe
