package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/ledger"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestStandingsBecomeRows looks at what a few case files leave behind.
func TestStandingsBecomeRows(t *testing.T) {
	at := func(ms int64) string {
		if ms == 0 {
			return "-"
		}
		return time.UnixMilli(ms).UTC().Format("02T15:04")
	}
	for file, want := range map[string]string{
		"request-voided": "approvals request O1 given; request O1 voided: the content has changed; request O1 given; request O2 given; request O1 voided: the content has changed; request O2 voided: the content has changed",
		"consent-granted": "approvals request O1 given; request O1 given; request O2 given; request O2 given\n" + // of two alerts
			"consents [N01] to [AE] asked 02T04:01, all 02T04:01\ntrail N01 from [P01] 11000 GBP hop 1 to AE granted child true gone false",
		"trail-gone": "approvals request O1 given; request O2 given\ntasks contradiction 02T04:02 to -\n" +
			"trail N01 from [P01] 11000 GBP hop 1 to AE needed child true gone true",
		"outcome-misfit-unknown": "measures 3SXONJBBF6SIVQ3LEVQ32J7UVE-M01 in_force in_force 18000 GBP standing true until -, 0 working days\n" +
			"tasks contradiction 02T04:00 to 02T04:01 by desk because outcome_of Q009 is no message of ours, item P01: funds do not sum to what was credited, or the trail does not show what moved on, item P09: funds tell of a payment that we did not name",
		"measure-expiring": "measures M1 in_force expiring 15500 GBP standing true until 11T17:00, 6 working days\ntasks half_life 06T23:01 to 09T23:01 by desk; expiring 09T23:01 to -",
		"recall-returned-in-parts": "approvals recall_answer O1 given; recall_answer O1 given\nrecalls P01 returned [FOCR] 18000 GBP; P02 initiated [] 9500 EUR currency\n" +
			"tasks return_differs 02T04:00 to 02T04:00 by desk; return_differs 02T04:00 to -",
	} {
		b := whole(t, events(t, file+".txt"))
		short := func(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }
		all := func(ids []string) []string {
			out := []string{}
			for _, id := range ids {
				out = append(out, short(id))
			}
			return out
		}
		var got []string
		add := func(kind string, lines []string) {
			if len(lines) > 0 {
				got = append(got, kind+" "+strings.Join(lines, "; "))
			}
		}
		add("approvals", each(b, func(r caselog.ApprovalRow) string {
			return fmt.Sprintf("%s %s %s%s", r.Act, r.Officer, r.Verdict, strings.TrimSuffix(": "+r.Why, ": "))
		}))
		add("consents", each(b, func(r caselog.ConsentRow) string {
			return fmt.Sprintf("%v to %v asked %s, %s %s", all(r.Facts), r.To, at(r.AskedAt), r.Granted, at(r.AnsweredAt))
		}))
		add("measures", each(b, func(r caselog.MeasureRow) string {
			return fmt.Sprintf("%s %s %s %s %s standing %v until %s, %d working days", r.MeasureID, r.State, r.Stand, r.Amount.Amount, r.Amount.Currency, r.Standing, at(r.ExpiresAt), len(r.WorkingDays))
		}))
		add("recalls", each(b, func(r caselog.RecallRow) string {
			return strings.TrimSpace(fmt.Sprintf("%s %s %v %s %s %s", short(r.ItemID), r.State, r.Codes, r.Returned.Amount, r.Returned.Currency, r.Differs))
		}))
		add("tasks", each(b, func(r caselog.TaskRow) string {
			line := strings.TrimSuffix(fmt.Sprintf("%s %s to %s by %s", r.Kind, at(r.OpenedAt), at(r.DoneAt), r.DoneBy), " by ")
			return strings.ReplaceAll(line+strings.TrimSuffix(" because "+strings.Join(r.Why, ", "), " because "), r.AlertID+"-", "")
		}))
		add("trail", each(b, func(r caselog.TrailRow) string {
			return fmt.Sprintf("%s from %v %s %s hop %d to %s %s child %v gone %v", short(r.ItemID), all(r.ParentItems), r.Money.Amount, r.Money.Currency, r.Hop, r.Country, r.Consent, r.ChildAlert != "", r.Gone)
		}))
		if text := strings.Join(got, "\n"); text != want {
			t.Errorf("%s\ngot  %s\nwant %s", file, text, want)
		}
	}
}

// each returns a text a row, in the order of the log.
func each[R any](b *book, line func(R) string) []string {
	var out []string
	for _, r := range of[R](b) {
		out = append(out, line(r))
	}
	return out
}

func (l *log) sent(channel string) ledger.Rows {
	return l.add(caselog.Delivered, caselog.DeliveredData{AlertID: l.alert, MessageID: l.alert + "-Q001", Number: 1, Channel: channel, Verdict: "delivered"})
}

