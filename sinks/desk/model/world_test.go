package model

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/policy"
)

// setting is what a party of the world never changes.
type setting struct {
	self policy.Self
	key  signature.Key
	keys signature.Set
	book *policy.Book
}

func agreement(onward string) policy.Policy {
	return policy.Policy{
		Profile: "bilateral", Asks: []string{"hold_amount", "suspend_account", "trace"}, AutoProvisional: []string{"hold_amount"}, OnwardUse: onward,
		Texts: policy.Texts{RequesterBasis: policy.Basis{Code: "MOU", Text: "Memorandum, article 4"}, Reason: "fraud", Nexus: "the money went there", IntendedUse: "to hold it"},
	}
}

// settings are India and the United States, who ask, the United Kingdom and the
// Emirates, who are asked, and their banks.
func settings() (map[string]*setting, error) {
	out := map[string]*setting{}
	fiu := func(id, country string) {
		out[id] = &setting{self: policy.Self{ID: id, Name: "FIU of " + country, Kind: "fiu", Country: country}}
	}
	bank := func(id, country string) {
		out[id] = &setting{self: policy.Self{ID: id, Name: id, Kind: "bank", Country: country}}
	}
	fiu("IN-FIU", "IN")
	fiu("US-FIU", "US")
	fiu("GB-FIU", "GB")
	fiu("AE-FIU", "AE")
	bank("BANK-A", "GB")
	bank("BANK-C", "AE")
	for id, e := range out {
		key, err := signature.NewKey(id)
		if err != nil {
			return nil, err
		}
		jwks, err := key.PublicJWKS()
		if err != nil {
			return nil, err
		}
		set, err := signature.ParseSet(jwks)
		if err != nil {
			return nil, err
		}
		e.key, e.keys = key, set
	}
	party := func(id string, p policy.Policy, servicers ...policy.Servicer) policy.Party {
		s := out[id].self
		return policy.Party{ID: s.ID, Name: s.Name, Kind: s.Kind, Country: s.Country, Policy: p, Servicers: servicers}
	}
	own := policy.Policy{Profile: "own_bank"}
	books := map[string][]policy.Party{
		"IN-FIU": {party("GB-FIU", agreement("")), party("AE-FIU", agreement(""))},
		"US-FIU": {party("GB-FIU", agreement(""))},
		"GB-FIU": {party("IN-FIU", agreement("")), party("US-FIU", agreement("granted")), party("AE-FIU", agreement("")), party("BANK-A", own, policy.Servicer{BIC: "HWBAGB2L"})},
		"AE-FIU": {party("IN-FIU", agreement("")), party("GB-FIU", agreement("")), party("BANK-C", own, policy.Servicer{BIC: "HWBDAEAD"})},
	}
	for id, parties := range books {
		book, err := policy.NewBook(out[id].self, parties)
		if err != nil {
			return nil, err
		}
		out[id].book = book
	}
	return out, nil
}

// letter is a message under way.
type letter struct {
	from, to, alert, id string
	key                 caselog.Key
	kind                freeze.Type
	body                []byte
}

// world is all haltwires and banks, and what is under way between them.
type world struct {
	t        *rapid.T
	now      int64 // Unix ms, of every clock
	settings map[string]*setting
	nodes    []*node
	banks    []*bank
	flights  []*letter
	bodies   map[string]string // digest by sender and id of what was ever sent
	count    int               // reports, hops and answers are numbered
	lied     bool              // from then on what somebody heard need not be what he was told
	seen     *seen
	luck     []uint32 // of the step: what happens by chance
}

func newWorld(t *rapid.T, of map[string]*setting, s *seen) *world {
	w := &world{t: t, now: time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC).UnixMilli(), settings: of, bodies: map[string]string{}, seen: s}
	for _, id := range []string{"IN-FIU", "US-FIU", "GB-FIU", "AE-FIU"} {
		w.nodes = append(w.nodes, newNode(w, of[id]))
	}
	w.banks = []*bank{newBank(w, "BANK-A", w.nodes[2]), newBank(w, "BANK-C", w.nodes[3])}
	return w
}

