// Command load measures haltwire whole, side by side with the floor under it and
// with ClickHouse's own Kafka engine, on the same reports in one real Apache
// Kafka: CPU a report of each process, peak memory, wall time, and the time from
// a report to the partner's receipt. `make bench` runs it; README.md one folder
// up says what the numbers mean.
//
// Every measurement runs in a process of its own, so that none pays for another
// one's garbage. The broker's work is in no number.
package main
