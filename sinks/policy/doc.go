// Package policy owns what may be said to whom: the parties of the config, routing,
// gates, approvals, the guard list, and the timers of agreements. Which member of which
// message may go out is one function of the package profile, May; what is not listed is
// denied. Working days are in the package calendar.
//
// It must not know Kafka, HTTP, states of alerts or where facts come from: it
// is given facts and makes messages of them.
package policy
