package model

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/draft"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
)

// node is one haltwire: a log, and what its fold makes of it.
type node struct {
	w        *world
	id       string
	book     *policy.Book
	root     *caselog.Root
	keys     signature.Set
	maker    draft.Maker
	hits     intake.Hits
	machine  apply.Machine
	log      []apply.Record
	subjects map[caselog.Key]*apply.Subject
	vault    map[string][]byte // what is sealed
	receipts map[string][]byte // given for a message of a partner
	zombies  []*unit           // made of an old state, and not written yet
	known    *truth
}

func newNode(w *world, e *setting) *node {
	root, err := caselog.NewRoot(bytes.Repeat([]byte(e.self.ID[:1]), 32))
	w.must(err)
	n := &node{
		w: w, id: e.self.ID, book: e.book, root: root, keys: e.keys, machine: apply.Machine{Root: root},
		subjects: map[caselog.Key]*apply.Subject{}, vault: map[string][]byte{}, receipts: map[string][]byte{}, known: newTruth(),
	}
	channels := map[string][]string{}
	for _, p := range e.book.Parties() {
		channels[p.ID] = []string{"webhook"}
	}
	n.maker = draft.Maker{
		Environment: "test", Book: e.book, Root: root, Key: e.key, Channels: channels, MaxAge: 24 * time.Hour, ConfirmIn: time.Hour, Now: w.time, Open: n.open,
	}
	n.hits = intake.Hits{Root: root, Book: e.book, MaxAge: 24 * time.Hour, Now: w.time}
	return n
}

// open opens what seal has sealed.
func (n *node) open(_ context.Context, personal string, into any) error {
	text, ok := n.vault[personal]
	if !ok {
		return caselog.ErrErased
	}
	return json.Unmarshal(text, into)
}

// seal seals the same text differently every time, as a keyring does.
func (n *node) seal(v any) string {
	text, err := json.Marshal(v)
	n.w.must(err)
	id := fmt.Sprintf("sealed-%s-%d", n.id, len(n.vault))
	n.vault[id] = text
	return id
}

// write puts an event on the log and folds it.
func (n *node) write(x intake.Draft) apply.Verdict {
	if !x.Alerts {
		return apply.Verdict{}
	}
	if x.Personal != nil {
		x.Seal(n.seal(x.Personal))
	}
	event, err := caselog.New(x.ID, x.Type, x.Key, n.w.time(), x.Data)
	n.w.must(err)
	n.w.now++
	r := apply.Record{Event: event, Offset: int64(len(n.log)), Appended: n.w.now}
	n.log = append(n.log, r)
	s, v, _ := n.machine.Apply(n.subjects[r.Key], r)
	n.subjects[r.Key] = s
	n.known.take(n, r, s, v)
	n.w.note(n, r, v)
	n.w.after(n, r, s, v)
	return v
}

func (n *node) keysOf() []caselog.Key { return slices.Sorted(maps.Keys(n.subjects)) }

// alerts lists all alerts of a direction, "" = both, in a stable order.
func (n *node) alerts(direction string) []*ref {
	var out []*ref
	for _, key := range n.keysOf() {
		if direction != "" && key.Direction() != direction {
			continue
		}
		for _, a := range n.subjects[key].Alerts {
			out = append(out, &ref{n.subjects[key], a})
		}
	}
	return out
}

// ref is an alert with its subject.
type ref struct {
	s *apply.Subject
	a *apply.Alert
}

// unit is what one effect writes: words, and the notes of them. A note is written when
// the words are on the log.
type unit struct{ words, notes []intake.Draft }

// made makes the drafts of what is due, message delivery left out.
func (n *node) made() []*unit {
	var out []*unit
	for _, key := range n.keysOf() {
		s := n.subjects[key]
		for _, e := range apply.Due(s) {
			if e.Kind == apply.Deliver || e.Kind == apply.Reroute {
				continue
			}
			drafts, err := n.maker.Make(context.Background(), s, e)
			if err != nil {
				n.w.t.Fatalf("%s cannot make %s of %s: %v", n.id, e.Kind, e.Alert.ID, err)
			}
			u := &unit{}
			for _, x := range frozenNow(drafts) {
				if x.Note {
					u.notes = append(u.notes, x)
				} else {
					u.words = append(u.words, x)
				}
			}
			out = append(out, u)
		}
	}
	return out
}

