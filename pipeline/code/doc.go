// Package code holds the code lists of a report (DESIGN §3): countries,
// currencies and kinds, with the nearest right code for a wrong one, and what
// the identifiers of accounts and banks say about a country (IBAN, BIC, clearing
// ids).
//
// The lists are data from the standards, copied in: ISO 3166-1 alpha-2 of 2026,
// ISO 4217 of 2026, the IBAN registry of SWIFT (release 99). Functions that judge
// bytes allocate nothing, because codecs call them once a member. The package
// knows nothing about JSON, rules or columns.
package code
