package camt056_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056"
)

// TestLengthsToTheCharacter writes texts that just fit and refuses those that
// just do not, in characters, not bytes.
func TestLengthsToTheCharacter(t *testing.T) {
	for field, c := range map[string]struct {
		most   int
		change func(*freeze.Request, string)
	}{
		"subject.account.id":            {34, func(r *freeze.Request, s string) { r.Subject.Account.Scheme, r.Subject.Account.ID = "other", s }},
		"payments[0].debtor.account.id": {34, func(r *freeze.Request, s string) { r.Payments[0].Debtor.Account.ID = s }},
		"subject.servicer.clearing_id": {35, func(r *freeze.Request, s string) {
			r.Subject.Servicer.ClearingSystem, r.Subject.Servicer.ClearingID = "own", s
		}},
		"subject.servicer.clearing_id ": {35, func(r *freeze.Request, s string) {
			r.Subject.Servicer.ClearingSystem, r.Subject.Servicer.ClearingID = s, "1"
		}},
		"subject.servicer.name":            {140, func(r *freeze.Request, s string) { r.Subject.Servicer.Name = s }},
		"payments[0].debtor.servicer.name": {140, func(r *freeze.Request, s string) { r.Payments[0].Debtor.Servicer.Name = s }},
		"payments[0].refs.end_to_end_id":   {35, func(r *freeze.Request, s string) { r.Payments[0].Refs.EndToEndID = s }},
		"payments[0].refs.transaction_id":  {35, func(r *freeze.Request, s string) { r.Payments[0].Refs.TransactionID = s }},
		"payments[0].refs.instruction_id":  {35, func(r *freeze.Request, s string) { r.Payments[0].Refs.InstructionID = s }},
		"payments[0].refs.message_id":      {35, func(r *freeze.Request, s string) { r.Payments[0].Refs.MessageID = s }},
		"payments[0].refs.message_name":    {35, func(r *freeze.Request, s string) { r.Payments[0].Refs.MessageName = s }},
		"payments[0].refs.clearing_ref":    {35, func(r *freeze.Request, s string) { r.Payments[0].Refs.ClearingRef = s }},
		"payments[0].intermediaries[0].servicer.clearing_id": {35, func(r *freeze.Request, s string) {
			r.Payments[0].Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{ClearingSystem: "own", ClearingID: s}}}
		}},
	} {
		for over := range 2 {
			r := scenario()
			c.change(r, strings.Repeat("é", c.most+over))
			_, err := camt056.Drafts(camt056.Config{}, r)
			var u *camt056.Unmappable
			if over == 0 && err != nil || over == 1 && (!errors.As(err, &u) || u.Field != strings.TrimSpace(field)) {
				t.Errorf("%s with %d characters: %v", field, c.most+over, err)
			}
		}
	}
}

// TestTextsAreCutIntoLines looks at texts around the 105 characters of AddtlInf.
func TestTextsAreCutIntoLines(t *testing.T) {
	const label = len("Further credit: ")
	for length, want := range map[int][]int{1: {label + 1}, 105 - label: {105}, 106 - label: {105, 1}, 140: {105, 35 + label}} {
		r := scenario()
		r.Payments[0].FurtherCredit = strings.Repeat("é", length)
		drafts, err := camt056.Drafts(camt056.Config{}, r)
		if err != nil {
			t.Fatal(err)
		}
		lines := read(t, drafts[0].Document).At("FIToFIPmtCxlReq/Undrlyg/TxInf/CxlRsnInf").All("AddtlInf")[1:]
		if len(lines) != len(want) {
			t.Errorf("%d characters make %d lines, want %d", length, len(lines), len(want))
			continue
		}
		whole := ""
		for i, line := range lines {
			whole += line.Text
			if n := len([]rune(line.Text)); n != want[i] {
				t.Errorf("%d characters: line %d has %d, want %d", length, i+1, n, want[i])
			}
		}
		if whole != "Further credit: "+r.Payments[0].FurtherCredit {
			t.Errorf("%d characters: lost some: %q", length, whole)
		}
	}
}

