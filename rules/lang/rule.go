package lang

import (
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Status says what becomes of a rule's hits.
type Status string

// The states of a rule. Draft and retired rules are checked and never judged.
const (
	Draft   Status = "draft"
	Shadow  Status = "shadow"
	Live    Status = "live"
	Retired Status = "retired"
)

// Judged reports whether rules of status s are evaluated on reports.
func (s Status) Judged() bool { return s == Live || s == Shadow }

// Set is every rule of a directory, checked and expanded; immutable.
type Set struct {
	Rules      []*Rule // by id
	Exceptions []*Exception
	Schema     *event.Schema // what Column and Reads index
	Digest     string        // lower-case hex SHA-256 over everything that can change a hit
}

// Rule is one checked rule. It fires on a report of a kind in On when Guard is
// nil or true and Cases is empty or one of them is true.
type Rule struct {
	ID      string
	Version uint32
	Status  Status
	Title   string
	Owner   string
	On      []string // kinds, sorted, patterns expanded
	Guard   *Node    // when; nil = always
	Weights []Weight // in the order of the file
	Score   *Node    // nil = sum of the weights whose condition is true, 0 without any
	Cases   []Case   // the first true one wins; empty = the rule's own outcome
	Outcome          // of a rule without cases, and what cases lay their keys over
	Hash    string   // hex SHA-256 of the expanded meaning: status, title and layout do not change it
}

// Outcome is what a hit of a rule or of one of its cases says.
type Outcome struct {
	Severity string // low | medium | high | critical
	Typology []string
	Alert    *Alert // nil = hits only
}

// Case is one named condition of a rule with its outcome: the rule's with the
// case's keys laid over it.
type Case struct {
	Name string
	When *Node
	Outcome
}

// Weight is a number of points that a condition is worth. An unknown condition
// adds nothing and is listed on the hit.
type Weight struct {
	Name   string
	When   *Node
	Points decimal.D
}

// Alert is what a hit asks for.
type Alert struct {
	Subject          string     // role: debtor | creditor
	Ask              []string   // FREEZE §2.1 kinds
	Amount           []MoneyRef // the first that the report has
	PredicateOffence string
	Approval         string // auto | one_person | two_person
	Facts            []Part // nil = no sentence
}

// MoneyRef names an amount column and the column of its currency.
type MoneyRef struct{ Amount, Currency int }

// Part is a piece of a facts template: literal text, or an expression when Expr
// is not nil.
type Part struct {
	Text string
	Expr *Node
}

// Exception marks hits of some rules: they are stored and never alerted.
type Exception struct {
	Name   string
	Rules  []string // ids, sorted
	When   *Node
	Until  int64 // Unix ms; reports that occurred at or after it are not covered
	Reason string
	Owner  string
}
