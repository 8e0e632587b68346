package ledger

import (
	"encoding/json"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// Rows are the rows that a run of events makes.
type Rows struct {
	Hits       []caselog.HitRow
	Overturns  []caselog.OverturnRow
	Alerts     []caselog.AlertRow
	CaseEvents []caselog.CaseEventRow
	Deliveries []caselog.DeliveryRow
	Messages   []caselog.MessageRow
	Measures   []caselog.MeasureRow
	Funds      []caselog.FundsRow
	Payments   []caselog.PaymentRow

	Trail       []caselog.TrailRow
	Recalls     []caselog.RecallRow
	Approvals   []caselog.ApprovalRow
	Disclosures []caselog.DisclosureRow
	Consents    []caselog.ConsentRow
	Tasks       []caselog.TaskRow
	Erased      []caselog.ErasedRow
}

// Maker makes rows. It has one user at a time.
type Maker struct {
	Machine apply.Machine
	Book    *policy.Book
	// Open opens personal data; erased data leaves its columns empty.
	Open func(personal string, into any) error

	subjects map[caselog.Key]*apply.Subject
	rows     Rows
	touched  map[*apply.Alert]*apply.Subject
	paid     map[*apply.Alert]apply.Record // the last event that may have changed the items
	outcomes map[string]*freeze.Outcome    // some that were opened since the last Take, by what they are sealed as
}

// step is one event on its way to rows.
type step struct {
	*Maker
	r     apply.Record
	v     apply.Verdict
	a     *apply.Alert // nil when the event touched none
	prior prior
	// opened is what was opened last: the items that one hit brought follow one
	// another.
	opened *opened
}

// opened is what was sealed of a hit.
type opened struct {
	from string
	said caselog.HitPersonal
}

// prior is what a row needs of the state before the event.
type prior struct {
	attempted int64
	outcome   *caselog.OutcomeMark
}

// Event folds one event of the case log. Rows of it are made only when write is
// set: events below the cursor have theirs.
func (m *Maker) Event(r apply.Record, write bool) {
	if m.subjects == nil {
		m.subjects = map[caselog.Key]*apply.Subject{}
		m.touched = map[*apply.Alert]*apply.Subject{}
		m.paid = map[*apply.Alert]apply.Record{}
	}
	if r.Type == caselog.Revised {
		m.revised(r, write)
		return
	}
	if !write {
		m.subjects[r.Key], _ = m.Machine.Fold(m.subjects[r.Key], r)
		return
	}
	before, seen := m.prior(r), look(m.subjects[r.Key], r)
	s, v := m.Machine.Fold(m.subjects[r.Key], r)
	m.subjects[r.Key] = s
	x := &step{Maker: m, r: r, v: v, a: s.Alert(v.AlertID), prior: before}
	x.event()
	x.hit()
	if x.a == nil || !v.Applied {
		return
	}
	m.touched[x.a] = s
	if changesPayments(r.Type) {
		m.paid[x.a] = r
	}
	x.delivery()
	x.message()
	x.outcome()
	x.approval()
	x.erased(s, seen)
	x.standings(s, seen)
}

// revised makes the row of an event that is about a report and no alert.
func (m *Maker) revised(r apply.Record, write bool) {
	if write {
		x := &step{Maker: m, r: r, v: apply.Verdict{Applied: true}}
		x.event()
	}
}

// Take returns the rows made since the last call, with the state of every alert
// and item that changed. Items are looked at once a call: an account that is paid
// a thousand times has an alert of a thousand items, and each of them would be
// opened again with every hit.
func (m *Maker) Take() Rows {
	for a, r := range m.paid {
		x := &step{Maker: m, r: r, a: a}
		x.payments()
	}
	clear(m.paid)
	for a, s := range m.touched {
		m.rows.Alerts = append(m.rows.Alerts, m.alert(a, s))
	}
	clear(m.touched)
	rows := m.rows
	m.rows, m.outcomes = Rows{}, nil
	return rows
}

// prior looks up what the event is about to overwrite.
func (m *Maker) prior(r apply.Record) prior {
	var head struct {
		AlertID   string `json:"alert_id"`
		MessageID string `json:"message_id"`
	}
	s := m.subjects[r.Key]
	if s == nil || json.Unmarshal(r.Data, &head) != nil {
		return prior{}
	}
	a := s.Alert(head.AlertID)
	if a == nil {
		return prior{}
	}
	p := prior{outcome: a.Outcome}
	if x := a.Message(head.MessageID); x != nil {
		p.attempted = x.Attempted
	}
	return p
}

// version orders the rows of one identity: they are of one partition.
func version(r apply.Record) uint64 { return uint64(r.Offset) + 1 } //nolint:gosec // offsets are not negative

func (x *step) event() {
	row := caselog.CaseEventRow{
		Partition: x.r.Partition, Offset: x.r.Offset, AppendedAt: x.r.Appended, EventID: x.r.ID, Type: string(x.r.Type), Key: string(x.r.Key),
		Direction: x.r.Key.Direction(), Party: x.r.Key.Party(), AlertID: x.v.AlertID, Time: x.r.Time.UnixMilli(), Source: x.r.Source,
		Applied: x.v.Applied, Refused: x.v.Reason, StateBefore: string(x.v.Before), StateAfter: string(x.v.After), Version: version(x.r),
	}
	if x.v.Repeat {
		row.Refused = "repeat"
	}
	if x.a != nil {
		row.CaseID = x.a.CaseID
	}
	row.Officer, row.DataJSON = public(x.r.Data)
	x.rows.CaseEvents = append(x.rows.CaseEvents, row)
}

// public returns the officer in the data, and the data without its sealed part.
func public(data json.RawMessage) (officer, text string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return "", ""
	}
	delete(members, "personal")
	var by string
	if json.Unmarshal(members["by"], &by) != nil {
		by = "" // a list: officers of another alert
	}
	clean, err := json.Marshal(members)
	if err != nil {
		return by, ""
	}
	return by, string(clean)
}