// frozenNow keeps drafts from changing with the state that they were made of.
func frozenNow(drafts []intake.Draft) []intake.Draft {
	for i := range drafts {
		x := &drafts[i]
		text, _ := json.Marshal(x.Data)
		var data map[string]any
		_ = json.Unmarshal(text, &data)
		x.Data, x.Seal = data, func(p string) { data["personal"] = p }
	}
	return drafts
}

// perform writes what is due, and reports whether anything of it counted. Now and then
// the owner is killed before it has noted what it told.
func (n *node) perform() bool {
	moved := false
	for _, u := range n.made() {
		moved = n.writeAll(u.words) || moved
		if n.w.chance(12) {
			n.w.t.Logf("   the owner of %s is killed", n.id)
			return moved
		}
		moved = n.writeAll(u.notes) || moved
	}
	return moved
}

func (n *node) writeAll(drafts []intake.Draft) bool {
	moved := false
	for _, x := range drafts {
		moved = n.write(x).Applied || moved
	}
	return moved
}

// restart loses all but the log.
func (n *node) restart() {
	n.zombies = nil
	n.subjects = n.replay(n.log)
}

func (n *node) replay(log []apply.Record) map[caselog.Key]*apply.Subject {
	out := map[caselog.Key]*apply.Subject{}
	for _, r := range log {
		out[r.Key], _, _ = n.machine.Apply(out[r.Key], r)
	}
	return out
}

// ring writes overdue for the timers that ran out.
func (n *node) ring() bool {
	moved := false
	for _, key := range n.keysOf() {
		for _, t := range apply.Timers(n.subjects[key], n.book) {
			if t.Due <= n.w.now {
				moved = n.write(draft.Overdue(key, t)).Applied || moved
			}
		}
	}
	return moved
}

// outgoing lists what is to be delivered.
func (n *node) outgoing() []apply.Effect {
	var out []apply.Effect
	for _, key := range n.keysOf() {
		for _, e := range apply.Due(n.subjects[key]) {
			if e.Kind == apply.Deliver {
				out = append(out, e)
			}
		}
	}
	return out
}

// send makes one attempt: whoever wrote its number first sends.
func (n *node) send(e apply.Effect) {
	a, m := e.Alert, e.Message
	key := caselog.Key("")
	for k, s := range n.subjects {
		if s.Alert(a.ID) == a {
			key = k
		}
	}
	v := n.write(intake.Draft{
		ID: hit.Text32("attempt", m.ID, fmt.Sprint(len(n.log))), Key: key, Type: caselog.Attempt, Alerts: true,
		Data: &caselog.AttemptData{AlertID: a.ID, MessageID: m.ID, Number: m.Attempts + 1, Channel: "webhook", Owner: "1"},
	})
	if !v.Applied {
		return
	}
	var body caselog.BodyPersonal
	n.w.must(n.open(context.Background(), m.Personal, &body))
	n.w.fly(&letter{from: n.id, to: a.Party, key: key, alert: a.ID, id: m.ID, kind: m.Type, body: []byte(body.Body)})
}

// end writes how an attempt ended, with the receipt if one came.
func (n *node) end(l *letter, t caselog.Type, receipt []byte) {
	data := &caselog.DeliveredData{AlertID: l.alert, MessageID: l.id, Channel: "webhook"}
	n.write(intake.Draft{ID: hit.Text32("end", l.id, fmt.Sprint(len(n.log))), Key: l.key, Type: t, Alerts: true, Data: data})
	if receipt != nil {
		n.accept(l.to, freeze.TypeReceipt, receipt)
	}
}

