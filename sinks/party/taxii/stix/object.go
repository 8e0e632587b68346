package stix

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Object is one STIX object of this package, always a pointer.
type Object interface {
	// Head returns the members that all objects share; changes to it change the
	// object.
	Head() *Common
}

// Common is what all objects share (STIX 2.1, 3.2).
type Common struct {
	Type         string `json:"type"`
	SpecVersion  string `json:"spec_version"`
	ID           string `json:"id"`
	CreatedByRef string `json:"created_by_ref,omitempty"`
	// Created is zero in an object whose first version this may be: whoever keeps
	// the versions sets it. It and Modified stay zero in cyber-observables.
	Created            freeze.Time          `json:"created,omitzero"`
	Modified           freeze.Time          `json:"modified,omitzero"`
	Revoked            bool                 `json:"revoked,omitempty"`
	Labels             []string             `json:"labels,omitempty"`
	ExternalReferences []Reference          `json:"external_references,omitempty"`
	ObjectMarkingRefs  []string             `json:"object_marking_refs,omitempty"`
	Extensions         map[string]Extension `json:"extensions,omitempty"`
}

// Head returns h itself, so that every object that embeds a Common is an Object.
func (h *Common) Head() *Common { return h }

// Versioned reports whether later versions of the object are told apart by
// modified. Cyber-observables and marking-definitions have no versions.
func (h *Common) Versioned() bool { return !h.Modified.IsZero() }

// Reference is an external_reference.
type Reference struct {
	SourceName string `json:"source_name"`
	ExternalID string `json:"external_id,omitempty"`
}

// Extension is the content of an extension: ours, or that of TLP 2.0.
type Extension struct {
	ExtensionType string `json:"extension_type"`
	Messages      []Told `json:"messages,omitempty"`
	TLP           string `json:"tlp_2_0,omitempty"`
}