// alert returns the state of an alert as a row.
func (m *Maker) alert(a *apply.Alert, s *apply.Subject) caselog.AlertRow {
	t := a.At
	row := caselog.AlertRow{
		AlertID: a.ID, Direction: a.Direction, Party: a.Party, Key: string(s.Key), Episode: a.Episode, CaseID: a.CaseID, RootAlert: a.Root(), Instruction: len(a.Parents) > 0, State: string(a.State), Ending: a.Ending,
		Blocked: a.Blocked, Severity: a.Severity, Urgency: a.Urgency, Environment: a.Environment, Asks: a.Asks,
		Hits: count(a.Standing()), Payments: count(len(a.Items)), Provisional: a.Provisional, Confirmed: a.Confirmed, Automatic: a.Automatic,
		DuplicateOf: a.DuplicateOf, PartnerRef: a.PartnerRef, OpenTasks: a.OpenTasks(),
		RecordTime: t.Record, OpenedAt: t.Opened, ApprovedAt: t.Approved, QueuedAt: t.Queued, SentAt: t.Sent, ReceivedAt: t.Received,
		AcceptedAt: t.Accepted, DecidedAt: t.Decided, AnsweredAt: t.Answered, ConfirmBy: a.ConfirmBy, ConfirmedAt: t.Confirmed, ClosedAt: t.Closed,
		UpdatedAt: t.Updated, DecideBy: a.DecideBy, PausedMS: a.Paused, BankAt: a.BankAt, ErasedAt: t.Erased, Version: uint64(s.Offset) + 1, //nolint:gosec // offsets are not negative
	}
	if p := m.Book.Party(a.Party); p != nil {
		row.PartyKind, row.PartyCountry = p.Kind, p.Country
	}
	if a.Outcome != nil {
		row.Decision = a.Outcome.Decision
	}
	for _, p := range a.Parents {
		row.ParentAlerts = append(row.ParentAlerts, p.Alert)
	}
	for _, i := range slices.Concat(a.Items, a.Held) {
		for _, f := range i.Facts {
			if !has(row.ParentAlerts, f.Parent) {
				row.ParentAlerts = append(row.ParentAlerts, f.Parent)
			}
		}
	}
	for _, h := range a.Hits {
		if !h.Gone && !has(row.Rules, h.Rule) {
			row.Rules = append(row.Rules, h.Rule)
		}
	}
	for _, total := range a.Totals() {
		row.Currencies = append(row.Currencies, total.Currency)
		row.Amounts = append(row.Amounts, number(total.Disputed))
	}
	m.subject(a, &row)
	return row
}

// subject fills in the account that the alert is about.
func (m *Maker) subject(a *apply.Alert, row *caselog.AlertRow) {
	subject, ok := m.subjectOf(a)
	if !ok {
		return
	}
	row.SubjectScheme, row.SubjectID, row.SubAccount = subject.Account.Scheme, subject.Account.ID, subject.Account.SubAccount
	row.SubjectName, row.SubjectBIC, row.SubjectCountry = subject.Account.Name, subject.Servicer.BIC, subject.AccountCountry
}

func count(n int) uint32 { return uint32(min(max(n, 0), 1<<31)) } //nolint:gosec // bounded

func has(list []string, s string) bool { return slices.Contains(list, s) }
