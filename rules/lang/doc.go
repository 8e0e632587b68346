// Package lang gives rules their meaning: it checks the expressions of
// rules/spec and turns them into the typed tree (Node) that rules/plan compiles
// into columns and Program compiles to expr's VM: one tree, two evaluators.
//
// Windows become Window: what is counted of which earlier reports; rules/window
// keeps them, and a node reads one of their values. Lists and tables are named
// here and looked into elsewhere.
//
// It owns names, types, literals, functions and three-valued logic (RULES §2–4)
// and what is refused at load. expr-lang/expr parses; names and types are
// checked here, because decimals, times and durations beside text literals are
// not expr's; expr's own checker, on plain types, judges what only its VM can
// evaluate (Opaque). After that no text of an expression is left: what a literal
// means is taken from its source, exactly.
//
// It must not know how batches are laid out for speed, how reports arrive, or
// what becomes of an alert.
package lang
