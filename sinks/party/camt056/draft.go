package camt056

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/spool"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// Unmappable says that a message cannot be put into camt, and why.
type Unmappable = spool.Unmappable

func unmappable(field, text string) *Unmappable { return &Unmappable{Field: field, Text: text} }

// Draft is one message for the debtor bank to send.
type Draft struct {
	// ID is the message's own id, Assgnmt/Id or GrpHdr/MsgId, and BizMsgIdr.
	ID string
	// Name is the full message name, camt.056.001.08.
	Name string
	// Items are the payments in it, by item_id.
	Items []string
	// Header and Document are each a document of their own, valid by the XSDs of
	// head.001.001.02 and of Name. File is both in one.
	Header, Document, File []byte
}

// recallable reports whether a recall has not been asked for yet: nobody knows that
// the bank sent one, and no other message has a draft of it.
func recallable(message string, r freeze.Recall) bool {
	fresh := r.Camt056ID == "" || r.Camt056ID == message || strings.HasPrefix(r.Camt056ID, message+"-")
	return fresh && (r.State == "none" || r.State == "instructed")
}

// Drafts makes the camt.056 messages of a request or an amendment (its Request
// part): one for each pair of debtor bank and next agent, with the payments whose
// recall has not been asked for yet. It returns none, without an error, when
// there are no such payments left. The error is an *Unmappable.
//
// A draft of a test request is made like any other; the Sender never hands one
// out.
func Drafts(c Config, r *freeze.Request) ([]Draft, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.Asks, func(a freeze.Ask) bool { return a.Kind == "recall" }) {
		return nil, unmappable("asks", "camt.056 is a recall, and none is asked for")
	}
	if len(r.Payments) == 0 {
		return nil, unmappable("payments", "camt.056 recalls payments, and there are none")
	}
	messages, err := split(c, r)
	if err != nil {
		return nil, err
	}
	drafts := make([]Draft, 0, len(messages))
	for n, m := range messages {
		m.id = r.MessageID
		if n > 0 {
			m.id = fmt.Sprintf("%s-%02d", r.MessageID, n+1)
		}
		d, err := m.draft()
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, d)
	}
	return drafts, nil
}

// maxDrafts bounds the messages of one request: the suffix of the id has two
// digits, and with it 35 characters are full.
const maxDrafts = 99

// message is one camt.056 before it is written.
type message struct {
	config   Config
	request  *freeze.Request
	id       string
	from, to freeze.Servicer
	payments []transaction
}

// transaction is a payment whose fields are known to fit.
type transaction struct {
	*freeze.Payment
	settled string // the amount as XSD wants it
	reason  string
	texts   []string
}

// split groups the payments that are still to be recalled, in their order.
func split(c Config, r *freeze.Request) ([]*message, error) {
	if err := checkSubject(r); err != nil {
		return nil, err
	}
	var out []*message
	for i := range r.Payments {
		p := &r.Payments[i]
		if !recallable(r.MessageID, p.Recall) {
			continue
		}
		tx, err := mapPayment(c, r, i)
		if err != nil {
			return nil, err
		}
		from, to := debtorBank(c, p), nextAgent(r, p)
		at := slices.IndexFunc(out, func(m *message) bool { return !c.Single && sameBank(m.from, from) && sameBank(m.to, to) })
		if at < 0 {
			at = len(out)
			out = append(out, &message{config: c, request: r, from: from, to: to})
		}
		out[at].payments = append(out[at].payments, tx)
	}
	if len(out) > maxDrafts {
		return nil, unmappable("payments", fmt.Sprintf("make %d messages, at most %d can be numbered", len(out), maxDrafts))
	}
	return out, nil
}

func debtorBank(c Config, p *freeze.Payment) freeze.Servicer {
	if c.Agent != (Agent{}) {
		return c.Agent.servicer()
	}
	return p.Debtor.Servicer
}

func nextAgent(r *freeze.Request, p *freeze.Payment) freeze.Servicer {
	if len(p.Intermediaries) > 0 {
		return p.Intermediaries[0].Servicer
	}
	return r.Subject.Servicer
}

// sameBank compares what reaches the wire.
func sameBank(a, b freeze.Servicer) bool {
	a.Country, b.Country = "", ""
	return a == b
}

func (m *message) draft() (Draft, error) {
	d := Draft{ID: m.id, Name: m.config.message()}
	for _, p := range m.payments {
		d.Items = append(d.Items, p.ItemID)
	}
	head := header{from: m.from, to: m.to, id: m.id, name: d.Name, service: m.config.Service, at: m.request.CreatedAt}
	return d, d.write(head.write, m.write)
}

// unwritable names the element where no check has named the member before.
func unwritable(err error) error {
	var u *xmlsafe.Unwritable
	if errors.As(err, &u) {
		return unmappable(u.Path, u.Text)
	}
	return err
}

// write fills the three texts of a draft.
func (d *Draft) write(header, document func(*xmlsafe.Writer)) error {
	for _, part := range []struct {
		to    *[]byte
		write func(*xmlsafe.Writer)
	}{
		{&d.Header, header},
		{&d.Document, document},
		{&d.File, func(w *xmlsafe.Writer) {
			w.Open("BusMsg")
			header(w)
			document(w)
			w.End()
		}},
	} {
		var b bytes.Buffer
		w := xmlsafe.NewWriter(&b)
		part.write(w)
		if err := w.Close(); err != nil {
			return unwritable(err)
		}
		*part.to = b.Bytes()
	}
	return nil
}
