package intake

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Draft is an event whose personal part is not sealed yet: its key may need a
// data key first.
type Draft struct {
	ID       string
	Key      caselog.Key
	Type     caselog.Type
	Trace    string
	Data     any // pointer to a data struct; Seal fills its Personal
	Personal any
	Seal     func(personal string)
	Alerts   bool // false: for the topic of hits that cannot alert
	// Note says that the event notes under one key what another draft tells another key:
	// it is written when that one is on the log, so that a crash between the two leaves
	// something to do, and not something undone that everybody takes for done.
	Note bool
}

// Hits makes drafts of hits.
type Hits struct {
	Root   *caselog.Root
	Book   *policy.Book
	MaxAge time.Duration
	Now    func() time.Time
}

// Hit returns what d is about, of a draft of this package's Hits.
func (d Draft) Hit() *caselog.HitData {
	data, _ := d.Data.(*caselog.HitData)
	return data
}

// Drafts returns the drafts of a hit: one a subject, or one for the hits topic.
func (x Hits) Drafts(h *hit.Hit) []Draft {
	out := x.drafts(h)
	for i := range out {
		if h.Changed {
			out[i].Type = caselog.HitChanged
		}
		if h.Cause != (event.Position{}) {
			out[i].because(h.Cause)
		}
	}
	return out
}

// Lowered returns the drafts of a hit whose case fell: one a subject that the
// lower case names, or one for the hits topic.
func (x Hits) Lowered(o *hit.Overturned) []Draft {
	out := x.drafts(o.Now)
	for i := range out {
		d := out[i].Hit()
		d.Overturns, d.Stands = o.HitID, true
		out[i].Type = caselog.HitOverturned
		out[i].because(o.Cause)
	}
	return out
}

// Fallen returns the draft of a hit that holds no more for the hits topic, where
// the hit is if it cannot alert.
func (x Hits) Fallen(o *hit.Overturned) Draft {
	d := &caselog.HitData{
		HitID: o.HitID, Evidence: o.EvidenceKey(), Overturns: o.HitID, Rule: o.Rule, Reporter: o.Reporter, ReportID: o.ReportID,
		Revision: o.Version.Revision, Hash: hex.EncodeToString(o.Version.Hash[:]), Status: string(o.Status), Position: o.Position,
		Values: map[string]any{}, Unknown: []string{}, Ask: []string{}, Typology: []string{}, Payments: []caselog.PaymentMark{}, Fold: apply.Version,
	}
	out := Draft{ID: o.HitID, Key: quietKey(d.Evidence), Type: caselog.HitOverturned, Data: d}
	out.because(o.Cause)
	return out
}

// because makes a draft that of later evidence: told again for the same reason it
// is the same event.
func (d *Draft) because(cause event.Position) {
	data := d.Hit()
	data.Cause = &cause
	d.ID = hit.Text32(data.HitID, string(d.Key), string(d.Type), data.Case, cause.Topic, fmt.Sprint(cause.Partition, cause.Offset))
}

// quietKey is the key of an evidence on the hits topic.
func quietKey(evidence string) caselog.Key {
	return caselog.Key("none/" + caselog.Nobody + "/" + evidence)
}

func (x Hits) drafts(h *hit.Hit) []Draft {
	if len(h.Alerts) == 0 || h.Status != hit.Live || h.Excepted || h.Cold {
		return []Draft{x.quiet(h)}
	}
	out := make([]Draft, 0, len(h.Alerts))
	for i := range h.Alerts {
		out = append(out, x.alert(h, &h.Alerts[i]))
	}
	return out
}

func (x Hits) quiet(h *hit.Hit) Draft {
	data, personal := x.data(h)
	if len(h.Alerts) > 0 {
		x.fill(data, personal, h, &h.Alerts[0])
	}
	return Draft{
		ID: h.ID, Key: quietKey(data.Evidence), Type: caselog.Hit, Trace: h.Trace,
		Data: data, Personal: personal, Seal: func(p string) { data.Personal = p },
	}
}

func (x Hits) alert(h *hit.Hit, a *hit.Alert) Draft {
	data, personal := x.data(h)
	x.fill(data, personal, h, a)
	data.CaseID = x.Root.CaseID(data.Evidence)
	data.Stale = x.MaxAge > 0 && x.Now().Sub(time.UnixMilli(h.RecordTime)) > x.MaxAge
	party, blocked := x.Book.Route(a.Subject, h.Ask)
	if slices.ContainsFunc(data.Payments, func(p caselog.PaymentMark) bool { return p.Amount == nil }) {
		party, blocked = nil, "amount"
	}
	data.Blocked = blocked
	to := caselog.Nobody
	if party != nil {
		to = party.ID
	}
	data.People = x.people(to, data)
	key := x.Root.Key(caselog.Out, to, SubjectID(a.Subject))
	return Draft{
		ID: hit.Text32(h.ID, string(key)), Key: key, Type: caselog.Hit, Trace: h.Trace, Alerts: true,
		Data: data, Personal: personal, Seal: func(p string) { data.Personal = p },
	}
}

