package freeze

// Request asks a partner to hold, trace or return money (FREEZE 2.1). With
// regime domestic it is the instruction to our own bank.
type Request struct {
	Envelope
	Urgency     string       `json:"urgency" is:"enum=critical|high|normal"`
	ValidUntil  Time         `json:"valid_until"`
	AnswerBy    AnswerBy     `json:"answer_by"`
	Provisional bool         `json:"provisional"`
	ConfirmBy   *Time        `json:"confirm_by,omitempty"`
	Approval    Approval     `json:"approval"`
	Legal       Legal        `json:"legal"`
	Asks        []Ask        `json:"asks" len:"1..20"`
	Subject     Subject      `json:"subject"`
	Payments    []Payment    `json:"payments,omitempty" len:"0..500"`
	Totals      []Total      `json:"totals" len:"0..100"`
	Indicators  []Indicator  `json:"indicators,omitempty" len:"0..100"`
	Attachments []Attachment `json:"attachments,omitempty" len:"0..50"`
}

// Amendment carries the full new state of a request.
type Amendment struct {
	Request
	Supersedes string   `json:"supersedes" is:"id35"`
	Changes    []Change `json:"changes" len:"1..500"`
}

// Change names one member that differs from the superseded message, for people.
type Change struct {
	Field string `json:"field" is:"text=140"`
	From  string `json:"from,omitempty" is:"text=140"`
	To    string `json:"to,omitempty" is:"text=140"`
}

// Confirmation turns a provisional request into a confirmed one.
type Confirmation struct {
	Envelope
	Confirms string   `json:"confirms" is:"id35"`
	Approval Approval `json:"approval"`
	Reason   string   `json:"reason,omitempty" is:"text=500"`
}

// Withdrawal takes a request back.
type Withdrawal struct {
	Envelope
	Reason string `json:"reason" is:"text=500"`
}

// AnswerBy holds the moments until which the partner's desk is asked to accept
// and to decide.
type AnswerBy struct {
	Accept Time `json:"accept"`
	Decide Time `json:"decide"`
}

// Approval says how many people stand behind the message and what they signed.
type Approval struct {
	Mode string `json:"mode" is:"enum=none|one|two|emergency"`
	// ContentDigest is what ContentDigest returns for the approved content.
	ContentDigest string `json:"content_digest" is:"sha256"`
}

// Legal is the legal content of a request.
type Legal struct {
	Regime           string  `json:"regime" is:"enum=egmont|eu_amld6|cets198|ffkc|igrip|siena|bilateral|domestic"`
	RequesterBasis   Basis   `json:"requester_basis"`
	RequestedBasis   *Hint   `json:"requested_basis,omitempty"`
	PredicateOffence Offence `json:"predicate_offence"`
	// MLSuspicion may be absent in an instruction to our own bank (regime domestic) alone.
	MLSuspicion        *bool     `json:"ml_suspicion,omitempty"`
	Facts              string    `json:"facts,omitempty" is:"text=2000"`
	Background         string    `json:"background,omitempty" is:"text=2000"`
	Reason             string    `json:"reason,omitempty" is:"text=2000"`
	Nexus              string    `json:"nexus,omitempty" is:"text=2000"`
	IntendedUse        string    `json:"intended_use,omitempty" is:"text=2000"`
	DomesticEquivalent string    `json:"domestic_equivalent,omitempty" is:"text=500"`
	Proportionality    string    `json:"proportionality,omitempty" is:"text=500"`
	Followup           *Followup `json:"followup,omitempty"`
}

// Suspected reports whether the message says that money laundering is suspected; one
// that says nothing of it does not.
func (l Legal) Suspected() bool { return l.MLSuspicion != nil && *l.MLSuspicion }

// Basis is the requester's power to ask and to disclose.
type Basis struct {
	Code string `json:"code" is:"text=64"`
	Text string `json:"text" is:"text=500"`
}

// Hint suggests a legal basis to the partner; both members are optional.
type Hint struct {
	Code string `json:"code,omitempty" is:"text=64"`
	Text string `json:"text,omitempty" is:"text=500"`
}

// Offence is the predicate offence, from our own list.
type Offence struct {
	Code string `json:"code" is:"name"`
	Text string `json:"text,omitempty" is:"text=500"`
}

// Followup says whether a request for mutual legal assistance will follow.
type Followup struct {
	MLA        bool   `json:"mla"`
	ExpectedBy Date   `json:"expected_by,omitempty"`
	Authority  string `json:"authority,omitempty" is:"text=140"`
}

// Ask is one thing that is asked for.
type Ask struct {
	AskID  string `json:"ask_id" is:"id35"`
	Kind   string `json:"kind" is:"enum=hold_amount|suspend_transaction|suspend_account|recall|return_funds|trace|identify_holder|preserve_records|monitor|informational"`
	Amount *Money `json:"amount,omitempty"`
	Until  *Time  `json:"until,omitempty"`
	Note   string `json:"note,omitempty" is:"text=500"`
}

// Subject is the account that the request is about.
type Subject struct {
	Account        Account  `json:"account"`
	Servicer       Servicer `json:"servicer"`
	AccountCountry string   `json:"account_country" is:"cc"`
	Holders        []Holder `json:"holders,omitempty" len:"0..50"`
}

// Account identifies an account at its servicer.
type Account struct {
	Scheme     string `json:"scheme" is:"enum=iban|bban|upi|wallet|card|crypto|other"`
	ID         string `json:"id" is:"text=64"`
	Currency   string `json:"currency,omitempty" is:"ccy"`
	Name       string `json:"name,omitempty" is:"text=140"`
	Type       string `json:"type" is:"enum=personal|business|pooled|virtual|merchant|unknown"`
	SubAccount string `json:"sub_account,omitempty" is:"text=64"`
}

