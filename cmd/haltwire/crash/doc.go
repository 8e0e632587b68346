// Package crash owns the proofs of the promises of DESIGN §2 on the whole
// binary: killed, frozen, and with Kafka, ClickHouse or a partner away. It holds
// tests alone; what surrounds the binary is in world.
//
// It must not know how haltwire keeps its promises: it looks at what partners
// got, what analysts see, what the API says and, for the order of attempts, at
// the case log, whose format is for ever.
package crash
