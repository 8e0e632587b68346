package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// TestMisplacedRequests lets partners ask under the id of somebody else's alert, and
// about another account under their own: they are rejected, and officers can go on.
func TestMisplacedRequests(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	must(t, c.in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the request is there", func() bool { return find(c.gb.desk, "in", "IN-FIU").ID != "" })
	id := find(c.gb.desk, "in", "IN-FIU").ID
	detail, err := c.gb.desk.Show(t.Context(), id)
	must(t, err)
	asked := func() *freeze.Request {
		m, err := freeze.Parse([]byte(detail.Inbox[0].Body))
		must(t, err)
		r, _ := m.(*freeze.Request)
		return r
	}
	amend := func(change func(*freeze.Amendment)) *freeze.Amendment {
		a := &freeze.Amendment{Request: *asked(), Supersedes: asked().MessageID, Changes: []freeze.Change{{Field: "subject"}}}
		a.Type, a.Sequence, a.MessageID = freeze.TypeAmendment, 7, freeze.RequesterID(id, 7)
		change(a)
		return a
	}
	for _, x := range []struct {
		name, party, field string
		d                  *desk.Desk
		m                  freeze.Message
	}{
		{"a request of another party", "BANK-A", "alert_id", c.gb.desk, asked()},
		{"an amendment of another party", "BANK-A", "alert_id", c.gb.desk, amend(func(*freeze.Amendment) {})},
		{"a request under the id of our own alert", "GB-FIU", "alert_id", c.in.desk, asked()},
		{"another account", "IN-FIU", "subject.account", c.gb.desk, amend(func(a *freeze.Amendment) { a.Subject.Account.ID = "GB65HWBB00000000000202" })},
		{"a sub-account of the account", "IN-FIU", "", c.gb.desk, amend(func(a *freeze.Amendment) { a.Subject.Account.SubAccount = "WALLET 1" })},
	} {
		var got string
		body, err := freeze.Encode(x.m)
		must(t, err)
		answer, err := x.d.Accept(t.Context(), delivery.Inbound{
			Party: x.party, Channel: "webhook", MessageID: x.m.Head().MessageID, Type: x.m.Head().Type, Body: body, Digest: freeze.DigestOf(body), Message: x.m,
			ReceivedAt: time.Now(), Receipt: []byte("received"),
			Reject: func(r freeze.Reject) ([]byte, error) {
				got = r.Field
				return []byte("rejected"), nil
			},
		})
		if err != nil || answer.Rejected != (x.field != "") || got != x.field {
			t.Errorf("%s: rejected %t for %q, want %q: %v", x.name, answer.Rejected, got, x.field, err)
		}
	}
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	if detail, err := c.gb.desk.Show(t.Context(), strings.ToUpper(id[:12])); err != nil || detail.ID != id {
		t.Errorf("the alert cannot be found any more: %v", err)
	}
}

// TestIdsAreTakenAsListsShowThem edits an item by the end of its id.
func TestIdsAreTakenAsListsShowThem(t *testing.T) {
	t.Parallel()
	in, _ := pair(t, nil)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	amounts := map[string]freeze.Money{"P01": {Amount: "17000.00", Currency: "GBP"}}
	act(t, in.desk, id, desk.Action{Do: "edit", As: "O1", Amounts: amounts})
	if totals := one(t, in.desk).Totals; len(totals) != 1 || totals[0].Disputed != "17000.00" {
		t.Errorf("totals %v", totals)
	}
	if len(amounts) != 1 || amounts["P01"].Amount != "17000.00" {
		t.Errorf("the caller's map became %v", amounts)
	}
	turnedDown(t, in.desk, id, "no", desk.Action{Do: "edit", As: "O1", Amounts: map[string]freeze.Money{"P09": {Amount: "1.00", Currency: "GBP"}}})
}

// TestEditsAreBounded lets an officer dispute no more than the reports know of, name no
// offence of his own, and take back what he lowered.
func TestEditsAreBounded(t *testing.T) {
	t.Parallel()
	in, _ := pair(t, nil)
	h := report("TX-1", uetr1, "18000.00")
	h.Alerts[0].Payments[0].Credited = money("17900.00", "GBP")
	h.Alerts[0].Payments[0].Amount = money("9000.00", "GBP")
	appendHit(t, in.desk, h)
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	edit := func(amount, currency string) desk.Action {
		return desk.Action{Do: "edit", As: "O1", Amounts: map[string]freeze.Money{"P01": {Amount: freeze.Dec(amount), Currency: currency}}}
	}
	turnedDown(t, in.desk, id, "amounts."+id+"-P01: 17900.01 GBP: want more than 0 and at most 17900.00 GBP", edit("17900.01", "GBP"))
	turnedDown(t, in.desk, id, "amounts."+id+"-P01: 1 USD: want GBP", edit("1", "USD"))
	turnedDown(t, in.desk, id, "no payment would be left", edit("0", "GBP"))
	text := func(name string, n int) desk.Action {
		return desk.Action{Do: "edit", As: "O1", Texts: map[string]string{name: strings.Repeat("é", n)}}
	}
	turnedDown(t, in.desk, id, "text legal.facts: 2001 characters: want at most 2000", text("legal.facts", 2001))
	turnedDown(t, in.desk, id, "text sub_account: 65 characters: want at most 64", text("sub_account", 65))
	turnedDown(t, in.desk, id, `asks: "monitor": the agreement with GB-FIU (bilateral) covers hold_amount, `, desk.Action{Do: "edit", As: "O1", Asks: []string{"trace", "+monitor"}})
	act(t, in.desk, id, text("legal.facts", 2000))
	act(t, in.desk, id, text("legal.facts", 0))
	turnedDown(t, in.desk, id, `offence: "frod": want one of fraud, computer_fraud`, desk.Action{Do: "edit", As: "O1", Offence: "frod"})
	act(t, in.desk, id, desk.Action{Do: "edit", As: "O1", Offence: "identity_fraud"})
	act(t, in.desk, id, edit("17900.00", "GBP"))
	act(t, in.desk, id, edit("1.00", "GBP"))
	act(t, in.desk, id, edit("9000.00", "GBP"))
	if v := one(t, in.desk); v.Totals[0].Disputed != "9000.00" {
		t.Errorf("after the edits: %s", asJSON(v))
	}
}

// TestWhatIsReportedMayBeDisputed raises an amount back to what was reported, where the
// reports tell no other sum.
func TestWhatIsReportedMayBeDisputed(t *testing.T) {
	t.Parallel()
	in, _ := pair(t, nil)
	h := report("TX-1", uetr1, "18000.00")
	h.Alerts[0].Payments[0].Credited = nil
	appendHit(t, in.desk, h)
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	edit := func(amount string) desk.Action {
		return desk.Action{Do: "edit", As: "O1", Amounts: map[string]freeze.Money{"P01": {Amount: freeze.Dec(amount), Currency: "GBP"}}}
	}
	act(t, in.desk, id, edit("1.00"))
	act(t, in.desk, id, edit("2.00"))
	turnedDown(t, in.desk, id, "at most 18000.00 GBP", edit("18000.01"))
	act(t, in.desk, id, edit("18000.00"))
}

// TestRefusedActsLeaveNothing lets officers try what is refused, and looks at the log.
func TestRefusedActsLeaveNothing(t *testing.T) {
	t.Parallel()
	in, _ := pair(t, nil)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "a proposal", func() bool { return state(in.desk) == "proposed" })
	id := one(t, in.desk).ID
	before, err := in.desk.Events(t.Context(), id, -1, 100)
	must(t, err)
	for range 3 {
		turnedDown(t, in.desk, id, "nothing provisional", desk.Action{Do: "confirm", As: "O1", Reason: "again"})
		turnedDown(t, in.desk, id, "is not possible", desk.Action{Do: "withdraw", As: "O1"})
		turnedDown(t, in.desk, id, "no item", desk.Action{Do: "edit", As: "O1", Amounts: map[string]freeze.Money{"P09": {Amount: "1.00", Currency: "GBP"}}})
	}
	act(t, in.desk, id, desk.Action{Do: "note", As: "O1", Texts: map[string]string{"note": "read"}})
	after, err := in.desk.Events(t.Context(), id, -1, 100)
	must(t, err)
	if gap := after[len(after)-1].Offset - before[len(before)-1].Offset; gap != 1 {
		t.Errorf("%d records on the log, want the note alone", gap)
	}
}
