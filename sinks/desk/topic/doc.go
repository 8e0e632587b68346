// Package topic owns the desk's Kafka: the names and settings of its topics, a
// writer that returns when records are on the log, and a tail that follows every
// partition from its first record on.
//
// It must not know what a record says.
package topic
