package stix_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

func carrier(t testing.TB, said stix.Told, prior ...stix.Told) []byte {
	t.Helper()
	id := stix.ID(said.Message, 0)
	for _, o := range objects(t, said, prior...) {
		if o.Head().ID == id {
			return encoded(t, []stix.Object{o})[0]
		}
	}
	t.Fatal("no carrier")
	return nil
}

func TestReadRefuses(t *testing.T) {
	good := string(carrier(t, rich(t)))
	for name, body := range map[string]string{
		"no JSON":          "{",
		"a changed amount": strings.Replace(good, `"amount":"27500.00","currency":"GBP"},"until"`, `"amount":"27500.01","currency":"GBP"},"until"`, 1),
		"a lost member":    strings.Replace(good, `"urgency":"critical",`, "", 1),
		"a new member":     strings.Replace(good, `"urgency":"critical",`, `"urgency":"critical","x":1,`, 1),
		"another digest":   strings.Replace(good, `"alg":"sha-256","value":"`, `"alg":"sha-256","value":"0`, 1),
		"too large":        `{"x":"` + strings.Repeat("x", stix.MaxObject) + `"}`,
		"too many":         `{"extensions":{"` + stix.ExtensionID + `":{"messages":[` + strings.Repeat("{},", 64) + `{}]}}}`,
	} {
		if body == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if got, err := stix.Read([]byte(body)); err == nil {
			t.Errorf("%s: read %d messages", name, len(got))
		}
	}
	for _, body := range []string{`{}`, `{"extensions":{"other-ext":{"messages":[{}]}}}`} {
		if got, err := stix.Read([]byte(body)); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

// TestReadKnowsNoOrder: a reader between us may write members in another order
// and indent them.
func TestReadKnowsNoOrder(t *testing.T) {
	said := rich(t)
	var tree any
	d := json.NewDecoder(bytes.NewReader(carrier(t, said)))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	mixed, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got, err := stix.Read(mixed)
	if err != nil || len(got) != 1 || !bytes.Equal(got[0].Body, said.Body) {
		t.Fatalf("%v, %d messages", err, len(got))
	}
}

// TestAnyRequestComesBack draws requests of any size and text.
func TestAnyRequestComesBack(t *testing.T) {
	base := rich(t).Body
	rapid.Check(t, func(rt *rapid.T) {
		m, err := freeze.Parse(base)
		if err != nil {
			rt.Fatal(err)
		}
		r := m.(*freeze.Request)
		text := rapid.StringMatching(`[ -~äж漢🙂<>&"\\\x{2028}]{1,60}`)
		r.Legal.Facts, r.Sender.Name, r.Subject.Account.Name = text.Draw(rt, "facts"), text.Draw(rt, "name"), text.Draw(rt, "account")
		r.Extensions, _ = json.Marshal(map[string]any{"x": text.Draw(rt, "open"), "n": json.Number("1.50")})
		one := r.Payments[0]
		r.Payments = nil
		for i := range rapid.IntRange(1, 20).Draw(rt, "payments") {
			p := one
			p.ItemID = freeze.ItemID(r.AlertID, i+1)
			p.Disputed.Amount = freeze.Dec(rapid.StringMatching(`[1-9][0-9]{0,9}(\.[0-9]{1,18})?`).Draw(rt, "amount"))
			r.Payments = append(r.Payments, p)
		}
		r.Totals = freeze.TotalsOf(r.Payments)
		body, err := freeze.Encode(r)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := stix.Read(carrier(t, told(t, body)))
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].Body, body) {
			rt.Fatalf("%v, %d messages", err, len(got))
		}
	})
}

// FuzzRead: Read must not panic, and what it returns can be said and read again.
func FuzzRead(f *testing.F) {
	f.Add(carrier(f, rich(f)))
	f.Add(carrier(f, richOutcome(f)))
	f.Add(carrier(f, sample(f, "withdrawal"), sample(f, "request"), sample(f, "confirmation")))
	f.Add([]byte(`{"extensions":{"` + stix.ExtensionID + `":{"messages":[{"digest":{},"message":{}}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := stix.Read(body)
		if err != nil || len(got) == 0 || got[0].Message.Head().Type == freeze.TypeReceipt {
			return
		}
		again, err := stix.Read(carrier(t, got[0]))
		if err != nil || len(again) != 1 || !bytes.Equal(again[0].Body, got[0].Body) {
			t.Fatalf("not stable: %v", err)
		}
	})
}