// Encode writes an object: its members in the order of the types, no white
// space, no HTML escapes. The same object always gives the same bytes.
func Encode(o Object) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return nil, fmt.Errorf("encode %s: %w", o.Head().ID, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Report is the object of a request and what its sender said after it.
type Report struct {
	Common
	Name        string      `json:"name"`
	ReportTypes []string    `json:"report_types"`
	Published   freeze.Time `json:"published"`
	ObjectRefs  []string    `json:"object_refs"`
}

// Note is a text about other objects; it carries a message, or is for readers.
type Note struct {
	Common
	Abstract   string   `json:"abstract,omitempty"`
	Content    string   `json:"content"`
	ObjectRefs []string `json:"object_refs"`
}

// Incident is a case.
type Incident struct {
	Common
	Name string `json:"name"`
}

// CourseOfAction is one ask.
type CourseOfAction struct {
	Common
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Identity is a party, a servicer or a holder.
type Identity struct {
	Common
	Name               string   `json:"name"`
	Roles              []string `json:"roles,omitempty"`
	IdentityClass      string   `json:"identity_class"`
	Sectors            []string `json:"sectors,omitempty"`
	ContactInformation string   `json:"contact_information,omitempty"`
}

// Location is a country.
type Location struct {
	Common
	Country string `json:"country"`
}

// ObservedData says when accounts were seen in a payment.
type ObservedData struct {
	Common
	FirstObserved  freeze.Time `json:"first_observed"`
	LastObserved   freeze.Time `json:"last_observed"`
	NumberObserved int         `json:"number_observed"`
	ObjectRefs     []string    `json:"object_refs"`
}

// Relationship links two objects.
type Relationship struct {
	Common
	RelationshipType string `json:"relationship_type"`
	SourceRef        string `json:"source_ref"`
	TargetRef        string `json:"target_ref"`
}

// File is an attachment: its hash, never its bytes.
type File struct {
	Common
	Name     string            `json:"name"`
	Size     uint64            `json:"size"`
	MimeType string            `json:"mime_type,omitempty"`
	Hashes   map[string]string `json:"hashes"`
}

// MarkingDefinition is a TLP 2.0 level or a statement.
type MarkingDefinition struct {
	Common
	Name           string            `json:"name,omitempty"`
	DefinitionType string            `json:"definition_type,omitempty"`
	Definition     map[string]string `json:"definition,omitempty"`
}

// ExtensionDefinition describes our extension to those who read our objects.
type ExtensionDefinition struct {
	Common
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	Schema         string   `json:"schema"`
	Version        string   `json:"version"`
	ExtensionTypes []string `json:"extension_types"`
}

// BankAccount is an account at its servicer, a cyber-observable of our
// extension.
type BankAccount struct {
	Common
	Scheme        string   `json:"scheme"`
	IBAN          string   `json:"iban,omitempty"`
	AccountNumber string   `json:"account_number,omitempty"`
	SubAccount    string   `json:"sub_account,omitempty"`
	BIC           string   `json:"bic,omitempty"`
	Currency      string   `json:"currency,omitempty"`
	AccountName   string   `json:"account_name,omitempty"`
	AccountType   string   `json:"account_type,omitempty"`
	AccountStatus string   `json:"account_status,omitempty"`
	ServicerRef   string   `json:"servicer_ref,omitempty"`
	CountryRef    string   `json:"country_ref,omitempty"`
	HolderRefs    []string `json:"holder_refs,omitempty"`
}

// Payment is one movement of money, a domain object of our extension.
type Payment struct {
	Common
	ItemID             string          `json:"item_id"`
	AlertID            string          `json:"alert_id"`
	Hop                *uint8          `json:"hop,omitempty"`
	ParentItems        []string        `json:"parent_items,omitempty"`
	Refs               *freeze.Refs    `json:"refs,omitempty"`
	Amounts            *PaymentAmounts `json:"amounts,omitempty"`
	ExecutedAt         freeze.Time     `json:"executed_at,omitzero"`
	SettledOn          freeze.Date     `json:"settled_on,omitempty"`
	ReportedAt         freeze.Time     `json:"reported_at,omitzero"`
	Rail               string          `json:"rail,omitempty"`
	Authorisation      string          `json:"authorisation,omitempty"`
	FurtherCredit      string          `json:"further_credit,omitempty"`
	Complaint          string          `json:"complaint,omitempty"`
	HandledBy          string          `json:"handled_by,omitempty"`
	OnwardUse          string          `json:"onward_use,omitempty"`
	Recall             *freeze.Recall  `json:"recall,omitempty"`
	Funds              []Movement      `json:"funds,omitempty"`
	Returns            []freeze.Return `json:"returns,omitempty"`
	DebtorRef          string          `json:"debtor_ref,omitempty"`
	DebtorAccountRef   string          `json:"debtor_account_ref,omitempty"`
	DebtorServicerRef  string          `json:"debtor_servicer_ref,omitempty"`
	IntermediaryRefs   []string        `json:"intermediary_refs,omitempty"`
	CreditorAccountRef string          `json:"creditor_account_ref,omitempty"`
}

// PaymentAmounts are the amounts of a payment, as far as they are known.
type PaymentAmounts struct {
	Instructed *freeze.Money `json:"instructed,omitempty"`
	Settled    *freeze.Money `json:"settled,omitempty"`
	Credited   *freeze.Money `json:"credited,omitempty"`
	Disputed   *freeze.Money `json:"disputed,omitempty"`
	Moved      *freeze.Money `json:"moved,omitempty"`
}

// Movement is what became of a part of a payment: a freeze.Fund in names that
// STIX allows, where a name that ends in ref is an object's id.
type Movement struct {
	Disposition string       `json:"disposition"`
	Money       freeze.Money `json:"money"`
	MovedAt     *freeze.Time `json:"moved_at,omitempty"`
	MovedVia    string       `json:"moved_via,omitempty"`
	NextItem    string       `json:"next_item,omitempty"`
	Rate        *freeze.FX   `json:"rate,omitempty"`
}
