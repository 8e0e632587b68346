package codec

import (
	"bytes"
	"unsafe"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Side is a side of a payment.
type Side int8

// The sides.
const (
	unasked  Side = -2
	NoSide   Side = -1
	Debtor   Side = 0
	Creditor Side = 1
)

// OwnSide returns the side of a report whose account the reporter keeps: that
// whose BIC is the reporter's; else the creditor's for kinds about an account that
// received or may receive money (hold, mule_account, account_opened) unless only
// the debtor's account is there; no side for telecom reports; else the debtor's.
func OwnSide(kind, reporter, debtorBIC, creditorBIC []byte, debtorAccount, creditorAccount bool) Side {
	switch {
	case sameParty(reporter, debtorBIC):
		return Debtor
	case sameParty(reporter, creditorBIC):
		return Creditor
	}
	switch string(kind) {
	case "bank.hold", "bank.mule_account", "bank.account_opened":
		if debtorAccount && !creditorAccount {
			return Debtor
		}
		return Creditor
	}
	if len(kind) > 8 && string(kind[:8]) == "telecom." {
		return NoSide
	}
	return Debtor
}

// sameParty reports whether two BICs name the same party: their first eight
// characters, in either case.
func sameParty(a, b []byte) bool {
	if len(a) < 8 || len(b) < 8 || !bytes.EqualFold(a[:8], b[:8]) {
		return false
	}
	_, ok := code.BICCountry(a)
	return ok
}

type sideColumns struct {
	account, scheme, bic, system, clearing int
	country, uid                           int // derived
}

type paymentColumns struct{ uetr, tx, e2e, rrn, utr, settled, key int }

type headColumns struct {
	reporter, country, kind, occurred, amount, currency, base int
}

// derived says which derived columns are projected.
type derived struct{ country, uid, key, base bool }

// locate finds the columns that the builder treats by name.
func (b *Builder) locate(s *event.Schema) {
	for i, role := range []string{"debtor.", "creditor."} {
		m := func(name string) int { return s.Must(role + name) }
		b.side[i] = sideColumns{account: m("account"), scheme: m("scheme"), bic: m("bic"), system: m("clearing_system"),
			clearing: m("clearing_id"), country: m("account_country"), uid: m("uid")}
		b.cols[m("account")].way = asAccount
		b.derive.country = b.derive.country || b.cols[m("account_country")].project
		b.derive.uid = b.derive.uid || b.cols[m("uid")].project
		b.cols[m("bic")].bic = true
		b.keep(m("account"), m("scheme"), m("bic"), m("clearing_system"), m("clearing_id"))
	}
	m := s.Must
	b.pay = paymentColumns{uetr: m("payment.uetr"), tx: m("payment.transaction_id"), e2e: m("payment.end_to_end_id"),
		rrn: m("payment.rrn"), utr: m("payment.utr"), settled: m("payment.settlement_date"), key: m("payment.key")}
	b.at = headColumns{reporter: m("reporter"), country: m("reporter_country"), kind: m("kind"), occurred: m("occurred_at"),
		amount: m("amount"), currency: m("currency"), base: m("base_amount")}
	b.keep(b.pay.uetr, b.pay.tx, b.pay.e2e, b.pay.rrn, b.pay.utr, b.pay.settled, b.at.reporter, b.at.country, b.at.kind, b.at.amount, b.at.currency)
	b.derive.key, b.derive.base = b.cols[b.pay.key].project, b.cols[b.at.base].project
	for _, name := range []string{"report_id", "reporter", "revision", "kind", "occurred_at"} {
		b.cols[m(name)].project = true
	}
}

func (b *Builder) keep(cols ...int) {
	for _, c := range cols {
		b.cols[c].hold = true
	}
}

// value returns the text of a held column, nil when it is missing.
func (b *Builder) value(c int) []byte {
	if b.cols[c].has != b.serial {
		return nil
	}
	return b.cols[c].text
}

// derived fills the reporter's country, the accounts and the derived columns.
func (b *Builder) derived() {
	if b.cols[b.at.country].has != b.serial && b.opts.ReporterCountry != "" {
		b.cols[b.at.country].text = bytesOf(b.opts.ReporterCountry)
		b.set(b.at.country)
		b.putCountry(b.at.country, b.cols[b.at.country].text)
	}
	for i := range b.side {
		b.account(i)
	}
	b.own = unasked
	for i := range b.side {
		if b.derive.country {
			b.country(i)
		}
		if b.derive.uid {
			b.uid(i)
		}
	}
	if b.derive.key && b.cols[b.pay.key].has != b.serial {
		b.key()
	}
	if b.derive.base && b.cols[b.at.base].has != b.serial && b.cols[b.at.amount].has == b.serial && b.cols[b.at.currency].has == b.serial {
		if d, ok := b.opts.Rates.Convert(b.amount, b.cols[b.at.currency].text, b.when); ok {
			b.cols[b.at.base].vec.SetDecimal(b.batch.Rows, d)
		}
	}
}

// bytesOf returns the bytes of s, which must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// grab returns the free end of the arena to append to; took keeps what column c
// was given there.
func (b *Builder) grab() []byte {
	if cap(b.arena)-len(b.arena) < 512 {
		b.arena = append(make([]byte, 0, 2*cap(b.arena)+1024), b.arena...)
	}
	return b.arena[len(b.arena):]
}

func (b *Builder) took(c int) {
	b.set(c)
	t := b.cols[c].text
	if n := len(b.arena); cap(b.arena)-n >= len(t) {
		b.arena = b.arena[:n+len(t)]
		return
	}
	b.arena = append(make([]byte, 0, 2*cap(b.arena)+len(t)+256), b.arena...)
}

// putCountry stores a country in column c. Codes of countries stand in a table,
// because every report has two or three of them.
func (b *Builder) putCountry(c int, text []byte) {
	col := &b.cols[c]
	if !col.project {
		return
	}
	if known := b.countryCode(c, text); known != 0 {
		col.vec.SetCode(b.batch.Rows, known)
	}
}

// countryCode returns the code of a country in the dictionary of column c.
func (b *Builder) countryCode(c int, text []byte) uint32 {
	if !code.IsCountry(text) { // a default that the config did not check
		return b.cols[c].dict.Code(text)
	}
	if b.codes[c] == nil {
		b.codes[c] = new([26 * 26]uint32)
	}
	known := &b.codes[c][int(text[0]-'A')*26+int(text[1]-'A')]
	if *known == 0 {
		*known = b.cols[c].dict.Code(text)
	}
	return *known
}

// account brings the account of side i into its normal form.
func (b *Builder) account(i int) {
	s := &b.side[i]
	b.iban[i] = false
	acc := b.value(s.account)
	if acc == nil {
		return
	}
	scheme := b.scheme(s)
	if !normal(scheme, acc) {
		b.cols[s.account].text = AppendAccount(b.grab(), scheme, acc)
		b.took(s.account)
		acc = b.cols[s.account].text
	}
	if len(acc) == 0 { // nothing but blanks and dashes
		b.cols[s.account].has = b.serial - 1
		b.missing[s.account].Add(1)
		return
	}
	b.iban[i] = (b.derive.country || b.derive.uid) && (scheme == "iban" || scheme == "") && code.IsIBAN(acc)
	if col := &b.cols[s.account]; col.project {
		col.vec.SetText(b.batch.Rows, acc)
	}
}

// scheme returns the scheme of a side, "" when missing.
func (b *Builder) scheme(s *sideColumns) string {
	if b.cols[s.scheme].has != b.serial {
		return ""
	}
	return b.cols[s.scheme].dict.Value(b.cols[s.scheme].code)
}

// mine reports whether the account of side i is the reporter's.
func (b *Builder) mine(i int) bool {
	if b.own == unasked {
		d, c := &b.side[Debtor], &b.side[Creditor]
		b.own = OwnSide(b.value(b.at.kind), b.value(b.at.reporter), b.value(d.bic), b.value(c.bic), b.value(d.account) != nil, b.value(c.account) != nil)
	}
	return Side(i) == b.own
}

func (b *Builder) country(i int) {
	s := &b.side[i]
	if !b.cols[s.country].project || b.cols[s.country].has == b.serial {
		return
	}
	var text []byte
	if b.iban[i] {
		text = b.cols[s.account].text[:2]
	} else if b.cols[s.bic].has == b.serial {
		k := b.bank(i)
		if k.code != 0 {
			b.cols[s.country].vec.SetCode(b.batch.Rows, k.code)
			return
		}
		text = bytesOf(k.country)
	}
	if id := b.value(s.clearing); len(text) == 0 && id != nil {
		country, _ := code.ClearingCountry(b.value(s.system), id)
		text = bytesOf(country)
	}
	if len(text) == 0 && b.mine(i) {
		text = b.value(b.at.country)
	}
	if len(text) > 0 {
		b.putCountry(s.country, text)
	}
}