func (w *world) time() time.Time { return time.UnixMilli(w.now).UTC() }

func (w *world) must(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

// number takes the next number of the step; 0 when it has none left.
func (w *world) number(most int) int {
	if len(w.luck) == 0 {
		return 0
	}
	n := w.luck[0]
	w.luck = w.luck[1:]
	return int(n*2654435761>>8) % (most + 1)
}

func (w *world) pick(of ...string) string { return of[w.number(len(of)-1)] }

// chance reports whether something happens that happens once in n times.
func (w *world) chance(n int) bool { return w.number(n-1) == n-1 }

func (w *world) node(id string) *node {
	for _, n := range w.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

func (w *world) bank(id string) *bank {
	for _, b := range w.banks {
		if b.id == id {
			return b
		}
	}
	return nil
}

// note writes one line of the trace.
func (w *world) note(n *node, r apply.Record, v apply.Verdict) {
	verdict := "refused: " + v.Reason
	switch {
	case v.Applied:
		verdict = "applied"
	case v.Repeat:
		verdict = "repeat"
	}
	w.t.Logf("%s %s %-18s %s %s: %s → %s", w.time().Format("02T15:04:05.000"), n.id, strings.TrimPrefix(string(r.Type), "haltwire.case."), clip(string(r.Key)), short(v.AlertID), verdict, v.After)
}

func clip(key string) string { return key[:min(len(key), strings.LastIndex(key, "/")+5)] }

// fly brings a message on its way. What has been sent under an id is sent again.
func (w *world) fly(l *letter) {
	digest := freeze.DigestOf(l.body).Value
	if old := w.bodies[l.from+l.to+l.id]; old != "" && old != digest {
		w.t.Fatalf("%s sends two bodies under %s", l.from, l.id)
	}
	w.bodies[l.from+l.to+l.id] = digest
	w.flights = append(w.flights, l)
}

// arrive brings a message to its party: once or twice, early or late, and the receipt
// may be lost.
func (w *world) arrive(l *letter, lost bool) {
	var receipt []byte
	ok := true
	if b := w.bank(l.to); b != nil {
		receipt = b.take(l)
	} else if n := w.node(l.to); n != nil {
		receipt, ok = n.accept(l.from, l.kind, l.body)
	}
	n := w.node(l.from)
	switch {
	case lost || n == nil:
	case !ok:
		n.end(l, caselog.GaveUp, nil)
	default:
		n.end(l, caselog.Delivered, receipt)
	}
}

// network moves one message that is under way.
func (w *world) network() {
	if len(w.flights) == 0 {
		return
	}
	i := w.number(len(w.flights) - 1)
	l := w.flights[i]
	if w.chance(5) { // and comes once more
		w.arrive(l, w.chance(2))
		return
	}
	w.flights = slices.Delete(w.flights, i, i+1)
	w.arrive(l, w.chance(6))
}

// sendAll lets every owner make one attempt at everything that is to be delivered.
func (w *world) sendAll() bool {
	sent := false
	for _, n := range w.nodes {
		for _, e := range n.outgoing() {
			n.send(e)
			sent = true
		}
	}
	return sent
}

// rest lets everything happen that is due, with nobody acting any more, until nothing
// is.
func (w *world) rest() {
	for round := 0; ; round++ {
		moved := false
		for _, n := range w.nodes {
			moved = n.perform() || moved
		}
		moved = w.sendAll() || moved
		for len(w.flights) > 0 {
			l := w.flights[0]
			w.flights = w.flights[1:]
			w.arrive(l, false)
		}
		for _, b := range w.banks {
			moved = b.settle() || moved
		}
		if !moved {
			return
		}
		if round > 60 {
			w.t.Fatal("something is due for ever")
		}
	}
}

func (w *world) uetr(n int) string { return fmt.Sprintf("6513270e-269e-4d37-b2a7-%012d", n) }
