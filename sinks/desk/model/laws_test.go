package model

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// sight is what an officer saw of an alert.
type sight struct{ digest, content string }

// truth is what really happened at one desk, beside the fold.
type truth struct {
	sights  map[string]sight
	signed  map[string]map[string][]string // digests by alert and person, since the last message
	wrote   map[string][]string            // who edited since then
	ruled   map[string]bool                // a rule of the author proposed it, or what it continues
	ordered map[string][]string            // who stands behind a measure, by inbound alert
	told    map[string]bool                // references that reports of ours or messages of a partner tell of, by party
	granted map[string]bool                // hops that partners let us use, as in hops
	latest  map[string]string              // key in hops of an id
	named   map[string][]string            // measures that outcomes named, by alert
	hops    map[string]freeze.Hop          // that partners told of, by id and reference
	serves  map[string][]string            // items of parents, by item of an instruction
}

func newTruth() *truth {
	return &truth{
		sights: map[string]sight{}, signed: map[string]map[string][]string{}, wrote: map[string][]string{}, ruled: map[string]bool{}, ordered: map[string][]string{},
		told: map[string]bool{}, granted: map[string]bool{}, latest: map[string]string{}, named: map[string][]string{}, hops: map[string]freeze.Hop{}, serves: map[string][]string{},
	}
}

// take notes what an event really says.
func (x *truth) take(n *node, r apply.Record, s *apply.Subject, v apply.Verdict) {
	if !v.Applied {
		return
	}
	a := s.Alert(v.AlertID)
	switch r.Type {
	case caselog.ApprovalGiven, caselog.EmergencySent, caselog.Confirmed:
		var d caselog.OfficerData
		n.w.must(json.Unmarshal(r.Data, &d))
		x.officer(a, r.Type, d)
	case caselog.Amended:
		var d caselog.EditData
		if json.Unmarshal(r.Data, &d) == nil && d.Edit { // else it is what another alert needs
			x.wrote[a.ID] = append(x.wrote[a.ID], d.By)
		}
	case caselog.TrailFollowed:
		var d caselog.FollowedData
		n.w.must(json.Unmarshal(r.Data, &d))
		x.ruled[a.ID] = x.ruled[a.ID] || len(d.Owners) > 0
	case caselog.Hit, caselog.HitChanged:
		var d caselog.HitData
		n.w.must(json.Unmarshal(r.Data, &d))
		x.ruled[a.ID] = true
		var p caselog.HitPersonal
		n.w.must(n.open(context.Background(), d.Personal, &p))
		for _, pay := range p.Payments {
			x.told[n.id+pay.Refs.UETR] = true
		}
		x.told[n.id+p.Subject.Account.ID] = true
	case caselog.Received, caselog.Outcome:
		x.partner(n, r, a)
	}
}

func (x *truth) officer(a *apply.Alert, kind caselog.Type, d caselog.OfficerData) {
	switch {
	case a.Direction == caselog.In:
		if kind == caselog.Confirmed || d.Act == apply.ActAuthorise || d.Act == apply.ActEmergency {
			x.ordered[a.ID] = append(x.ordered[a.ID], d.By)
		}
	case kind == caselog.EmergencySent, d.Act == apply.ActRequest, d.Act == apply.ActRenew:
		if x.signed[a.ID] == nil {
			x.signed[a.ID] = map[string][]string{}
		}
		x.signed[a.ID][d.By] = append(x.signed[a.ID][d.By], d.Digest)
	}
}

// partner notes what a partner told, let us use, and holds.
func (x *truth) partner(n *node, r apply.Record, a *apply.Alert) {
	var d struct {
		Personal string `json:"personal"`
		Party    string `json:"party"`
	}
	n.w.must(json.Unmarshal(r.Data, &d))
	var body caselog.BodyPersonal
	n.w.must(n.open(context.Background(), d.Personal, &body))
	m, err := freeze.Parse([]byte(body.Body))
	n.w.must(err)
	switch m := m.(type) {
	case *freeze.Outcome:
		for _, y := range m.Measures {
			x.named[a.ID] = append(x.named[a.ID], y.MeasureID)
		}
		for _, h := range m.Trail {
			key := h.ItemID + h.Refs.UETR // a partner may give an id to another movement
			x.hops[key], x.latest[h.ItemID] = h, key
			x.granted[key] = x.granted[key] || h.OnwardUse == "granted" || strings.HasPrefix(d.Party, "BANK")
		}
	case *freeze.ConsentResponse:
		c := a.Consent(m.InReplyTo)
		if c != nil && m.Granted != "none" {
			for _, id := range c.Facts {
				x.granted[x.latest[id]] = true
			}
		}
	default:
		if q := requestIn(m); q != nil {
			for _, p := range q.Payments {
				x.told[d.Party+p.Refs.UETR] = true
			}
			x.told[d.Party+q.Subject.Account.ID] = true
		}
	}
}

