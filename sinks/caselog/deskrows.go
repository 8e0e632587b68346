package caselog

// TrailRow is one onward movement of money that a partner found, as its latest word
// has it. Identity: Direction, Party, AlertID, ItemID.
type TrailRow struct {
	ItemID        string // minted by the partner
	AlertID       string
	CaseID        string
	Direction     string
	Party         string // that told of it
	OutcomeID     string
	ParentItems   []string
	Hop           uint8 // 1 = from an account that a victim paid to
	Money         Money // that left
	Credited      Money // that arrived, where it differs
	ExecutedAt    int64
	AccountScheme string
	AccountID     string
	SubAccount    string
	ServicerBIC   string
	Country       string // of the account
	HandledBy     string // responder | requester | nobody
	OnwardUse     string // granted | not_granted | to_be_asked
	Consent       string // needed | asked | granted | refused; "" = nobody follows it
	ToParty       string // whom a child alert asks about the account
	ChildAlert    string
	Gone          bool // the latest outcome has it no more
	Version       uint64
}

// RecallRow is where the recall of one payment stands: the leg between our own bank and
// the next agents. Identity: Direction, Party, AlertID, ItemID.
type RecallRow struct {
	AlertID     string
	CaseID      string
	Direction   string
	Party       string
	ItemID      string
	PaymentKey  string
	Instruction bool   // the leg as the alert of the instruction to the bank has it
	State       string // of freeze.Recall; dropped = asked for no more
	Why         string // why no bank of ours was asked
	Bank        string
	ChildAlert  string // of the instruction
	Camt056ID   string
	ReasonISO   string
	Codes       []string // of the bank's last word
	AskedAt     int64
	InitiatedAt int64
	AnsweredAt  int64
	ChasedAt    int64
	Amount      Money // accepted
	Returned    Money
	Costs       Money
	Differs     string // short | excess | currency
	NextAgent   string
	Version     uint64
}

// ApprovalRow is one word of an officer about an act, or that such a word counts no
// more. Identity: Partition, Offset, Act, Officer.
type ApprovalRow struct {
	Partition int32
	Offset    int64
	AlertID   string
	CaseID    string
	Direction string
	Party     string
	Act       string
	About     string
	Officer   string
	Role      string
	Verdict   string // given | refused | voided
	Why       string // why it was voided
	Code      string
	Digest    string // of what the officer saw
	At        int64
	Version   uint64
}

// DisclosureRow says that a message told a party one kind of member, and never what.
// Identity: Party, MessageID, Path.
type DisclosureRow struct {
	MessageID    string
	AlertID      string
	CaseID       string
	Direction    string // of the alert
	Party        string
	PartyKind    string
	PartyCountry string
	Type         string // of the message
	Path         string // of the member, e.g. payments.debtor.name
	Kind         string // name, identity, account, …: see policy.Field
	Values       uint32
	Regime       string // under which it was told
	Basis        string // code of our power to tell it; "" = that of the request
	PermittedUse string
	ApprovalMode string
	ApprovedBy   []string
	Channel      string
	How          string // delivered | transmitted | published | receipt: how we know
	DisclosedAt  int64
	Version      uint64
}

// ConsentRow is one question whether facts may be passed on, with its answer. Identity:
// Direction, Party, AlertID, MessageID.
type ConsentRow struct {
	MessageID  string
	AlertID    string
	CaseID     string
	Direction  string // out: we ask; in: the partner asks us
	Party      string
	Facts      []string // items of the trail
	To         []string // countries or parties
	AskedAt    int64
	AnswerID   string
	Granted    string // all | part | none
	AnsweredAt int64
	AnsweredBy []string // officers of ours
	Version    uint64
}

// TaskRow is something for people. Identity: Direction, Party, AlertID, TaskID.
type TaskRow struct {
	TaskID    string
	AlertID   string
	CaseID    string
	Direction string
	Party     string
	Kind      string
	About     string
	Why       []string // in words, of a partner's word that does not fit
	Least     string   // role that is called
	OpenedAt  int64
	DoneAt    int64
	DoneBy    string // desk = it went away by itself
	Version   uint64
}

// ErasedRow says that the personal data of a key of the log is destroyed, so that what
// the tables hold of it has to go too.
type ErasedRow struct {
	Key     string
	Alerts  []string
	Version uint64 // of the event
}
