// Package ruleset makes sets of rules of any size in the mix that real sets
// have: corridors with a threshold, lists of accounts and devices, words in
// texts, prefixes of numbers. Almost none of them is true of the reports of
// benchmarks/generator, as almost no report is a fraud.
//
// One condition can be written twice: as a rule file of haltwire and as SQL, so
// that two programs can be measured with the same rules.
package ruleset
