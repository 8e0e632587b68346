package paper_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/paper"
	"github.com/haltwire/haltwire/sinks/freeze"
)

const letter = `{
	"urgency": "critical",
	"legal": {"requester_basis": {"code": "MLPA", "text": "section 7"}, "predicate_offence": {"code": "fraud"}, "ml_suspicion": false, "facts": "A SIM was changed.",
		"reason": "fraud", "nexus": "the money went there", "intended_use": "to hold it", "followup": {"mla": false}},
	"asks": [{"kind": "hold_amount"}, {"kind": "trace"}],
	"subject": {"account": {"scheme": "iban", "id": "GB52HWBA00000000000101"}, "servicer": {"bic": "HWBAGB2L", "country": "GB"}},
	"payments": [{"refs": {"uetr": "6513270e-269e-4d37-b2a7-4de452e6b438"}, "disputed": {"amount": "18000.00", "currency": "GBP"},
		"executed_at": "2026-03-02T04:10:00.000Z", "debtor": {"servicer": {"name": "Bank of the victim", "country": "JP"}}}]
}`

const id = "AAAAAAAAAAAAAAAAAAAAAAAAAA"

func defaults() paper.Defaults {
	at := time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC)
	return paper.Defaults{
		Environment: "live", AlertID: id, Sequence: 1, Supersedes: id + "-Q001", At: at, Regime: "egmont", ValidFor: 72 * time.Hour, Accept: at.Add(time.Hour), Decide: at.Add(24 * time.Hour),
		Sender: freeze.Party{PartyID: "JP-FIU", Kind: "fiu", Country: "JP"}, Recipient: freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"},
		Handling: freeze.Handling{TLP: "amber", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestALetterBecomesAValidRequest(t *testing.T) {
	f, err := paper.Read([]byte(letter))
	must(t, err)
	must(t, f.Fill(defaults()))
	m, err := freeze.Parse(f.Body)
	must(t, err)
	r, _ := m.(*freeze.Request)
	if r == nil || r.MessageID != id+"-Q001" || r.Sender.PartyID != "JP-FIU" || r.Recipient.PartyID != "GB-FIU" || r.Legal.Regime != "egmont" || r.Case.ID != id {
		t.Fatalf("envelope of\n%s", f.Body)
	}
	if r.Asks[0].AskID != id+"-K01" || r.Asks[0].Amount == nil || r.Asks[0].Amount.Amount != "18000.00" || r.Asks[1].Amount != nil {
		t.Errorf("asks %+v", r.Asks)
	}
	p := r.Payments[0]
	if p.ItemID != id+"-P01" || p.Rail != "other" || p.Authorisation != "unknown" || p.Debtor.Kind != "unknown" || r.Subject.AccountCountry != "GB" || len(r.Totals) != 1 || r.Totals[0].Disputed != "18000.00" {
		t.Errorf("payment %+v, totals %+v", p, r.Totals)
	}
	if digest, err := freeze.ContentDigest(r); err != nil || digest != r.Approval.ContentDigest || r.Approval.Mode != "one" {
		t.Errorf("approval %+v, want the digest %s, %v", r.Approval, digest, err)
	}
	again, err := paper.Read([]byte(letter))
	must(t, err)
	must(t, again.Fill(defaults()))
	if !bytes.Equal(again.Body, f.Body) {
		t.Error("the same letter gave other bytes")
	}
}

func TestWhatTheLetterSaysStays(t *testing.T) {
	said := strings.NewReplacer(`"kind": "hold_amount"`, `"kind": "hold_amount", "ask_id": "K9", "amount": {"amount": "17000.00", "currency": "GBP"}`, `"urgency": "critical"`,
		`"valid_until": "2026-03-09T00:00:00.000Z", "urgency": "high", "sender_ref": "TKY 2026/17"`, `"refs"`, `"item_id": "P7", "rail": "swift", "refs"`).Replace(letter)
	f, err := paper.Read([]byte(said))
	must(t, err)
	must(t, f.Fill(defaults()))
	r := f.Request()
	if r.Asks[0].AskID != "K9" || r.Asks[0].Amount.Amount != "17000.00" || r.ValidUntil.String() != "2026-03-09T00:00:00.000Z" || r.Urgency != "high" || r.Payments[0].ItemID != "P7" || r.Payments[0].Rail != "swift" || r.SenderRef != "TKY 2026/17" {
		t.Errorf("the form says %s", f.Body)
	}
}

// TestNothingOfTheLawIsMadeUp takes one member after the other out of the letter.
func TestNothingOfTheLawIsMadeUp(t *testing.T) {
	for what, member := range map[string]string{
		`"facts": "A SIM was changed.",`: "legal.facts", `"reason": "fraud", `: "legal.reason", `, "followup": {"mla": false}`: "legal.followup",
		`"requester_basis": {"code": "MLPA", "text": "section 7"}, `: "legal.requester_basis", `"refs": {"uetr": "6513270e-269e-4d37-b2a7-4de452e6b438"}, `: "payments[0].refs",
		`"predicate_offence": {"code": "fraud"}, `: "legal.predicate_offence", `"ml_suspicion": false, `: "legal.ml_suspicion", `"disputed": {"amount": "18000.00", "currency": "GBP"},`: "payments[0].disputed",
	} {
		text := strings.Replace(letter, what, "", 1)
		if text == letter {
			t.Fatalf("the letter has no %s", what)
		}
		f, err := paper.Read([]byte(text))
		must(t, err)
		var invalid *freeze.Invalid
		if err := f.Fill(defaults()); !errors.As(err, &invalid) || !strings.HasPrefix(invalid.Reject().Field, member) {
			t.Errorf("without %s: %v", member, err)
		}
	}
}

func TestAnAmendmentGoesOn(t *testing.T) {
	text := strings.Replace(letter, "{", `{"type": "amendment", "alert_id": "`+id+`",`, 1)
	f, err := paper.Read([]byte(text))
	must(t, err)
	with := defaults()
	with.Sequence = 2
	must(t, f.Fill(with))
	a, _ := f.Message.(*freeze.Amendment)
	if a == nil || a.MessageID != id+"-Q002" || a.Supersedes != id+"-Q001" || len(a.Changes) == 0 {
		t.Errorf("amendment %s", f.Body)
	}
}

func TestAWholeMessageIsKept(t *testing.T) {
	text, err := os.ReadFile("../../freeze/testdata/messages/request.json")
	must(t, err)
	f, err := paper.Read(text)
	must(t, err)
	must(t, f.Fill(defaults()))
	if !f.Whole() || !bytes.Equal(f.Body, text) || f.Message.Head().AlertID == id {
		t.Errorf("kept as %s", f.Body)
	}
	if _, err := paper.Read(bytes.Replace(text, []byte(`"urgency"`), []byte(`"urgent"`), 1)); err == nil {
		t.Error("a whole message with an unknown member was read")
	}
}

func TestBadFormsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "want a JSON object", `not JSON`: "want a JSON object", `{"type":"withdrawal"}`: "record", `{"urgent":"x"}`: "urgent",
		`{"supersedes":"X"}`: "type amendment", `{"urgency":5}`: "urgency", `{"urgency":"high"} {}`: "JSON object",
		`{"a":"` + strings.Repeat("x", freeze.MaxSize) + `"}`: "larger",
	} {
		if _, err := paper.Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", text, err, want)
		}
	}
}
