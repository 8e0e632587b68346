package explain

import (
	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
)

// Explanation says why a rule fires or not on a report. Its JSON is stable: fields
// are added, never renamed. Times are RFC 3339 with milliseconds, numbers exact
// decimals as texts, durations such as "72h"; what is missing is null.
type Explanation struct {
	Rule   Rule   `json:"rule"`
	Report Report `json:"report"`

	Fires bool   `json:"fires"`
	Truth Truth  `json:"truth"` // why it does not fire: false, or unknown
	Case  string `json:"case"`  // of the hit; "" = none

	Stops      []Stop      `json:"stops"` // the fewest conditions that keep the rule silent; empty when it fires
	When       *Node       `json:"when"`  // null = always
	Lets       []Let       `json:"lets"`
	Weights    []Weight    `json:"weights"`
	Score      Score       `json:"score"`
	Cases      []Case      `json:"cases"` // in order; the first true one is the hit's
	Windows    []Window    `json:"windows"`
	Lists      []Lookup    `json:"lists"`
	Tables     []Lookup    `json:"tables"`
	Exceptions []Exception `json:"exceptions"` // those that name the rule
	Notes      []string    `json:"notes"`      // what the explanation lacks, for people

	Hit *hit.Hit `json:"-"` // what the plan says; nil when the rule does not fire
}

// Truth is true, false or unknown; "" for what is no condition.
type Truth string

// The truth values.
const (
	True    Truth = "true"
	False   Truth = "false"
	Unknown Truth = "unknown"
)

// Rule is the rule that is explained.
type Rule struct {
	ID      string   `json:"id"`
	Version uint32   `json:"version"`
	Status  string   `json:"status"`
	Title   string   `json:"title"`
	Hash    string   `json:"hash"` // of its meaning
	On      []string `json:"on"`   // kinds of reports
}

// Report is the latest version of the report that is explained.
type Report struct {
	Reporter   string `json:"reporter"`
	ReportID   string `json:"report_id"`
	Revision   uint32 `json:"revision"`
	Kind       string `json:"kind"`
	OccurredAt string `json:"occurred_at"`
	Versions   int    `json:"versions"` // in the input, this one too
	Topic      string `json:"topic"`    // or file
	Partition  int32  `json:"partition"`
	Offset     int64  `json:"offset"` // or line
}

// Node is one expression with its value, and those that it is made of.
type Node struct {
	Text  string  `json:"text"`
	Type  string  `json:"type"` // bool, text, number, time, duration, list, value
	Op    string  `json:"op"`
	Truth Truth   `json:"truth,omitempty"` // of a condition
	Value any     `json:"value"`           // null = missing
	Let   string  `json:"let,omitempty"`   // name of the let that it is
	Bound bool    `json:"bound,omitempty"` // the window was cut: the value is at least this, or missing for the cut
	Error bool    `json:"error,omitempty"` // its computation failed, which makes it missing
	Off   *Off    `json:"off,omitempty"`   // of a comparison that is not true
	Args  []*Node `json:"args,omitempty"`
}

// Off says how far a comparison is from being true.
type Off struct {
	By      string   `json:"by,omitempty"`      // number or duration between the two sides
	Nearest string   `json:"nearest,omitempty"` // of the values that would do, the nearest to the one that is there
	Missing []string `json:"missing,omitempty"` // what makes it unknown
	Text    string   `json:"text"`              // for people
}

// Stop is one of the conditions that keep a rule silent.
type Stop struct {
	Part  string `json:"part"` // kind, when, or case NAME
	Want  Truth  `json:"want"` // what it would have to be: true, or false under a not
	Truth Truth  `json:"truth"`
	Text  string `json:"text"`
	Let   string `json:"let,omitempty"`
	Off   Off    `json:"off"`
}

// Let is a named expression of the rule or of a library that it uses.
type Let struct {
	Name string `json:"name"`
	Node *Node  `json:"node"`
}

