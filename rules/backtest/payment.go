package backtest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/rules/hit"
)

// texts gives numbers to texts.
type texts struct {
	by  map[string]int32
	all []string
}

func (t *texts) of(s string) int32 {
	if n, ok := t.by[s]; ok {
		return n
	}
	if t.by == nil {
		t.by = map[string]int32{}
	}
	n := int32(len(t.all))
	t.by[s] = n
	t.all = append(t.all, s)
	return n
}

func (t *texts) at(n int32) string { return t.all[n] }

// unions says which references name one payment: all that ever stood together.
type unions struct {
	texts  texts
	parent []int32
}

// of returns one of the references, which name one payment. There is at least one.
func (u *unions) of(refs []string) int32 {
	first := u.add(refs[0])
	for _, r := range refs[1:] {
		u.join(first, u.add(r))
	}
	return first
}

func (u *unions) add(ref string) int32 {
	n := u.texts.of(ref)
	for len(u.parent) <= int(n) {
		u.parent = append(u.parent, int32(len(u.parent)))
	}
	return n
}

// root returns the reference that stands for the payment.
func (u *unions) root(n int32) int32 {
	for u.parent[n] != n {
		u.parent[n] = u.parent[u.parent[n]]
		n = u.parent[n]
	}
	return n
}

func (u *unions) join(a, b int32) {
	a, b = u.root(a), u.root(b)
	u.parent[max(a, b)] = min(a, b)
}

// references returns what a payment is known by: its names, else its accounts, amount
// and time.
func references(p *hit.Payment, to hit.Subject) []string {
	if names := p.Names(); len(names) > 0 {
		return names
	}
	amount := ""
	if m := cmp.Or(p.Amount, p.Instructed, p.Settled, p.Credited, p.Disputed); m != nil {
		amount = m.Amount.String() + m.Currency
	}
	return []string{fmt.Sprintf("bare\x00%s\x00%s\x00%s\x00%d", subjectOf(p.Debtor), subjectOf(to), amount, p.ExecutedAt)}
}

// subjectOf returns what an account is told apart by, as on the desk: its uid with
// the sub-account, and where it has none everything that is known of it.
func subjectOf(s hit.Subject) string {
	id := s.UID
	if id == "" {
		id = "unknown:" + strings.Join([]string{s.Scheme, s.Country, s.BIC, s.ClearingSystem, s.ClearingID, s.Account, s.Name}, ":")
	}
	if s.SubAccount != "" {
		id += "#" + s.SubAccount
	}
	return id
}