// accept takes in what a party sends, as the door of a desk does. It returns the
// receipt, and false where the message is turned away.
func (n *node) accept(from string, kind freeze.Type, body []byte) ([]byte, bool) {
	m := n.parse(from, kind, body)
	h := m.Head()
	key, known := n.keyOf(from, h.MessageID)
	if r, ok := m.(*freeze.Request); ok && !known {
		key, known = n.root.Key(caselog.In, from, intake.SubjectOf(r.Subject)), true
	}
	if !known {
		return nil, false
	}
	if s := n.subjects[key]; s != nil && s.Alert(h.AlertID) != nil {
		if in := s.Alert(h.AlertID).Inbound(h.MessageID); in != nil {
			return n.receipts[h.MessageID], in.Digest == freeze.DigestOf(body).Value
		}
	}
	var receipt []byte
	if kind != freeze.TypeReceipt {
		var err error
		receipt, err = delivery.SealReceipt(n.maker.Key, delivery.NewReceipt(freeze.LevelReceived, h.MessageID, freeze.DigestOf(body), h, n.book.Self.Party(), h.Sender, "test", n.w.time()))
		n.w.must(err)
	}
	in := delivery.Inbound{Party: from, Channel: "webhook", MessageID: h.MessageID, Type: kind, Body: body, Digest: freeze.DigestOf(body), Message: m, ReceivedAt: n.w.time()}
	x := intake.Message(n.root, key, in, receipt)
	switch data := x.Data.(type) {
	case *caselog.ReceivedData:
		data.Fold = apply.Version
	case *caselog.OutcomeData:
		n.compare(key, in, data)
	}
	v := n.write(x)
	if v.Applied && receipt != nil {
		n.receipts[h.MessageID] = receipt
	}
	return receipt, v.Applied
}

func (n *node) parse(from string, kind freeze.Type, body []byte) freeze.Message {
	if kind == freeze.TypeReceipt {
		r, err := delivery.OpenReceipt(n.w.settings[from].keys, from, body)
		n.w.must(err)
		return r
	}
	m, err := freeze.Parse(body)
	if err != nil {
		n.w.t.Fatalf("%s got a message that breaks the contract: %v\n%s", n.id, err, body)
	}
	return m
}

// compare fills in what only the request tells that an outcome answers.
func (n *node) compare(key caselog.Key, in delivery.Inbound, o *caselog.OutcomeData) {
	a := n.subjects[key].Alert(o.AlertID)
	if a == nil || a.Asked(o.OutcomeOf) == nil {
		return
	}
	r := n.request(a.Asked(o.OutcomeOf).Personal)
	o.Mismatched = freeze.Mismatched(o.Funds, r.Payments)
	if told, ok := in.Message.(*freeze.Outcome); ok && len(told.Trail) > 0 {
		o.Trail = intake.TrailMarks(n.root, told.Trail, r.Subject.Servicer)
		o.Mismatched = append(o.Mismatched, freeze.Untraced(told.Funds, told.Trail)...)
	}
}

// request opens a frozen request or amendment, of ours or of a partner.
func (n *node) request(personal string) *freeze.Request {
	var body caselog.BodyPersonal
	n.w.must(n.open(context.Background(), personal, &body))
	m, err := freeze.Parse([]byte(body.Body))
	n.w.must(err)
	return intake.RequestOf(m)
}

func (n *node) keyOf(party, message string) (caselog.Key, bool) {
	id, ok := freeze.ParseID(message)
	if !ok {
		return "", false
	}
	direction := caselog.In
	if (id.Side == 'A') == (id.Receipt == 0) {
		direction = caselog.Out
	}
	for _, key := range n.keysOf() {
		if key.Direction() == direction && key.Party() == party && n.subjects[key].Alert(id.AlertID) != nil {
			return key, true
		}
	}
	return "", false
}

// short makes ids readable in a trace.
func short(id string) string {
	if head, tail, ok := strings.Cut(id, "-"); ok && len(head) == 26 {
		return head[:4] + "-" + tail
	}
	if len(id) == 26 {
		return id[:4]
	}
	return id
}
