package freeze

// Level says how far a message got at its receiver.
type Level string

// The levels of a receipt: verified and stored by a machine, accepted by a
// desk, rejected by either.
const (
	LevelReceived Level = "received"
	LevelAccepted Level = "accepted"
	LevelRejected Level = "rejected"
)

// Receipt is a receiver's signed word that it has a message, or will not have
// it (FREEZE 2.2). In a receipt recipient_ref is the reference under which the
// receiving desk keeps the alert.
type Receipt struct {
	Envelope
	ReceiptOf   string   `json:"receipt_of" is:"id35"`
	Digest      Digest   `json:"digest"`
	Level       Level    `json:"level" is:"enum=received|accepted|rejected"`
	At          Time     `json:"at"`
	DeskContact *Contact `json:"desk_contact,omitempty"`
	Reject      *Reject  `json:"reject,omitempty"`
	DuplicateOf string   `json:"duplicate_of,omitempty" is:"text=64"`
	DecideBy    *Time    `json:"decide_by,omitempty"`
	Needs       []Need   `json:"needs,omitempty" len:"0..100"`
}

// Digest is the digest of a received body, in lower-case hexadecimal.
type Digest struct {
	Alg   string `json:"alg" is:"const=sha-256"`
	Value string `json:"value" is:"sha256"`
}

// Code says why a message was rejected.
type Code string

// The reject codes of FREEZE 2.2.
const (
	CodeSchema              Code = "schema"
	CodeSignature           Code = "signature"
	CodeReplay              Code = "replay"
	CodeSequenceGap         Code = "sequence_gap"
	CodeUnknownAlert        Code = "unknown_alert"
	CodeNotCompetent        Code = "not_competent"
	CodeWrongRecipient      Code = "wrong_recipient"
	CodeLegalContentMissing Code = "legal_content_missing"
	CodeOutOfHours          Code = "out_of_hours"
	CodeTestRefused         Code = "test_refused"
)

// Reject is the reason of a rejected receipt.
type Reject struct {
	Code  Code   `json:"code" is:"enum=schema|signature|replay|sequence_gap|unknown_alert|not_competent|wrong_recipient|legal_content_missing|out_of_hours|test_refused"`
	Field string `json:"field,omitempty" is:"text=200"`
	Text  string `json:"text" is:"text=500"`
}

// Need names what the receiver still has to know; By is its deadline.
type Need struct {
	Field string `json:"field" is:"text=140"`
	Why   string `json:"why" is:"text=500"`
	By    *Time  `json:"by,omitempty"`
}

// Outcome is a partner's word about the money (FREEZE 2.3): a cumulative
// snapshot, of which the latest as_of wins.
type Outcome struct {
	Envelope
	OutcomeOf        string            `json:"outcome_of" is:"id35"`
	AsOf             Time              `json:"as_of"`
	Final            bool              `json:"final"`
	Decision         string            `json:"decision" is:"enum=granted|partly|refused|pending|more_info|nothing_found|duplicate"`
	Measures         []Measure         `json:"measures,omitempty" len:"0..100"`
	Funds            []Fund            `json:"funds,omitempty" len:"0..5000"`
	Trail            []Hop             `json:"trail,omitempty" len:"0..500"`
	Refusal          *Refusal          `json:"refusal,omitempty"`
	Pending          *Pending          `json:"pending,omitempty"`
	Needs            []Need            `json:"needs,omitempty" len:"0..100"`
	Returns          []Return          `json:"returns,omitempty" len:"0..500"`
	Disclosed        *Disclosed        `json:"disclosed,omitempty"`
	Amounts          []Amounts         `json:"amounts,omitempty" len:"0..100"`
	CustomerInformed *CustomerInformed `json:"customer_informed,omitempty"`
}

// Measure is the only place where money is frozen: what an authority or a bank
// did to an account, and for how long.
type Measure struct {
	MeasureID    string    `json:"measure_id" is:"id35"`
	AskID        string    `json:"ask_id" is:"id35"`
	Kind         string    `json:"kind" is:"enum=bank_hold|lien|debit_block|consent_withheld|transaction_suspended|account_suspended|freezing_order|seizure|monitoring|records_preserved"`
	State        string    `json:"state" is:"enum=in_force|extended|converted|lifted|lapsed|ended"`
	Amount       *Money    `json:"amount,omitempty"`
	Account      Account   `json:"account"`
	Authority    Authority `json:"authority"`
	LegalBasis   string    `json:"legal_basis" is:"text=500"`
	InForceAt    Time      `json:"in_force_at"`
	ExpiresAt    *Time     `json:"expires_at,omitempty"`
	PeriodRule   string    `json:"period_rule,omitempty" is:"text=140"`
	Extendable   bool      `json:"extendable"`
	ExtendBy     *Time     `json:"extend_by,omitempty"`
	Convert      Convert   `json:"convert"`
	EndsIfSilent bool      `json:"ends_if_silent"`
}

