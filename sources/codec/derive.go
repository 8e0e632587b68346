package codec

import (
	"strings"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
)

// Side is a side of a payment.
type Side int8

// The sides.
const (
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
	if _, ok := code.BICCountry(a); !ok || len(b) < 8 {
		return false
	}
	for i := range 8 {
		x, y := a[i], b[i]
		if x-'a' < 26 {
			x -= 32
		}
		if y-'a' < 26 {
			y -= 32
		}
		if x != y {
			return false
		}
	}
	return true
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
		b.cols[m("account")].account = true
		b.derive.country = b.derive.country || b.cols[m("account_country")].project
		b.derive.uid = b.derive.uid || b.cols[m("uid")].project
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
	for i := range b.cols {
		b.cols[i].email = strings.HasSuffix(b.cols[i].Name, ".email")
	}
}

func (b *Builder) keep(cols ...int) {
	for _, c := range cols {
		b.cols[c].hold = true
	}
}

// value returns the text of a held column, nil when it is missing.
func (b *Builder) value(c int) []byte {
	if b.has[c] != b.serial {
		return nil
	}
	return b.text[c]
}

// derived fills the reporter's country, the accounts and the derived columns.
func (b *Builder) derived() {
	if b.has[b.at.country] != b.serial && b.opts.ReporterCountry != "" {
		b.text[b.at.country] = append(b.grab(), b.opts.ReporterCountry...)
		b.took(b.at.country)
		b.put(b.at.country)
	}
	for i := range b.side {
		b.account(&b.side[i])
	}
	if b.derive.country || b.derive.uid || b.derive.key {
		b.identities()
	}
	if b.derive.base && b.has[b.at.amount] == b.serial && b.has[b.at.currency] == b.serial {
		if d, ok := b.opts.Rates.Convert(b.amount, b.text[b.at.currency], b.when); ok {
			b.batch.Columns[b.at.base].SetDecimal(b.batch.Rows, d)
		}
	}
}

// grab returns the free end of the arena to append to; took keeps what column c
// was given there.
func (b *Builder) grab() []byte { return b.arena[len(b.arena):] }

func (b *Builder) took(c int) {
	b.set(c)
	t := b.text[c]
	if n := len(b.arena); cap(b.arena)-n >= len(t) {
		b.arena = b.arena[:n+len(t)]
		return
	}
	b.arena = append(make([]byte, 0, 2*cap(b.arena)+len(t)+256), b.arena...)
}

// put stores the text of column c in the batch when it is projected.
func (b *Builder) put(c int) {
	col := &b.cols[c]
	switch {
	case !col.project:
	case col.Type == event.Symbol:
		b.batch.Columns[c].SetCode(b.batch.Rows, col.dict.Code(b.text[c]))
	default:
		b.batch.Columns[c].SetText(b.batch.Rows, b.text[c])
	}
}

// account brings the account of a side into its normal form.
func (b *Builder) account(s *sideColumns) {
	raw := b.value(s.account)
	if raw == nil {
		return
	}
	b.text[s.account] = AppendAccount(b.grab(), b.scheme(s), raw)
	b.took(s.account)
	if len(b.text[s.account]) == 0 { // nothing but blanks and dashes
		b.has[s.account] = b.serial - 1
		b.missing[s.account].Add(1)
		return
	}
	b.put(s.account)
}

// scheme returns the scheme of a side as a constant text, "" when missing.
func (b *Builder) scheme(s *sideColumns) string {
	v := b.value(s.scheme)
	for _, name := range b.cols[s.scheme].Values {
		if name == string(v) {
			return name
		}
	}
	return ""
}

func (b *Builder) identities() {
	d, c := &b.side[Debtor], &b.side[Creditor]
	own := OwnSide(b.value(b.at.kind), b.value(b.at.reporter), b.value(d.bic), b.value(c.bic), b.value(d.account) != nil, b.value(c.account) != nil)
	for i := range b.side {
		s, mine := &b.side[i], Side(i) == own
		if b.cols[s.country].project {
			b.country(s, mine)
		}
		if b.cols[s.uid].project {
			b.uid(s, mine)
		}
	}
	if b.derive.key {
		b.key(own == Debtor)
	}
}