// Reroute returns the draft of a hit that had no party to go to, under the key of
// the party that it has now, and reports whether it has one.
func (x Hits) Reroute(d caselog.HitData, personal *caselog.HitPersonal, trace string) (Draft, string, bool) {
	s := personal.Subject
	party, _ := x.Book.Route(hit.Subject{
		Country: s.AccountCountry, BIC: s.Servicer.BIC, ClearingSystem: s.Servicer.ClearingSystem, ClearingID: s.Servicer.ClearingID,
	}, d.Ask)
	if party == nil || slices.ContainsFunc(d.Payments, func(p caselog.PaymentMark) bool { return p.Amount == nil }) {
		return Draft{}, "", false
	}
	key := x.Root.Key(caselog.Out, party.ID, personal.UID)
	d.Blocked, d.Overturns, d.Stands = "", "", false
	d.People = x.people(party.ID, &d)
	return Draft{
		ID: hit.Text32(d.HitID, string(key)), Key: key, Type: caselog.Hit, Trace: trace, Alerts: true,
		Data: &d, Personal: personal, Seal: func(p string) { d.Personal = p },
	}, party.ID, true
}

// Again returns the draft of a hit under the key of another party: officers send its
// alert there.
func (x Hits) Again(d caselog.HitData, personal *caselog.HitPersonal, party, trace string) Draft {
	key := x.Root.Key(caselog.Out, party, personal.UID)
	d.People, d.Fold = x.people(party, &d), apply.Version
	return Draft{
		ID: hit.Text32("again", d.HitID, string(key)), Key: key, Type: caselog.Hit, Trace: trace, Alerts: true,
		Data: &d, Personal: personal, Seal: func(p string) { d.Personal = p },
	}
}

// people is how many officers have to approve a request because of the hit: the
// stricter of the rule and the agreement with the party.
func (x Hits) people(party string, d *caselog.HitData) int {
	n := map[string]int{"two_person": 2, "one_person": 1}[d.Approval]
	if party == caselog.Nobody {
		return max(n, 1)
	}
	return max(n, 1, x.Book.Needs(party, d.Ask))
}

// SubjectID returns what a subject is hashed by: its uid, with the sub-account
// where that is known. An account whose servicer nobody knows has no uid; it is
// told apart by what there is, so that strangers never share an alert.
func SubjectID(s hit.Subject) string {
	id := s.UID
	if id == "" {
		id = "unknown:" + strings.Join([]string{s.Scheme, s.Country, s.BIC, s.ClearingSystem, s.ClearingID, s.Account, s.Name}, ":")
	}
	if s.SubAccount != "" {
		return id + "#" + s.SubAccount
	}
	return id
}

func (x Hits) data(h *hit.Hit) (*caselog.HitData, *caselog.HitPersonal) {
	d := &caselog.HitData{
		HitID: h.ID, Evidence: h.EvidenceKey(), Rule: h.Rule, Version: h.Version, Title: h.Title,
		Reporter: h.Reporter, ReportID: h.ReportID, Revision: h.Revision, Hash: hex.EncodeToString(h.Hash[:]), Kind: h.Kind,
		Occurred: freeze.At(time.UnixMilli(h.OccurredAt)), Record: freeze.At(time.UnixMilli(h.RecordTime)),
		Status: string(h.Status), Case: h.Case, Rank: h.Rank, Score: json.Number(h.Score.String()), Severity: h.Severity,
		Late: h.Late, Cold: h.Cold, Cut: h.Cut, Excepted: h.Excepted, Digests: h.Digests, Position: h.Position,
		Values: map[string]any{}, Unknown: list(h.Unknown), Ask: list(h.Ask), Approval: h.Approval,
		Owner: h.Owner, Budget: h.Budget, Offence: h.PredicateOffence, Typology: list(h.Typology), Payments: []caselog.PaymentMark{}, Fold: apply.Version,
	}
	p := &caselog.HitPersonal{Facts: h.Facts}
	for _, v := range h.Values {
		switch value := v.Value.(type) {
		case string: // may name somebody
			if p.Values == nil {
				p.Values = map[string]any{}
			}
			p.Values[v.Name] = value
		case decimal.D:
			d.Values[v.Name] = value.String()
		default:
			d.Values[v.Name] = value
		}
	}
	return d, p
}

