package intake

import (
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// account reports whether an account is the one that was asked about, and whether it is
// one that the trail leads to. Accounts are compared by their marks, as everywhere.
func (f *fitting) account(a freeze.Account) (ours, followed bool) {
	r := f.asked.Request
	subject := r.Subject
	if a.SubAccount == "" || subject.Account.SubAccount == "" { // one side does not tell it
		subject.Account.SubAccount = ""
	}
	of := a
	if subject.Account.SubAccount == "" {
		of.SubAccount = ""
	}
	ours = f.mark(of, r.Subject.Servicer) == f.mark(subject.Account, r.Subject.Servicer)
	known := slices.Clone(f.asked.Trail)
	servicers := []freeze.Servicer{r.Subject.Servicer, {}}
	for _, h := range f.o.Trail {
		known = append(known, f.mark(h.To.Account, h.To.Servicer))
		servicers = append(servicers, h.To.Servicer)
	}
	followed = slices.ContainsFunc(servicers, func(s freeze.Servicer) bool {
		return slices.Contains(known, f.mark(a, s)) || slices.Contains(known, accountMark(f.root, freeze.Subject{Account: a, Servicer: s}))
	})
	return ours, followed
}

// mark returns the mark of an account at a servicer, whatever the spelling of an IBAN.
func (f *fitting) mark(a freeze.Account, s freeze.Servicer) string {
	if a.Scheme == "iban" {
		a.ID = strings.ToUpper(strings.ReplaceAll(a.ID, " ", ""))
	}
	return accountMark(f.root, freeze.Subject{Account: a, Servicer: s})
}

// accountMark returns HopMark.Account of an account.
func accountMark(root *caselog.Root, s freeze.Subject) string {
	return root.Ref("account", SubjectOf(s))
}

// hop compares the moment of an onward movement with those of what it continues.
func (f *fitting) hop(h freeze.Hop) {
	if f.ahead(h.ExecutedAt) {
		f.add("hop", h.ItemID, "executed_at", h.ExecutedAt.String(), f.afterAsOf())
	}
	for _, parent := range h.ParentItems {
		if at := f.moment(parent); !at.IsZero() && h.ExecutedAt.Before(at.Add(-apart)) {
			f.add("hop", h.ItemID, "executed_at", h.ExecutedAt.String(), "is before "+parent+" that it continues, executed at "+at.String())
		}
	}
}

// moment returns when a payment or an onward movement was executed, zero of one that
// nobody knows.
func (f *fitting) moment(item string) freeze.Time {
	for _, h := range f.o.Trail {
		if h.ItemID == item {
			return h.ExecutedAt
		}
	}
	if f.asked.Request != nil {
		for _, p := range f.asked.Request.Payments {
			if p.ItemID == item {
				return p.ExecutedAt
			}
		}
	}
	return freeze.Time{}
}

// returns compares what came back with the funds: of an item that they name, they are
// what the funds say is returned, and may hold what is on its way. Costs may be taken
// off or told as a fee. An outcome that does not tell of funds yet has none to fit.
func (f *fitting) returns() {
	var seen [][2]string
	named := map[string]bool{}
	for _, r := range f.o.Returns {
		named[r.ItemID] = true
		seen = append(seen, [2]string{r.ItemID, r.Money.Currency})
		at, err := time.Parse(time.DateOnly, string(r.ValueDate))
		if err == nil && at.After(f.o.AsOf.Add(farAhead)) {
			f.add("item", r.ItemID, "returns.value_date", string(r.ValueDate), "is far after as_of "+f.o.AsOf.String())
		}
	}
	if len(f.o.Funds) == 0 && (f.o.Decision == "pending" || f.o.Decision == "more_info") {
		return
	}
	for _, x := range f.o.Funds {
		if x.Disposition == "returned" && named[x.ItemID] {
			seen = append(seen, [2]string{x.ItemID, x.Money.Currency})
		}
	}
	for i, key := range seen {
		if !slices.Contains(seen[:i], key) {
			f.returned(key[0], key[1])
		}
	}
}

// returned compares the returns of an item in a currency with its funds.
func (f *fitting) returned(item, currency string) {
	net, gross, back, coming := freeze.Dec("0"), freeze.Dec("0"), freeze.Dec("0"), freeze.Dec("0")
	for _, r := range f.o.Returns {
		if r.ItemID != item {
			continue
		}
		if r.Money.Currency == currency {
			net, gross = net.Add(r.Money.Amount), gross.Add(r.Money.Amount)
		}
		if r.Costs != nil && r.Costs.Currency == currency {
			gross = gross.Add(r.Costs.Amount)
		}
	}
	for _, x := range f.o.Funds {
		if x.ItemID != item || x.Money.Currency != currency {
			continue
		}
		switch x.Disposition {
		case "returned":
			back = back.Add(x.Money.Amount)
		case "returning":
			coming = coming.Add(x.Money.Amount)
		}
	}
	if gross.Cmp(back) < 0 || net.Cmp(back.Add(coming)) > 0 {
		f.add("item", item, "returns", string(net)+" "+currency, "are not the "+string(back)+" "+currency+" that funds say is returned")
	}
}
