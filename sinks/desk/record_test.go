package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/policy"
)

// book is a ledger that keeps the newest row of each identity, and is away as
// long as the test wants.
type book struct {
	mu   sync.Mutex
	away bool
	rows map[string]any
	at   map[string]uint64
}

func newLedger() *book { return &book{rows: map[string]any{}, at: map[string]uint64{}} }

func (b *book) put(version uint64, row any, id ...any) {
	key := fmt.Sprintf("%T %v", row, id)
	if version >= b.at[key] {
		b.rows[key], b.at[key] = row, version
	}
}

func (b *book) leave(away bool) {
	b.mu.Lock()
	b.away = away
	b.mu.Unlock()
}

func write[R any](b *book, rows []R, put func(R)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("the ledger is away")
	}
	for _, r := range rows {
		put(r)
	}
	return nil
}

func kept[R any](b *book) []R {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []R
	for _, r := range b.rows {
		if x, ok := r.(R); ok {
			out = append(out, x)
		}
	}
	return out
}

func (b *book) WriteHits(_ context.Context, rows []caselog.HitRow) error {
	return write(b, rows, func(r caselog.HitRow) { b.put(r.Version, r, r.HitID, r.Key) })
}

func (b *book) WriteOverturns(_ context.Context, rows []caselog.OverturnRow) error {
	return write(b, rows, func(r caselog.OverturnRow) { b.put(r.Version, r, r.EvidenceKey, r.Key, r.Revision, r.Hash) })
}

// standing returns the hits of b that stand, each under every key.
func (b *book) standing() []caselog.HitRow {
	return slices.DeleteFunc(kept[caselog.HitRow](b), func(h caselog.HitRow) bool {
		return slices.ContainsFunc(kept[caselog.OverturnRow](b), func(o caselog.OverturnRow) bool {
			return o.EvidenceKey == h.EvidenceKey && o.Key == h.Key && o.Revision == h.Revision && o.Hash == h.Hash && o.Version > h.Version
		})
	})
}

func (b *book) WriteAlerts(_ context.Context, rows []caselog.AlertRow) error {
	return write(b, rows, func(r caselog.AlertRow) { b.put(r.Version, r, r.Direction, r.Party, r.AlertID) })
}

func (b *book) WriteCaseEvents(_ context.Context, rows []caselog.CaseEventRow) error {
	return write(b, rows, func(r caselog.CaseEventRow) { b.put(r.Version, r, r.Partition, r.Offset) })
}

func (b *book) WriteDeliveries(_ context.Context, rows []caselog.DeliveryRow) error {
	return write(b, rows, func(r caselog.DeliveryRow) { b.put(r.Version, r, r.MessageID, r.Channel, r.Attempt) })
}

func (b *book) WriteMessages(_ context.Context, rows []caselog.MessageRow) error {
	return write(b, rows, func(r caselog.MessageRow) { b.put(r.Version, r, r.Party, r.MessageID) })
}

func (b *book) WriteMeasures(_ context.Context, rows []caselog.MeasureRow) error {
	return write(b, rows, func(r caselog.MeasureRow) { b.put(r.Version, r, r.Party, r.AlertID, r.MeasureID) })
}

func (b *book) WriteFunds(_ context.Context, rows []caselog.FundsRow) error {
	return write(b, rows, func(r caselog.FundsRow) { b.put(r.Version, r, r.Party, r.AlertID, r.ItemID, r.Line) })
}

func (b *book) WritePayments(_ context.Context, rows []caselog.PaymentRow) error {
	return write(b, rows, func(r caselog.PaymentRow) { b.put(r.Version, r, r.Direction, r.Party, r.AlertID, r.ItemID) })
}

func (b *book) WriteTrail(_ context.Context, rows []caselog.TrailRow) error {
	return write(b, rows, func(r caselog.TrailRow) { b.put(r.Version, r, r.Direction, r.Party, r.AlertID, r.ItemID) })
}

func (b *book) WriteRecalls(_ context.Context, rows []caselog.RecallRow) error {
	return write(b, rows, func(r caselog.RecallRow) { b.put(r.Version, r, r.Direction, r.Party, r.AlertID, r.ItemID) })
}

func (b *book) WriteApprovals(_ context.Context, rows []caselog.ApprovalRow) error {
	return write(b, rows, func(r caselog.ApprovalRow) { b.put(r.Version, r, r.Partition, r.Offset, r.Act, r.Officer) })
}

func (b *book) WriteDisclosures(_ context.Context, rows []caselog.DisclosureRow) error {
	return write(b, rows, func(r caselog.DisclosureRow) { b.put(r.Version, r, r.Party, r.MessageID, r.Path) })
}

func (b *book) WriteConsents(_ context.Context, rows []caselog.ConsentRow) error {
	return write(b, rows, func(r caselog.ConsentRow) { b.put(r.Version, r, r.Direction, r.Party, r.AlertID, r.MessageID) })
}

func (b *book) WriteTasks(_ context.Context, rows []caselog.TaskRow) error {
	return write(b, rows, func(r caselog.TaskRow) { b.put(r.Version, r, r.Direction, r.Party, r.AlertID, r.TaskID) })
}

