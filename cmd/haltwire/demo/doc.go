// Package demo runs two complete haltwires, India and the United Kingdom, in one
// process tree, and plays everybody around them: banks and operators that
// report, a duty officer in London who decides over the loopback API, a London
// bank that holds what it can. It shows what a newcomer needs to see, and ends
// without leaving a process, a port or a file behind.
//
// It knows app and config, and talks to the two haltwires only as outsiders do:
// over Kafka, HTTP and ClickHouse.
package demo
