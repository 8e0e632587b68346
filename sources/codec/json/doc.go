// Package json decodes native JSON reports (DESIGN §3) straight into columns: one
// pass over the bytes, no tree, no allocation a report once the buffers have
// their size.
//
// What makes it quick (ENGINE A4): one pass marks the bytes that can end a string,
// sixteen at a time, and sees that the record is ASCII; the next member is guessed from the one that followed last time, so that a
// usual name costs one comparison; symbols that were seen before cost one look
// into a small table; nothing is copied but the text columns that are projected.
//
// What is refused, by reason, the first defect in the order of bytes counting
// (too_large and utf8 before all others, missing_field and future after them):
//
//	too_large         more than 1 MiB
//	utf8              bytes that are not UTF-8, \u escapes of half a surrogate pair
//	syntax            not JSON (RFC 8259); bytes behind the report; an empty
//	                  record; objects and arrays more than 32 deep
//	duplicate_member  a member twice, also when one is written with escapes; two
//	                  members with the same dotted path in extra
//	type              another JSON type than the column's; a report that is no
//	                  object; a decimal with exponent; text that is no decimal or
//	                  phone number
//	negative precision range code time   as DESIGN §3 says for the column
//	unknown_member    a member that the schema does not name, under strict
//
// Members go to extra under their dotted path when the schema does not name them:
// also flat dotted ones ("debtor.account" as one name) and derived ones. An
// object called extra stands for extra itself: its members need no prefix and are
// allowed under strict. A config column's path is read as written, and a path
// extra.NAME also as NAME.
//
// The package knows nothing about Kafka, files or rules.
package json
