package plan

import (
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
)

// places are the schema columns that a hit takes its values from.
type places struct {
	reporter, reportID, revision, kind, occurredAt, reportedAt int

	debtor, creditor                                     side
	debtorKind, layer, rail, authorisation               int
	amount, disputed, currency                           int
	settled, settledCurrency, credited, creditedCurrency int
	key, uetr, endToEnd, transaction, instruction        int
	message, messageName, clearingRef, rrn, utr, txHash  int
	settlementDate, remittance, caseRef                  int
}

// side is the columns of one side of a payment.
type side struct {
	uid, scheme, account, sub, name, typ, bic, system, clearing, country int
}

func newPlaces(s *event.Schema) places {
	return places{
		reporter: s.Must("reporter"), reportID: s.Must("report_id"), revision: s.Must("revision"),
		kind: s.Must("kind"), occurredAt: s.Must("occurred_at"), reportedAt: s.Must("reported_at"),
		debtor: newSide(s, "debtor."), creditor: newSide(s, "creditor."),
		debtorKind: s.Must("debtor.kind"), layer: s.Must("layer"), rail: s.Must("rail"), authorisation: s.Must("authorisation"),
		amount: s.Must("amount"), disputed: s.Must("disputed_amount"), currency: s.Must("currency"),
		settled: s.Must("settled_amount"), settledCurrency: s.Must("settled_currency"),
		credited: s.Must("credited_amount"), creditedCurrency: s.Must("credited_currency"),
		key: s.Must("payment.key"), uetr: s.Must("payment.uetr"), endToEnd: s.Must("payment.end_to_end_id"),
		transaction: s.Must("payment.transaction_id"), instruction: s.Must("payment.instruction_id"),
		message: s.Must("payment.message_id"), messageName: s.Must("payment.message_name"),
		clearingRef: s.Must("payment.clearing_ref"), rrn: s.Must("payment.rrn"), utr: s.Must("payment.utr"),
		txHash: s.Must("payment.tx_hash"), settlementDate: s.Must("payment.settlement_date"),
		remittance: s.Must("payment.remittance"), caseRef: s.Must("case_ref"),
	}
}

func newSide(s *event.Schema, role string) side {
	return side{
		uid: s.Must(role + "uid"), scheme: s.Must(role + "scheme"), account: s.Must(role + "account"),
		sub: s.Must(role + "sub_account"), name: s.Must(role + "name"), typ: s.Must(role + "account_type"),
		bic: s.Must(role + "bic"), system: s.Must(role + "clearing_system"), clearing: s.Must(role + "clearing_id"),
		country: s.Must(role + "account_country"),
	}
}

// text returns a copy of the text at row r of column col, "" when missing.
func (places) text(b *event.Batch, r, col int) string { return strings.Clone(b.Columns[col].String(r)) }

// subject returns the account of a role, with what travels with it.
func (p *places) subject(b *event.Batch, r int, role string) hit.Subject {
	s := &p.creditor
	if role == "debtor" {
		s = &p.debtor
	}
	text := func(col int) string { return p.text(b, r, col) }
	return hit.Subject{
		UID: text(s.uid), Scheme: text(s.scheme), Account: text(s.account), SubAccount: text(s.sub),
		Name: text(s.name), AccountType: text(s.typ), BIC: text(s.bic),
		ClearingSystem: text(s.system), ClearingID: text(s.clearing), Country: text(s.country),
	}
}

// payment returns the movement of money that the report of row r tells of.
func (p *places) payment(b *event.Batch, r int, chain []lang.MoneyRef) hit.Payment {
	text := func(col int) string { return p.text(b, r, col) }
	pay := hit.Payment{
		Key: text(p.key), Amount: chosen(b, r, chain),
		Instructed: money(b, r, p.amount, p.currency), Settled: money(b, r, p.settled, p.settledCurrency),
		Credited: money(b, r, p.credited, p.creditedCurrency), Disputed: money(b, r, p.disputed, p.currency),
		Refs: hit.References{
			UETR: text(p.uetr), EndToEndID: text(p.endToEnd), TransactionID: text(p.transaction),
			InstructionID: text(p.instruction), MessageID: text(p.message), MessageName: text(p.messageName),
			ClearingRef: text(p.clearingRef), RRN: text(p.rrn), UTR: text(p.utr), TxHash: text(p.txHash),
		},
		ExecutedAt: b.Columns[p.occurredAt].I64[r], Rail: text(p.rail), Authorisation: text(p.authorisation),
		Debtor: p.subject(b, r, "debtor"), DebtorKind: text(p.debtorKind),
		Remittance: text(p.remittance), ComplaintRef: text(p.caseRef),
	}
	if v := &b.Columns[p.layer]; v.Has(r) {
		pay.Hop = uint8(min(v.U32[r], 255))
	}
	if v := &b.Columns[p.settlementDate]; v.Has(r) {
		pay.SettledOn = time.Unix(int64(v.I32[r])*86400, 0).UTC().Format(time.DateOnly)
	}
	pay.ReportedAt = pay.ExecutedAt
	if v := &b.Columns[p.reportedAt]; v.Has(r) {
		pay.ReportedAt = v.I64[r]
	}
	return pay
}

// chosen returns the first amount of chain that the report has; nil when it has
// none, or has it without a currency: another amount would be another claim.
func chosen(b *event.Batch, r int, chain []lang.MoneyRef) *hit.Money {
	for _, ref := range chain {
		if b.Columns[ref.Amount].Has(r) {
			return money(b, r, ref.Amount, ref.Currency)
		}
	}
	return nil
}

func money(b *event.Batch, r, amount, currency int) *hit.Money {
	if !b.Columns[amount].Has(r) || !b.Columns[currency].Has(r) {
		return nil
	}
	return &hit.Money{Amount: decimalAt(b, r, amount), Currency: strings.Clone(b.Columns[currency].String(r))}
}

func decimalAt(b *event.Batch, r, col int) decimal.D { return b.Columns[col].Dec[r] }
