// Package desk owns the alerts: it puts hits and partners' words on the case
// log, folds the log, performs what is due for the partitions that it owns, and
// answers officers.
//
// It must not know how a report is read or a rule is judged, nor how a channel
// or a database works: senders and the ledger are given to it.
//
// # Who does what
//
// Every instance folds every partition from the first record on (a restart is a
// replay). Membership of the consumer group <group>.desk on the case log says
// who owns a partition. The owner alone performs effects: it freezes messages,
// tries to deliver them, and rings timers. An event that it writes is read back
// before it counts, so an owner that has lost its partition without knowing it
// finds its events refused.
//
// A new owner first folds its partition to the end that it had when it was
// assigned.
package desk
