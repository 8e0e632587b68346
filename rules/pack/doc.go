// Package pack is the folder of shipped rules, one folder a typology, embedded for
// the demo. The rules are examples to copy from, and the package's test holds them
// to check --strict. It must not know how rules are read or judged.
//
// They are without windows and judge one report each. Amounts are compared with
// zero, in one currency, or as base_amount: a sum in several currencies means
// nothing.
package pack