func (b *book) Erase(_ context.Context, rows []caselog.ErasedRow) error {
	return write(b, rows, func(r caselog.ErasedRow) { b.put(r.Version, r, r.Key) })
}

func TestRowsSayWhatTheLogSays(t *testing.T) {
	t.Parallel()
	in, gb, ledger := newEnd(t, indiaSelf()), newEnd(t, ukSelf()), newLedger()
	brokers := fake(t)
	recorded := func(o *desk.Options) { o.Ledger = ledger }
	stop := in.start(t, setup{brokers: brokers, partitions: 3, change: recorded}, []policy.Party{gb.party(agreement())}, gb)
	gb.start(t, setup{brokers: fake(t)}, []policy.Party{in.party(agreement())}, in)

	ledger.leave(true)
	shadow := report("TX-9", "9531985d-5d9d-49f8-9818-e811892f902b", "5.00")
	shadow.Status, shadow.ID = hit.Shadow, "SHADOW"
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00"), shadow}))
	eventually(t, "the request is received while the ledger is away", func() bool { return state(in.desk) == "received" })
	ledger.leave(false)
	must(t, in.desk.Recorded(t.Context()))
	checkRows(t, ledger)

	count := len(ledger.rows)
	stop()
	stop = in.start(t, setup{brokers: brokers, partitions: 3, change: recorded}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", "6513270e-269e-4d37-b2a7-4de452e6b438", "18000.00")}))
	must(t, in.desk.Recorded(t.Context()))
	if n := len(ledger.rows); n != count { // the repeat is not even written
		t.Errorf("%d rows after a restart and a repeat, %d before", n, count)
	}
	stop()
}

func checkRows(t *testing.T, ledger *book) {
	t.Helper()
	alerts := kept[caselog.AlertRow](ledger)
	if len(alerts) != 1 || alerts[0].State != "received" || alerts[0].SubjectID != "GB52HWBA00000000000101" || alerts[0].ReceivedAt < alerts[0].SentAt || alerts[0].RecordTime == 0 {
		t.Errorf("alerts %s", asJSON(alerts))
	}
	hits := kept[caselog.HitRow](ledger)
	if len(hits) != 2 {
		t.Errorf("hits %s", asJSON(hits))
	}
	for _, h := range hits {
		if h.SubjectID == "" || (h.Status == "live") != (h.AlertID != "") || !strings.Contains(h.ValuesJSON, "+910000000001") {
			t.Errorf("hit %s", asJSON(h))
		}
	}
	if p := kept[caselog.PaymentRow](ledger); len(p) != 1 || p[0].UETR == "" || p[0].Disputed.Amount.String() != "18000" {
		t.Errorf("payments %s", asJSON(p))
	}
	if m := kept[caselog.MessageRow](ledger); len(m) != 2 {
		t.Errorf("messages %s", asJSON(m))
	}
	if d := kept[caselog.DeliveryRow](ledger); len(d) != 1 || d[0].Verdict != "delivered" || d[0].StartedAt == 0 {
		t.Errorf("deliveries %s", asJSON(d))
	}
	told := map[string]string{}
	for _, d := range kept[caselog.DisclosureRow](ledger) {
		told[d.Path] = fmt.Sprint(d.Kind, " ", d.Regime, " ", d.Channel, " ", d.How, " ", d.Party)
	}
	if told["subject.account.id"] != "account bilateral webhook delivered GB-FIU" || told["payments.debtor.name"] != "" || told["sender.name"] != "" {
		t.Errorf("disclosures %v", told)
	}
	for _, e := range kept[caselog.CaseEventRow](ledger) {
		if strings.Contains(e.DataJSON, "personal") || strings.Contains(e.DataJSON, "GB52HWBA") || !e.Applied {
			t.Errorf("event %s", asJSON(e))
		}
	}
}

func TestMoneyBecomesRows(t *testing.T) {
	t.Parallel()
	c := &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	ledgerIN, ledgerGB := newLedger(), newLedger()
	c.in.start(t, setup{brokers: fake(t), change: func(o *desk.Options) { o.Ledger = ledgerIN }}, []policy.Party{c.gb.party(agreement())}, c.gb)
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.gb.start(t, setup{brokers: fake(t), change: func(o *desk.Options) { o.Ledger = ledgerGB }}, []policy.Party{c.in.party(agreement()), bank}, c.in, c.bank)
	decide(t, c)
	must(t, c.in.desk.Recorded(t.Context()))
	must(t, c.gb.desk.Recorded(t.Context()))
	for country, ledger := range map[string]*book{"IN": ledgerIN, "GB": ledgerGB} {
		funds, measures := kept[caselog.FundsRow](ledger), kept[caselog.MeasureRow](ledger)
		want := map[string]int{"IN": 1, "GB": 2}[country] // GB keeps the bank's word and its own
		if len(funds) != 2*want || len(measures) != want {
			t.Errorf("%s: %d lines of funds, %d measures: %s %s", country, len(funds), len(measures), asJSON(funds), asJSON(measures))
		}
	}
}
