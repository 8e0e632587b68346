package goaml

import (
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// account is one account with its bank and the people behind it, as far as policy
// left them.
type account struct {
	freeze.Account
	servicer freeze.Servicer
	name     string
	holders  []freeze.Holder
	field    string // the path of what it was made of
}

func (w *writer) subject() { w.subjectAs("account") }

func (w *writer) subjectAs(element string) {
	s := w.request.Subject
	a := account{Account: s.Account, servicer: s.Servicer, name: s.Account.Name, holders: s.Holders, field: "subject"}
	for _, h := range s.Holders {
		if a.name == "" && h.Role == "owner" {
			a.name = h.Name
		}
	}
	w.account(element, a)
}

// account writes t_account in the order of the XSD.
func (w *writer) account(element string, a account) {
	unknown := w.config.unknown()
	var notes []string
	w.Open(element)
	w.bank(a)
	if w.config.late() && a.Type == "pooled" {
		w.Leaf("collection_account", "1")
	}
	w.Leaf("account", cmpOr(a.ID, unknown))
	if len(a.Currency) == 3 {
		w.Leaf("currency_code", a.Currency)
	}
	name, ok := fold(a.name, 255)
	if !ok {
		name = unknown
	}
	if a.name != "" && name != a.name {
		notes = append(notes, "Name as written: "+a.name)
	}
	w.Leaf("account_name", name)
	if a.Scheme == "iban" {
		w.text("iban", a.field+".account.id", a.ID, 34)
	} else if a.Scheme != "" {
		notes = append(notes, "Scheme: "+a.Scheme)
	}
	notes = append(notes, w.holders(a.holders)...)
	if a.SubAccount != "" {
		notes = append(notes, "Sub-account: "+a.SubAccount)
	}
	w.text("comments", a.field+".holders", strings.Join(notes, "\n"), maxComment)
	w.End()
}

// bank writes the institution, of which the schema wants a SWIFT code or another.
func (w *writer) bank(a account) {
	s := a.servicer
	w.Some("institution_name", s.Name)
	if s.BIC != "" {
		w.Leaf("swift", s.BIC)
	} else {
		w.Leaf("institution_code", cmpOr(s.ClearingID, cmpOr(s.LEI, w.config.unknown())))
	}
	if w.config.late() && s.Country != "" {
		w.Leaf("institution_country", s.Country)
	}
}

// holders writes the first organisation and all people, and returns what of them
// has no element.
func (w *writer) holders(list []freeze.Holder) []string {
	var notes []string
	entity := false
	for _, h := range list { // the entity stands before the signatories
		if h.Kind != "org" {
			continue
		}
		if name, ok := fold(h.Name, 255); ok && !entity {
			entity = true
			w.entity(h, name)
			if name == h.Name && h.ID == nil {
				continue
			}
		}
		notes = append(notes, holderNote(h))
	}
	primary := true
	for _, h := range list {
		if h.Kind == "org" || h.Name == "" && h.ID == nil {
			continue
		}
		if note := w.signatory(h, primary); note != "" {
			notes = append(notes, note)
		}
		primary = false
	}
	return notes
}

func (w *writer) entity(h freeze.Holder, name string) {
	w.Open("t_entity")
	w.Leaf("name", name)
	if h.ID != nil && len(h.ID.Value) <= 50 {
		w.Some("incorporation_number", h.ID.Value)
		w.Some("incorporation_country_code", h.ID.Country)
	}
	w.End()
}

// signatory writes a person and returns a note where an element had to stay
// different from the name, or an id has no element for its kind.
func (w *writer) signatory(h freeze.Holder, primary bool) string {
	first, last, ok := split(h.Name, w.config.unknown())
	w.Open("signatory")
	if primary {
		w.Leaf("is_primary", "1") // fixed in the schema
	}
	w.Open("t_person")
	w.Leaf("first_name", first)
	w.Leaf("last_name", last)
	if h.DOB != "" {
		w.Leaf("birthdate", string(h.DOB)+"T00:00:00")
	}
	passport := h.ID != nil && strings.EqualFold(h.ID.Type, "passport")
	switch {
	case passport:
		w.Leaf("passport_number", h.ID.Value)
		w.Leaf("passport_country", h.ID.Country)
	case h.ID != nil:
		w.Leaf("id_number", h.ID.Value)
	}
	w.End()
	w.Some("role", w.config.Roles[h.Role])
	w.End()
	if h.Name != "" && (!ok || first+" "+last != h.Name) || h.ID != nil && !passport {
		return holderNote(h)
	}
	return ""
}

func holderNote(h freeze.Holder) string {
	note := fmt.Sprintf("Holder (%s): %s", h.Role, h.Name)
	if h.ID != nil {
		note += fmt.Sprintf(", %s %s %s", h.ID.Type, h.ID.Value, h.ID.Country)
	}
	return note
}
