package model

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// bank keeps the money. It does as the latest message of its FIU says, and sometimes
// says what is not so.
type bank struct {
	w        *world
	id       string
	fiu      *node
	orders   map[string]*order
	receipts map[string][]byte
}

// order is what one instruction of the FIU comes to.
type order struct {
	latest   freeze.Message // request, amendment or withdrawal with the highest sequence
	request  *freeze.Request
	answered string // the message that the last answer is to
	sequence uint32
	moved    map[string]int // hops by item
	told     int64
}

func newBank(w *world, id string, fiu *node) *bank {
	return &bank{w: w, id: id, fiu: fiu, orders: map[string]*order{}, receipts: map[string][]byte{}}
}

// take receives a message, and gives a receipt for it.
func (b *bank) take(l *letter) []byte {
	if l.kind == freeze.TypeReceipt {
		return nil
	}
	if receipt := b.receipts[l.id]; receipt != nil {
		return receipt
	}
	m := b.fiu.parse(b.id, l.kind, l.body)
	h := m.Head()
	o := b.orders[h.AlertID]
	if o == nil {
		o = &order{moved: map[string]int{}}
		b.orders[h.AlertID] = o
	}
	if newer := o.latest == nil || h.Sequence > o.latest.Head().Sequence; newer && (asks(h.Type) || h.Type == freeze.TypeWithdrawal) {
		o.latest = m
		if r := requestIn(m); r != nil {
			o.request = r
		}
	}
	s := b.w.settings[b.id]
	jws, err := delivery.SealReceipt(s.key, delivery.NewReceipt(freeze.LevelReceived, l.id, freeze.DigestOf(l.body), h, s.self.Party(), h.Sender, "test", b.w.time()))
	b.w.must(err)
	b.receipts[l.id] = jws
	return jws
}

func asks(t freeze.Type) bool { return t == freeze.TypeRequest || t == freeze.TypeAmendment }

func requestIn(m freeze.Message) *freeze.Request {
	switch m := m.(type) {
	case *freeze.Request:
		return m
	case *freeze.Amendment:
		return &m.Request
	}
	return nil
}

// settle answers what is not answered, and reports whether anything was.
func (b *bank) settle() bool {
	moved := false
	for _, alert := range sortedKeys(b.orders) {
		if o := b.orders[alert]; o.latest != nil && o.answered != o.latest.Head().MessageID {
			moved = b.say(b.answer(o)) || moved
		}
	}
	return moved
}

// act answers one of its instructions, again if need be, or lies about it.
func (b *bank) act() {
	alerts := sortedKeys(b.orders)
	alerts = slices.DeleteFunc(alerts, func(id string) bool { return b.orders[id].latest == nil })
	if len(alerts) == 0 {
		return
	}
	o := b.orders[b.w.pick(alerts...)]
	if o.latest.Head().Type != freeze.TypeWithdrawal && b.w.chance(3) {
		item := o.request.Payments[b.w.number(len(o.request.Payments)-1)].ItemID
		if o.moved[item] == 0 {
			b.w.count++
			o.moved[item] = b.w.count
		}
	}
	out := b.answer(o)
	if b.w.chance(6) {
		b.w.lie(out)
	}
	b.say(out)
}

// say brings an outcome to the FIU.
func (b *bank) say(o *freeze.Outcome) bool {
	return b.w.tell(b.id, b.fiu, o)
}

// tell brings an outcome to whoever asked for it. It is delivered at once, and twice.
func (w *world) tell(from string, to *node, o *freeze.Outcome) bool {
	body, err := freeze.Encode(o)
	w.must(err)
	if _, err := freeze.Parse(body); err != nil {
		w.t.Fatalf("%s would break the contract: %v\n%s", from, err, body)
	}
	w.t.Logf("   %s says %s: %s", from, short(o.MessageID), o.Decision)
	_, ok := to.accept(from, freeze.TypeOutcome, body)
	if w.chance(3) {
		to.accept(from, freeze.TypeOutcome, body)
	}
	return ok
}

// head begins an outcome.
func (w *world) head(from, to string, r *freeze.Request, sequence uint32) *freeze.Outcome {
	o, _ := freeze.New(freeze.TypeOutcome).(*freeze.Outcome)
	id := freeze.ResponderID(r.AlertID, sequence)
	o.Envelope = freeze.Envelope{
		Schema: freeze.Schema1, Type: freeze.TypeOutcome, Environment: "test", MessageID: id, AlertID: r.AlertID, Sequence: sequence, InReplyTo: r.MessageID,
		CreatedAt: freeze.At(w.time()), Sender: w.settings[from].self.Party(), Recipient: w.settings[to].self.Party(), Case: r.Case, Handling: r.Handling,
	}
	o.OutcomeOf, o.AsOf = r.MessageID, freeze.At(w.time())
	return o
}

