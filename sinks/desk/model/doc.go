// Package model owns a check of the whole case log: rules, officers, banks, courts,
// partners, timers and owners of partitions act in any order, over the real fold and
// the real drafts, without a broker. Partners lie, repeat themselves and come out of
// order, owners crash, and owners that lost their partition still write. What must
// hold of every log is checked after every step, and once more when nothing is due.
//
// It holds tests alone. It must not know how events are brought to a broker.
package model
