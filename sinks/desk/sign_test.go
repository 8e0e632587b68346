package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// roles are an officer, two supervisors, a head and an auditor.
func roles(id string) (caselog.Role, bool) {
	role, known := map[string]caselog.Role{
		"O1": caselog.RoleOfficer, "O2": caselog.RoleOfficer, "O3": caselog.RoleOfficer, "S1": caselog.RoleSupervisor, "H1": caselog.RoleHead, "A1": caselog.RoleAuditor,
		"author": caselog.RoleHead,
	}[id]
	return role, known
}

// pair is a desk of India with roles, and its partner in the United Kingdom.
func pair(t *testing.T, change func(*desk.Options)) (in, gb *end) {
	t.Helper()
	in, gb = newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(people())}, in)
	in.start(t, setup{brokers: fake(t), change: func(o *desk.Options) {
		o.Role = roles
		if change != nil {
			change(o)
		}
	}}, []policy.Party{gb.party(people())}, gb)
	return in, gb
}

// people is an agreement under which nothing goes out by itself.
func people() policy.Policy {
	p := agreement()
	p.AutoProvisional = nil
	return p
}

func appendHit(t *testing.T, d *desk.Desk, h *hit.Hit) {
	t.Helper()
	h.Owner = "author"
	must(t, d.Append(t.Context(), []*hit.Hit{h}))
}

// turnedDown lets somebody try what is not possible.
func turnedDown(t *testing.T, d *desk.Desk, id, want string, a desk.Action) {
	t.Helper()
	_, err := d.Act(context.Background(), id, a)
	if !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s as %s: %v, want %q", a.Do, a.As, err, want)
	}
}

// sentBodies are the requests and amendments of an alert, as they went out.
func sentBodies(t *testing.T, d *desk.Desk, id string) []*freeze.Request {
	t.Helper()
	detail, err := d.Show(t.Context(), id)
	must(t, err)
	var out []*freeze.Request
	for _, m := range detail.Messages {
		if m.Type != string(freeze.TypeRequest) && m.Type != string(freeze.TypeAmendment) {
			continue
		}
		parsed, err := freeze.Parse([]byte(m.Body))
		must(t, err)
		switch r := parsed.(type) {
		case *freeze.Request:
			out = append(out, r)
		case *freeze.Amendment:
			out = append(out, &r.Request)
		}
	}
	return out
}

func TestPeopleSignWhatGoesOut(t *testing.T) {
	t.Parallel()
	in, gb := pair(t, nil)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "the alert is there", func() bool { return len(in.desk.List(desk.Filter{})) == 1 })
	id := one(t, in.desk).ID
	seen, err := in.desk.Show(t.Context(), id)
	must(t, err)
	if len(seen.Content) != 64 || seen.Needs != 2 || seen.Golden == 0 {
		t.Errorf("view %s", asJSON(seen.View))
	}
	turnedDown(t, in.desk, id, "wrote the rule", desk.Action{Do: "approve", As: "author"})
	turnedDown(t, in.desk, id, "auditor", desk.Action{Do: "approve", As: "A1"})
	turnedDown(t, in.desk, id, "look again", desk.Action{Do: "approve", As: "O1", Digest: strings.Repeat("0", 64)})
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O1", Digest: seen.Content})

	// A payment more: what O1 signed is no more what would go out.
	appendHit(t, in.desk, report("TX-2", uetr2, "9500.00"))
	eventually(t, "the approval is void on the log", func() bool {
		v := one(t, in.desk)
		return v.Payments == 2 && len(v.Voided) == 1 && v.Voided[0].Told && v.Voided[0].By[0] == "O1"
	})
	turnedDown(t, in.desk, id, "look again", desk.Action{Do: "approve", As: "O2", Digest: seen.Content})
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O2"})
	if len(gb.desk.List(desk.Filter{})) != 0 {
		t.Error("something went out on one signature")
	}

	// O3 writes: he may not sign, and O2 signs anew.
	act(t, in.desk, id, desk.Action{Do: "edit", As: "O3", Texts: map[string]string{"legal.facts": "Seen by an officer.", "sub_account": "WALLET 77120"}, Reason: "sub-account known"})
	turnedDown(t, in.desk, id, "edited this", desk.Action{Do: "approve", As: "O3"})
	turnedDown(t, in.desk, id, "already", desk.Action{Do: "edit", As: "O3", Texts: map[string]string{"sub_account": "WALLET 77120"}})
	turnedDown(t, in.desk, id, `text "narrative": edit takes legal.facts`, desk.Action{Do: "edit", As: "O3", Texts: map[string]string{"narrative": "x"}})
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O2"})
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O1"})
	eventually(t, "GB has it", func() bool { return find(gb.desk, "in", "IN-FIU").State == "received" })
	r := sentBodies(t, in.desk, id)[0]
	digest, err := freeze.ContentDigest(r)
	must(t, err)
	if r.Legal.Facts != "Seen by an officer." || r.Subject.Account.SubAccount != "WALLET 77120" || len(r.Payments) != 2 || r.Approval.Mode != "two" || r.Approval.ContentDigest != digest {
		t.Errorf("request %s", asJSON(r))
	}
	amendDown(t, in, gb, id)
}

