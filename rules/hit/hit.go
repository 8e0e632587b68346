// Package hit holds what a rule said about a report: the value that the plan
// makes, the case log carries and ClickHouse keeps. It is a leaf: it knows
// neither how a rule is evaluated nor where a hit goes.
package hit

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Status is the status of the rule at the time of the hit.
type Status string

// The states in which a rule is judged.
const (
	Live   Status = "live"
	Shadow Status = "shadow"
)

// Hit is one rule matching one report version. Immutable.
type Hit struct {
	ID       string // ID(...), 26 characters
	Rule     string
	Version  uint32
	Status   Status
	Title    string // of the rule
	Owner    string // of the rule: who wrote it may not approve what it proposes
	Budget   int    // alerts a day of the rule that people can work on; 0 = not said
	Case     string // name of the first true case, "" where the rule has none
	Rank     int    // position of the case in the rule: 0 is the highest
	Score    decimal.D
	Severity string   // low | medium | high | critical
	Typology []string //

	Reporter, ReportID string
	Revision           uint32
	Hash               event.Hash
	Kind               string
	OccurredAt         int64 // Unix ms
	RecordTime         int64 // Kafka time of the report, Unix ms
	Position           event.Position
	Trace              string // W3C traceparent of the report, or ""

	Late, Excepted, Cut, Cold bool
	// Changed says that the rule hit this version of the report before, with a
	// lower case.
	Changed bool
	// Cause is the latest report that was in the windows when later evidence made
	// the hit; zero for the hit of a report that has just come.
	Cause   event.Position
	Unknown []string // weights whose condition was unknown
	Values  []Value  // window values, in the rule's order
	Digests Digests

	Ask              []string // FREEZE §2.1 kinds
	Approval         string   // auto | one_person | two_person
	PredicateOffence string   //
	Facts            string   // the rule's template, filled
	Alerts           []Alert  // one a subject; empty when the rule only records
}

// Value is one named value of a window, typed as text says: decimals and times
// as texts, missing as nil.
type Value struct {
	Name  string
	Value any // nil, bool, int64, decimal.D, string
}

// Digests say which rule set, lists and rates judged the report.
type Digests struct {
	Rules string `json:"rules"`
	Lists string `json:"lists"`
	Rates string `json:"rates"`
}

// Alert is what a hit asks for one subject.
type Alert struct {
	Subject  Subject
	Payments []Payment
}

// Subject is the account that the alert is about, with its servicer.
type Subject struct {
	UID, Scheme, Account, SubAccount, Name string
	AccountType                            string
	BIC, ClearingSystem, ClearingID        string
	Country                                string // account_country; "" = unroutable
}

// Payment is one movement of money as the judged report tells it. Amounts that
// the report lacks are nil.
type Payment struct {
	Key           string     // payment.key; "" = the report itself is the only reference
	Amount        *Money     // what the rule's amount expression chose
	Instructed    *Money     //
	Settled       *Money     //
	Credited      *Money     //
	Disputed      *Money     //
	Hop           uint8      //
	Refs          References //
	ExecutedAt    int64      // Unix ms
	SettledOn     string     // date, or ""
	Rail          string
	Authorisation string
	Debtor        Subject
	DebtorKind    string
	Remittance    string
	ComplaintRef  string
	ReportedAt    int64 // Unix ms; reported_at, else occurred_at
}

// Money is an exact amount of one currency.
type Money struct {
	Amount   decimal.D
	Currency string
}

// References are what a bank finds a payment by.
type References struct {
	UETR, EndToEndID, TransactionID, InstructionID, MessageID, MessageName string
	ClearingRef, RRN, UTR, TxHash                                          string
}

// Text32 returns the first 26 base32 characters of SHA-256 over the parts, each
// preceded by its length so that no two lists of parts collide.
func Text32(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:26]
}

// ID returns the id of the hit of a rule version on a report version.
func ID(rule string, version uint32, reporter, reportID string, revision uint32, content event.Hash) string {
	var v, r [4]byte
	binary.BigEndian.PutUint32(v[:], version)
	binary.BigEndian.PutUint32(r[:], revision)
	return Text32(rule, string(v[:]), reporter, reportID, string(r[:]), string(content[:]))
}

// EvidenceKey returns what a case remembers of h for ever: the rule and the
// report's identity, whatever their versions.
func (h *Hit) EvidenceKey() string { return evidenceKey(h.Rule, h.Reporter, h.ReportID) }

func evidenceKey(rule, reporter, reportID string) string { return Text32(rule, reporter, reportID) }