// after checks what must hold after every event.
func (w *world) after(n *node, r apply.Record, s *apply.Subject, v apply.Verdict) {
	if !v.Applied {
		return
	}
	w.seen.event(r.Type, v)
	a := s.Alert(v.AlertID)
	for _, i := range a.Items {
		if a.Direction == caselog.Out {
			n.known.serves[i.ID] = append(n.known.serves[i.ID], i.Parents...)
		}
	}
	if r.Type == caselog.MessageQueued {
		w.frozen(n, s, a, a.Messages[len(a.Messages)-1])
	}
	w.numbered(n, a)
	w.tracked(n, a)
	open := 0
	for _, o := range s.Alerts {
		if o.Direction == caselog.Out && o.Open() {
			open++
		}
	}
	if open > 1 {
		w.t.Fatalf("%s has %d open episodes of %s", n.id, open, s.Key)
	}
}

// numbered holds that the messages of an alert have no gap, and that nothing is said
// under two ids.
func (w *world) numbered(n *node, a *apply.Alert) {
	next, last := uint32(1), (*apply.Message)(nil)
	requests, over := 0, map[freeze.Type]int{}
	asOf := map[string]string{}
	for _, m := range a.Messages {
		if m.Type == freeze.TypeReceipt {
			continue
		}
		if m.Sequence != next {
			w.t.Fatalf("%s: message %s is number %d, not %d", n.id, m.ID, m.Sequence, next)
		}
		next++
		switch {
		case m.Type == freeze.TypeRequest:
			requests++
		case m.Type == freeze.TypeAmendment && last != nil && last.Content == m.Content && last.ValidUntil == m.ValidUntil:
			w.t.Fatalf("%s: %s says what %s says", n.id, m.ID, last.ID)
		case m.Type == freeze.TypeWithdrawal && m.Sequence > a.Reopened, m.Type == freeze.TypeConfirmation:
			over[m.Type]++
		case m.Type == freeze.TypeOutcome && m.About == "" && asOf[m.Digest] != "":
			w.t.Fatalf("%s: %s says what %s says", n.id, m.ID, asOf[m.Digest])
		}
		asOf[m.Digest] = m.ID
		if asks(m.Type) {
			last = m
		}
	}
	if requests > 1 || over[freeze.TypeWithdrawal] > 1 || over[freeze.TypeConfirmation] > 1 {
		w.t.Fatalf("%s: alert %s has %d requests, %v", n.id, a.ID, requests, over)
	}
}

// tracked holds that every measure that an outcome ever named is kept, or that people
// are told of the outcome.
func (w *world) tracked(n *node, a *apply.Alert) {
	for _, id := range n.known.named[a.ID] {
		if a.Measure(id) != nil {
			continue
		}
		if !slices.ContainsFunc(a.Tasks, func(t apply.Task) bool { return t.Kind == "orphan_measure" || t.Kind == "contradiction" }) {
			w.t.Fatalf("%s: measure %s of %s is nowhere, and nobody is told", n.id, id, a.ID)
		}
	}
}

// frozen checks a message that was frozen just now.
func (w *world) frozen(n *node, s *apply.Subject, a *apply.Alert, m *apply.Message) {
	var body caselog.BodyPersonal
	w.must(n.open(context.Background(), m.Personal, &body))
	w.seen.message(m)
	if freeze.DigestOf([]byte(body.Body)).Value != m.Digest {
		w.t.Fatalf("%s: the body of %s is another one", n.id, m.ID)
	}
	if m.Type == freeze.TypeReceipt {
		return
	}
	w.secret(n, a, m, body.Body)
	said, err := freeze.Parse([]byte(body.Body))
	if err != nil {
		w.t.Fatalf("%s freezes a message that breaks the contract: %v\n%s", n.id, err, body.Body)
	}
	if said.Head().MessageID != m.ID || said.Head().Sequence != m.Sequence {
		w.t.Fatalf("%s freezes %s as %s", n.id, said.Head().MessageID, m.ID)
	}
	switch x := said.(type) {
	case *freeze.Outcome:
		w.balanced(n, a, x)
	case *freeze.Request, *freeze.Amendment:
		w.covered(n, s, a, m, requestIn(said))
	}
}