// amendDown lowers what is asked on one signature.
func amendDown(t *testing.T, in, gb *end, id string) {
	t.Helper()
	r := sentBodies(t, in.desk, id)[0]
	eventually(t, "the receipt is there", func() bool { return one(t, in.desk).State == "received" })
	act(t, in.desk, id, desk.Action{Do: "edit", As: "O3", Amounts: map[string]freeze.Money{r.Payments[1].ItemID: {Amount: "9000.00", Currency: "GBP"}}, Asks: []string{"-trace"}})
	turnedDown(t, in.desk, id, "edited this", desk.Action{Do: "approve", As: "O3"})
	if v := one(t, in.desk); v.Needs != 1 {
		t.Errorf("less takes %d signatures", v.Needs)
	}
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O1"})
	eventually(t, "the amendment is there", func() bool {
		v := find(gb.desk, "in", "IN-FIU")
		return len(v.Totals) == 1 && v.Totals[0].Disputed == "27000.00" && len(v.Asks) == 1
	})
	if out := sentBodies(t, in.desk, id); len(out) != 2 || out[1].Approval.Mode != "one" || out[1].Provisional {
		t.Errorf("messages %s", asJSON(out))
	}
}

func TestEmergencyIsConfirmedBySomebodyElse(t *testing.T) {
	t.Parallel()
	in, gb := pair(t, nil)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "the alert is there", func() bool { return len(in.desk.List(desk.Filter{})) == 1 })
	id := one(t, in.desk).ID
	turnedDown(t, in.desk, id, "takes a supervisor", desk.Action{Do: "emergency", As: "O1"})
	act(t, in.desk, id, desk.Action{Do: "emergency", As: "S1", Reason: "money is moving"})
	eventually(t, "GB has it", func() bool { return find(gb.desk, "in", "IN-FIU").State == "received" })
	if v := find(gb.desk, "in", "IN-FIU"); !v.Provisional || v.Confirmed {
		t.Errorf("GB sees %s", asJSON(v))
	}
	r := sentBodies(t, in.desk, id)[0]
	if r.Approval.Mode != "emergency" || r.ConfirmBy == nil {
		t.Errorf("request %s", asJSON(r))
	}
	if v := one(t, in.desk); v.Emergency != "S1" {
		t.Errorf("view %s", asJSON(v))
	}
	turnedDown(t, in.desk, id, "S1 has sent this", desk.Action{Do: "confirm", As: "S1"})
	turnedDown(t, in.desk, id, "wrote the rule", desk.Action{Do: "confirm", As: "author"})
	turnedDown(t, in.desk, id, "look again", desk.Action{Do: "confirm", As: "O1", Digest: strings.Repeat("0", 64)})
	act(t, in.desk, id, desk.Action{Do: "confirm", As: "O1", Digest: r.Approval.ContentDigest})
	eventually(t, "GB knows", func() bool { return find(gb.desk, "in", "IN-FIU").Confirmed })
}