// answer is the truth: all is held but what has moved on, and nothing after a
// withdrawal.
func (b *bank) answer(o *order) *freeze.Outcome {
	o.sequence++
	r := o.request
	out := b.w.head(b.id, b.fiu.id, r, o.sequence)
	last := o.latest.Head()
	out.InReplyTo, o.answered, out.Decision = last.MessageID, last.MessageID, "granted"
	o.told = max(o.told+1, out.AsOf.UnixMilli())
	out.AsOf = freeze.At(time.UnixMilli(o.told))
	over := last.Type == freeze.TypeWithdrawal
	held := freeze.Dec("0")
	for _, p := range r.Payments {
		f := freeze.Fund{ItemID: p.ItemID, Disposition: "held", Money: p.Disputed}
		switch hop := o.moved[p.ItemID]; {
		case hop > 0:
			f.Disposition = "moved_on"
			out.Trail = append(out.Trail, b.w.hop(r.AlertID, p, hop))
		case over:
			f.Disposition = "unaccounted"
		default:
			held = held.Add(p.Disputed.Amount)
		}
		out.Funds = append(out.Funds, f)
	}
	out.Amounts = freeze.AmountsOf(out.Funds)
	state, amount := "in_force", freeze.Money{Amount: held, Currency: r.Payments[0].Disputed.Currency}
	if over || held.Zero() {
		state, out.Final = "lifted", over
		amount.Amount = r.Totals[0].Disputed
	}
	ends := freeze.At(b.w.time().Add(7 * 24 * time.Hour))
	out.Measures = []freeze.Measure{{
		MeasureID: r.AlertID + "-M01", AskID: r.Asks[0].AskID, Kind: "bank_hold", State: state, Amount: &amount, Account: r.Subject.Account,
		Authority: freeze.Authority{Name: b.id, Kind: "bank"}, LegalBasis: "order of the FIU", InForceAt: freeze.At(time.UnixMilli(o.told)), ExpiresAt: &ends, Extendable: true, Convert: freeze.Convert{Need: "court_order"},
	}}
	return out
}

// hop is where the money of a payment went: every one to an account of its own in the
// Emirates.
func (w *world) hop(alert string, p freeze.Payment, n int) freeze.Hop {
	return freeze.Hop{
		ItemID: fmt.Sprintf("%s-N%02d", alert, n), ParentItems: []string{p.ItemID}, Money: p.Disputed,
		To: freeze.HopTo{
			Account: freeze.Account{Scheme: "iban", ID: muleOf(n), Name: "A. Mule", Type: "personal"}, Servicer: freeze.Servicer{BIC: "HWBDAEAD", Country: "AE"}, AccountCountry: "AE",
		},
		ExecutedAt: freeze.At(w.time()), Refs: freeze.Refs{UETR: w.uetr(900 + n)}, HandledBy: "nobody", OnwardUse: "granted",
	}
}

func muleOf(n int) string { return fmt.Sprintf("AE81999000000000000%04d", n) }

// lie makes an outcome say what is not so, and keeps it within the contract.
func (w *world) lie(o *freeze.Outcome) {
	w.lied = true
	for range 1 + w.number(2) {
		switch w.pick("as of", "measure", "measure", "another", "sum", "item", "decision", "state", "of", "sequence", "trail", "final") {
		case "as of":
			o.AsOf = freeze.At(w.time().Add(time.Duration(w.number(96)-48) * time.Hour))
		case "measure":
			w.count++
			o.Measures = append(slices.Clone(o.Measures), o.Measures[:min(1, len(o.Measures))]...)
			if n := len(o.Measures); n > 0 {
				o.Measures[n-1].MeasureID = fmt.Sprintf("%s-M%02d", o.AlertID, 10+w.count)
			}
		case "another":
			w.count++
			if len(o.Measures) > 0 {
				o.Measures = slices.Clone(o.Measures)
				o.Measures[0].MeasureID = fmt.Sprintf("%s-M%02d", o.AlertID, 10+w.count)
			}
		case "sum":
			if len(o.Funds) > 0 {
				o.Funds[0].Money.Amount = "12345.67"
			}
		case "item":
			if len(o.Funds) > 0 {
				o.Funds[0].ItemID = freeze.ItemID(o.AlertID, 77)
			}
		case "decision":
			o.Decision = w.pick("nothing_found", "partly", "refused", "pending", "more_info")
			o.Refusal = &freeze.Refusal{Code: "other", Text: "no"}
			o.Pending = &freeze.Pending{Why: "we look", Until: freeze.At(w.time().Add(time.Hour))}
			o.Needs = []freeze.Need{{Field: "sub_account", Why: "pooled"}}
		case "state":
			for i := range o.Measures {
				o.Measures[i].State = w.pick("in_force", "extended", "converted", "lifted", "lapsed", "ended")
			}
		case "of":
			o.OutcomeOf = strings.TrimSuffix(o.OutcomeOf, "1") + "9"
		case "sequence":
			o.Sequence += uint32(w.number(2)) //nolint:gosec // small
			o.MessageID = freeze.ResponderID(o.AlertID, o.Sequence)
		case "trail":
			if len(o.Funds) > 0 {
				w.count++
				p := freeze.Payment{ItemID: o.Funds[0].ItemID, Disputed: o.Funds[0].Money}
				h := w.hop(o.AlertID, p, w.count)
				h.OnwardUse = w.pick("granted", "not_granted", "to_be_asked")
				o.Trail = append(o.Trail, h)
			}
		case "final":
			o.Final = !o.Final
		}
	}
}
