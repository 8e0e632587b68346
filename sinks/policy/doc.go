// Package policy owns what may be said to whom: the parties of the config, the
// profiles of agreements as data, routing, and one function, May, that decides
// for every member of every message whether it may go out. What is not listed
// is denied.
//
// It must not know Kafka, HTTP, states of alerts or where facts come from: it
// is given facts and makes messages of them.
package policy
