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
	Order      []int   // positions in Rules: each rule after those that its weights count
	Exceptions []*Exception
	Windows    []*Window     // of all rules, also those that are not judged; each Key once
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
	On      []string    // kinds, sorted, patterns expanded
	Guard   *Node       // when; nil = always
	Weights []Weight    // in the order of the file
	Score   *Node       // nil = sum of the weights whose condition is true, 0 without any
	Cases   []Case      // the first true one wins; empty = the rule's own outcome
	Outcome             // of a rule without cases, and what cases lay their keys over
	Lets    []Let       // in the order of the file, those of libraries first: names for explanations, expanded everywhere else
	Windows []WindowUse // in the order of the file, those of libraries first, the unused left out
	About   []int       // windows that an alert of the rule is about, ascending
	Budget  int         // alerts a day that the owner can work on; 0 = not said
	Settle  int64       // ms to wait before the rule is judged
	Falls   []string    // conditions that can fall when evidence grows, and hold while a window has not its past: such a rule is cold until it has. Empty = a hit stands for ever
	Lists   []string    // that it reads, sorted
	Tables  []string    // that it reads, sorted
	Hash    string      // hex SHA-256 of the expanded meaning: status, title and layout do not change it
}

// Let is a sub-expression as a rule or a library of it names it.
type Let struct {
	Name string
	Node *Node
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

// Weight is a number of points that a condition, or what another rule says of the
// report, is worth. An unknown condition adds nothing and is listed on the hit.
type Weight struct {
	Name   string
	When   *Node     // nil when Rule is named
	Points decimal.D // for When
	Rule   string    // the rule whose hit on the same report counts, or ""
	Hit    decimal.D // for a hit of Rule whose case is not in ByCase
	ByCase []CasePoints
}

// CasePoints are the points for a hit of a rule with one of its cases.
type CasePoints struct {
	Case   string
	Points decimal.D
}

// PointsOf returns the points of a weight by Rule for a hit of it with a case, ""
// for a rule without cases.
func (w Weight) PointsOf(name string) decimal.D {
	for _, c := range w.ByCase {
		if c.Case == name && name != "" {
			return c.Points
		}
	}
	return w.Hit
}

// Alert is what a hit asks for.
type Alert struct {
	Subject          string     // role: debtor | creditor
	Ask              []string   // FREEZE §2.1 kinds
	Amount           []MoneyRef // the first that the report has
	PredicateOffence string
	Approval         string // auto | one_person | two_person
	Facts            []Part // nil = no sentence
	This             bool   // it is for the judged report
	About            []int  // and for the reports in these windows (Set.Windows), in the order of the file
}

// MaxAbout bounds the reports that the windows of one alert give; the newest
// stay, and the alert says that it is cut.
const MaxAbout = 50

// Window says which earlier reports of a key are counted, and what of them. Its
// key parts, Where, OncePer and the Args of Values read the feeding report; Match
// and This the judged one.
type Window struct {
	Key     string             // canonical text of all below: equal for equal meaning
	Hash    string             // hex SHA-256 of Key
	From    []string           // kinds that feed it, sorted
	KeyBy   map[string][]*Node // kind → key parts; any part missing: the report feeds nothing
	Match   []*Node            // as many parts of the same types; any missing: every value is missing
	Where   *Node              // conjuncts without this.; nil = all
	Dynamic *Node              // conjuncts with this.; nil = none
	Within  int64              // ms: (t - Within, t - Until] by occurred_at
	Until   int64              // ms
	Last    int                // only the newest Last; 0 = all
	Self    bool               // the judged report counts when it qualifies
	OncePer *Node              // text; nil = every report counts
	Values  []Aggregate        // distinct, sorted by Key
}

// Aggregate is one value of a window. What is missing in an entry is skipped:
// count(cond) counts where cond is true, ratio(cond) is the true ones over the
// known ones, distinct counts the different values, seen says whether the judged
// report's Arg is one of them and is missing when it has none. Type is Number for
// count, distinct, sum, avg, ratio and stddev, Bool for seen, and that of Arg for
// min, max, first and last.
type Aggregate struct {
	Func string // count sum min max avg distinct first last ratio stddev seen
	Arg  *Node  // on the feeding report, for seen on the judged one too; nil for count()
	Type Type
	Key  string // canonical text
}

// WindowUse is a window as a rule names it.
type WindowUse struct {
	Name   string
	Win    int // index of Set.Windows
	Values []ValueUse
}

// ValueUse is a value of a window as a rule names it.
type ValueUse struct {
	Name string
	Col  int // index of Window.Values
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
