package desk_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/policy"
)

// byHand makes a live desk that reaches the United Kingdom over a folder alone.
func byHand(t *testing.T) (in *end, dir string) {
	t.Helper()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	dir = t.TempDir()
	sender, err := manual.New(manual.Config{Out: dir}, manual.Options{Party: "GB-FIU"})
	must(t, err)
	change := func(o *desk.Options) {
		o.Environment = "live"
		o.Channels = map[string][]desk.Channel{"GB-FIU": {{Kind: manual.Channel, Sender: sender}}}
		o.Role = officers("O1", "O2", "O3")
	}
	in.start(t, setup{brokers: fake(t), change: change}, []policy.Party{gb.party(agreement())}, gb)
	return in, dir
}

func refusedAct(t *testing.T, d *desk.Desk, id string, a desk.Action, want string) {
	t.Helper()
	if _, err := d.Act(t.Context(), id, a); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s as %s: %v, want %q", a.Do, a.As, err, want)
	}
}

const paper = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// TestPaperGoesTheWayOfTheWire asks a party by hand, and takes in what it says on
// paper: the alert ends as one whose messages came by wire.
func TestPaperGoesTheWayOfTheWire(t *testing.T) {
	t.Parallel()
	in, dir := byHand(t)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the request lies in the folder", func() bool { return state(in.desk) == "approved" && len(one(t, in.desk).Tasks) == 1 })
	id := one(t, in.desk).ID
	d := in.desk
	shown, err := d.Show(t.Context(), id)
	must(t, err)
	m := shown.Messages[0]
	exact, err := os.ReadFile(filepath.Join(dir, m.ID+".json"))
	must(t, err)
	if string(exact) != m.Body || m.Exported == 0 || m.Delivered != 0 || m.Channel != "manual" || shown.Tasks[0].Kind != "transmit" {
		t.Errorf("exported %s, tasks %s, the folder has\n%s", asJSON(m), asJSON(shown.Tasks), exact)
	}
	for _, form := range []string{".txt", ".pdf"} {
		if info, err := os.Stat(filepath.Join(dir, m.ID+form)); err != nil || info.Size() < 500 {
			t.Errorf("%s: %v", form, err)
		}
	}

	refusedAct(t, d, id, desk.Action{Do: "transmitted", As: "O1", About: m.ID, How: "By Hand"}, "how")
	refusedAct(t, d, id, desk.Action{Do: "transmitted", As: "O1", About: m.ID, Document: "abc"}, "document")
	act(t, d, id, desk.Action{Do: "transmitted", As: "O1", About: m.ID, How: "portal", Document: paper})
	if v := one(t, d); v.State != "sent" || len(apart(v)) != 0 {
		t.Fatalf("after transmission: %s", asJSON(v))
	}
	act(t, d, id, desk.Action{Do: "record", As: "O1", Code: "received"})
	act(t, d, id, desk.Action{Do: "record", As: "O1", Code: "accepted", How: "telephone", Texts: map[string]string{"ref": "UK-77"}})
	if v := one(t, d); v.State != "accepted" || v.PartnerRef != "UK-77" {
		t.Fatalf("after the receipts: %s", asJSON(v))
	}
	recordOutcome(t, d, id, m.ID)
}

