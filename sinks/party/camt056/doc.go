// Package camt056 owns the recall leg's outgoing side (FREEZE 1.2, 2.1, 3.3):
// drafts of camt.056 for our own debtor bank, made from a freeze request with a
// recall ask, pacs.028 when the answer stays out, and the channel that puts both
// into the bank's folder. Subpackage answer reads what comes back.
//
// It must not know the desk, policy or HTTP. It maps only what FREEZE 2 lists for
// camt.056, and of that only what policy has left in the request. The authority,
// its suspicion, its legal texts and telecom facts are in no element: an FIU is
// not in the chain of banks. Free texts that name one of them are refused.
//
// What camt.056 cannot hold is an *Unmappable with the field's name; nothing is
// cut short or left out silently, except names behind 70 characters of an
// account and a message id without a message name, which XSD has no place for.
//
// # Decisions
//
// 2026-11-24: one draft for each pair of debtor bank and next agent. The next
// agent is the first intermediary where one is known, else the subject's
// servicer.
//
// 2026-11-24: Case stands at message level, and in the transaction instead when
// the config asks for one transaction a message (as CBPR+ does): twice would be
// one case too many for a bank that counts them.
//
// 2026-11-24: AppHdr and Document travel in one file within an element BusMsg of
// no namespace; networks each have an envelope of their own, and the bank's
// gateway makes it.
//
// 2026-11-24: a payment is in a draft while its recall is none or instructed and no
// other message has a draft of it (camt056_id), so that an amendment recalls only
// what is new. Payments behind hop 0 are refused:
// our bank is not their debtor's.
//
// 2026-11-24: a file in the folder is exported, not sent: the recall is initiated
// when the bank says so, by an answer of the next agent or to an officer.
//
// # Config
//
//   - kind: camt056
//     out, in                     folders; in may be left out
//     version, scheme, single, service, agent      see Config
package camt056
