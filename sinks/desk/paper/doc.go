// Package paper owns what an officer types in of a request that came by no wire: by
// post, over ESW, I-24/7 or e-mail. A file is either a whole message, which is kept byte
// for byte, or a form: the members that the document tells, to which Fill adds those
// that only a wire would have.
//
// It must not know the case log, nor who may ask us what: it makes a message that the
// same checks read as one that a wire brought.
//
// # Decisions
//
// 2026-11-24: nothing that has legal meaning is made up. Facts, reasons, the basis, a
// follow-up by mutual legal assistance, the asks and the disputed amounts are in the
// document or the form is refused with the name of the member. Ids, sums, and what is
// not known (the rail, the kind of the debtor) are filled in.
package paper
