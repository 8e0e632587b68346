// Package ruletest runs the tests that stand in rule files (RULES §5): it makes
// reports of what a test gives, has them judged by the one evaluator that run and
// eval use (rules/plan/whole), and compares the hits with what the test expects.
//
// Every test runs in the given, the reversed and three shuffled orders, with every
// report doubled, and a report a batch. The outcomes must be equal: a rule is a
// function of the reports, and a difference is a failure that shows both.
//
// A rule is tested as if it were live, whatever its status, so that a draft shows
// which alerts it would give; rules whose hits it counts are judged with it.
// Exceptions are left out: they are an officer's and end at a date, a rule's tests
// are its author's.
//
// What of a rule the tests have seen is asked of the same evaluator: a second plan
// holds probes, rules that always fire and whose weights are the comparisons of
// the rule, so that the score says which were true and the hit which were unknown.
//
// The package owns the form of tests. It knows neither JSON Lines nor
// configuration: who calls it gives the decoders.
package ruletest
