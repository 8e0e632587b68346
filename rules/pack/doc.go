// Package pack is the folder of shipped rules, one folder a typology. It has no
// code: the rules are examples to copy from and what the demo runs on, and its
// test holds them to check --strict.
//
// They are without windows and judge one report each. Amounts are compared with
// zero, in one currency, or as base_amount: a sum in several currencies means
// nothing.
package pack