// Authority is who ordered a measure.
type Authority struct {
	Name string `json:"name" is:"text=140"`
	Kind string `json:"kind" is:"enum=bank|fiu|police|prosecutor|court"`
}

// Convert says what a measure needs to become a lasting one, and until when.
type Convert struct {
	Need string `json:"need" is:"enum=mla_request|court_order|complaint|victim_statement|none"`
	By   *Time  `json:"by,omitempty"`
}

// Fund says what became of a part of one payment.
type Fund struct {
	ItemID      string `json:"item_id" is:"id35"`
	Disposition string `json:"disposition" is:"enum=held|moved_on|withdrawn_cash|spent|converted|returned|returning|fee|not_credited|unaccounted|other"`
	Money       Money  `json:"money"`
	At          *Time  `json:"at,omitempty"`
	Via         string `json:"via,omitempty" is:"text=140"`
	ToRef       string `json:"to_ref,omitempty" is:"text=64"`
	FX          *FX    `json:"fx,omitempty"`
}

// FX is the rate at which money changed its currency.
type FX struct {
	Rate Dec    `json:"rate"`
	From string `json:"from" is:"ccy"`
	To   string `json:"to" is:"ccy"`
}

// Hop is one onward movement that the responder found.
type Hop struct {
	ItemID      string   `json:"item_id" is:"id35"`
	ParentItems []string `json:"parent_items" is:"id35" len:"1..100"`
	To          HopTo    `json:"to"`
	Money       Money    `json:"money"`
	// Credited is what arrived, where it differs from Money.
	Credited   *Money `json:"credited,omitempty"`
	ExecutedAt Time   `json:"executed_at"`
	Refs       Refs   `json:"refs"`
	HandledBy  string `json:"handled_by" is:"enum=responder|requester|nobody"`
	OnwardUse  string `json:"onward_use" is:"enum=granted|not_granted|to_be_asked"`
	ConsentRef string `json:"consent_ref,omitempty" is:"text=64"`
}

// HopTo is the account that the money moved to.
type HopTo struct {
	Account        Account  `json:"account"`
	Servicer       Servicer `json:"servicer"`
	AccountCountry string   `json:"account_country" is:"cc"`
	Holders        []Holder `json:"holders,omitempty" len:"0..50"`
}

// Refusal says why nothing was done, and what would cure it.
type Refusal struct {
	Code        string `json:"code" is:"enum=no_power|not_ml_related|not_suspendable_domestically|insufficient_grounds|legal_content_missing|disproportionate|prejudices_investigation|fundamental_principles|below_threshold|too_old|not_competent|account_not_found|account_closed|no_funds|pooled_account|creditor_refuses|no_answer|agent_refuses|already_returned|already_measured|duplicate|other"`
	ISO         string `json:"iso,omitempty" is:"text=4"`
	LegalGround string `json:"legal_ground,omitempty" is:"text=500"`
	Text        string `json:"text" is:"text=500"`
	Cure        string `json:"cure,omitempty" is:"text=500"`
}

// Pending says what the responder waits for.
type Pending struct {
	ISO   string `json:"iso,omitempty" is:"text=4"`
	Why   string `json:"why" is:"text=500"`
	Until Time   `json:"until"`
}

// Return is money on its way back.
type Return struct {
	ItemID    string `json:"item_id" is:"id35"`
	Money     Money  `json:"money"`
	Costs     *Money `json:"costs,omitempty"`
	ValueDate Date   `json:"value_date"`
	Refs      Refs   `json:"refs"`
	ReasonISO string `json:"reason_iso" is:"text=4"`
}

// Disclosed holds what was asked for by name and is allowed by policy.
type Disclosed struct {
	Holders      []Holder `json:"holders,omitempty" len:"0..50"`
	Balance      *Money   `json:"balance,omitempty"`
	StatementRef string   `json:"statement_ref,omitempty" is:"text=64"`
}

// Amounts are the sums of the funds of one currency; see AmountsOf.
type Amounts struct {
	Currency    string `json:"currency" is:"ccy"`
	Credited    Dec    `json:"credited"`
	Held        Dec    `json:"held"`
	Returned    Dec    `json:"returned"`
	Onward      Dec    `json:"onward"`
	Lost        Dec    `json:"lost"`
	Unaccounted Dec    `json:"unaccounted"`
}

// CustomerInformed says that the account's holder knows.
type CustomerInformed struct {
	At Time   `json:"at"`
	By string `json:"by,omitempty" is:"text=140"`
}