// TestDisclosures writes what a message told when the party has it, once, by whatever
// way, and no value of it.
func TestDisclosures(t *testing.T) {
	body := asJSON(caselog.BodyPersonal{Body: `{"type":"request","message_id":"M","handling":{"permitted_use":"intelligence_only"},"legal":{"regime":"egmont","requester_basis":{"code":"PMLA","text":"SECRET"}},"subject":{"account":{"id":"SECRET"},"holders":[{"name":"SECRET"},{"name":"SECRET"}]}}`})
	want := "legal.regime fact 1; legal.requester_basis.code fact 1; legal.requester_basis.text fact 1; subject.account.id account 1; subject.holders.name name 2"
	manual := func(l *log) ledger.Rows {
		d := caselog.DeliveredData{AlertID: l.alert, MessageID: l.alert + "-Q001", Number: 1, Channel: "manual", Verdict: "delivered"}
		if rows := l.add(caselog.Exported, d); len(rows.Disclosures) > 0 {
			t.Errorf("a paper on a desk told %+v", rows.Disclosures)
		}
		now := freeze.At(time.UnixMilli(1772424000000))
		return l.add(caselog.Transmitted, caselog.OfficerData{AlertID: l.alert, About: l.alert + "-Q001", By: "O1", Role: caselog.RoleOfficer, Fold: apply.Version, At: &now})
	}
	for how, tell := range map[string]func(*log) ledger.Rows{
		"delivered webhook":  func(l *log) ledger.Rows { return l.sent("webhook") },
		"transmitted manual": manual,
		"published taxii": func(l *log) ledger.Rows {
			return l.add(caselog.Exported, caselog.DeliveredData{AlertID: l.alert, MessageID: l.alert + "-Q001", Number: 1, Channel: "taxii", Verdict: "delivered"})
		},
	} {
		l := newLog(t)
		l.hit(caselog.Hit)
		l.sealed["body"] = body
		if rows := l.request(); len(rows.Disclosures) > 0 {
			t.Errorf("what is queued told %+v", rows.Disclosures)
		}
		rows := tell(l).Disclosures
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprint(r.Path, " ", r.Kind, " ", r.Values))
			if r.Party != "GB-FIU" || r.Regime != "egmont" || r.Basis != "PMLA" || r.PermittedUse != "intelligence_only" || r.How+" "+r.Channel != how || r.DisclosedAt == 0 {
				t.Errorf("%s: %+v", how, r)
			}
		}
		if text := strings.Join(got, "; "); text != want || strings.Contains(asJSON(rows), "SECRET") {
			t.Errorf("%s told %s", how, text)
		}
		again := l.add(caselog.Receipt, caselog.ReceiptData{
			MessageMark: caselog.MessageMark{AlertID: l.alert, MessageID: l.alert + "-Q001-R1", Type: freeze.TypeReceipt, Party: "GB-FIU"},
			ReceiptOf:   l.alert + "-Q001", Of: freeze.Digest{Value: "d"}, Level: freeze.LevelReceived,
		})
		if len(again.Disclosures) > 0 {
			t.Errorf("%s: told again %+v", how, again.Disclosures)
		}
	}
}

// TestErasureMakesTheRowsAnew holds that after erased every row of the subject that names
// somebody is there again without the names, whichever alert the event was about.
func TestErasureMakesTheRowsAnew(t *testing.T) {
	const secret = `{"uid":"SECRET","subject":{"account":{"id":"SECRET","name":"SECRET"}},"facts":"SECRET","payments":[{"refs":{"uetr":"SECRET"}}],"body":"SECRET"}`
	l := newLog(t)
	for _, name := range []string{"p", "body"} {
		l.sealed[name] = secret
	}
	if rows := l.hit(caselog.Hit); strings.Count(asJSON(rows), "SECRET") < 5 {
		t.Fatalf("rows name nobody: %s", asJSON(rows))
	}
	officer := func(kind caselog.Type, by, act string) {
		l.add(kind, caselog.OfficerData{AlertID: l.alert, By: by, Role: caselog.RoleSupervisor, Act: act, Fold: apply.Version})
	}
	officer(caselog.ApprovalRefused, "S1", "")
	officer(caselog.ApprovalGiven, "S1", "erase")
	officer(caselog.ApprovalGiven, "S2", "erase")
	l.sealed = map[string]string{}
	rows := l.add(caselog.Erased, caselog.ErasedData{AlertID: l.alert})
	if len(rows.Erased) != 1 || rows.Erased[0].Key != string(key) || strings.Join(rows.Erased[0].Alerts, " ") != l.alert {
		t.Fatalf("erased %+v", rows.Erased)
	}
	if len(rows.Alerts) != 1 || len(rows.Payments) != 1 || rows.Alerts[0].ErasedAt == 0 || rows.Alerts[0].Version != rows.Erased[0].Version || strings.Contains(asJSON(rows), "SECRET") {
		t.Errorf("rows %s", asJSON(rows))
	}
	if again := l.add(caselog.Erased, caselog.ErasedData{AlertID: l.alert}); len(again.Erased) != 0 {
		t.Errorf("a repeat erases %+v", again.Erased)
	}
}

// TestWorkingDays counts by the calendar of whoever took the measure.
func TestWorkingDays(t *testing.T) {
	parties, err := policy.NewBook(policy.Self{ID: "IN-FIU", Country: "IN"}, []policy.Party{{ID: "GB-FIU", Name: "A", Kind: "bank", Country: "AE", Servicers: []policy.Servicer{{BIC: "HWBDAEAD"}}, Policy: policy.Policy{Profile: "own_bank"}}})
	if err != nil {
		t.Fatal(err)
	}
	log := events(t, "measure-expiring.txt")
	m, b := newMaker(t), newBook()
	m.Book = parties
	for _, r := range log {
		m.Event(r, true)
		b.write(m.Take())
	}
	row := of[caselog.MeasureRow](b)[0]
	c := parties.Calendar("AE")
	for day := range 12 {
		now := time.UnixMilli(row.InForceAt).AddDate(0, 0, day)
		left := 0
		for _, begin := range row.WorkingDays {
			if begin > now.UnixMilli() {
				left++
			}
		}
		if want := c.Between(now, time.UnixMilli(row.ExpiresAt)); left != want {
			t.Errorf("%s: %d working days left, want %d", now, left, want)
		}
	}
}