// recordOutcome has two officers record that money is held.
func recordOutcome(t *testing.T, d *desk.Desk, id, asked string) {
	t.Helper()
	const said = `{"decision":"granted","final":false,"measures":[{"measure_id":"UK-M1","ask_id":"ASK","kind":"bank_hold","state":"in_force","amount":{"amount":"18000.00","currency":"GBP"},"account":{"scheme":"iban","id":"GB52HWBA00000000000101","type":"unknown"},"authority":{"name":"Bank A","kind":"bank"},"legal_basis":"consent withheld","in_force_at":"NOW","expires_at":"2036-03-11T00:00:00.000Z","extendable":true,"convert":{"need":"court_order"},"ends_if_silent":true}],"funds":[{"item_id":"ITEM","disposition":"held","money":{"amount":"18000.00","currency":"GBP"}}]}`
	shown, err := d.Show(t.Context(), id)
	must(t, err)
	parsed, err := freeze.Parse([]byte(shown.Messages[0].Body))
	must(t, err)
	request, _ := parsed.(*freeze.Request)
	text := strings.NewReplacer(`"ASK"`, `"`+request.Asks[0].AskID+`"`, "ITEM", request.Payments[0].ItemID, "NOW", request.Payments[0].ExecutedAt.String()).Replace(said)
	action := desk.Action{Do: "record", As: "O1", Code: "outcome", Document: paper, How: "portal", Texts: map[string]string{"message": text}}
	for _, bad := range []struct {
		change func(*desk.Action)
		want   string
	}{
		{func(a *desk.Action) { a.Document = "" }, "document"},
		{func(a *desk.Action) { a.Code = "gossip" }, "code"},
		{func(a *desk.Action) { a.Texts = nil }, "message"},
		{func(a *desk.Action) { a.Texts = map[string]string{"message": `{"decision":"maybe"}`} }, "decision"},
		{func(a *desk.Action) { a.About = "nothing" }, "about"},
	} {
		wrong := action
		bad.change(&wrong)
		refusedAct(t, d, id, wrong, bad.want)
	}
	act(t, d, id, action)
	shown, err = d.Show(t.Context(), id)
	must(t, err)
	if shown.State != "accepted" || len(shown.Recorded) != 1 || shown.Recorded[0].Manual.By != "O1" || shown.Outcome != nil {
		t.Fatalf("one officer's word: %s %s", shown.State, asJSON(shown.Recorded))
	}
	word := shown.Recorded[0].ID
	refusedAct(t, d, id, desk.Action{Do: "record", As: "O1", About: word}, "somebody else")
	act(t, d, id, desk.Action{Do: "strike", As: "O1", About: word})
	refusedAct(t, d, id, desk.Action{Do: "record", As: "O2", About: word}, "about")
	act(t, d, id, action)
	act(t, d, id, desk.Action{Do: "record", As: "O2", About: word})
	shown, err = d.Show(t.Context(), id)
	must(t, err)
	if shown.State != "decided" || shown.Decision != "granted" || len(shown.Measures) != 1 || len(shown.Recorded) != 0 || len(apart(shown.View)) != 0 {
		t.Errorf("two officers' word: %s", asJSON(shown.View))
	}
	in := shown.Inbox[len(shown.Inbox)-1]
	if in.ID != word || !strings.Contains(in.Body, asked) || strings.Contains(asJSON(shown.View), "consent withheld") {
		t.Errorf("the outcome is kept as %s", asJSON(in))
	}
}

// apart lists the open tasks.
func apart(v desk.View) []string {
	var out []string
	for _, t := range v.Tasks {
		if t.Done == "" {
			out = append(out, t.Kind+" "+t.About)
		}
	}
	return out
}

// TestRejectionOnPaper takes in that a party has turned a request away.
func TestRejectionOnPaper(t *testing.T) {
	t.Parallel()
	in, _ := byHand(t)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the request lies in the folder", func() bool { return state(in.desk) == "approved" && len(one(t, in.desk).Tasks) == 1 })
	id := one(t, in.desk).ID
	reject := desk.Action{Do: "record", As: "O1", Code: "rejected", Texts: map[string]string{"code": "not_competent", "text": "another FIU"}}
	wrong := reject
	wrong.Texts = map[string]string{"code": "no such code"}
	refusedAct(t, in.desk, id, wrong, "reject")
	act(t, in.desk, id, reject)
	if v := one(t, in.desk); v.State != "rejected" {
		t.Errorf("after the rejection: %s", asJSON(v))
	}
}
