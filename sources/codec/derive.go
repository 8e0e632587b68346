package codec

import (
	"bytes"
	"strings"
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
		b.cols[m("account")].account = true
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
		b.text[b.at.country] = bytesOf(b.opts.ReporterCountry)
		b.set(b.at.country)
		b.put(b.at.country)
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
	if b.derive.key {
		b.key()
	}
	if b.derive.base && b.has[b.at.amount] == b.serial && b.has[b.at.currency] == b.serial {
		if d, ok := b.opts.Rates.Convert(b.amount, b.text[b.at.currency], b.when); ok {
			b.cols[b.at.base].vec.SetDecimal(b.batch.Rows, d)
		}
	}
}

// bytesOf returns the bytes of s, which must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

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
		col.vec.SetCode(b.batch.Rows, col.dict.Code(b.text[c]))
	default:
		col.vec.SetText(b.batch.Rows, b.text[c])
	}
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
		b.text[s.account] = AppendAccount(b.grab(), scheme, acc)
		b.took(s.account)
		acc = b.text[s.account]
	}
	if len(acc) == 0 { // nothing but blanks and dashes
		b.has[s.account] = b.serial - 1
		b.missing[s.account].Add(1)
		return
	}
	b.iban[i] = (scheme == "iban" || scheme == "") && code.IsIBAN(acc)
	b.put(s.account)
}

// scheme returns the scheme of a side, "" when missing.
func (b *Builder) scheme(s *sideColumns) string {
	if b.has[s.scheme] != b.serial {
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

// bank is what a BIC says: its country, "" when it is none, and how it stands in
// an identity.
type bank struct {
	known   bool
	country string
	part    []byte
}

// bank returns what the BIC of side i says; the side must have one.
func (b *Builder) bank(i int) *bank {
	c := b.side[i].bic
	code := int(b.cols[c].code)
	for len(b.banks[i]) <= code {
		b.banks[i] = append(b.banks[i], bank{})
	}
	k := &b.banks[i][code]
	if !k.known {
		*k = newBank(b.text[c])
	}
	return k
}

func newBank(bic []byte) bank {
	country, ok := code.BICCountry(bic)
	if ok {
		bic = bic[:8]
	}
	return bank{known: true, country: country, part: appendPart(nil, bic, true)}
}

// forget drops what is known of the BICs of column c: its codes have changed.
func (b *Builder) forget(c int) {
	for i := range b.side {
		if b.side[i].bic == c {
			b.banks[i] = b.banks[i][:0]
		}
	}
}

func (b *Builder) country(i int) {
	s := &b.side[i]
	if !b.cols[s.country].project {
		return
	}
	var country string
	if b.iban[i] {
		country, _ = code.Country(b.text[s.account][:2])
	}
	if country == "" && b.has[s.bic] == b.serial {
		country = b.bank(i).country
	}
	if id := b.value(s.clearing); country == "" && id != nil {
		country, _ = code.ClearingCountry(b.value(s.system), id)
	}
	text := bytesOf(country)
	if country == "" && b.mine(i) {
		text = b.value(b.at.country)
	}
	if len(text) > 0 {
		b.text[s.country] = text
		b.put(s.country)
	}
}

func (b *Builder) uid(i int) {
	s := &b.side[i]
	acc := b.value(s.account)
	if acc == nil || !b.cols[s.uid].project {
		return
	}
	if b.iban[i] {
		b.cols[s.uid].vec.SetText(b.batch.Rows, acc)
		return
	}
	scheme := b.scheme(s)
	if scheme == "" {
		scheme = "bban"
	}
	out := append(append(b.grab(), scheme...), ':')
	if scheme != "upi" && scheme != "crypto" {
		n := len(out)
		if out = b.servicer(out, i); len(out) == n {
			return
		}
	}
	b.text[s.uid] = append(append(out, ':'), acc...)
	b.took(s.uid)
	b.put(s.uid)
}

// servicer appends who keeps the account of side i, nothing when unknown.
func (b *Builder) servicer(dst []byte, i int) []byte {
	s := &b.side[i]
	if b.has[s.bic] == b.serial {
		return append(dst, b.bank(i).part...)
	}
	if id := b.value(s.clearing); id != nil {
		system := b.value(s.system)
		if _, ok := code.ClearingCountry(nil, id); ok && system == nil {
			system = bytesOf("INFSC")
		}
		return appendPart(append(appendPart(dst, system, true), '/'), id, true)
	}
	reporter, kind := b.value(b.at.reporter), b.value(b.at.kind)
	if !b.mine(i) || len(kind) < 5 || string(kind[:5]) != "bank." {
		return dst
	}
	if _, ok := code.BICCountry(reporter); ok {
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
func (b *Builder) key() {
	out := b.grab()
	if uetr := b.value(b.pay.uetr); isUUID(uetr) {
		out = append(out, uetr...)
		for i := range out {
			out[i] |= 0x20 // digits and the dash have the bit already
		}
	} else if out = b.reference(out); len(out) == 0 {
		return
	}
	b.text[b.pay.key] = out
	b.took(b.pay.key)
	b.put(b.pay.key)
}

func (b *Builder) reference(out []byte) []byte {
	if out = b.servicer(out, int(Debtor)); len(out) == 0 {
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
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	other := 0
	for _, c := range s {
		other += int(notHex[c])
	}
	return other == 4
}

// notHex is 1 for bytes that are no hexadecimal digit: sums of it need no branch.
var notHex = func() (t [256]uint8) {
	for c := range t {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			t[c] = 1
		}
	}
	return t
}()
