package apply

import (
	"encoding/json"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// State is where an alert stands.
type State string

// The states of FREEZE 3.1 and 3.4.
const (
	AwaitingConsent State = "awaiting_consent"
	Lapsed          State = "lapsed"
	Assessing       State = "assessing"

	Proposed      State = "proposed"
	Approved      State = "approved"
	Sent          State = "sent"
	Received      State = "received"
	Accepted      State = "accepted"
	InfoNeeded    State = "info_needed"
	Rejected      State = "rejected"
	Undeliverable State = "undeliverable"
	Decided       State = "decided"
	Refused       State = "refused"
	Withdrawing   State = "withdrawing"
	Closed        State = "closed"
	Authorised    State = "authorised"
	Instructed    State = "instructed"
	BankAnswered  State = "bank_answered"
	Answered      State = "answered"
	Review        State = "review"
	Duplicate     State = "duplicate"
)

// Subject is everything under one key of the log: its alerts, oldest first, and
// every evidence key it has ever seen. It has one owner at a time.
type Subject struct {
	Key caselog.Key `json:"key"`
	// Evidence maps an evidence key to the alert that took it in. For ever.
	Evidence map[string]string `json:"evidence,omitempty"`
	Alerts   []*Alert          `json:"alerts,omitempty"`
	Offset   int64             `json:"-"` // of the last event
}

// Alert is one episode. Times are Unix ms on the clock of the log, 0 = not yet.
type Alert struct {
	ID          string   `json:"id"`
	Episode     uint32   `json:"episode"`
	CaseID      string   `json:"case_id,omitempty"`
	Direction   string   `json:"direction"`
	Party       string   `json:"party"`
	State       State    `json:"state"`
	Ending      string   `json:"ending,omitempty"`  // why closed
	Blocked     string   `json:"blocked,omitempty"` // the field for want of which it cannot go out
	BlockedWhy  string   `json:"blocked_why,omitempty"`
	MovedTo     string   `json:"moved_to,omitempty"` // the alert that has its hits, of a rerouted one
	Severity    string   `json:"severity,omitempty"`
	Urgency     string   `json:"urgency,omitempty"`
	Environment string   `json:"environment,omitempty"`
	Asks        []string `json:"asks,omitempty"`
	Offence     string   `json:"offence,omitempty"`
	Basis       string   `json:"basis,omitempty"`

	Provisional bool  `json:"provisional,omitempty"`
	Automatic   bool  `json:"automatic,omitempty"` // the request went out by itself
	Confirmed   bool  `json:"confirmed,omitempty"`
	ConfirmBy   int64 `json:"confirm_by,omitempty"`
	// Emergency is the officer on whose word alone the request goes or went out.
	Emergency string    `json:"emergency,omitempty"`
	Proposers []string  `json:"proposers,omitempty"` // people who proposed it; they may not approve it
	Exceeded  *Exceeded `json:"exceeded,omitempty"`  // the budget that was used up
	Voided    []Voided  `json:"voided,omitempty"`    // approvals that no longer count
	Notes     []Note    `json:"notes,omitempty"`     // of officers
	Rerouting string    `json:"rerouting,omitempty"` // "" | the party, or next: officers send it elsewhere
	Renewing  bool      `json:"renewing,omitempty"`  // officers send the request once more
	Reopened  uint32    `json:"reopened,omitempty"`  // our messages up to this sequence are from before it was reopened
	// Restoring says that it goes on after its withdrawal had gone out, and that the party
	// is still to hear that the request stands again.
	Restoring bool `json:"restoring,omitempty"`

	Items     []*Item    `json:"items,omitempty"`
	Numbered  int        `json:"numbered,omitempty"`  // items ever: an id is never given to two payments
	Shed      []*Item    `json:"shed,omitempty"`      // what a proposal asked for while an overturned hit stood
	TakenOut  []*Item    `json:"taken_out,omitempty"` // by officers: known, and not asked for
	Held      []*Item    `json:"held,omitempty"`      // what only a partner told of, who has not consented to its use
	Hits      []*Hit     `json:"hits,omitempty"`
	Approvals []Approval `json:"approvals,omitempty"`
	Messages  []*Message `json:"messages,omitempty"` // ours
	Inbox     []*Inbound `json:"inbox,omitempty"`    // the partner's
	Words     []*Word    `json:"words,omitempty"`    // of the partner, recorded by one officer and not confirmed
	Passed    uint32     `json:"passed,omitempty"`   // sequence of an amendment that nothing before it was waited for any more
	Tasks     []Task     `json:"tasks,omitempty"`
	Parents   []*Parent  `json:"parents,omitempty"` // inbound alerts that this instruction serves
	Child     *Child     `json:"child,omitempty"`   // the instruction that serves this inbound alert

	Outcome     *caselog.OutcomeMark `json:"outcome,omitempty"`
	OutcomeID   string               `json:"outcome_id,omitempty"`
	OutcomeBody string               `json:"outcome_body,omitempty"` // sealed, of our bank; a partner's lies in Inbox
	Unfit       []string             `json:"unfit,omitempty"`        // what of it does not fit, in words
	Released    bool                 `json:"released,omitempty"`     // the answer may go
	Telling     bool                 `json:"telling,omitempty"`      // the instruction is told, or perhaps was, and that is not noted yet
	Anew        bool                 `json:"anew,omitempty"`         // the partner has amended what the bank holds for, and nobody has decided about that
	Lifting     bool                 `json:"lifting,omitempty"`      // taken back by the partner, and the instruction knows
	Lifted      bool                 `json:"lifted,omitempty"`       // the bank has let go of it
	Refusal     string               `json:"refusal,omitempty"`
	DuplicateOf string               `json:"duplicate_of,omitempty"`
	PartnerRef  string               `json:"partner_ref,omitempty"`
	Overdue     []string             `json:"overdue,omitempty"` // timers that ran out

	Edit     *Edit      `json:"edit,omitempty"`     // what officers wrote into the request
	Measures []*Measure `json:"measures,omitempty"` // every one that was ever told of
	Chases   []*Chase   `json:"chases,omitempty"`   // questions of ours where something stands
	Restate  []string   `json:"restate,omitempty"`  // messages of the partner to answer with our last outcome
	Terms    *Terms     `json:"terms,omitempty"`    // of the hold, beyond the request, of an inbound alert
	Changed  int64      `json:"changed,omitempty"`  // when our people or our clock last changed a measure, of an inbound alert
	Legs     []*Leg     `json:"legs,omitempty"`     // recalls, one an item
	Recall   *Recall    `json:"recall,omitempty"`   // what was asked of our own banks
	Trail    []*Hop     `json:"trail,omitempty"`    // onward movements that the partner found
	Overflow *Exceeded  `json:"overflow,omitempty"` // the budget for want of which movements wait
	Consents []*Consent `json:"consents,omitempty"` // asked for, by us or by the partner
	Infos    []*Info    `json:"infos,omitempty"`    // what somebody needs to know
	Reply    *Reply     `json:"reply,omitempty"`    // ours to what the partner needs to know, not sent yet
	Praise   *Praise    `json:"praise,omitempty"`   // feedback of ours, or of the partner

	Matches []caselog.Match `json:"matches,omitempty"`  // other alerts about the same account or payments
	Look    bool            `json:"look,omitempty"`     // for other alerts about the same
	Hold    *Hold           `json:"hold,omitempty"`     // a measure that one supervisor ordered in an emergency
	Granted string          `json:"granted,omitempty"`  // the ask that was authorised; "" = all
	OwnLift bool            `json:"own_lift,omitempty"` // we let go of it, nobody asked
	// DecideBy is the moment until which the partner asked us to decide. The clock of
	// deciding stood still for Paused ms, and stands since PausedSince, 0 = it runs.
	DecideBy    int64 `json:"decide_by,omitempty"`
	Paused      int64 `json:"paused,omitempty"`
	PausedSince int64 `json:"paused_since,omitempty"`
	Told        int64 `json:"told,omitempty"`    // as_of of our last outcome
	BankAt      int64 `json:"bank_at,omitempty"` // when the bank's last answer came

	Erasing bool `json:"erasing,omitempty"` // people have decided that its personal data is destroyed

	Trace string `json:"trace,omitempty"`
	At    Times  `json:"at"`
}

// Times are the moments when an alert first reached a state.
type Times struct {
	Record    int64 `json:"record,omitempty"` // Kafka time of the first report
	Opened    int64 `json:"opened,omitempty"`
	Approved  int64 `json:"approved,omitempty"`
	Queued    int64 `json:"queued,omitempty"`
	Sent      int64 `json:"sent,omitempty"`
	Received  int64 `json:"received,omitempty"`
	Accepted  int64 `json:"accepted,omitempty"`
	Decided   int64 `json:"decided,omitempty"`
	Answered  int64 `json:"answered,omitempty"`
	Confirmed int64 `json:"confirmed,omitempty"`
	Closed    int64 `json:"closed,omitempty"`
	Erased    int64 `json:"erased,omitempty"` // the data keys were destroyed
	Updated   int64 `json:"updated,omitempty"`
}

// Item is one payment of an alert.
type Item struct {
	ID       string       `json:"id"`
	Key      string       `json:"key,omitempty"`
	Refs     []string     `json:"refs,omitempty"`
	Amount   freeze.Money `json:"amount"`
	Hop      uint8        `json:"hop,omitempty"`
	Told     string       `json:"told,omitempty"` // greatest of its reports, which gives amount and details
	Source   Source       `json:"source"`
	Reports  []string     `json:"reports,omitempty"` // evidence keys
	Parents  []string     `json:"parents,omitempty"` // items of the parents
	Facts    []*Fact      `json:"facts,omitempty"`   // what partners told of it
	Added    int64        `json:"added,omitempty"`
	Executed int64        `json:"executed,omitempty"` // Unix ms
	Fixed    bool         `json:"fixed,omitempty"`    // the amount is an officer's, until a later report
	// Reported is the amount of the reports that an officer's stands for.
	Reported *freeze.Money `json:"reported,omitempty"`
}

// Source says where the details of an item lie: a sealed text and a position in
// the payments there.
type Source struct {
	Personal string `json:"personal,omitempty"`
	Index    int    `json:"index"`
}

// Hit is one evidence of an alert.
type Hit struct {
	HitID    string   `json:"hit_id"`
	Evidence string   `json:"evidence"`
	Rule     string   `json:"rule"`
	Version  uint32   `json:"version,omitempty"`
	Case     string   `json:"case,omitempty"` // of the rule
	Rank     int      `json:"rank,omitempty"` // of the case: 0 is the highest
	Severity string   `json:"severity,omitempty"`
	Approval string   `json:"approval,omitempty"`
	Ask      []string `json:"ask,omitempty"`
	// Fit says that the hit by itself may send a request: it is not cold, cut or
	// older than max_age.
	Fit      bool   `json:"fit,omitempty"`
	Record   int64  `json:"record,omitempty"`
	Gone     bool   `json:"gone,omitempty"`   // overturned
	Owner    string `json:"owner,omitempty"`  // of the rule
	Budget   int    `json:"budget,omitempty"` // of the rule, alerts a day
	People   int    `json:"people,omitempty"` // officers it takes; 0 = as before version 4
	Reporter string `json:"reporter,omitempty"`
	ReportID string `json:"report_id,omitempty"`
	// Judged is the highest version of the report that is known here: the one
	// that the hit is on, or the one that overturned it.
	Judged   caselog.ReportVersion `json:"judged,omitzero"`
	Personal string                `json:"personal,omitempty"`
	Offset   int64                 `json:"offset"` // of the word that counts, on the log
	data     json.RawMessage
}

// Data returns the caselog.HitData of a hit that has no party to go to, else nil.
func (h *Hit) Data() json.RawMessage { return h.data }

// Sends reports whether the hit by itself, as long as it is young enough, lets a
// request go out that nobody has signed.
func (h *Hit) Sends() bool { return h.Approval == "auto" && h.Fit && !h.Gone }

// Approval is one officer's yes to an act on what he saw.
type Approval struct {
	By     string        `json:"by"`
	Act    string        `json:"act"`
	About  string        `json:"about,omitempty"`
	Digest string        `json:"digest,omitempty"`
	Reason string        `json:"reason,omitempty"`
	Code   string        `json:"code,omitempty"`
	Fold   int           `json:"fold,omitempty"`
	Until  *freeze.Time  `json:"until,omitempty"`
	Amount *freeze.Money `json:"amount,omitempty"`
	Basis  string        `json:"basis,omitempty"`
	// Personal seals the officer's texts, of which Fields are the names.
	Personal string   `json:"personal,omitempty"`
	Fields   []string `json:"fields,omitempty"`
	// Terms and TextMark are of acts whose approvals add up only on the same terms.
	Terms    string `json:"terms,omitempty"`
	TextMark string `json:"text_mark,omitempty"`
}

// Task is something for people. Closed ones stay.
type Task struct {
	ID    string       `json:"id"`
	Kind  string       `json:"kind"`
	About string       `json:"about,omitempty"`
	At    int64        `json:"at,omitempty"`
	Done  string       `json:"done,omitempty"` // by whom
	For   caselog.Role `json:"for,omitempty"`  // the least role that is called; "" = officer
	Why   []string     `json:"why,omitempty"`  // in words, of a partner's word that does not fit
}

// Parent is what an inbound alert needs of an instruction.
type Parent struct {
	Alert string      `json:"alert"`
	Key   caselog.Key `json:"key"`
	By    []string    `json:"by,omitempty"`
	Needs []string    `json:"needs,omitempty"` // our items
	Told  freeze.Time `json:"told,omitzero"`   // as_of of the outcome that was recorded there
	Lift  bool        `json:"lift,omitempty"`  // it needs nothing any more, and wants to hear that the bank let go
	Since uint32      `json:"since,omitempty"` // sequence of our first message that leaves its part out
	// Amounts is what it needs of each item, and Until when that ends.
	Amounts map[string]freeze.Money `json:"amounts,omitempty"`
	Until   *freeze.Time            `json:"until,omitempty"`
	Freed   bool                    `json:"freed,omitempty"` // the bank has answered that message, or there is none
	Heard   bool                    `json:"heard,omitempty"` // the parent knows
	// Again says that the parent asks anew for what the bank holds already, and is to hear
	// once more what the bank has said.
	Again bool `json:"again,omitempty"`

	// Asks, Basis and Urgency are the parent's own, and StateAt is of its last word.
	Asks    []string    `json:"asks,omitempty"`
	Basis   string      `json:"basis,omitempty"`
	Urgency string      `json:"urgency,omitempty"`
	StateAt freeze.Time `json:"state_at,omitzero"`

	Recall bool              `json:"recall,omitempty"` // a request of ours, whose payments are recalled
	Auto   bool              `json:"auto,omitempty"`   // which takes no officer
	Knows  map[string]uint32 `json:"knows,omitempty"`  // version of the leg that it knows, by our item
}

// Child is the instruction that serves an inbound alert.
type Child struct {
	Key   caselog.Key `json:"key"`
	Bank  string      `json:"bank"`
	Alert string      `json:"alert,omitempty"`
	// StateAt is of our last word that is noted here.
	StateAt freeze.Time `json:"state_at,omitzero"`
}

// Open reports whether hits still join the alert.
func (a *Alert) Open() bool { return a.State != Closed && a.State != Withdrawing }

// Alert returns the alert with that id, or nil.
func (s *Subject) Alert(id string) *Alert {
	for _, a := range s.Alerts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// Hit returns what the subject knows of an evidence, with its alert, or nil.
func (s *Subject) Hit(evidence string) (*Alert, *Hit) {
	if s == nil {
		return nil, nil
	}
	a := s.Alert(s.Evidence[evidence])
	if a == nil {
		return nil, nil
	}
	return a, a.evidence(evidence)
}

// Totals sums the items by currency, in the order of the codes.
func (a *Alert) Totals() []freeze.Total {
	payments := make([]freeze.Payment, 0, len(a.Items))
	for _, i := range a.Items {
		if i.Amount.Currency != "" {
			payments = append(payments, freeze.Payment{Disputed: i.Amount})
		}
	}
	return freeze.TotalsOf(payments)
}

// Standing counts the hits that stand.
func (a *Alert) Standing() int {
	n := 0
	for _, h := range a.Hits {
		if !h.Gone {
			n++
		}
	}
	return n
}

// OpenTasks lists the kinds of the tasks that wait for people.
func (a *Alert) OpenTasks() []string {
	var out []string
	for _, t := range a.Tasks {
		if t.Done == "" {
			out = append(out, t.Kind)
		}
	}
	return out
}
