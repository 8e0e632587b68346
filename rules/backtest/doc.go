// Package backtest measures what a set of rules would have said about the past: hits,
// alerts, money, the load on those who work on the alerts and, where somebody says
// what was fraud, precision, recall and time to detection; and in what two sets
// differ, report by report.
//
// Hits come from the evaluator of production (plan/whole) and are kept as little
// more than numbers. Every measure is a function of the set of standing hits: neither
// the order of the input nor repetitions change it.
//
// # What is counted
//
// Rules that are not retired are judged as if they were live; the report says what
// they are. A hit is a rule on the latest version of a report, excepted ones apart.
//
// Alerts join as on the desk (FREEZE §1.3 and §3.1): by subject (account with its
// servicer and sub-account) and party, over all rules of the set. Without parties in
// the configuration a party is the country of the account. An alert takes in a hit
// that brings no payment that it lacks, whenever that is, and any other within the
// episode, 72 hours from its first hit, since a request is valid for so long (T6). A
// hit later opens the next. Nobody closes an alert here, as officers would. Payments
// are one when they share a reference, as on the desk; a payment without any is known
// by accounts, amount and time. An alert whose country, or a payment's amount, is
// missing goes to nobody: party "-".
//
// The alerts of a rule are those that it has a hit in; alone those that no other has.
// An alert counts on the UTC day of the rule's first hit in it. Percentiles are over
// all days from the first report to the last, those without an alert too, by nearest
// rank. A rule is over its budget on days with more alerts for one party.
//
// Amounts are over distinct payments: of several statements about one, that with the
// greatest (reported_at or else occurred_at, reporter, report_id) counts.
//
// # Labels
//
// A label names a report, a payment (payment.key) or an account (number or uid), and
// whether it was fraud. A report is found by a hit on it, a payment by an alert for
// it, an account by an alert with it as the subject; rules without alerts are measured
// by reports alone. What the input does not have is left out. Precision is over what
// is labelled, unless what has no label counts as not fraud. Time to detection is from
// the label's since to the occurred_at of the first report with a hit, 0 where that is
// earlier.
//
// The package knows neither where reports come from nor how people see the result.
package backtest
