// Package sourcetest owns the conformance suite of sources: what every
// implementation that shares partitions, reads them and commits offsets must do,
// told against a broker that the caller has started. sources/kafka runs it twice,
// with its own reading and with sarama's Messages() as the oracle.
//
// It must not know how a source reads. It is imported by tests alone.
package sourcetest
