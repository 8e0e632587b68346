// Package codec owns what every wire format shares on the way from a record to
// columns: the rules of DESIGN §3 for a value of each column (Builder), the
// normal forms of accounts, phones and e-mails, placeholders, times, exchange
// rates, and the derived columns. A format (sources/codec/<format>) knows its
// syntax, walks a record and hands each value over as (column, text).
//
// Which records are accepted must not depend on the projection, so a Builder
// judges every value that it is given and only skips the storing. Derived columns
// are computed whenever they are projected, whether or not what they are derived
// from is.
//
// # Texts of the derived columns
//
//	account_country  of the IBAN, else of the BIC, else of the clearing id, else
//	                 reporter_country for the reporter's own side (OwnSide)
//	uid              the IBAN; else scheme:servicer:account; schemes upi and
//	                 crypto, whose addresses are unique by themselves, give
//	                 scheme::account. A missing scheme reads as bban. Missing when
//	                 the account, or the servicer where it is needed, is missing
//	payment.key      the UETR; else servicer:tx:ID:DATE or servicer:e2e:ID:DATE;
//	                 else servicer:rrn:ID or servicer:utr:ID, servicer being the
//	                 debtor's
//	base_amount      amount × the rate of currency at occurred_at
//
// A servicer is the first eight characters of the BIC (ISO 9362: the rest names a
// branch of the same party), else SYSTEM/ID of the clearing id, else, on the own
// side of a bank's report, the reporter where that is a BIC. Colons inside parts
// are written %3A, so texts of different parts never meet.
//
// The package knows nothing about JSON, Kafka, rules or tables.
package codec
