package stix_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

const samples = "../../../freeze/testdata/messages"

func told(t testing.TB, body []byte) stix.Told {
	t.Helper()
	out, err := stix.Tell(body)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sample(t testing.TB, name string) stix.Told {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(samples, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return told(t, body)
}

// names lists the samples of messages that have a form in STIX.
func names(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(samples + "/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	var out []string
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); !strings.HasPrefix(name, "receipt") {
			out = append(out, name)
		}
	}
	return out
}

func objects(t testing.TB, said stix.Told, prior ...stix.Told) []stix.Object {
	t.Helper()
	out, err := stix.Objects(said, prior, 0)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// encoded writes objects as a collection would: created is filled in.
func encoded(t testing.TB, all []stix.Object) [][]byte {
	t.Helper()
	var out [][]byte
	for _, o := range all {
		if h := o.Head(); h.Versioned() && h.Created.IsZero() {
			h.Created = h.Modified
		}
		body, err := stix.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

// rich returns a request in which every member is set that STIX has a word for.
func rich(t testing.TB) stix.Told {
	t.Helper()
	r := sample(t, "request").Message.(*freeze.Request)
	at := r.CreatedAt
	money := &freeze.Money{Amount: "1.00", Currency: "GBP"}
	r.SenderRef, r.RecipientRef = "OUR-1", "UK-77"
	r.Handling.Europol, r.Handling.SourceEval, r.Handling.InfoEval = "H1", "A", "2"
	r.Handling.Onward = freeze.Onward{Mode: "listed", Parties: []string{"AE-FIU", "US-FIU"}}
	r.Case.ParentAlert, r.Case.RelatedAlerts = r.AlertID, []string{r.AlertID}
	r.Subject.Account.Name, r.Subject.Account.SubAccount = "A & B <Ltd>", "WALLET 1"
	r.Subject.Holders = []freeze.Holder{
		{Role: "owner", Kind: "person", Name: "First Holder", ID: &freeze.HolderID{Type: "passport", Value: "X1", Country: "GB"}, DOB: "1980-01-01"},
		{Role: "ubo", Kind: "org", Name: "Second Holder"}, {Role: "unknown", Kind: "org"},
	}
	r.Asks[0].Until, r.Asks[0].Note = &at, "as soon as possible"
	p := &r.Payments[1]
	p.Hop, p.ParentItems, p.Settled, p.SettledOn = 1, []string{r.Payments[0].ItemID, "ELSEWHERE"}, money, "2026-03-02"
	p.Debtor = freeze.Debtor{
		Account:  &freeze.Account{Scheme: "bban", ID: "000000000042", Type: "personal"},
		Servicer: freeze.Servicer{Name: "A bank", LEI: "529900T8BM49AURSDO55", Country: "IN"}, Name: "A debtor", Location: "Pune", Kind: "person",
	}
	p.Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{BIC: "HWBXUS33", Country: "US"}}}
	p.FurtherCredit, p.Remittance = "to 42", "WALLET 77120"
	p.Recall = freeze.Recall{State: "initiated", InitiatedAt: &at, ReasonISO: "FRAD", Indemnity: "offered", Camt056ID: "C-1"}
	r.Attachments = []freeze.Attachment{
		{Name: "form.pdf", MediaType: "application/pdf", SHA256: strings.Repeat("a", 64), Size: 17},
		{Name: "odd", MediaType: "strange", SHA256: strings.Repeat("b", 64), Size: 0},
	}
	r.Indicators = append(r.Indicators, freeze.Indicator{Code: "call_forwarding"})
	body, err := freeze.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return told(t, body)
}

func richOutcome(t testing.TB) stix.Told {
	t.Helper()
	o := sample(t, "outcome").Message.(*freeze.Outcome)
	o.Measures = append(o.Measures, o.Measures[0], o.Measures[0])
	o.Measures[1].MeasureID, o.Measures[1].State = "M2", "lifted"
	o.Measures[2].MeasureID, o.Measures[2].State, o.Measures[2].Account.ID = "M3", "lapsed", "GB65HWBB00000000000202"
	o.Disclosed = &freeze.Disclosed{Holders: []freeze.Holder{{Role: "owner", Kind: "org", Name: "A holder"}}}
	o.Trail = append(o.Trail, o.Trail[0])
	o.Trail[1].ItemID, o.Trail[1].To.Account = "N2", freeze.Account{Scheme: "wallet", ID: "W-1", Type: "pooled"}
	o.Trail[1].To.Holders = []freeze.Holder{{Role: "joint", Kind: "person", Name: "Next holder"}}
	body, err := freeze.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	return told(t, body)
}

func withTLP(t testing.TB, level string) []stix.Object {
	t.Helper()
	m := sample(t, "withdrawal").Message
	m.Head().Handling.TLP = level
	body, err := freeze.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, told(t, body))
}

// everything returns the objects of all samples, of the rich messages, and of a
// request that is confirmed and withdrawn.
func everything(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	take := func(all []stix.Object) {
		for i, body := range encoded(t, all) {
			h := all[i].Head()
			out[h.ID+h.Modified.String()+string(body)] = body
		}
	}
	for _, name := range names(t) {
		take(objects(t, sample(t, name)))
	}
	take(objects(t, rich(t)))
	take(objects(t, richOutcome(t)))
	take(objects(t, sample(t, "confirmation"), rich(t)))
	take(objects(t, sample(t, "withdrawal"), rich(t), sample(t, "confirmation")))
	return out
}

// TestMessagesComeBack: what Read finds in the objects is what was said.
func TestMessagesComeBack(t *testing.T) {
	for _, name := range append(names(t), "rich", "rich outcome") {
		said := map[string]func() stix.Told{
			"rich": func() stix.Told { return rich(t) }, "rich outcome": func() stix.Told { return richOutcome(t) },
		}[name]
		if said == nil {
			said = func() stix.Told { return sample(t, name) }
		}
		want := said()
		carriers := 0
		all := objects(t, want)
		for i, body := range encoded(t, all) {
			got, err := stix.Read(body)
			if err != nil {
				t.Fatal(name, err)
			}
			if len(got) == 0 {
				continue
			}
			carriers++
			if id := all[i].Head().ID; id != stix.ID(want.Message, 0) {
				t.Errorf("%s is carried by %s", name, id)
			}
			if len(got) != 1 || !reflect.DeepEqual(got[0].Message, want.Message) || !bytes.Equal(got[0].Body, want.Body) {
				t.Errorf("%s came back as %s", name, got[0].Body)
			}
		}
		if carriers != 1 {
			t.Errorf("%s is carried by %d objects", name, carriers)
		}
	}
}

func TestReceiptsHaveNoForm(t *testing.T) {
	if _, err := stix.Objects(sample(t, "receipt-received"), nil, 0); !errors.Is(err, stix.ErrUnmapped) {
		t.Fatal(err)
	}
	if _, err := stix.Tell([]byte("{}")); err == nil {
		t.Fatal("told nothing")
	}
}

// TestSameMessageSameObjects: ids and bytes follow from the message alone, and
// differ between senders, alerts and environments.
func TestSameMessageSameObjects(t *testing.T) {
	first, again := encoded(t, objects(t, rich(t))), encoded(t, objects(t, rich(t)))
	if !reflect.DeepEqual(first, again) {
		t.Fatal("two texts for one message")
	}
	id := func(change func(*freeze.Envelope)) string {
		m := rich(t).Message
		change(m.Head())
		body, err := freeze.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		return find[*stix.Payment](objects(t, told(t, body)))[0].ID
	}
	seen := map[string]bool{}
	for _, change := range []func(*freeze.Envelope){
		func(*freeze.Envelope) {},
		func(e *freeze.Envelope) { e.Environment = "live" },
		func(e *freeze.Envelope) { e.Sender.PartyID = "US-FIU" },
		func(e *freeze.Envelope) { e.AlertID = "A" + e.AlertID[1:]; e.MessageID = e.AlertID + "-Q001" },
	} {
		seen[id(change)] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d ids for four payments", len(seen))
	}
	if got := stix.ReportID("live", "A", 0); got == stix.ReportID("live", "A", 1) || got == stix.ReportID("test", "A", 0) {
		t.Error("reports share an id")
	}
	// uuid5(00abedb4-aa42-466c-9c01-fed23315a9b7, '{"iban":"GB52HWBA00000000000101","sub_account":"WALLET 1"}')
	if got := find[*stix.BankAccount](objects(t, rich(t)))[0].ID; got != "bank-account--b88608b4-0306-5633-aeec-a1da5cd7c089" {
		t.Error(got)
	}
}

// TestExtensionIsDescribed: our schema says what our objects hold.
func TestExtensionIsDescribed(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(stix.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:haltwire:stix:1", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:haltwire:stix:1")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, body := range everything(t) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		o := v.(map[string]any)
		ext, _ := o["extensions"].(map[string]any)
		if ext[stix.ExtensionID] == nil {
			continue
		}
		kinds[o["type"].(string)]++
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		o["surprise"] = "x"
		delete(ext, stix.ExtensionID)
		if s.Validate(v) == nil {
			t.Errorf("the schema takes everything: %v", v)
		}
	}
	if len(kinds) != 4 {
		t.Error(kinds)
	}
	var d *stix.ExtensionDefinition
	for _, o := range objects(t, rich(t)) {
		if x, ok := o.(*stix.ExtensionDefinition); ok {
			d = x
		}
	}
	if d == nil || d.ID != stix.ExtensionID || d.Schema != string(stix.Schema()) {
		t.Error("the definition lacks its schema")
	}
}
