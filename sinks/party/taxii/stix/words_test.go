package stix_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

func find[T stix.Object](all []stix.Object) []T {
	var out []T
	for _, o := range all {
		if v, ok := o.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// TestRequestInWords checks the mapping of FREEZE 2 member by member.
func TestRequestInWords(t *testing.T) {
	said := rich(t)
	r := said.Message.(*freeze.Request)
	all := objects(t, said)
	report := find[*stix.Report](all)[0]
	if report.ID != stix.ReportID("test", r.AlertID, 0) || report.Published != r.CreatedAt || report.Modified != r.CreatedAt || report.Revoked ||
		!slices.Equal(report.Labels, []string{"request", "critical"}) {
		t.Errorf("report %+v", report)
	}
	accounts := find[*stix.BankAccount](all)
	if a := accounts[0]; a.IBAN != r.Subject.Account.ID || a.BIC != "HWBAGB2L" || a.SubAccount != "WALLET 1" || len(a.HolderRefs) != 2 || a.ServicerRef == "" || a.CountryRef == "" {
		t.Errorf("account %+v", a)
	}
	if a := accounts[1]; a.AccountNumber != "000000000042" || a.Scheme != "bban" || a.IBAN != "" {
		t.Errorf("debtor's account %+v", a)
	}
	pays := find[*stix.Payment](all)
	if p := pays[1]; p.ItemID != r.Payments[1].ItemID || *p.Hop != 1 || p.Refs.UETR != r.Payments[1].Refs.UETR || p.Amounts.Disputed.Amount != "9500.00" ||
		p.DebtorRef == "" || p.DebtorAccountRef != accounts[1].ID || p.CreditorAccountRef != accounts[0].ID || len(p.IntermediaryRefs) != 1 {
		t.Errorf("payment %+v", p)
	}
	var follows []*stix.Relationship
	for _, rel := range find[*stix.Relationship](all) {
		if rel.RelationshipType == "follows" {
			follows = append(follows, rel)
		}
	}
	if len(follows) != 1 || follows[0].SourceRef != pays[1].ID || follows[0].TargetRef != pays[0].ID {
		t.Errorf("payments follow one another: %+v", follows)
	}
	if o := find[*stix.ObservedData](all); len(o) != 2 || o[0].FirstObserved != r.Payments[0].ExecutedAt || len(o[1].ObjectRefs) != 2 {
		t.Errorf("observed %+v", o)
	}
	asks := find[*stix.CourseOfAction](all)
	if len(asks) != 2 || asks[0].Name != "hold_amount" || !strings.Contains(asks[0].Description, "27500.00 GBP") || asks[1].Name != "trace" {
		t.Errorf("asks %+v", asks)
	}
	if i := find[*stix.Incident](all); len(i) != 1 || i[0].Name != r.Case.ID || i[0].ExternalReferences[0] != (stix.Reference{SourceName: "complaint", ExternalID: "1930-000001"}) {
		t.Errorf("incident %+v", i)
	}
	files := find[*stix.File](all)
	if len(files) != 2 || files[0].MimeType != "application/pdf" || files[1].MimeType != "" || files[1].Hashes["SHA-256"] != strings.Repeat("b", 64) {
		t.Errorf("files %+v", files)
	}
	notes := find[*stix.Note](all)
	if len(notes) != 2 || !strings.Contains(notes[0].Content, r.Legal.Facts) || !strings.Contains(notes[1].Content, "sim_swap_before_payment") || notes[0].ObjectRefs[0] != report.ID {
		t.Errorf("notes %+v", notes)
	}
	var statements []string
	for _, m := range find[*stix.MarkingDefinition](all) {
		statements = append(statements, m.Name+m.Definition["statement"])
	}
	if got := strings.Join(statements, "|"); got != "TLP:AMBER+STRICT|Permitted use: intelligence_only|Onward: listed: AE-FIU, US-FIU|Europol handling: H1|Evaluation of source and information: A2" {
		t.Error(got)
	}
}

// TestRefsLeadSomewhere: every reference in the objects of a message is to one
// of them, or to the report that a note is about; none is there twice, and each
// comes after what it needs.
func TestRefsLeadSomewhere(t *testing.T) {
	messages := []stix.Told{rich(t), richOutcome(t)}
	for _, name := range names(t) {
		messages = append(messages, sample(t, name))
	}
	for _, said := range messages {
		e := said.Message.Head()
		known := map[string]bool{stix.ReportID(e.Environment, e.AlertID, 0): e.Type != freeze.TypeRequest && e.Type != freeze.TypeAmendment}
		for _, body := range encoded(t, objects(t, said)) {
			var tree map[string]any
			if err := json.Unmarshal(body, &tree); err != nil {
				t.Fatal(err)
			}
			id := tree["id"].(string)
			if known[id] && tree["type"] != "report" {
				t.Errorf("%s is there twice", id)
			}
			known[id] = true
			for name, v := range tree {
				list, _ := v.([]any)
				if strings.HasSuffix(name, "_ref") {
					list = []any{v}
				} else if !strings.HasSuffix(name, "_refs") {
					continue
				}
				for _, ref := range list {
					if !known[ref.(string)] {
						t.Errorf("%s: %s.%s leads to %s, which is not there", e.MessageID, tree["type"], name, ref)
					}
				}
			}
		}
	}
}

// TestReportTellsTheWholeStory: request, confirmation, withdrawal.
func TestReportTellsTheWholeStory(t *testing.T) {
	request, confirmation, withdrawal := rich(t), sample(t, "confirmation"), sample(t, "withdrawal")
	confirmed := find[*stix.Report](objects(t, confirmation, request))[0]
	if got := confirmed.Extensions[stix.ExtensionID].Messages; len(got) != 2 || confirmed.Revoked || confirmed.Published != request.Message.Head().CreatedAt {
		t.Fatalf("confirmed: %+v", confirmed)
	}
	all := objects(t, withdrawal, request, confirmation)
	withdrawn := find[*stix.Report](all)[0]
	if got := withdrawn.Extensions[stix.ExtensionID].Messages; len(got) != 3 || !withdrawn.Revoked || !slices.Equal(withdrawn.Labels, []string{"request", "confirmation", "withdrawal", "critical"}) {
		t.Fatalf("withdrawn: %+v", withdrawn)
	}
	for _, o := range all {
		h := o.Head()
		want := h.Type == "report" || h.Type == "note" || h.Type == "course-of-action"
		if h.Revoked != want {
			t.Errorf("%s revoked: %v", h.Type, h.Revoked)
		}
	}
	body := encoded(t, []stix.Object{withdrawn})[0]
	got, err := stix.Read(body)
	if err != nil || len(got) != 3 || !reflect.DeepEqual(got[2].Message, withdrawal.Message) {
		t.Fatalf("%v, %d messages", err, len(got))
	}
	if _, err := stix.Objects(withdrawal, slices.Repeat([]stix.Told{request}, 64), 0); err == nil {
		t.Error("65 messages in one report")
	}
	alone := find[*stix.Report](objects(t, withdrawal))[0]
	if len(alone.ObjectRefs) == 0 || !alone.Revoked {
		t.Errorf("a withdrawal alone: %+v", alone)
	}
}

// TestAmendmentRevokesWhatIsNoLongerAsked and keeps what is.
func TestAmendmentRevokesWhatIsNoLongerAsked(t *testing.T) {
	amendment := sample(t, "amendment")
	before := rich(t).Message.(*freeze.Request)
	before.Asks = append(before.Asks, freeze.Ask{AskID: "GONE", Kind: "monitor"})
	body, err := freeze.Encode(before)
	if err != nil {
		t.Fatal(err)
	}
	all := objects(t, amendment, told(t, body))
	for _, a := range find[*stix.CourseOfAction](all) {
		if a.Revoked != (a.Name == "monitor") {
			t.Errorf("%s revoked: %v", a.Name, a.Revoked)
		}
	}
	if got := find[*stix.Report](all)[0].Extensions[stix.ExtensionID].Messages; len(got) != 1 {
		t.Errorf("the amendment is the full state, %d messages", len(got))
	}
}

func TestOutcomeInWords(t *testing.T) {
	said := richOutcome(t)
	o := said.Message.(*freeze.Outcome)
	all := objects(t, said)
	status := map[string]string{}
	for _, a := range find[*stix.BankAccount](all) {
		status[a.IBAN+a.AccountNumber] = a.AccountStatus
	}
	want := map[string]string{"GB52HWBA00000000000101": "consent_withheld", "GB65HWBB00000000000202": "lapsed", "AE819990000000000000303": "", "W-1": ""}
	if !reflect.DeepEqual(status, want) {
		t.Error(status)
	}
	pays := map[string]*stix.Payment{}
	for _, p := range find[*stix.Payment](all) {
		pays[p.ItemID] = p
	}
	if len(pays) != 4 || len(pays["U3A5VHP66CSQRGMDHUPYCP5QKM-P01"].Funds) != 3 || pays["N1"].Amounts.Credited.Amount != "52000.00" || pays["N1"].OnwardUse != "to_be_asked" {
		t.Errorf("payments %+v", pays)
	}
	follows := 0
	for _, r := range find[*stix.Relationship](all) {
		if r.RelationshipType == "follows" {
			follows++
		}
	}
	if follows != 4 {
		t.Errorf("%d edges of the trail", follows)
	}
	n := find[*stix.Note](all)[0]
	if n.Modified != o.AsOf || n.ObjectRefs[0] != stix.ReportID("test", o.AlertID, 0) || len(n.ObjectRefs) != 9 {
		t.Errorf("note %+v", n)
	}
	for name, text := range map[string]string{"outcome-refused": "Refusal: ", "outcome-more_info": "Needs: ", "outcome-returned": "Decision: "} {
		if got := find[*stix.Note](objects(t, sample(t, name)))[0].Content; !strings.Contains(got, text) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestSendersOfEveryKind have a sector where STIX has a word for it.
func TestSendersOfEveryKind(t *testing.T) {
	for kind, want := range map[string]string{
		"fiu": "government-national", "ncb": "government-national", "lea": "government-national",
		"bank": "financial-services", "vasp": "financial-services", "telecom": "telecommunications", "hub": "",
	} {
		m := sample(t, "status_request").Message
		m.Head().Sender = freeze.Party{PartyID: "X", Kind: kind, Country: "SG"}
		body, err := freeze.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range find[*stix.Identity](objects(t, told(t, body))) {
			if i.Roles != nil && (strings.Join(i.Sectors, ",") != want || i.Name != "X" || i.Roles[0] != kind || i.ContactInformation != "") {
				t.Errorf("%s: %+v", kind, i)
			}
		}
	}
}

// TestNotesSayWhatReadersNeed, whatever carries the rest.
func TestNotesSayWhatReadersNeed(t *testing.T) {
	useless := sample(t, "feedback").Message.(*freeze.Feedback)
	useless.Useful = false
	waiting := sample(t, "outcome-refused").Message.(*freeze.Outcome)
	waiting.Decision, waiting.Refusal, waiting.Pending = "pending", nil, &freeze.Pending{Why: "the court is asked", Until: waiting.AsOf}
	for text, m := range map[string]freeze.Message{
		"Where does ": sample(t, "status_request").Message, "Justification: ": sample(t, "extension_request").Message,
		"Lift: ": sample(t, "lift_request").Message, "Purpose: ": sample(t, "consent_request").Message, "Granted: ": sample(t, "consent_response").Message,
		"not useful": useless, "Pending: the court is asked Until: 2026-": waiting,
	} {
		body, err := freeze.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		n := find[*stix.Note](objects(t, told(t, body)))
		if len(n) != 1 || !strings.Contains(n[0].Content, text) || n[0].Labels[0] != string(m.Head().Type) {
			t.Errorf("%q is not in %+v", text, n)
		}
	}
}
