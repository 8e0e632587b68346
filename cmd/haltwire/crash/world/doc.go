// Package world owns what surrounds the haltwire binary in the tests of its
// promises (DESIGN §2): a real Apache Kafka, a real ClickHouse that is not a
// child of haltwire, partners that answer over signed HTTP, banks and operators
// that report, and the expectation against which the end is compared. The
// expectation comes from the reports themselves, judged by `haltwire eval`'s
// code, never from what the run left behind.
//
// It must not know which fault a test makes. It is imported by tests alone.
package world
