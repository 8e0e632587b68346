package intake_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

func maker(t *testing.T) intake.Hits {
	t.Helper()
	root, err := caselog.NewRoot(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	texts := policy.Texts{RequesterBasis: policy.Basis{Code: "A", Text: "B"}, Reason: "R", Nexus: "N", IntendedUse: "I"}
	book, err := policy.NewBook(policy.Self{ID: "IN-FIU", Country: "IN"}, []policy.Party{
		{ID: "GB-FIU", Kind: "fiu", Country: "GB", Policy: policy.Policy{Profile: "bilateral", Texts: texts}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return intake.Hits{Root: root, Book: book, MaxAge: time.Hour, Now: func() time.Time { return time.UnixMilli(10_000_000) }}
}

func amount(s string) *hit.Money {
	d, err := decimal.Parse([]byte(s))
	if err != nil {
		return nil
	}
	return &hit.Money{Amount: d, Currency: "GBP"}
}

func sample() *hit.Hit {
	return &hit.Hit{
		ID: "HIT", Rule: "r", Version: 1, Status: hit.Live, Reporter: "R", ReportID: "1", RecordTime: 9_000_000, Ask: []string{"hold_amount"},
		Values: []hit.Value{{Name: "n", Value: int64(3)}, {Name: "sum", Value: decimal.FromInt(5)}, {Name: "who", Value: "V. Victim"}, {Name: "none"}},
		Alerts: []hit.Alert{{
			Subject: hit.Subject{UID: "GB1", Account: "GB1", Scheme: "iban", Country: "GB", Name: "A Holder", AccountType: "current"},
			Payments: []hit.Payment{{Key: "K", Amount: amount("5.5"), Refs: hit.References{UETR: "u", TransactionID: "t", RRN: "n"},
				Debtor: hit.Subject{Account: "42", BIC: "HWBIINBBXXX", Name: "V. Victim"}, DebtorKind: "individual"}},
		}},
	}
}

func one(t *testing.T, x intake.Hits, h *hit.Hit) (intake.Draft, *caselog.HitData) {
	t.Helper()
	drafts := x.Drafts(h)
	if len(drafts) != 1 {
		t.Fatalf("%d drafts", len(drafts))
	}
	data, ok := drafts[0].Data.(*caselog.HitData)
	if !ok {
		t.Fatalf("data is %T", drafts[0].Data)
	}
	return drafts[0], data
}

func TestWhatNamesSomebodyIsSealed(t *testing.T) {
	d, data := one(t, maker(t), sample())
	open, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"Victim", "Holder", `"GB1"`, `"42"`, `"u"`} {
		if strings.Contains(string(open), secret) {
			t.Errorf("the open part tells %s: %s", secret, open)
		}
	}
	p, ok := d.Personal.(*caselog.HitPersonal)
	if !ok || p.Values["who"] != "V. Victim" || p.Subject.Account.Type != "unknown" || p.Payments[0].Debtor.Kind != "person" {
		t.Errorf("sealed part %+v", d.Personal)
	}
	if data.Values["n"] != int64(3) || data.Values["sum"] != "5" || data.Values["none"] != nil || data.Payments[0].Amount.Amount != "5.50" {
		t.Errorf("open part %s", open)
	}
	d.Seal("sealed")
	if data.Personal != "sealed" || d.Key.Party() != "GB-FIU" || !d.Alerts || data.CaseID == "" {
		t.Errorf("draft %+v", d)
	}
}

func TestWhereHitsGo(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        func(*hit.Hit)
		alerts        bool
		party, reason string
		stale         bool
	}{
		{"routed", func(*hit.Hit) {}, true, "GB-FIU", "", false},
		{"old", func(h *hit.Hit) { h.RecordTime = 1 }, true, "GB-FIU", "", false},
		{"older than max_age", func(h *hit.Hit) { h.RecordTime = -1_000_000 }, true, "GB-FIU", "", true},
		{"no party", func(h *hit.Hit) { h.Alerts[0].Subject.Country = "AE" }, true, "-", "route", false},
		{"no country", func(h *hit.Hit) { h.Alerts[0].Subject.Country = "" }, true, "-", "route", false},
		{"no amount", func(h *hit.Hit) { h.Alerts[0].Payments[0].Amount = nil }, true, "-", "amount", false},
		{"disputed amount", func(h *hit.Hit) { p := &h.Alerts[0].Payments[0]; p.Disputed, p.Amount = p.Amount, nil }, true, "GB-FIU", "", false},
		{"shadow", func(h *hit.Hit) { h.Status = hit.Shadow }, false, "-", "", false},
		{"excepted", func(h *hit.Hit) { h.Excepted = true }, false, "-", "", false},
		{"cold", func(h *hit.Hit) { h.Cold = true }, false, "-", "", false},
		{"records only", func(h *hit.Hit) { h.Alerts = nil }, false, "-", "", false},
	} {
		h := sample()
		c.change(h)
		x := maker(t)
		if c.stale {
			x.MaxAge = time.Minute
		} else {
			x.MaxAge = 24 * time.Hour
		}
		d, data := one(t, x, h)
		if d.Alerts != c.alerts || d.Key.Party() != c.party || data.Blocked != c.reason || data.Stale != c.stale {
			t.Errorf("%s: alerts %v, party %s, blocked %q, stale %v", c.name, d.Alerts, d.Key.Party(), data.Blocked, data.Stale)
		}
	}
}

func TestStrangersNeverShareAnAlert(t *testing.T) {
	a, b := hit.Subject{Account: "42", Country: "GB"}, hit.Subject{Account: "43", Country: "GB"}
	if intake.SubjectID(a) == intake.SubjectID(b) {
		t.Error("two accounts without a uid have one key")
	}
}

func TestOneDraftASubject(t *testing.T) {
	h := sample()
	second := h.Alerts[0]
	second.Subject.UID, second.Subject.SubAccount = "GB2", "WALLET 1"
	h.Alerts = append(h.Alerts, second)
	drafts := maker(t).Drafts(h)
	if len(drafts) != 2 || drafts[0].Key == drafts[1].Key || drafts[0].ID == drafts[1].ID {
		t.Errorf("drafts %+v", drafts)
	}
	again := maker(t).Drafts(h)
	if again[0].ID != drafts[0].ID || again[1].Key != drafts[1].Key {
		t.Error("the same hit has other ids")
	}
}

func TestMarksJoinWhatIsOnePayment(t *testing.T) {
	x := maker(t)
	debtor := freeze.Servicer{BIC: "HWBIINBBXXX"}
	a := intake.Marks(x.Root, freeze.Refs{UETR: "u", TransactionID: "t"}, debtor, "2026-03-02")
	for name, c := range map[string]struct {
		refs  freeze.Refs
		bank  string
		date  string
		joins bool
	}{
		"same uetr":                     {freeze.Refs{UETR: "u"}, "OTHRGB2L", "2026-03-09", true},
		"same transaction, head office": {freeze.Refs{TransactionID: "t"}, "HWBIINBB", "2026-03-02", true},
		"same transaction, other day":   {freeze.Refs{TransactionID: "t"}, "HWBIINBB", "2026-03-03", false},
		"same transaction, other bank":  {freeze.Refs{TransactionID: "t"}, "OTHRGB2L", "2026-03-02", false},
		"an end-to-end id is another":   {freeze.Refs{EndToEndID: "t"}, "HWBIINBB", "2026-03-02", false},
	} {
		b := intake.Marks(x.Root, c.refs, freeze.Servicer{BIC: c.bank}, c.date)
		if got := slices.ContainsFunc(b, func(m string) bool { return slices.Contains(a, m) }); got != c.joins {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSubjectOfMessages(t *testing.T) {
	for want, s := range map[string]freeze.Subject{
		"GB1":                       {Account: freeze.Account{Scheme: "iban", ID: "GB1"}, Servicer: freeze.Servicer{BIC: "X"}},
		"GB1#W":                     {Account: freeze.Account{Scheme: "iban", ID: "GB1", SubAccount: "W"}},
		"bban:INFSC/HWBI0000001:42": {Account: freeze.Account{Scheme: "bban", ID: "42"}, Servicer: freeze.Servicer{ClearingSystem: "INFSC", ClearingID: "hwbi 0000001"}},
		"upi::a%3Ab":                {Account: freeze.Account{Scheme: "upi", ID: "a:b"}, Servicer: freeze.Servicer{BIC: "X"}},
		"wallet:HWBBGB2L:77120":     {Account: freeze.Account{Scheme: "wallet", ID: "77120"}, Servicer: freeze.Servicer{BIC: "HWBBGB2LXXX"}},
	} {
		if got := intake.SubjectOf(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
