package ledger

import (
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Hit makes the row of one record of the hits topic: a hit that cannot alert.
func (m *Maker) Hit(e caselog.Event, partition int32, offset, appended int64) {
	x := &step{Maker: m, r: apply.Record{Event: e, Partition: partition, Offset: offset, Appended: appended}}
	x.r.Key = ""
	x.hit()
}

// hit makes the row of what a rule says of a report. What the fold did not take up
// makes none.

func (x *step) hit() {
	if x.r.Type != caselog.Hit && x.r.Type != caselog.HitChanged && x.r.Type != caselog.HitOverturned {
		return
	}
	var d caselog.HitData
	if json.Unmarshal(x.r.Data, &d) != nil || x.r.Key != "" && !x.v.Applied {
		return
	}
	if x.r.Type == caselog.HitOverturned && !d.Stands {
		x.rows.Overturns = append(x.rows.Overturns, overturnRow(x.r, &d))
		return
	}
	var p caselog.HitPersonal
	if d.Personal != "" && x.Open(d.Personal, &p) != nil {
		p = caselog.HitPersonal{}
	}
	row := hitRow(&d, &p)
	row.Key, row.AlertID, row.AppendedAt, row.Trace = string(x.r.Key), x.v.AlertID, x.r.Appended, x.r.Trace
	row.Version, row.Changed = version(x.r), change(x.r.Type)
	x.rows.Hits = append(x.rows.Hits, row)
}

// change says how later evidence changed the case of a hit.
func change(t caselog.Type) string {
	switch t {
	case caselog.HitChanged:
		return "raised"
	case caselog.HitOverturned:
		return "lowered"
	}
	return ""
}

func overturnRow(r apply.Record, d *caselog.HitData) caselog.OverturnRow {
	row := caselog.OverturnRow{
		EvidenceKey: d.Evidence, Key: string(r.Key), Revision: d.Revision, Hash: content(d.Hash), HitID: d.HitID, Rule: d.Rule,
		Reason: "revision", AppendedAt: r.Appended, Version: version(r),
	}
	if d.Cause != nil {
		row.Reason, row.CauseTopic, row.CausePartition, row.CauseOffset = "later_evidence", d.Cause.Topic, d.Cause.Partition, d.Cause.Offset
	}
	return row
}

func hitRow(d *caselog.HitData, p *caselog.HitPersonal) caselog.HitRow {
	row := caselog.HitRow{
		HitID: d.HitID, EvidenceKey: d.Evidence, CaseID: d.CaseID, Rule: d.Rule, RuleVersion: d.Version, Title: d.Title, Status: d.Status,
		Case: d.Case, Score: number(freeze.Dec(d.Score)), Severity: d.Severity, Typology: d.Typology, Offence: d.Offence, Approval: d.Approval, Asks: d.Ask,
		Reporter: d.Reporter, ReportID: d.ReportID, Revision: d.Revision, Hash: content(d.Hash), Kind: d.Kind,
		OccurredAt: d.Occurred.UnixMilli(), RecordTime: d.Record.UnixMilli(), Topic: d.Position.Topic, Partition: d.Position.Partition, Offset: d.Position.Offset,
		Late: d.Late, Cold: d.Cold, Cut: d.Cut, Excepted: d.Excepted, Unknown: d.Unknown, ValuesJSON: values(d, p),
		DigestRules: d.Digests.Rules, DigestLists: d.Digests.Lists, DigestRates: d.Digests.Rates, Facts: p.Facts,
		SubjectUID: p.UID, SubjectScheme: p.Subject.Account.Scheme, SubjectID: p.Subject.Account.ID, SubAccount: p.Subject.Account.SubAccount,
		SubjectName: p.Subject.Account.Name, SubjectBIC: p.Subject.Servicer.BIC, Country: p.Subject.AccountCountry,
	}
	if d.Cause != nil {
		row.CauseTopic, row.CausePartition, row.CauseOffset = d.Cause.Topic, d.Cause.Partition, d.Cause.Offset
	}
	for _, m := range d.Payments {
		if m.Key != "" {
			row.PaymentKeys = append(row.PaymentKeys, m.Key)
		}
	}
	row.Amount = sum(d.Payments)
	return row
}

// content reads a content hash; a bad one is zero.
func content(text string) (hash [16]byte) {
	if b, err := hex.DecodeString(text); err == nil {
		copy(hash[:], b)
	}
	return hash
}

// sum adds the payments when they share a currency.
func sum(payments []caselog.PaymentMark) caselog.Money {
	var total freeze.Money
	for _, p := range payments {
		switch {
		case p.Amount == nil || total.Currency != "" && total.Currency != p.Amount.Currency:
			return caselog.Money{}
		case total.Currency == "":
			total = *p.Amount
		default:
			total.Amount = total.Amount.Add(p.Amount.Amount)
		}
	}
	return money(&total)
}

func values(d *caselog.HitData, p *caselog.HitPersonal) string {
	all := map[string]any{}
	for name, v := range d.Values {
		all[name] = v
	}
	for name, v := range p.Values {
		all[name] = v
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// number reads a decimal that has been checked before; a bad one is 0.
func number(d freeze.Dec) decimal.D {
	v, err := decimal.ParseSigned([]byte(d))
	if err != nil {
		return decimal.D{}
	}
	return v
}

func money(m *freeze.Money) caselog.Money {
	if m == nil || m.Currency == "" {
		return caselog.Money{}
	}
	return caselog.Money{Amount: number(m.Amount), Currency: m.Currency}
}

// changesPayments reports whether an event may change the items of its alert.
func changesPayments(t caselog.Type) bool {
	switch t {
	case caselog.Hit, caselog.HitChanged, caselog.HitOverturned, caselog.Amended, caselog.Received, caselog.ApprovalVoided,
		caselog.TrailFollowed, caselog.ConsentGiven, caselog.ConsentRefused, caselog.Rerouted, caselog.Reopened:
		return true
	default:
		return false
	}
}

// payments makes the rows of the items of an alert.
func (x *step) payments() {
	for _, i := range x.a.Items {
		x.rows.Payments = append(x.rows.Payments, x.payment(i))
	}
	for _, i := range x.a.Shed {
		row := x.payment(i)
		row.Shed = true
		x.rows.Payments = append(x.rows.Payments, row)
	}
	for _, i := range x.a.TakenOut {
		row := x.payment(i)
		row.TakenOut = true
		x.rows.Payments = append(x.rows.Payments, row)
	}
	for _, i := range x.a.Held {
		if i.ID == "" { // never asked for: the trail tells of it
			continue
		}
		row := x.payment(i)
		row.Withheld = true
		x.rows.Payments = append(x.rows.Payments, row)
	}
}

// gone makes the rows of items that the alert had before and has no more.
func (x *step) gone(before []*apply.Item) {
	if len(before) == 0 {
		return
	}
	have := map[string]bool{}
	for _, i := range slices.Concat(x.a.Items, x.a.Shed, x.a.TakenOut, x.a.Held) {
		have[i.ID] = true
	}
	for _, i := range before {
		if i.ID != "" && !have[i.ID] {
			row := x.payment(i)
			row.Shed = true
			x.rows.Payments = append(x.rows.Payments, row)
		}
	}
}

func (x *step) payment(i *apply.Item) caselog.PaymentRow {
	d := x.detail(i)
	date := int64(0)
	if !d.ExecutedAt.IsZero() {
		date = d.ExecutedAt.UnixMilli()
	}
	return caselog.PaymentRow{
		PaymentKey: i.Key, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, ItemID: i.ID, Hop: i.Hop, ParentItems: i.Parents,
		UETR: d.Refs.UETR, EndToEndID: d.Refs.EndToEndID, TransactionID: d.Refs.TransactionID, RRN: d.Refs.RRN, UTR: d.Refs.UTR, TxHash: d.Refs.TxHash,
		Instructed: money(d.Instructed), Settled: money(d.Settled), Credited: money(d.Credited), Disputed: money(&i.Amount),
		ExecutedAt: date, Rail: d.Rail, Authorisation: d.Authorisation, DebtorBIC: d.Debtor.Servicer.BIC, DebtorCountry: d.Debtor.Servicer.Country,
		ComplaintRef: d.ComplaintRef, Reports: count(len(i.Reports)), AddedAt: i.Added, Version: version(x.r),
	}
}
