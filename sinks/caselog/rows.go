package caselog

import "github.com/haltwire/haltwire/pipeline/decimal"

// Rows are what the recorder hands to the ledger. All times are Unix ms, 0 = not
// known or not yet. The ledger keeps one row an identity, the one with the
// largest Version; writing a row again is harmless. Rows hold personal data in
// clear: roles of the database mask it.

// Money is an amount of one currency in a row; Currency "" = no amount.
type Money struct {
	Amount   decimal.D
	Currency string
}

// HitRow is one hit with one subject, as the last word on the log has it that did
// not overturn it. Identity: HitID, Key.
type HitRow struct {
	HitID       string
	EvidenceKey string // rule + report identity; standing hits are counted by it
	Key         string // direction/party/H(subject); "" for a hit that has no subject
	CaseID      string // "" for a hit that cannot alert
	AlertID     string // of the episode that took the hit in; "" when none did
	Rule        string
	RuleVersion uint32
	Title       string
	Status      string // live | shadow
	Case        string // of the rule
	Score       decimal.D
	Severity    string
	Typology    []string
	Offence     string
	Approval    string // auto | one_person | two_person
	Asks        []string

	Reporter   string
	ReportID   string
	Revision   uint32
	Hash       [16]byte
	Kind       string
	OccurredAt int64
	RecordTime int64 // Kafka time of the report
	AppendedAt int64 // Kafka time of the hit
	Topic      string
	Partition  int32
	Offset     int64
	Trace      string
	Late       bool
	Changed    string // raised | lowered: by later evidence; "" = the case of the first word
	// CauseTopic, CausePartition and CauseOffset are the latest report among the
	// later evidence; "" = the hit was made when its report came.
	CauseTopic     string
	CausePartition int32
	CauseOffset    int64

	Cold          bool
	Cut           bool
	Excepted      bool
	Unknown       []string
	ValuesJSON    string // {"inflow.n":5}, decimals as strings
	DigestRules   string
	DigestLists   string
	DigestRates   string
	Facts         string
	SubjectUID    string
	SubjectScheme string
	SubjectID     string // account
	SubAccount    string
	SubjectName   string
	SubjectBIC    string
	Country       string // account country; "" = unroutable
	PaymentKeys   []string
	Amount        Money // sum over payments when they share a currency
	Version       uint64
}

// OverturnRow says that an evidence about one subject stands no more: hits on the
// version of the report whose Version is smaller do not. Identity: EvidenceKey,
// Key, Revision, Hash.
type OverturnRow struct {
	EvidenceKey string
	Key         string // "" for a hit that cannot alert
	Revision    uint32
	Hash        [16]byte
	HitID       string
	Rule        string
	Reason      string // later_evidence | revision
	AppendedAt  int64  // Kafka time
	// CauseTopic, CausePartition and CauseOffset are the latest report among the
	// later evidence; "" = a version of the report itself.
	CauseTopic     string
	CausePartition int32
	CauseOffset    int64
	Version        uint64
}

// AlertRow is the state of one alert. Identity: Direction, Party, AlertID.
type AlertRow struct {
	AlertID      string
	Direction    string // in | out
	Party        string
	PartyKind    string
	PartyCountry string
	Key          string
	Episode      uint32
	CaseID       string
	RootAlert    string // where the money trail begins; itself when it begins here
	Instruction  bool   // to a bank of ours, for the alerts in ParentAlerts
	ParentAlerts []string
	State        string
	Ending       string // why it is closed, e.g. not_approved, overturned, withdrawn
	Blocked      string // field that blocks, "" = none
	Severity     string
	Urgency      string // critical | high | normal
	Environment  string // live | test
	Asks         []string
	Rules        []string
	Hits         uint32 // evidence keys that stand
	Payments     uint32 // distinct
	Currencies   []string
	Amounts      []decimal.D // disputed, parallel to Currencies
	Provisional  bool
	Confirmed    bool
	Automatic    bool // sent by itself
	Decision     string
	DuplicateOf  string
	PartnerRef   string
	OpenTasks    []string

	SubjectScheme  string
	SubjectID      string
	SubAccount     string
	SubjectName    string
	SubjectBIC     string
	SubjectCountry string

	RecordTime  int64 // Kafka time of the first report
	OpenedAt    int64
	ApprovedAt  int64
	QueuedAt    int64
	SentAt      int64
	ReceivedAt  int64 // out: verified receipt; in: our receipt
	AcceptedAt  int64
	DecidedAt   int64 // out: outcome
	AnsweredAt  int64 // in: outcome released
	ConfirmBy   int64
	ConfirmedAt int64
	ClosedAt    int64
	UpdatedAt   int64
	DecideBy    int64 // in: until when the partner asked us to decide
	PausedMS    int64 // how long the clock of deciding has stood still
	BankAt      int64 // in: when the bank's last answer came
	ErasedAt    int64 // when its personal data was destroyed

	Partition int32
	Version   uint64 // offset in the case log + 1
}

