// Package goaml owns the channel of kind goaml (FREEZE 2.1, 2.3): a freeze
// request as a report of goAML 5.0.2 for an FIU's portal, by that FIU's codes,
// and the reading of reports that come back (AIF, AIFT and others).
//
// It must not know the desk, policy or HTTP. A portal is a web page that people
// upload to; the channel puts the report into a folder for them. It maps only
// what FREEZE 2 lists for goAML. What the schema cannot hold, or the config has
// no code for, is an *Unmappable with the field's name.
//
// # Decisions
//
// 2026-11-24: whether a portal accepted or rejected a report has no form in any
// of the schemas; officers record it, with the portal's report key as
// recipient_ref.
//
// 2026-11-24: both sides of a transaction are accounts, t_from and t_to, never
// _my_client: that form wants members (opening day, beneficiary, type) which no
// request has. What policy withheld is written as the config's word for unknown,
// because account and account_name are required.
//
// 2026-11-24: names have a pattern of letters without accents. Accents are
// folded; a name in another script is written as unknown, and in every case as it
// was in the comments beside it, so nothing is lost.
//
// 2026-11-24: amount_local is an amount of the payment in the report's currency.
// No rate is invented: a payment that has none is unmappable.
//
// # Config
//
//   - kind: goaml
//     out                         the folder from which people upload
//     rentity_id, rentity_branch, submission_code, report_code, activity_report_code,
//     currency, timezone, reporting_person {first_name, last_name, occupation} or
//     reporting_user_code, transaction_location, funds_from, funds_to, transmode,
//     transmode_comment, indicators, roles, statuses, unknown, support      see Config
package goaml
