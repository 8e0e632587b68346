package lang

// Evaluator returns what computes n from the values of its arguments, missing
// ones being the zero Value: the one meaning of every operation, for evaluators
// outside this package. It reports false when the operation failed, which makes
// its value missing and counts as a run-time error of the rule.
func Evaluator(n *Node) func(args []Value) (Value, bool) { return evaluator(n) }