func (b *Builder) country(s *sideColumns, mine bool) {
	country, ok := code.IBANCountry(b.value(s.account))
	if !ok {
		country, ok = code.BICCountry(b.value(s.bic))
	}
	if id := b.value(s.clearing); !ok && id != nil {
		country, ok = code.ClearingCountry(b.value(s.system), id)
	}
	dict, to := b.cols[s.country].dict, &b.batch.Columns[s.country]
	switch {
	case ok:
		b.text[s.country] = append(b.grab(), country...)
		b.took(s.country)
		to.SetCode(b.batch.Rows, dict.Code(b.text[s.country]))
	case mine && b.value(b.at.country) != nil:
		to.SetCode(b.batch.Rows, dict.Code(b.value(b.at.country)))
	}
}

func (b *Builder) uid(s *sideColumns, mine bool) {
	acc := b.value(s.account)
	if acc == nil {
		return
	}
	to := &b.batch.Columns[s.uid]
	if code.IsIBAN(acc) {
		to.SetText(b.batch.Rows, acc)
		return
	}
	scheme := b.scheme(s)
	if scheme == "" {
		scheme = "bban"
	}
	out := append(append(b.grab(), scheme...), ':')
	if scheme != "upi" && scheme != "crypto" {
		n := len(out)
		if out = b.servicer(out, s, mine); len(out) == n {
			return
		}
	}
	out = append(append(out, ':'), acc...)
	b.text[s.uid] = out
	b.took(s.uid)
	b.put(s.uid)
}

// servicer appends who keeps the account of a side, nothing when unknown.
func (b *Builder) servicer(dst []byte, s *sideColumns, mine bool) []byte {
	if bic := b.value(s.bic); bic != nil {
		if _, ok := code.BICCountry(bic); ok {
			bic = bic[:8]
		}
		return appendPart(dst, bic, true)
	}
	if id := b.value(s.clearing); id != nil {
		system := b.value(s.system)
		if _, ok := code.ClearingCountry(nil, id); ok && system == nil {
			dst = append(dst, "INFSC"...)
		}
		return appendPart(append(appendPart(dst, system, true), '/'), id, true)
	}
	reporter, kind := b.value(b.at.reporter), b.value(b.at.kind)
	if _, ok := code.BICCountry(reporter); ok && mine && len(kind) > 5 && string(kind[:5]) == "bank." {
		return appendPart(dst, reporter[:8], true)
	}
	return dst
}

// appendPart appends one part of an identity; bank codes in upper case, without
// blanks and dashes.
func appendPart(dst, s []byte, bank bool) []byte {
	for _, c := range s {
		switch {
		case c == ':':
			dst = append(dst, "%3A"...)
		case c == '%':
			dst = append(dst, "%25"...)
		case bank && (c == ' ' || c == '-'):
		case bank && c-'a' < 26:
			dst = append(dst, c-32)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// key derives payment.key.
func (b *Builder) key(mine bool) {
	out := b.grab()
	if uetr := b.value(b.pay.uetr); isUUID(uetr) {
		out = append(out, uetr...)
		lower(out)
	} else if out = b.reference(out, mine); len(out) == 0 {
		return
	}
	b.text[b.pay.key] = out
	b.took(b.pay.key)
	b.put(b.pay.key)
}

func (b *Builder) reference(out []byte, mine bool) []byte {
	if out = b.servicer(out, &b.side[Debtor], mine); len(out) == 0 {
		return out
	}
	dated, refs := [2]string{":tx:", ":e2e:"}, [2]int{b.pay.tx, b.pay.e2e}
	for i, c := range refs {
		if id := b.value(c); id != nil {
			day := int32(b.when / 86_400_000)
			if b.has[b.pay.settled] == b.serial {
				day = b.settle
			}
			return AppendDate(append(appendPart(append(out, dated[i]...), id, false), ':'), day)
		}
	}
	plain, more := [2]string{":rrn:", ":utr:"}, [2]int{b.pay.rrn, b.pay.utr}
	for i, c := range more {
		if id := b.value(c); id != nil {
			return appendPart(append(out, plain[i]...), id, false)
		}
	}
	return out[:0]
}

// isUUID reports whether s has the form 8-4-4-4-12 of hexadecimal digits.
func isUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if c-'0' > 9 && (c|32)-'a' > 5 {
			return false
		}
	}
	return true
}