// TestEveryFreeTextIsLookedAt puts a word that no bank may read into each.
func TestEveryFreeTextIsLookedAt(t *testing.T) {
	for field, change := range map[string]func(*freeze.Request, string){
		"subject.servicer.name":            func(r *freeze.Request, s string) { r.Subject.Servicer.Name = s },
		"subject.account.name":             func(r *freeze.Request, s string) { r.Subject.Account.Name = s },
		"subject.account.sub_account":      func(r *freeze.Request, s string) { r.Subject.Account.SubAccount = s },
		"subject.holders.name":             func(r *freeze.Request, s string) { r.Subject.Holders = []freeze.Holder{{Role: "owner", Name: s}} },
		"payments[0].debtor.name":          func(r *freeze.Request, s string) { r.Payments[0].Debtor.Name = s },
		"payments[0].debtor.account.name":  func(r *freeze.Request, s string) { r.Payments[0].Debtor.Account.Name = s },
		"payments[0].debtor.servicer.name": func(r *freeze.Request, s string) { r.Payments[0].Debtor.Servicer.Name = s },
		"payments[0].remittance":           func(r *freeze.Request, s string) { r.Payments[0].Remittance = s },
		"payments[0].further_credit":       func(r *freeze.Request, s string) { r.Payments[0].FurtherCredit = s },
		"payments[0].intermediaries[0].servicer.name": func(r *freeze.Request, s string) {
			r.Payments[0].Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{Name: s}}}
		},
	} {
		for word, told := range map[string]bool{
			"ask the FIU": true, "Suspicious": true, "money laundering": true, "after a SIM swap": true, "IMEI 1": true, "says fiu of india secret": true, "SECRET BACKGROUND": true,
			"Fiume Trading": false, "Simone Swapna": false, "Laundry 24": false, "secret": false,
		} {
			r := scenario()
			change(r, word)
			_, err := camt056.Drafts(camt056.Config{}, r)
			var u *camt056.Unmappable
			if told != (err != nil) || told && (!errors.As(err, &u) || u.Field != field) {
				t.Errorf("%s %q: %v", field, word, err)
			}
		}
	}
}

// TestChasesAreOfTheAlert takes a status request about any message of the alert,
// and of no other.
func TestChasesAreOfTheAlert(t *testing.T) {
	r := scenario()
	r.Payments[0].Recall.State, r.Payments[1].Recall.State = "initiated", "forwarded"
	r.Payments[0].Refs.ClearingRef = "C-9"
	other := "B" + alert[1:]
	for about, want := range map[string]int{
		freeze.RequesterID(alert, 1): 2, freeze.RequesterID(alert, 7): 2, freeze.ResponderID(alert, 1): 2, alert + "-P02": 1,
		freeze.RequesterID(other, 1): 0, other + "-P01": 0, freeze.RequesterID(alert, 1) + "-R1": 0, alert: 0, "": 0,
	} {
		s := &freeze.StatusRequest{About: about}
		s.MessageID, s.CreatedAt = freeze.RequesterID(alert, 8), freeze.At(executed.Add(time.Hour))
		drafts, err := camt056.Chases(camt056.Config{}, r, s)
		items := 0
		for _, d := range drafts {
			items += len(d.Items)
		}
		if items != want || (err != nil) != (want == 0) {
			t.Errorf("about %q: %d payments, want %d, %v", about, items, want, err)
		}
		if want == 2 && read(t, drafts[0].Document).String("FIToFIPmtStsReq/TxInf/ClrSysRef") != "C-9" {
			t.Error("the clearing reference is not in the chase")
		}
	}
	many := scenario()
	many.Payments = nil
	for i := 1; i <= 100; i++ {
		p := payment(1, "d23f0824-128b-4f33-8c5c-7fd0a6a3a450", "1.00")
		p.ItemID, p.Recall.State = freeze.ItemID(alert, i), "initiated"
		many.Payments = append(many.Payments, p)
	}
	s := &freeze.StatusRequest{About: many.MessageID}
	s.MessageID = freeze.RequesterID(alert, 8)
	for n, good := range map[int]bool{99: true, 100: false} {
		part := *many
		part.Payments = many.Payments[:n]
		chases, err := camt056.Chases(camt056.Config{Single: true}, &part, s)
		if good != (err == nil) || good && len(chases) != n {
			t.Errorf("%d messages: %d, %v", n, len(chases), err)
		}
		for i := range part.Payments {
			part.Payments[i].Recall.State = "none"
		}
		drafts, err := camt056.Drafts(camt056.Config{Single: true}, &part)
		if good != (err == nil) || good && (len(drafts) != n || len(drafts[n-1].ID) > 35) {
			t.Errorf("%d drafts: %d, %v", n, len(drafts), err)
		}
		for i := range part.Payments {
			part.Payments[i].Recall.State = "initiated"
		}
	}
}
