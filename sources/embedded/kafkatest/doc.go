// Package kafkatest owns the Kafka brokers that tests talk to: Fake is kfake in
// process, Start is the real Apache Kafka in a process of its own, which tests
// may kill, stop, freeze and restart.
//
// It must not know what a test does with a broker. It is imported by tests
// alone.
package kafkatest