// Weight is what a condition, or another rule, adds to the score.
type Weight struct {
	Name   string    `json:"name"`
	Truth  Truth     `json:"truth"`
	Points decimal.D `json:"points"` // that it is worth
	Adds   decimal.D `json:"adds"`   // that it adds: points, or 0
	When   *Node     `json:"when,omitempty"`
	Rule   string    `json:"rule,omitempty"` // whose hit on the report counts
	Case   string    `json:"case,omitempty"` // of that hit
}

// Score is the sum of the weights, or the expression of the rule.
type Score struct {
	Value *decimal.D `json:"value"` // null = missing
	Node  *Node      `json:"node,omitempty"`
}

// Case is one case of the rule.
type Case struct {
	Name string `json:"name"`
	When *Node  `json:"when"`
	Wins bool   `json:"wins"`
}

// Window is one window of the rule as of the report.
type Window struct {
	Name    string   `json:"name"`
	Key     []Field  `json:"key"`      // on the judged report; any part missing: every value is missing
	Why     string   `json:"why"`      // every value is missing, for people; "" otherwise
	Kinds   []string `json:"kinds"`    // that feed it
	After   string   `json:"after"`    // exclusive
	UpTo    string   `json:"up_to"`    // inclusive
	Where   string   `json:"where"`    // "" = everything
	OncePer string   `json:"once_per"` // "" = every report counts
	Last    int      `json:"last"`     // 0 = all
	Self    bool     `json:"self"`
	Cut     bool     `json:"cut"` // reports are missing over a bound

	Values  []Field        `json:"values"`
	Reasons map[Reason]int `json:"reasons"` // how many reports of the key counted, and how many not for which reason
	Entries []Entry        `json:"entries"` // by time: the newest that count, then of the others, Options.Entries of all
	Omitted int            `json:"omitted"` // that are not listed
}

// Field is a named value.
type Field struct {
	Name  string `json:"name"`
	Text  string `json:"text,omitempty"` // its expression
	Type  string `json:"type"`           // as of Node; nothing when it is missing
	Value any    `json:"value"`
	Bound bool   `json:"bound,omitempty"` // at least this: the window was cut
}

// Reason says why a report counts in a window or not.
type Reason string

// The reasons.
const (
	Counted    Reason = "counted"
	Superseded Reason = "superseded" // a later version of the report is known
	DayOnly    Reason = "day_only"   // its time is known to the day, and the window is shorter
	Older      Reason = "older"      // before the window, by no more than its length
	Newer      Reason = "newer"      // after it, by no more than its length
	Where      Reason = "where"      // a condition on it is not true
	This       Reason = "this"       // a condition that compares it with the judged report is not true
	Self       Reason = "self"       // it is the judged report
	Duplicate  Reason = "duplicate"  // an earlier one has the same once_per
	BeyondLast Reason = "last"       // newer ones fill last
	Cut        Reason = "cut"        // dropped over a bound
)

// Entry is one report of a window's key.
type Entry struct {
	Reporter   string  `json:"reporter"`
	ReportID   string  `json:"report_id"`
	Revision   uint32  `json:"revision"`
	Kind       string  `json:"kind"`
	OccurredAt string  `json:"occurred_at"`
	Reason     Reason  `json:"reason"`
	Detail     string  `json:"detail"` // for people: the condition that is not true, the report that counts instead
	Values     []Field `json:"values"` // what the values of the window take of it
}

// Lookup is a list or a table, and what was asked of it.
type Lookup struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Rows   int    `json:"rows"` // of a list
	Asked  []Ask  `json:"asked"`
}

// Ask is one question to a list or a table.
type Ask struct {
	Text   string `json:"text"`
	Type   string `json:"type"`   // of the answer
	Key    any    `json:"key"`    // null = missing
	Answer any    `json:"answer"` // of a list whether it has the key, of a table the cell; null = missing
}

// Exception is an exception that names the rule.
type Exception struct {
	Name   string `json:"name"`
	Covers bool   `json:"covers"` // its hits on the report are stored and never alerted
	Until  string `json:"until"`
	Over   bool   `json:"over"` // the report is not before its end
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	When   *Node  `json:"when"`
}
