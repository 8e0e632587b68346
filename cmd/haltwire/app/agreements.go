package app

import (
	"math/big"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/sinks/policy"
)

// agreements makes the book that the desk works by, and tells what about it people
// should know.
func (a *App) agreements() (*policy.Book, error) {
	book, err := a.config.Book(a.dollars)
	if err != nil {
		return nil, err
	}
	for _, l := range book.Loosened() {
		a.log.Warn("a party may read more than its profile lets out", "party", l.Party, "members", l.Allow, "note", l.Note, "approved_by", l.ApprovedBy)
	}
	if unknown := book.Uncovered(a.opt.Now().Year()); len(unknown) > 0 {
		a.log.Warn("no holidays of these countries are known, every Monday to Friday counts as a working day: put CC.csv into calendars.dir", "countries", unknown)
	}
	return book, nil
}

// dollars returns what one unit of a currency was worth in US dollars, by the rates in
// force.
func (a *App) dollars(currency string, at time.Time) (*big.Rat, bool) {
	rates := a.reports.rates.Load()
	if rates == nil {
		return nil, false
	}
	one, err := decimal.Parse([]byte("1"))
	if err != nil {
		return nil, false
	}
	unit, known := rates.Convert(one, []byte(currency), at.UnixMilli())
	dollar, also := rates.Convert(one, []byte("USD"), at.UnixMilli())
	if !known || !also {
		return nil, false
	}
	from, ok := new(big.Rat).SetString(unit.String())
	to, fine := new(big.Rat).SetString(dollar.String())
	if !ok || !fine || to.Sign() == 0 {
		return nil, false
	}
	return from.Quo(from, to), true
}
