// Package index finds, for each row of a batch, the few rules that can be true
// on it, so that cost grows with the rules that nearly match and not with the
// rules that exist.
//
// The idea is the access predicate of publish/subscribe matching (Fabret et al.,
// "Filtering algorithms and implementation for very fast publish/subscribe
// systems", SIGMOD 2001). A rule's condition is a conjunction; some conjuncts
// are such that a table can be asked for all rules whose conjunct holds:
//
//   - a Symbol or Text column equal to a constant, or one of some: hashed, up to
//     two columns together with the kind. A Symbol value is looked up once a
//     dictionary generation, a text once a row;
//   - a column containing a constant, also in lower or upper case, beginning or
//     ending with it, or matching a pattern that cannot do without it: one
//     automaton a column, once a row or dictionary value;
//   - a number, time or duration beside a constant: sorted; those that hold are
//     the beginning of the list.
//
// A disjunction becomes several entries of one rule, a list of values several
// keys. Rules that hash the same columns form a group, of which there are at
// most 64; a bitset a dictionary value tells which groups a row can be in, so
// rows that no rule is about cost one AND a column.
//
// What the access does not prove is checked by kernel closures on the rows and
// rules that are left: what rules share first and once, then cheap before dear.
// Index is immutable; a Scanner owns the scratch.
package index
