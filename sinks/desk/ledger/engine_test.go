package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/desk/ledger"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// play is the log of a country to which a test adds events at moments of 2 March 2026,
// and the database that its ledger writes to.
type play struct {
	t      *testing.T
	maker  *ledger.Maker
	states map[caselog.Key]*apply.Subject
	store  *clickhouse.Store
	config clickhouse.Config
	sealed map[string]string
	offset int64
}

func newPlay(t *testing.T) *play {
	t.Helper()
	address := enginetest.Start(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(address.Password.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := clickhouse.Defaults()
	c.Addresses, c.Database, c.User, c.PasswordFile = []string{address.Native}, "desk", address.User, file
	store, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := &play{t: t, maker: newMaker(t), states: map[caselog.Key]*apply.Subject{}, store: store, config: c, sealed: map[string]string{}}
	p.maker.Open = func(personal string, into any) error {
		text, ok := p.sealed[personal]
		if !ok {
			return errors.New("erased")
		}
		return json.Unmarshal([]byte(text), into)
	}
	return p
}

func at(clock string) time.Time {
	v, err := time.Parse("2006-01-02T15:04:05Z", "2026-03-02T"+clock+":00Z")
	if err != nil {
		panic(err)
	}
	return v
}

func (p *play) add(clock string, kind caselog.Type, key caselog.Key, data any) {
	p.t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		p.t.Fatal(err)
	}
	r := apply.Record{Event: caselog.Event{ID: fmt.Sprint("E", p.offset), Type: kind, Key: key, Time: at(clock), Data: text}, Offset: p.offset, Appended: at(clock).UnixMilli()}
	p.offset++
	s, v, _ := p.maker.Machine.Apply(p.states[key], r)
	if p.states[key] = s; !v.Applied {
		p.t.Fatalf("%s at %s: %s", kind, clock, v.Reason)
	}
	p.maker.Event(r, true)
	if p.offset%3 == 0 { // now and then, as batches do
		p.write()
	}
}

// write stores what the maker has, twice.
func (p *play) write() {
	p.t.Helper()
	rows, s, ctx := p.maker.Take(), p.store, p.t.Context()
	for range 2 {
		if err := errors.Join(
			s.WriteHits(ctx, rows.Hits), s.WritePayments(ctx, rows.Payments), s.WriteMessages(ctx, rows.Messages), s.WriteDeliveries(ctx, rows.Deliveries),
			s.WriteMeasures(ctx, rows.Measures), s.WriteFunds(ctx, rows.Funds), s.WriteTrail(ctx, rows.Trail), s.WriteApprovals(ctx, rows.Approvals),
			s.WriteDisclosures(ctx, rows.Disclosures), s.WriteTasks(ctx, rows.Tasks), s.WriteAlerts(ctx, rows.Alerts), s.WriteCaseEvents(ctx, rows.CaseEvents),
			s.WriteConsents(ctx, rows.Consents), s.WriteRecalls(ctx, rows.Recalls), s.Erase(ctx, rows.Erased),
		); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *play) alert(key caselog.Key) *apply.Alert {
	all := p.states[key].Alerts
	return all[len(all)-1]
}

func (p *play) id(key caselog.Key) string { return p.maker.Machine.Root.AlertID(key, 1) }

func gbp(amount string) *freeze.Money {
	return &freeze.Money{Amount: freeze.Dec(amount), Currency: "GBP"}
}

func aed(amount string) *freeze.Money {
	return &freeze.Money{Amount: freeze.Dec(amount), Currency: "AED"}
}

// hit reports a payment; the debtor has a name that nobody else may learn.
func (p *play) hit(clock string, key caselog.Key, payment, account string, amount *freeze.Money) {
	p.sealed[payment] = asJSON(caselog.HitPersonal{
		Subject:  freeze.Subject{Account: freeze.Account{Scheme: "iban", ID: account}, AccountCountry: "GB"},
		Payments: []caselog.PersonalDetail{{Refs: freeze.Refs{UETR: "uetr-" + payment}, Credited: amount, ExecutedAt: freeze.At(at(clock)), Debtor: freeze.Debtor{Name: "VICTIM"}}},
	})
	p.add(clock, caselog.Hit, key, caselog.HitData{
		HitID: "H" + payment, Evidence: payment, Rule: "sim-swap", Score: "80", Severity: "critical", Ask: []string{"hold_amount"}, Personal: payment, Hash: "00ff", CaseID: "CASE",
		Record: freeze.At(at(clock)), Payments: []caselog.PaymentMark{{Key: payment, Amount: amount, Refs: []string{payment}, Told: "1"}}, Fold: apply.Version,
	})
}

// send lets two officers approve the request and the party receive it.
func (p *play) send(clock string, key caselog.Key) {
	for _, by := range []string{"O1", "O2"} {
		p.add(clock, caselog.ApprovalGiven, key, caselog.OfficerData{AlertID: p.id(key), By: by, Role: caselog.RoleHead, Act: "request", Fold: apply.Version})
	}
	id := p.id(key) + "-Q001"
	p.sealed[id] = asJSON(caselog.BodyPersonal{Body: `{"type":"request","legal":{"regime":"egmont","requester_basis":{"code":"PMLA"}},"handling":{"permitted_use":"intelligence_only"},` +
		`"subject":{"account":{"id":"X","name":"Y"}},"payments":[{"refs":{"uetr":"U"},"debtor":{"servicer":{"bic":"B"}}}]}`})
	p.add(clock, caselog.MessageQueued, key, caselog.QueuedData{
		AlertID: p.id(key), Episode: 1, MessageID: id, Sequence: 1, Type: freeze.TypeRequest, Party: key.Party(), Lane: "critical", Channels: []string{"webhook"}, Environment: "test",
		Digest: freeze.Digest{Alg: "sha-256", Value: "d"}, Content: p.alert(key).Content(), Approval: &caselog.ApprovalData{Mode: "two", ContentDigest: "cd", By: []string{"O1", "O2"}},
		Fold: apply.Version, Personal: id,
	})
	p.add(clock, caselog.Delivered, key, caselog.DeliveredData{AlertID: p.id(key), MessageID: id, Number: 1, Channel: "webhook", Verdict: "delivered"})
}

func (p *play) outcome(clock string, key caselog.Key, change func(*freeze.Outcome)) {
	o, _ := freeze.New(freeze.TypeOutcome).(*freeze.Outcome)
	alert, now := p.id(key), freeze.At(at(clock))
	party := freeze.Party{PartyID: key.Party(), Kind: "fiu", Country: "GB"}
	o.Envelope = freeze.Envelope{
		Schema: freeze.Schema1, Type: freeze.TypeOutcome, Environment: "test", AlertID: alert, MessageID: freeze.ResponderID(alert, 1), Sequence: 1, CreatedAt: now, Sender: party,
		Recipient: party, Case: &freeze.Case{ID: "CASE"}, Handling: &freeze.Handling{TLP: "red", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
	}
	o.OutcomeOf, o.AsOf, o.Decision = alert+"-Q001", now, "granted"
	change(o)
	o.Amounts = freeze.AmountsOf(o.Funds)
	body, err := freeze.Encode(o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.sealed[o.MessageID] = asJSON(caselog.BodyPersonal{Body: string(body)})
	mark := caselog.MessageMark{AlertID: alert, MessageID: o.MessageID, Sequence: 1, Type: freeze.TypeOutcome, Party: key.Party(), Channel: "webhook", ReceivedAt: now, Digest: freeze.Digest{Alg: "sha-256", Value: "o"}}
	p.add(clock, caselog.Outcome, key, caselog.OutcomeData{MessageMark: mark, OutcomeMark: intake.OutcomeMark(p.maker.Machine.Root, o, freeze.Servicer{}), Personal: o.MessageID})
}

// follow lets a child alert ask about where the money of a hop went on to.
func (p *play) follow(clock string, from, to caselog.Key) {
	h := p.alert(from).Trail[0]
	p.sealed["hop"] = asJSON(caselog.HopPersonal{HitPersonal: caselog.HitPersonal{
		Subject:  freeze.Subject{Account: freeze.Account{Scheme: "iban", ID: "AE81"}, AccountCountry: "AE"},
		Payments: []caselog.PersonalDetail{{Refs: freeze.Refs{UETR: "n"}, Credited: h.Credited, ExecutedAt: freeze.At(at("04:30"))}},
	}})
	d := caselog.FollowedData{
		Parent: p.id(from), ParentKey: from, ChildKey: to, To: to.Party(), Mark: h.HopMark, Content: h.Mark, Consent: caselog.ConsentGranted, Party: from.Party(), Message: h.Outcome,
		Hop: 1, Root: p.id(from), CaseID: "CASE", Severity: "critical", Urgency: "critical", Offence: "fraud", Ask: []string{"hold_amount"}, Personal: "hop",
	}
	p.add(clock, caselog.TrailFollowed, to, d)
	p.add(clock, caselog.TrailFollowed, from, caselog.FollowedData{AlertID: p.id(from), ChildKey: to, To: to.Party(), Mark: h.HopMark, Content: h.Mark, Consent: caselog.ConsentGranted})
	p.add(clock, caselog.TrailFollowed, from, caselog.FollowedData{AlertID: p.id(from), ChildKey: to, Child: p.id(to), Mark: caselog.HopMark{ItemID: h.ItemID}})
}

func (p *play) ask(query string) string {
	p.t.Helper()
	db, err := clickhouse.Dial(p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var got string
	if err := db.QueryRow(p.t.Context(), "SELECT toString(q) FROM ("+query+")").Scan(&got); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return got
}

func measure(id, kind, state, since string, amount *freeze.Money) freeze.Measure {
	end := freeze.At(at(since).AddDate(0, 0, 9))
	return freeze.Measure{
		MeasureID: id, AskID: "K1", Kind: kind, State: state, Amount: amount, Account: freeze.Account{Scheme: "iban", ID: "GB52", Type: "personal"}, Extendable: true,
		Authority: freeze.Authority{Name: "Bank A", Kind: "bank"}, LegalBasis: "s. 336A", InForceAt: freeze.At(at(since)), ExpiresAt: &end, Convert: freeze.Convert{Need: "court_order"},
	}
}

// TestSimSwapInGBAE plays the money of FREEZE §5 on the log of India and asks its views.
func TestSimSwapInGBAE(t *testing.T) {
	p := newPlay(t)
	a, b, c := caselog.Key("out/GB-FIU/A"), caselog.Key("out/GB-FIU/B"), caselog.Key("out/AE-FIU/C")
	fund := func(item, what string, amount *freeze.Money) freeze.Fund {
		return freeze.Fund{ItemID: item, Disposition: what, Money: *amount}
	}
	p.hit("04:10", a, "P1", "GB52", gbp("18000.00"))
	p.hit("04:18", a, "P2", "GB52", gbp("9500.00"))
	p.send("04:21", a)
	p.hit("04:25", b, "P3", "GB65", gbp("12000.00"))
	p.send("04:26", b)
	p1, p2 := freeze.ItemID(p.id(a), 1), freeze.ItemID(p.id(a), 2)
	p.outcome("05:10", a, func(o *freeze.Outcome) {
		o.Decision, o.Measures = "partly", []freeze.Measure{measure("M1", "consent_withheld", "in_force", "04:55", gbp("15500.00"))}
		o.Funds = []freeze.Fund{fund(p1, "held", gbp("15500.00")), fund(p1, "moved_on", gbp("2500.00")), fund(p2, "moved_on", gbp("8500.00")), fund(p2, "withdrawn_cash", gbp("1000.00"))}
		o.Trail = []freeze.Hop{{
			ItemID: "N1", ParentItems: []string{p1, p2}, Money: *gbp("11000.00"), Credited: aed("52000.00"), ExecutedAt: freeze.At(at("04:30")), Refs: freeze.Refs{EndToEndID: "n1"},
			HandledBy: "nobody", OnwardUse: "granted",
			To: freeze.HopTo{Account: freeze.Account{Scheme: "iban", ID: "AE819990000000000000303", Type: "unknown"}, Servicer: freeze.Servicer{BIC: "HWBDAEAD", Country: "AE"}, AccountCountry: "AE"},
		}}
	})
	p.follow("05:20", a, c)
	p.send("05:25", c)
	p.outcome("09:30", c, func(o *freeze.Outcome) {
		item := freeze.ItemID(p.id(c), 1)
		o.Measures = []freeze.Measure{measure("M3", "account_suspended", "in_force", "09:20", aed("51400.00"))}
		o.Funds = []freeze.Fund{fund(item, "held", aed("51400.00")), fund(item, "fee", aed("600.00"))}
	})
	p.outcome("11:00", b, func(o *freeze.Outcome) {
		o.Final, o.Measures = true, []freeze.Measure{measure("M2", "lien", "ended", "06:05", gbp("12000.00"))}
		o.Funds = []freeze.Fund{fund(freeze.ItemID(p.id(b), 1), "returned", gbp("12000.00"))}
	})
	p.write()
	for query, want := range map[string]string{
		"SELECT groupArray((hop, currency, credited, returned, held, moved_on, onward_followed, withdrawn_cash, fee, unaccounted, unanswered, balance)) AS q FROM (SELECT * FROM v_funds_balance ORDER BY hop)": "[(0,'GBP',39500,12000,15500,11000,11000,1000,0,0,0,0),(1,'AED',52000,0,51400,0,0,0,600,0,0,0)]",
		"SELECT (executed_at, detected_at, approved_at, sent_at, in_force_at, held_in_golden) AS q FROM v_time_to_freeze WHERE payment_key = 'P1'":                                                              "('2026-03-02 04:10:00.000','2026-03-02 04:10:00.000','2026-03-02 04:21:00.000','2026-03-02 04:21:00.000','2026-03-02 04:55:00.000',1)",
		"SELECT arraySort(groupArray((replace(from_item, '" + p.id(a) + "', 'A1'), to_item, account, country, hop, amount, child_alert = '" + p.id(c) + "'))) AS q FROM v_money_trail WHERE told_by = 'trail'":  "[('A1-P01','N1','AE819990000000000000303','AE',1,11000,1),('A1-P02','N1','AE819990000000000000303','AE',1,11000,1)]",
		"SELECT count() AS q FROM v_money_trail WHERE told_by != 'trail'": "1", // the cash
		"SELECT (uniqExactIf(party, whose = 'victim' AND kind = 'name'), uniqExactIf(party, path = 'subject.account.name'), any(basis), min(disclosed_at)) AS q FROM v_disclosures": "(0,2,'PMLA','2026-03-02 04:21:00.000')",
		"SELECT arraySort(groupArray((measure_id, stand, amount, authority, account))) AS q FROM v_open_measures":                                                                   "[('M1','in_force',15500,'Bank A','GB52'),('M3','in_force',51400,'Bank A','GB52')]",
		"SELECT (count(), countIf(voided_at IS NOT NULL)) AS q FROM v_approvals WHERE act = 'request'":                                                                              "(6,0)",
		"SELECT groupArray(parent_alerts = ['" + p.id(a) + "']) AS q FROM v_alerts WHERE party = 'AE-FIU'":                                                                          "[1]",
		"SELECT sum(length(body)) > 0 AS q FROM messages":                                                                                                                           "1",
	} {
		if got := p.ask(query); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}
