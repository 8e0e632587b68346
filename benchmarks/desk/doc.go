// Package desk measures the desk: messages and requests to partners in this process
// over a real Kafka, partners that are away, and the replay of a long case log.
//
// It has benchmarks alone and knows no report and no rule.
package desk
