// Package answer owns what comes back on the recall leg (FREEZE 2.3, 3.3, 3.5):
// it reads camt.029 and pacs.004, with or without their head.001, and turns them
// into facts about the payments of a request. It writes nothing and decides
// nothing: which state a recall takes on is the desk's.
//
// A document is taken by its own namespace. Real files are seen whose AppHdr
// names another version than the Document has; then the Document is right, and
// Answer.Mismatch tells of it, because a bank's word is never ignored. An AppHdr
// that names another message altogether is refused.
//
// # Decisions
//
// 2026-11-24: elements that are not read are passed over, so that national
// additions do no harm; what is read must have the form of the XSD, lengths and
// digits included.
//
// 2026-11-24: a return counts as whole when it is the settled or the disputed
// amount, with the charges that were kept added. Anything else has no state: an
// officer looks at it.
//
// 2026-11-24: payments are found by UETR, then transaction id, end-to-end id,
// instruction id and clearing reference. The case id counts only where a bank
// names no payment, because many put their own there.
package answer
