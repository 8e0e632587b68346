package hit

import (
	"cmp"
	"strings"
	"time"
)

// Names returns what the payment is known by (RULES §2, Identity): its key; the UETR;
// transaction and end-to-end id with the debtor's servicer and a date; RRN and UTR with
// the servicer; a transaction hash. Two payments that share a name are one. Empty when
// the report tells of none.
func (p *Payment) Names() []string {
	bank := cmp.Or(p.Debtor.BIC[:min(8, len(p.Debtor.BIC))], p.Debtor.ClearingSystem+"/"+p.Debtor.ClearingID)
	day := cmp.Or(p.SettledOn, time.UnixMilli(p.ExecutedAt).UTC().Format(time.DateOnly))
	var out []string
	add := func(value string, kind ...string) {
		if value != "" {
			out = append(out, strings.Join(append(kind, value), "\x00"))
		}
	}
	add(p.Key, "key")
	add(p.Refs.UETR, "uetr")
	add(p.Refs.TransactionID, "tx", bank, day)
	add(p.Refs.EndToEndID, "e2e", bank, day)
	add(p.Refs.RRN, "rrn", bank)
	add(p.Refs.UTR, "utr", bank)
	add(p.Refs.TxHash, "hash")
	return out
}
