// Package scenario plays one story whole: a victim in India whose SIM is swapped,
// three payments to the United Kingdom, money that has moved on to the Emirates by the
// time anybody looks, and everybody who brings it back (FREEZE 5, sim-swap-in-gb-ae).
// India, the United Kingdom and the Emirates are complete haltwires of this process,
// each with a broker, a ClickHouse, people with tokens of their own, and real HTTP
// between them; banks, and a fourth country, are stubs that speak the same protocol.
//
// Time is a parameter: all of them share one clock, which the story sets, so that the
// dates are those of the contract and a week passes at once. Roads between the parties
// keep everything that was said and can be made to lose, repeat and hold things up.
//
// It owns the story, step by step, and no judgement: what has to hold after a step is
// the acceptance test's, and how it looks is the demo's. It must not know the inside of
// a haltwire: it starts apps and talks to their APIs.
package scenario
