package camt056

import (
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

const chaseName = "pacs.028.001.03"

// chase is one pacs.028: where does the camt.056 with that id stand.
type chase struct {
	message
	about string // the id of the camt.056
}

// Chases makes the pacs.028 messages of a status request about a message of the
// alert, or about one payment of it: one for each camt.056. r is the request or
// its latest amendment; its payments carry camt056_id where their camt.056 has
// another id than r. Payments whose recall has ended are left out. The error is
// an *Unmappable.
func Chases(c Config, r *freeze.Request, s *freeze.StatusRequest) ([]Draft, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := checkSubject(r); err != nil {
		return nil, err
	}
	chases, known, err := open(c, r, s.About)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, unmappable("about", fmt.Sprintf("%s is neither a message of the alert nor a payment of it", s.About))
	}
	var out []Draft
	for n, ch := range chases {
		d := Draft{ID: s.MessageID, Name: chaseName}
		if n > 0 {
			d.ID = fmt.Sprintf("%s-%02d", s.MessageID, n+1)
		}
		for _, tx := range ch.payments {
			d.Items = append(d.Items, tx.ItemID)
		}
		ch.id = d.ID
		head := header{from: ch.from, to: ch.to, id: d.ID, name: d.Name, service: c.Service, at: s.CreatedAt}
		if err := d.write(head.write, func(w *xmlsafe.Writer) { ch.write(w, s.CreatedAt) }); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// open groups the payments whose recall still runs, and reports whether about
// names the alert's message or one of its payments.
func open(c Config, r *freeze.Request, about string) (out []*chase, known bool, err error) {
	parsed, isMessage := freeze.ParseID(about)
	whole := isMessage && parsed.AlertID == r.AlertID && parsed.Receipt == 0
	known = whole
	for i := range r.Payments {
		p := &r.Payments[i]
		if !whole && about != p.ItemID {
			continue
		}
		known = true
		if !slices.Contains([]string{"instructed", "initiated", "pending", "forwarded"}, p.Recall.State) {
			continue
		}
		tx, err := mapPayment(c, r, i)
		if err != nil {
			return nil, known, err
		}
		id := p.Recall.Camt056ID
		if id == "" {
			id = r.MessageID
		}
		from, to := debtorBank(c, p), nextAgent(r, p)
		at := slices.IndexFunc(out, func(ch *chase) bool {
			return !c.Single && ch.about == id && sameBank(ch.from, from) && sameBank(ch.to, to)
		})
		if at < 0 {
			at = len(out)
			out = append(out, &chase{message: message{config: c, request: r, from: from, to: to}, about: id})
		}
		out[at].payments = append(out[at].payments, tx)
	}
	if len(out) > maxDrafts {
		return nil, known, unmappable("payments", fmt.Sprintf("make %d messages, at most %d can be numbered", len(out), maxDrafts))
	}
	return out, known, nil
}

func (c *chase) write(w *xmlsafe.Writer, at freeze.Time) {
	w.Open("Document", namespace(chaseName))
	w.Open("FIToFIPmtStsReq")
	w.Open("GrpHdr")
	w.Leaf("MsgId", c.id)
	w.Leaf("CreDtTm", at.String())
	agent(w, "InstgAgt", c.from)
	agent(w, "InstdAgt", c.to)
	w.End()
	w.Open("OrgnlGrpInf")
	w.Leaf("OrgnlMsgId", c.about)
	w.Leaf("OrgnlMsgNmId", c.config.message())
	w.End()
	for _, tx := range c.payments {
		w.Open("TxInf")
		w.Leaf("StsReqId", tx.ItemID)
		refs := tx.Refs
		refs.MessageID = "" // the group that is asked about is the camt.056
		original(w, refs)
		w.Some("OrgnlUETR", refs.UETR)
		w.Some("ClrSysRef", refs.ClearingRef)
		w.Open("OrgnlTxRef")
		w.Leaf("IntrBkSttlmAmt", tx.settled, xmlsafe.Attr{Name: "Ccy", Value: tx.Settled.Currency})
		w.Leaf("IntrBkSttlmDt", string(tx.SettledOn))
		w.End()
		w.End()
	}
	w.End()
	w.End()
}
