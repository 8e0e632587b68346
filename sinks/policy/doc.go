// Package policy owns what may be said to whom: the parties of the config, routing,
// gates, approvals, the guard list, and the timers of agreements. Which member of which
// message may go out is one function of the package profile, May; what is not listed is
// denied. Working days are in the package calendar.
//
// It must not know Kafka, HTTP, states of alerts or where facts come from: it
// is given facts and makes messages of them.
//
// # Decisions
//
// 2026-11-24: a bank of ours may be asked to trace, which FREEZE 4 does not list for
// own_bank: what a partner asks us to trace is the bank's to answer (FREEZE 3.4).
//
// 2026-11-24: payments of other victims are told under bilateral as under egmont, by
// references and amounts, instead of in requests of their own: nothing else of a debtor
// is told under it, and an alert is one subject.
//
// 2026-11-24: what is denied on the way out vanishes from requests and outcomes, but
// blocks an info_response: an answer left out in silence would be a wrong one.
//
// 2026-11-24: texts that people write are looked through for telephone numbers, IMSIs
// and IMEIs, because they are the only members that could carry them.
//
// 2026-11-24: age and size gate the first request alone, not what amends it.
package policy