func TestBudgetTakesOneOfficerMore(t *testing.T) {
	t.Parallel()
	in, gb := pair(t, func(o *desk.Options) { o.Budgets = desk.Budgets{Party: 1} })
	first, second := report("TX-1", uetr1, "18000.00"), report("TX-2", uetr2, "100.00")
	s := &second.Alerts[0].Subject
	s.UID, s.Account = "GB65HWBB00000000000202", "GB65HWBB00000000000202"
	appendHit(t, in.desk, first)
	appendHit(t, in.desk, second)
	eventually(t, "the alerts are there", func() bool { return len(in.desk.List(desk.Filter{})) == 2 })
	for _, v := range in.desk.List(desk.Filter{}) {
		act(t, in.desk, v.ID, desk.Action{Do: "approve", As: "O1"})
		act(t, in.desk, v.ID, desk.Action{Do: "approve", As: "O2"})
	}
	var held desk.View
	eventually(t, "one went out and one waits", func() bool {
		sent := 0
		for _, v := range in.desk.List(desk.Filter{}) {
			if v.Exceeded != nil {
				held = v
			} else if v.State == "received" {
				sent++
			}
		}
		return sent == 1 && held.ID != ""
	})
	if held.State != "proposed" || held.Needs != 3 || held.Exceeded.What != "party" || held.Exceeded.Of != "GB-FIU" || held.Exceeded.Limit != 1 || held.Exceeded.Count != 1 {
		t.Errorf("waits %s", asJSON(held))
	}
	if n := len(gb.desk.List(desk.Filter{})); n != 1 {
		t.Errorf("GB has %d", n)
	}
	act(t, in.desk, held.ID, desk.Action{Do: "approve", As: "S1"})
	eventually(t, "both are out", func() bool { return len(gb.desk.List(desk.Filter{})) == 2 })
}

func TestRejectedGoesToTheNextParty(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	police := newEnd(t, policy.Self{ID: "GB-POL", Name: "Police", Kind: "lea", Country: "GB"})
	police.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(people())}, in)
	tracer, traces := newEnd(t, policy.Self{ID: "GB-NCA", Name: "Agency", Kind: "lea", Country: "GB"}), people()
	traces.Asks, traces.AutoProvisional = []string{"monitor"}, nil
	in.start(t, setup{brokers: fake(t), change: func(o *desk.Options) { o.Role = roles }}, []policy.Party{gb.party(people()), police.party(people()), tracer.party(traces)}, gb, police)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "the alert is there", func() bool { return len(in.desk.List(desk.Filter{Party: "GB-FIU"})) == 1 })
	id := find(in.desk, "out", "GB-FIU").ID
	act(t, in.desk, id, desk.Action{Do: "approve", As: "O1"})
	turnedDown(t, in.desk, id, "about: no party FR-FIU: want one of: GB-POL", desk.Action{Do: "reroute", As: "O1", About: "FR-FIU"})
	turnedDown(t, in.desk, id, "about: GB-FIU is where it is: want one of: GB-POL", desk.Action{Do: "reroute", As: "O1", About: "GB-FIU"})
	turnedDown(t, in.desk, id, "covers nothing of what is asked: want one of: GB-POL", desk.Action{Do: "reroute", As: "O1", About: "GB-NCA"})
	if tasked(find(in.desk, "out", "GB-FIU"), "no_route") {
		t.Error("a reroute that was refused is a task")
	}
	act(t, in.desk, id, desk.Action{Do: "reroute", As: "O1"})
	eventually(t, "the alert is at the police", func() bool { return find(in.desk, "out", "GB-POL").ID != "" })
	eventually(t, "it is closed here", func() bool {
		v := find(in.desk, "out", "GB-FIU")
		return v.State == "closed" && v.Ending == "rerouted" && v.MovedTo == find(in.desk, "out", "GB-POL").ID
	})
	next := find(in.desk, "out", "GB-POL")
	if len(next.Approvals) != 0 || next.Payments != 1 || next.Totals[0].Disputed != "18000.00" {
		t.Errorf("alert %s", asJSON(next))
	}
	act(t, in.desk, next.ID, desk.Action{Do: "approve", As: "O1"})
	act(t, in.desk, next.ID, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "the police have it", func() bool { return find(police.desk, "in", "IN-FIU").State == "received" })
}