// balanced holds that the money of what we tell adds up, and that we know of every
// measure that we tell of.
func (w *world) balanced(n *node, a *apply.Alert, o *freeze.Outcome) {
	r, _, err := n.maker.Asked(context.Background(), a)
	w.must(err)
	if o.OutcomeOf == r.MessageID {
		if err := freeze.Balance(o, r.Payments); err != nil {
			w.t.Fatalf("%s tells %s, which does not balance: %v", n.id, o.MessageID, err)
		}
	}
	for _, m := range o.Measures {
		if a.Measure(m.MeasureID) == nil {
			w.t.Fatalf("%s tells of measure %s, which it does not know", n.id, m.MeasureID)
		}
	}
}

// covered holds that a request says what each of those who approved it has signed,
// that none of them wrote it, and that they are enough.
func (w *world) covered(n *node, s *apply.Subject, a *apply.Alert, m *apply.Message, r *freeze.Request) {
	digest, err := freeze.ContentDigest(r)
	w.must(err)
	if digest != r.Approval.ContentDigest || digest != m.Signed {
		w.t.Fatalf("%s: %s is approved as %s and says %s", n.id, m.ID, m.Signed, digest)
	}
	defer func() { n.known.signed[a.ID], n.known.wrote[a.ID] = nil, nil }()
	if len(a.Parents) > 0 {
		w.instructed(n, s, a, m, r)
		return
	}
	if m.Mode == "none" {
		auto := slices.ContainsFunc(a.Hits, func(h *apply.Hit) bool { return !h.Gone && h.Approval == "auto" })
		if !r.Provisional || m.Type != freeze.TypeRequest || !auto {
			w.t.Fatalf("%s: %s went out unsigned", n.id, m.ID)
		}
		return
	}
	for _, by := range m.By {
		if !slices.Contains(n.known.signed[a.ID][by], digest) {
			w.t.Fatalf("%s: %s is in the name of %s, who signed %v and not %s", n.id, m.ID, by, n.known.signed[a.ID][by], digest)
		}
		if by == "author" && n.known.ruled[a.ID] || slices.Contains(n.known.wrote[a.ID], by) || roleOf(by) == caselog.RoleAuditor {
			w.t.Fatalf("%s: %s approved %s, his own", n.id, by, m.ID)
		}
	}
	need := max(a.People(), 1)
	switch {
	case m.Mode == "emergency":
		need = 1
	case m.Type == freeze.TypeAmendment && !grows(a, m):
		need = 1
	}
	if len(m.By) < need {
		w.t.Fatalf("%s: %s took %d people and has %v", n.id, m.ID, need, m.By)
	}
}

// grows reports whether an amendment asks for more than the message before it.
func grows(a *apply.Alert, m *apply.Message) bool {
	var before *apply.Said
	for _, o := range a.Messages {
		if asks(o.Type) && o.Sequence < m.Sequence {
			before = o.Said
		}
	}
	return before == nil || a.Grows(before)
}

// secret holds that no message tells what is not for its reader: a payment that
// neither reports of ours nor the reader told of, or a hop that its partner does not
// let us use. What is found for a request may be told to who made it.
func (w *world) secret(n *node, a *apply.Alert, m *apply.Message, body string) {
	if strings.HasPrefix(a.Party, "BANK") {
		return // it keeps the account
	}
	for i := range w.count + 1 {
		for _, uetr := range []string{w.uetr(i), w.uetr(900 + i)} {
			if strings.Contains(body, uetr) && !n.known.told[n.id+uetr] && !n.known.told[a.Party+uetr] && !usable(n, a, uetr) {
				w.t.Fatalf("%s tells %s of payment %s in %s:\n%s", n.id, a.Party, uetr, m.ID, body)
			}
		}
	}
	if strings.Contains(body, "A. Mule") {
		w.t.Fatalf("%s names a holder in %s", n.id, m.ID)
	}
}

// usable reports whether a hop may be told to the party of the alert: it belongs to
// what the party asked, or whoever told of it agrees.
func usable(n *node, a *apply.Alert, uetr string) bool {
	for key, h := range n.known.hops {
		if h.Refs.UETR != uetr {
			continue
		}
		if n.known.granted[key] && (a.Direction == caselog.Out || theirs(n, a, h)) {
			return true
		}
	}
	return false
}

// theirs reports whether a hop that a bank of ours found continues a payment that the
// party of an inbound alert told of.
func theirs(n *node, a *apply.Alert, h freeze.Hop) bool {
	return slices.ContainsFunc(h.ParentItems, func(item string) bool {
		return slices.ContainsFunc(n.known.serves[item], func(p string) bool { return strings.HasPrefix(p, a.ID+"-") })
	})
}