// Servicer is the institution that keeps an account. At least one of bic,
// clearing_id, lei and name is there.
type Servicer struct {
	BIC            string `json:"bic,omitempty" is:"bic"`
	ClearingSystem string `json:"clearing_system,omitempty" is:"text=35"`
	ClearingID     string `json:"clearing_id,omitempty" is:"text=35"`
	LEI            string `json:"lei,omitempty" is:"lei"`
	Name           string `json:"name,omitempty" is:"text=140"`
	Country        string `json:"country" is:"cc"`
}

// Holder is a person or an organisation behind an account.
type Holder struct {
	Role string    `json:"role" is:"enum=owner|joint|signatory|ubo|unknown"`
	Kind string    `json:"kind" is:"enum=person|org"`
	Name string    `json:"name,omitempty" is:"text=140"`
	ID   *HolderID `json:"id,omitempty"`
	DOB  Date      `json:"dob,omitempty"`
}

// HolderID is a document or registry number of a holder.
type HolderID struct {
	Type    string `json:"type" is:"text=35"`
	Value   string `json:"value" is:"text=64"`
	Country string `json:"country" is:"cc"`
}

// Payment is one item of an alert: one movement of money, however many reports
// tell of it.
type Payment struct {
	ItemID string `json:"item_id" is:"id35"`
	// Hop is 0 for the victim's own payment. ParentItems are the items of the parent
	// alert that it continues; they are needed from hop 1 on when the case names a
	// parent_alert, for then a partner told of it.
	Hop            uint8          `json:"hop"`
	ParentItems    []string       `json:"parent_items,omitempty" is:"id35" len:"0..100"`
	Refs           Refs           `json:"refs"`
	Instructed     *Money         `json:"instructed,omitempty"`
	Settled        *Money         `json:"settled,omitempty"`
	Credited       *Money         `json:"credited,omitempty"`
	Disputed       Money          `json:"disputed"`
	ExecutedAt     Time           `json:"executed_at"`
	SettledOn      Date           `json:"settled_on,omitempty"`
	Rail           string         `json:"rail" is:"enum=swift|sepa|sepa_inst|fps|chaps|imps|neft|rtgs|upi|card|wallet|ach|cash|crypto|other"`
	Authorisation  string         `json:"authorisation" is:"enum=unauthorised|authorised_deceived|unknown"`
	Debtor         Debtor         `json:"debtor"`
	Intermediaries []Intermediary `json:"intermediaries,omitempty" len:"0..20"`
	FurtherCredit  string         `json:"further_credit,omitempty" is:"text=140"`
	Remittance     string         `json:"remittance,omitempty" is:"text=140"`
	ComplaintRef   string         `json:"complaint_ref,omitempty" is:"text=64"`
	ReportedAt     Time           `json:"reported_at"`
	Recall         Recall         `json:"recall"`
}

// Refs are the references by which banks find a payment; at least one is there.
type Refs struct {
	UETR          string `json:"uetr,omitempty" is:"uuid"`
	EndToEndID    string `json:"end_to_end_id,omitempty" is:"text=64"`
	TransactionID string `json:"transaction_id,omitempty" is:"text=64"`
	InstructionID string `json:"instruction_id,omitempty" is:"text=64"`
	MessageID     string `json:"message_id,omitempty" is:"text=64"`
	MessageName   string `json:"message_name,omitempty" is:"text=35"`
	ClearingRef   string `json:"clearing_ref,omitempty" is:"text=64"`
	RRN           string `json:"rrn,omitempty" is:"text=64"`
	UTR           string `json:"utr,omitempty" is:"text=64"`
	TxHash        string `json:"tx_hash,omitempty" is:"text=140"`
}

// Debtor is the side that the money came from; a profile decides how much of it
// is told.
type Debtor struct {
	Account  *Account `json:"account,omitempty"`
	Servicer Servicer `json:"servicer"`
	Name     string   `json:"name,omitempty" is:"text=140"`
	Location string   `json:"location,omitempty" is:"text=140"`
	Kind     string   `json:"kind" is:"enum=person|org|unknown"`
}

// Intermediary is an institution between debtor's and creditor's.
type Intermediary struct {
	Servicer Servicer `json:"servicer"`
}

// Recall is the state of the recall leg of a payment, a separate chain from the
// freeze request.
type Recall struct {
	State       string `json:"state" is:"enum=none|instructed|initiated|pending|forwarded|accepted|partly_accepted|rejected|returned"`
	InitiatedAt *Time  `json:"initiated_at,omitempty"`
	ReasonISO   string `json:"reason_iso,omitempty" is:"text=4"`
	Indemnity   string `json:"indemnity,omitempty" is:"enum=none|offered|required"`
	Camt056ID   string `json:"camt056_id,omitempty" is:"text=35"`
}

// Total is the sum of the disputed amounts of one currency.
type Total struct {
	Currency string `json:"currency" is:"ccy"`
	Payments uint32 `json:"payments"`
	Disputed Dec    `json:"disputed"`
}

// Indicator is a fact derived by us, never a partner's or reporter's free text.
type Indicator struct {
	Code  string `json:"code" is:"name"`
	Text  string `json:"text,omitempty" is:"text=200"`
	Since *Time  `json:"since,omitempty"`
	Until *Time  `json:"until,omitempty"`
}

// Attachment describes a file that is fetched elsewhere, by signed URL.
type Attachment struct {
	Name      string `json:"name" is:"text=140"`
	MediaType string `json:"media_type" is:"text=140"`
	SHA256    string `json:"sha256" is:"sha256"`
	Size      uint64 `json:"size"`
}