// TestChangedConfigVoidsWhatWasSigned restarts a desk with other legal texts between
// two signatures.
func TestChangedConfigVoidsWhatWasSigned(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(people())}, in)
	s := setup{brokers: fake(t), change: func(o *desk.Options) { o.Role = roles }}
	stop := in.start(t, s, []policy.Party{gb.party(people())}, gb)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "the alert is there", func() bool { return len(in.desk.List(desk.Filter{})) == 1 })
	act(t, in.desk, one(t, in.desk).ID, desk.Action{Do: "approve", As: "O1"})
	stop()
	other := people()
	other.Texts.Nexus = "the money came back"
	in.start(t, s, []policy.Party{gb.party(other)}, gb)
	act(t, in.desk, one(t, in.desk).ID, desk.Action{Do: "approve", As: "O2"})
	eventually(t, "O1's approval is void", func() bool {
		v := one(t, in.desk)
		return v.State == "proposed" && len(v.Voided) == 1 && v.Voided[0].By[0] == "O1" && len(v.Approvals) == 1
	})
	act(t, in.desk, one(t, in.desk).ID, desk.Action{Do: "approve", As: "O1"})
	eventually(t, "GB has it", func() bool { return find(gb.desk, "in", "IN-FIU").State == "received" })
	if r := sentBodies(t, in.desk, one(t, in.desk).ID)[0]; r.Legal.Nexus != "the money came back" {
		t.Errorf("request %s", asJSON(r))
	}
}

// TestNotesAndEditsStayOffTheOpenLog looks for texts of officers on the log.
func TestNotesAndEditsStayOffTheOpenLog(t *testing.T) {
	t.Parallel()
	in, _ := pair(t, nil)
	appendHit(t, in.desk, report("TX-1", uetr1, "18000.00"))
	eventually(t, "the alert is there", func() bool { return len(in.desk.List(desk.Filter{})) == 1 })
	id := one(t, in.desk).ID
	act(t, in.desk, id, desk.Action{Do: "note", As: "O1", Texts: map[string]string{"text": "SECRETNOTE"}})
	act(t, in.desk, id, desk.Action{Do: "note", As: "O2", Reason: "SECRETREASON"})
	act(t, in.desk, id, desk.Action{Do: "edit", As: "O1", Texts: map[string]string{"legal.facts": "SECRETFACTS"}})
	events, err := in.desk.Events(t.Context(), id, -1, 100)
	must(t, err)
	text, err := json.Marshal(events)
	must(t, err)
	if strings.Contains(string(text), "SECRET") || !strings.Contains(string(text), "noted") || !strings.Contains(string(text), "amended") {
		t.Errorf("events %s", text)
	}
	detail, err := in.desk.Show(t.Context(), id)
	must(t, err)
	if len(detail.Notes) != 2 || detail.Notes[1].Text != "SECRETREASON" || detail.Notes[1].By != "O2" || detail.Notes[0].Text != "SECRETNOTE" || detail.Notes[0].By != "O1" {
		t.Errorf("notes %s", asJSON(detail.Notes))
	}
}