// CaseEventRow is one event of the case log. Identity: Partition, Offset.
type CaseEventRow struct {
	Partition   int32
	Offset      int64
	AppendedAt  int64
	EventID     string
	Type        string // without the prefix haltwire.case.
	Key         string
	Direction   string
	Party       string
	AlertID     string // "" where the event opened nothing
	CaseID      string
	Time        int64 // of the event, by its writer
	Source      string
	Officer     string // who decided, "" for machines
	Applied     bool   // false = a repeat or an event that the state did not allow
	Refused     string // why not applied
	StateBefore string
	StateAfter  string
	DataJSON    string // data without personal
	Version     uint64
}

// DeliveryRow is one attempt to deliver one message. Identity: MessageID,
// Channel, Attempt.
type DeliveryRow struct {
	MessageID    string
	AlertID      string
	Party        string
	Type         string // of the message
	Channel      string
	Attempt      uint32
	StartedAt    int64  // read back from the log
	EndedAt      int64  // 0 = not known (yet)
	Verdict      string // "" | delivered | retry | rejected | permanent | gave_up
	Reason       string
	Status       uint16 // HTTP
	ElapsedMS    uint32
	PartnerFault bool
	ReceiptLevel string
	Version      uint64
}

// MessageRow is one message of ours or of a partner. Identity: Party,
// MessageID.
type MessageRow struct {
	MessageID     string
	AlertID       string
	CaseID        string
	Direction     string // of the message: out = we wrote it
	Party         string
	Type          string
	Sequence      uint32
	InReplyTo     string
	Environment   string
	Channel       string // of an inbound message
	Lane          string // critical | high | normal
	Provisional   bool
	ApprovalMode  string
	ContentDigest string
	ApprovedBy    []string
	Digest        string // sha-256 of the body, hex
	Body          string // frozen bytes; JSON, or the JWS of a receipt
	QueuedAt      int64
	ReceivedAt    int64
	ReceiptLevel  string
	Version       uint64
}

// MeasureRow is one measure: what the latest word about it says, and where it stands.
// Identity: Party, AlertID, MeasureID.
type MeasureRow struct {
	MeasureID     string
	AlertID       string
	CaseID        string
	Direction     string
	Party         string
	AskID         string
	Kind          string
	State         string // in the responder's words
	Stand         string // in_force | expiring | presumed_lapsed | converted | lifted | lapsed | ended
	Ending        string // why it ended
	Standing      bool   // it may still stop money
	Recorded      bool   // by the word of our officers
	Amount        Money
	Authority     string
	AuthorityKind string
	LegalBasis    string
	InForceAt     int64
	ExpiresAt     int64
	// WorkingDays are the beginnings of the working days after the day on which it came
	// into force, up to and with that of its end, by the calendar of the measure's country.
	WorkingDays   []int64
	Extendable    bool
	ExtendBy      int64
	ConvertNeed   string
	ConvertBy     int64
	EndsIfSilent  bool
	Before        []string // measures that were converted into it
	After         string   // the measure that it was converted into
	Asked         []string // extend, lift: what is asked about it and not answered
	BornAt        int64    // when it was first told of
	SinceAt       int64    // when it came to Stand
	AccountScheme string
	AccountID     string
	AsOf          int64
	Version       uint64
}

// FundsRow says what became of a part of one payment, as the latest outcome of
// an alert tells it. Identity: Party, AlertID, ItemID, Line.
type FundsRow struct {
	AlertID     string
	CaseID      string
	Direction   string
	Party       string
	OutcomeID   string
	ItemID      string
	Line        uint32 // position among the item's lines, from 0
	PaymentKey  string
	Disposition string
	Money       Money
	At          int64
	Via         string
	ToRef       string
	AsOf        int64
	Current     bool // false: a line of an older outcome that the latest one lacks
	Version     uint64
}

// PaymentRow is one item of an alert. Identity: Direction, Party, AlertID,
// ItemID.
type PaymentRow struct {
	PaymentKey    string
	AlertID       string
	CaseID        string
	Direction     string
	Party         string
	ItemID        string
	Hop           uint8
	ParentItems   []string
	UETR          string
	EndToEndID    string
	TransactionID string
	RRN           string
	UTR           string
	TxHash        string
	Instructed    Money
	Settled       Money
	Credited      Money
	Disputed      Money
	ExecutedAt    int64
	Rail          string
	Authorisation string
	DebtorBIC     string
	DebtorCountry string
	ComplaintRef  string
	Reports       uint32 // hits that told of it
	Shed          bool   // a proposal asked for it, and no hit that told of it stands any more
	TakenOut      bool   // officers do not ask for it
	Withheld      bool   // only a partner told of it, who has not consented to its use
	AddedAt       int64
	Version       uint64
}
