package lang

import "github.com/haltwire/haltwire/pipeline/decimal"

// Type is the type of an expression as a rule author sees it.
type Type uint8

// The types. Number is an exact decimal: integers and fractions alike.
const (
	Invalid  Type = iota
	Bool          // true, false or unknown
	Text          //
	Number        // decimal.D
	Time          // Unix ms
	Duration      // ms
	List          // of texts or numbers
	Any           // what only the VM knows
)

// Op is an operation of the typed tree.
type Op uint8

// The operations. All but Coalesce, IsMissing, Cond and the Kleene connectives
// are missing when an operand is.
const (
	Const      Op = iota // Value
	Missing              // the literal nil
	Column               // Col, an index of the schema
	Extra                // extra["Name"]
	And                  // Kleene
	Or                   // Kleene
	Not                  // Kleene
	Eq                   //
	Ne                   //
	Lt                   //
	Le                   //
	Gt                   //
	Ge                   //
	In                   // Args[0] in Set (constants) or in Args[1] (a list)
	Contains             // text operators; literal needle in Args[1] for the automaton
	StartsWith           //
	EndsWith             //
	Matches              // RE2, literal pattern
	Add                  // numbers; also time - time, time ± duration
	Sub                  //
	Mul                  //
	Div                  //
	Mod                  //
	Neg                  //
	Concat               // text + text
	Coalesce             // a ?? b
	IsMissing            // x == nil
	Cond                 // c ? a : b; an unknown c gives missing
	Call                 // Name(Args...), one of the functions of RULES §4 and of expr's on texts
	Opaque               // an expr sub-tree that only the VM evaluates: Source, over the columns in Reads
	Score                // the rule's score; stands in conditions of cases only
	Windowed             // Values[Col] of Set.Windows[Win], as of the judged report
	This                 // Col of the judged report; stands in Dynamic of a window only
	InList               // Args[0] is in the list Name as of occurred_at
	Cell                 // Source, a column of the row Args[0] of the table Name as of occurred_at
	RuleHit              // the rule Name hits the report, with the case Source unless it is empty; stands in scores only
)

// Value is a literal.
type Value struct {
	Type Type
	Text string
	Num  decimal.D
	Int  int64 // Time, Duration in ms
	Bool bool
}

// Shapes: And and Or have two or more Args and are flat; Eq to Ge, Add to
// Concat, Coalesce and the text operators have two; In has one, and Set; Not,
// Neg and IsMissing have one; Cond has three. Time nodes are ms, so a Date
// column stands for the ms of its midnight UTC, a Uint or Float column for its
// exact decimal. Comparisons have operands of one type. A negated comparison is
// the opposite comparison (Kleene agrees); Not stands only over other
// operations. Const never stands on the left of a comparison with a non-Const.

// Node is one node of the typed tree that a checked expression becomes: params
// and lets are expanded, literals are exact, not is pushed down to comparisons
// where that keeps the meaning. Nodes are immutable and shared between rules;
// two nodes mean the same when their Key is equal.
type Node struct {
	Op     Op
	Type   Type
	Args   []*Node
	Col    int     // Column, This: of the schema; Windowed: of the window's Values
	Win    int     // Windowed: an index of Set.Windows
	Name   string  // Extra, Call, InList, Cell, RuleHit
	Value  Value   // Const
	Set    []Value // In, sorted, distinct
	Source string  // Opaque: canonical expression text; Cell: the column; RuleHit: the case
	Reads  []int   // Opaque: schema columns it reads
	Key    string  // canonical text, equal for equal meaning
}
