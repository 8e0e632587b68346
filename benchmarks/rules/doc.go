// Package rules measures sets of rules: how long a report takes to judge by up to
// 100,000 of them, beside expr's VM and ClickHouse, and what windows, late evidence
// and loading cost.
//
// It has benchmarks and tests alone and knows neither Kafka nor the log.
package rules