func (x Hits) fill(d *caselog.HitData, p *caselog.HitPersonal, h *hit.Hit, a *hit.Alert) {
	p.UID = SubjectID(a.Subject)
	p.Subject = freeze.Subject{Account: account(a.Subject), Servicer: servicer(a.Subject), AccountCountry: a.Subject.Country}
	for i := range a.Payments {
		pay := &a.Payments[i]
		d.Payments = append(d.Payments, x.mark(h, pay))
		p.Payments = append(p.Payments, detail(pay))
	}
}

func (x Hits) mark(h *hit.Hit, p *hit.Payment) caselog.PaymentMark {
	amount := p.Amount
	if amount == nil {
		amount = p.Disputed
	}
	return caselog.PaymentMark{
		Key: p.Key, Amount: money(amount), Hop: p.Hop,
		Refs: Marks(x.Root, refs(p.Refs), servicer(p.Debtor), day(p)),
		Told: fmt.Sprintf("%014d|%s|%s", p.ReportedAt, h.Reporter, h.ReportID), Executed: executed(p),
	}
}

func executed(p *hit.Payment) *freeze.Time {
	if p.ExecutedAt == 0 {
		return nil
	}
	at := freeze.At(time.UnixMilli(p.ExecutedAt))
	return &at
}

// day is the settlement date, else the UTC date of execution.
func day(p *hit.Payment) string {
	if p.SettledOn != "" {
		return p.SettledOn
	}
	return time.UnixMilli(p.ExecutedAt).UTC().Format(time.DateOnly)
}

// Marks returns the marks of the references that identify a payment (RULES 2):
// UETR; transaction and end-to-end id with the debtor's servicer and a date; RRN
// and UTR with the servicer; a transaction hash.
func Marks(root *caselog.Root, r freeze.Refs, debtor freeze.Servicer, date string) []string {
	bank := debtor.BIC
	if len(bank) > 8 {
		bank = bank[:8]
	}
	if bank == "" {
		bank = debtor.ClearingSystem + "/" + debtor.ClearingID
	}
	var out []string
	add := func(kind, value string, with ...string) {
		if value != "" {
			out = append(out, root.Ref(kind, append(with, value)...))
		}
	}
	add("uetr", r.UETR)
	add("tx", r.TransactionID, bank, date)
	add("e2e", r.EndToEndID, bank, date)
	add("rrn", r.RRN, bank)
	add("utr", r.UTR, bank)
	add("hash", r.TxHash)
	return out
}

func account(s hit.Subject) freeze.Account {
	return freeze.Account{Scheme: scheme(s.Scheme), ID: s.Account, Name: s.Name, Type: kindOf(s.AccountType), SubAccount: s.SubAccount}
}

func scheme(s string) string {
	if s == "" {
		return "other"
	}
	return s
}

// kindOf maps the reporter's word for the kind of account to ours.
func kindOf(s string) string {
	if slices.Contains([]string{"personal", "business", "pooled", "virtual", "merchant"}, s) {
		return s
	}
	return "unknown"
}

func servicer(s hit.Subject) freeze.Servicer {
	return freeze.Servicer{BIC: s.BIC, ClearingSystem: s.ClearingSystem, ClearingID: s.ClearingID, Country: s.Country}
}

func money(m *hit.Money) *freeze.Money {
	if m == nil {
		return nil
	}
	return &freeze.Money{Amount: freeze.Dec(m.Amount.Fixed(2)), Currency: m.Currency}
}

func refs(r hit.References) freeze.Refs {
	return freeze.Refs{
		UETR: r.UETR, EndToEndID: r.EndToEndID, TransactionID: r.TransactionID, InstructionID: r.InstructionID,
		MessageID: r.MessageID, MessageName: r.MessageName, ClearingRef: r.ClearingRef, RRN: r.RRN, UTR: r.UTR, TxHash: r.TxHash,
	}
}

func detail(p *hit.Payment) caselog.PersonalDetail {
	d := caselog.PersonalDetail{
		Key: p.Key, Refs: refs(p.Refs), Instructed: money(p.Instructed), Settled: money(p.Settled), Credited: money(p.Credited),
		ExecutedAt: freeze.At(time.UnixMilli(p.ExecutedAt)), SettledOn: freeze.Date(p.SettledOn), Rail: or(p.Rail, "other"),
		Authorisation: or(p.Authorisation, "unknown"), Debtor: freeze.Debtor{Servicer: servicer(p.Debtor), Name: p.Debtor.Name, Kind: debtorKind(p.DebtorKind)},
		Remittance: p.Remittance, ComplaintRef: p.ComplaintRef, ReportedAt: freeze.At(time.UnixMilli(p.ReportedAt)),
	}
	if p.Debtor.Account != "" {
		a := account(p.Debtor)
		d.Debtor.Account = &a
	}
	return d
}

func debtorKind(s string) string {
	switch s {
	case "person", "personal", "individual":
		return "person"
	case "org", "organisation", "business":
		return "org"
	}
	return "unknown"
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
