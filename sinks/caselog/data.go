package caselog

import (
	"encoding/json"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// HitData is the data of hit, hit.changed and hit.overturned: one word of a rule
// about one version of a report, for one subject. The last word in log order
// counts, and one about a lower version of the report than is known does not.
// hit.changed is a hit whose case rose. hit.overturned is one that holds no more
// or, with stands, one whose case fell.
type HitData struct {
	HitID    string      `json:"hit_id"`
	Evidence string      `json:"evidence"`
	Rule     string      `json:"rule"`
	Version  uint32      `json:"version"`
	Title    string      `json:"title,omitempty"`
	Reporter string      `json:"reporter"`
	ReportID string      `json:"report_id"`
	Revision uint32      `json:"revision"`
	Hash     string      `json:"hash"` // hex
	Kind     string      `json:"kind,omitempty"`
	Occurred freeze.Time `json:"occurred_at"`
	Record   freeze.Time `json:"record_time"`
	Status   string      `json:"status"`
	Case     string      `json:"case,omitempty"`
	Rank     int         `json:"rank,omitempty"` // of the case in the rule: 0 is the highest
	Score    json.Number `json:"score"`
	Severity string      `json:"severity"`
	Late     bool        `json:"late"`
	Cold     bool        `json:"cold"`
	Cut      bool        `json:"cut"`
	Excepted bool        `json:"excepted,omitempty"`
	// Stale marks a hit older than max_age when it was written: never sent by
	// itself.
	Stale     bool           `json:"stale,omitempty"`
	CaseID    string         `json:"case_id,omitempty"`
	Digests   hit.Digests    `json:"digests"`
	Position  event.Position `json:"position"`
	Values    map[string]any `json:"values"`
	Unknown   []string       `json:"unknown"`
	Ask       []string       `json:"ask"`
	Approval  string         `json:"approval"`
	Offence   string         `json:"predicate_offence"`
	Typology  []string       `json:"typology"`
	Blocked   string         `json:"blocked,omitempty"` // field that keeps it from being routed
	Payments  []PaymentMark  `json:"payments"`
	Personal  string         `json:"personal,omitempty"`
	Overturns string         `json:"overturns,omitempty"` // hit id, of hit.overturned
	// Superseded is the version of the report that overturns the hit, of
	// hit.overturned: a hit on this version or a higher one stands.
	Superseded *ReportVersion `json:"superseded,omitempty"`
	// Cause is the latest report among the later evidence that the event comes of:
	// of hit.changed, of a late hit, and of hit.overturned without Superseded.
	Cause *event.Position `json:"cause,omitempty"`
	// Stands says that a hit with the lower case of this event holds instead, of
	// hit.overturned.
	Stands bool `json:"stands,omitempty"`
	// Owner is the owner of the rule, who may not approve what it proposes, and Budget
	// how many alerts of it a day people can work on, 0 = not said.
	Owner  string `json:"owner,omitempty"`
	Budget int    `json:"budget,omitempty"`
	// People is how many different officers have to approve a request because of this
	// hit: the stricter of rule and party. 0 = as before version 4.
	People int `json:"people,omitempty"`
	// Fold is the version of the fold that the writer knew; events without it keep
	// the meaning that they had before version 3.
	Fold int `json:"fold,omitempty"`
}

// ReportVersion is one version of a report; Hash is hex.
type ReportVersion struct {
	Revision uint32 `json:"revision"`
	Hash     string `json:"hash"`
}

// Less reports whether w is the later version.
func (v ReportVersion) Less(w ReportVersion) bool {
	return v.Revision < w.Revision || v.Revision == w.Revision && v.Hash < w.Hash
}

// ReportVersion returns the version of the report that was judged.
func (d *HitData) ReportVersion() ReportVersion { return ReportVersion{d.Revision, d.Hash} }

// RevisedData says that hits on lower versions of a report no longer stand,
// whether a rule hit this version or not.
type RevisedData struct {
	Reporter string `json:"reporter"`
	ReportID string `json:"report_id"`
	ReportVersion
	Position event.Position `json:"position"`
}

// PaymentMark is what Apply may know of a payment.
type PaymentMark struct {
	Key    string        `json:"key,omitempty"`
	Amount *freeze.Money `json:"amount,omitempty"` // disputed
	Hop    uint8         `json:"hop"`
	// Refs are marks of the references (Root.Ref): payments that share one are
	// one payment.
	Refs []string `json:"refs,omitempty"`
	// Told orders the reports of one payment: the greatest gives its amount.
	Told string `json:"told,omitempty"`
	// Item is the sender's id of the item, of an inbound request.
	Item string `json:"item,omitempty"`
	// Executed is when the payment was made; the recovery of money has 72 hours from
	// then on (T10).
	Executed *freeze.Time `json:"executed_at,omitempty"`
	// Parents are the items of the alerts that an instruction serves.
	Parents []string `json:"parents,omitempty"`
}

// HitPersonal is the sealed part of HitData.
type HitPersonal struct {
	UID      string           `json:"uid,omitempty"`
	Subject  freeze.Subject   `json:"subject"`
	Facts    string           `json:"facts,omitempty"`
	Values   map[string]any   `json:"values,omitempty"` // text values
	Payments []PersonalDetail `json:"payments,omitempty"`
	// Proportionality is why nothing less than suspending the account does, of an
	// instruction.
	Proportionality string `json:"proportionality,omitempty"`
}

// PersonalDetail is the sealed part of a payment; the mark of the same index
// goes with it.
type PersonalDetail struct {
	Key           string        `json:"key,omitempty"`
	Refs          freeze.Refs   `json:"refs"`
	Instructed    *freeze.Money `json:"instructed,omitempty"`
	Settled       *freeze.Money `json:"settled,omitempty"`
	Credited      *freeze.Money `json:"credited,omitempty"`
	ExecutedAt    freeze.Time   `json:"executed_at"`
	SettledOn     freeze.Date   `json:"settled_on,omitempty"`
	Rail          string        `json:"rail"`
	Authorisation string        `json:"authorisation"`
	Debtor        freeze.Debtor `json:"debtor"`
	Remittance    string        `json:"remittance,omitempty"`
	ComplaintRef  string        `json:"complaint_ref,omitempty"`
	ReportedAt    freeze.Time   `json:"reported_at"`
}

// ReroutedData says that the hits of an alert went on the log again under
// another key.
type ReroutedData struct {
	AlertID string `json:"alert_id"`
	To      string `json:"to"` // party
	ToKey   Key    `json:"to_key"`
	ToAlert string `json:"to_alert"`
	// Why says that there is nowhere to go; then the rest is empty.
	Why string `json:"why,omitempty"`
}

// BlockedData says which field keeps an alert from going out; no field, that
// none does any more.
type BlockedData struct {
	AlertID string `json:"alert_id"`
	Field   string `json:"field"`
	Text    string `json:"text,omitempty"`
}

// ErasedData is the data of erased: the data keys of the key's personal data have been
// destroyed before it was written.
type ErasedData struct {
	AlertID string `json:"alert_id"`
}

// OverdueData is the data of overdue: a timer that ran out on the clock of the
// log.
type OverdueData struct {
	AlertID string      `json:"alert_id"`
	Timer   string      `json:"timer"` // T1..T12
	Due     freeze.Time `json:"due"`
	About   string      `json:"about,omitempty"` // id of a message, measure, item or fact
	// End is the end of a measure that the timer is about, as it was known (T7).
	End *freeze.Time `json:"end,omitempty"`
}

// MatchedData is the data of matched: what the desk knows besides of the account or
// the payments of an inbound alert.
type MatchedData struct {
	AlertID string  `json:"alert_id"`
	Alerts  []Match `json:"alerts"`
}

// Match is another alert about the same account, and the items of the inbound alert
// that are payments of it too.
type Match struct {
	Alert string   `json:"alert_id"`
	Key   Key      `json:"key"`
	Items []string `json:"items,omitempty"`
}
