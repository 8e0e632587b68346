package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Hop is one onward movement that the partner found, of an outbound alert, or that
// we told a partner of, of an inbound one.
type Hop struct {
	caselog.HopMark
	Index   int    `json:"index"`            // in the trail of the outcome
	Outcome string `json:"outcome"`          // whose sealed text is Alert.Sealed
	Gone    bool   `json:"gone,omitempty"`   // the latest outcome has it no more
	Onward  bool   `json:"onward,omitempty"` // a child alert follows it by itself
	Wanted  bool   `json:"wanted,omitempty"` // or because officers want it

	Mark     string      `json:"mark,omitempty"` // of what the child is to be told
	To       string      `json:"to,omitempty"`   // party of the child alert
	ChildKey caselog.Key `json:"child_key,omitempty"`
	Child    string      `json:"child_alert,omitempty"` // once the child has said it
	Told     string      `json:"told,omitempty"`        // mark of what the child was told
	Blocked  string      `json:"blocked,omitempty"`     // field for want of which there is no child
	Own      bool        `json:"own,omitempty"`         // reports of ours alone prove it
	Consent  string      `json:"consent,omitempty"`     // see caselog.ConsentNeeded
	Asked    string      `json:"asked,omitempty"`       // our consent_request
	Answer   string      `json:"answer,omitempty"`      // the partner's consent_response
	Passed   bool        `json:"passed,omitempty"`      // the child knows the answer
	Purpose  string      `json:"purpose,omitempty"`     // sealed, of officers who ask again

	Waits   string `json:"waits,omitempty"`   // why officers decide whether it is followed (onward.go)
	Asking  bool   `json:"asking,omitempty"`  // they were asked
	Decided bool   `json:"decided,omitempty"` // they have decided so of the account that it leads to
	// Lead marks the account that the child is about, and Children are all that ever
	// were told of the hop (moved.go).
	Lead     string      `json:"lead,omitempty"`
	Children []*HopChild `json:"children,omitempty"`
	Moved    int64       `json:"moved,omitempty"`   // when the partner said last that it leads elsewhere
	Noted    freeze.Time `json:"noted_at,omitzero"` // state of the last note of what the child was told
}

// Fact is what one partner told of an item: where it came from, and what the
// partner lets us do with it.
type Fact struct {
	Parent    string           `json:"parent_alert"`
	ParentKey caselog.Key      `json:"parent_key"`
	Item      string           `json:"item_id"` // of the hop
	From      []string         `json:"parent_items,omitempty"`
	Party     string           `json:"party"`
	Outcome   string           `json:"outcome"`
	Hop       uint8            `json:"hop"`
	Amount    freeze.Money     `json:"amount"`
	Source    Source           `json:"source"`
	Content   string           `json:"content"`
	StateAt   freeze.Time      `json:"state_at,omitzero"` // of the parent's last word
	Consent   string           `json:"consent"`
	Answer    string           `json:"answer,omitempty"` // consent_response
	Part      bool             `json:"part,omitempty"`
	Texts     string           `json:"texts,omitempty"` // of the answer, sealed
	Handling  *freeze.Handling `json:"handling,omitempty"`
	Granted   *freeze.Handling `json:"granted,omitempty"` // of the answer
	Own       bool             `json:"own,omitempty"`
	Heard     bool             `json:"heard,omitempty"`     // the parent knows the child
	HeardOwn  bool             `json:"heard_own,omitempty"` // and that reports of ours prove it
	Root      string           `json:"root_alert,omitempty"`
	CaseID    string           `json:"case_id,omitempty"`
	Urgency   string           `json:"urgency,omitempty"`
	Severity  string           `json:"severity,omitempty"`
	Offence   string           `json:"predicate_offence,omitempty"`
	Ask       []string         `json:"ask,omitempty"`
	Owners    []string         `json:"owners,omitempty"` // of the rules that the chain began with
	At        int64            `json:"at,omitempty"`
}

// Usable reports whether the partner lets us use the fact towards the party of the
// alert.
func (x *Fact) Usable() bool { return x.Consent == caselog.ConsentGranted }

// Usable returns the facts of an item that we may use.
func (i *Item) Usable() []*Fact {
	var out []*Fact
	for _, x := range i.Facts {
		if x.Usable() {
			out = append(out, x)
		}
	}
	return out
}

// Hop returns the hop with that id, or nil.
func (a *Alert) Hop(id string) *Hop {
	for _, h := range a.Trail {
		if h.ItemID == id {
			return h
		}
	}
	return nil
}

// trail takes in what an outcome that counts says of onward movements. Its trail is
// cumulative: a hop that it lacks is no more, and people look at what followed.
func (f *fold) trail(a *Alert, o *caselog.OutcomeData) {
	for i, m := range o.Trail {
		f.hop(a, m, i, o.Fold)
	}
	for _, h := range a.Trail {
		if !h.Gone && !slices.ContainsFunc(o.Trail, func(m caselog.HopMark) bool { return m.ItemID == h.ItemID }) {
			h.Gone = true
			if h.ChildKey != "" {
				f.task(a, "contradiction", h.ItemID)
			}
		}
	}
	a.countBlocked()
	if o.Fold >= onwardSince {
		f.waiting(a)
		a.forgetHops()
	}
}

// hop takes in one movement of the trail of the latest outcome.
func (f *fold) hop(a *Alert, m caselog.HopMark, i, version int) {
	h := a.Hop(m.ItemID)
	if h == nil {
		h = &Hop{HopMark: m}
		a.Trail = append(a.Trail, h)
	}
	led := h.ChildKey != "" && h.Account != m.Account
	if led {
		f.task(a, "contradiction", m.ItemID) // the child is about another account
	}
	if version >= blockedSince && h.Account != m.Account {
		h.Blocked = "" // somebody may be asked about this one
	}
	if version >= onwardSince {
		f.place(a, h, m)
	} else {
		f.placeAlone(a, h, m)
	}
	h.HopMark, h.Index, h.Outcome, h.Gone = m, i, a.OutcomeID, false
	h.Mark = h.content()
}

// placeAlone decides it as versions before onwardSince did: with a task for each hop.
func (f *fold) placeAlone(a *Alert, h *Hop, m caselog.HopMark) {
	before, fresh := h.Onward, h.Outcome == ""
	h.Onward = h.ChildKey != "" || a.follows(m) && (before || !a.ended() && a.onward() < maxOnward)
	if !h.Onward && (before || fresh) && m.HandledBy != "responder" {
		f.task(a, "trail", m.ItemID) // not granted, or the alert is over: people decide
	}
}

// follows reports whether a child alert follows a hop by itself: nobody but us handles
// it and the partner does not forbid it. What an instruction finds belongs to the
// request that it serves, and what first comes after the end of an alert is for people.
func (a *Alert) follows(m caselog.HopMark) bool {
	return m.HandledBy != "responder" && m.OnwardUse != "not_granted" && !a.served()
}

// maxOnward bounds the onward movements of an alert that were followed by themselves
// before onwardSince.
const maxOnward = 50

// onward counts the movements that are followed.
func (a *Alert) onward() int {
	n := 0
	for _, h := range a.Trail {
		if h.Onward {
			n++
		}
	}
	return n
}

// due reports whether the child has to hear of the hop.
func (h *Hop) due() bool {
	return (h.Onward || h.Wanted) && !h.Gone && h.Blocked == "" && h.Waits == "" && h.Told != h.Mark
}

// content makes the mark of what the child is to be told.
func (h *Hop) content() string {
	text, err := json.Marshal(struct {
		Hop    caselog.HopMark
		Wanted bool
	}{h.HopMark, h.Wanted})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

// Content marks what the child is told of the hop.
func (h *Hop) Content() string { return h.content() }

// Number returns how many hops from the victim's payment a hop is.
func (a *Alert) Number(h *Hop) uint8 { return a.number(h, map[*Hop]uint8{}) }

// number looks at every hop once, in however many ways the partner says that the money
// came there.
func (a *Alert) number(h *Hop, known map[*Hop]uint8) uint8 {
	if n, ok := known[h]; ok {
		return n
	}
	var n uint8
	for _, id := range h.ParentItems {
		if i := match(a.Items, caselog.PaymentMark{Item: id}); i != nil {
			n = max(n, i.Hop)
		}
		if before := a.Hop(id); before != nil && before != h && before.Index < h.Index {
			n = max(n, a.number(before, known))
		}
	}
	known[h] = max(n, n+1) // 255 and more are 255
	return known[h]
}

// Root returns the alert that the chain of an alert began with.
func (a *Alert) Root() string {
	for _, i := range a.Items {
		for _, x := range i.Usable() {
			return x.Root
		}
	}
	return a.ID
}

// followed takes in trail.followed: on the child's key what a partner found, with an
// alert_id a note.
func (f *fold) followed() {
	var d caselog.FollowedData
	if !f.data(&d) {
		return
	}
	if d.AlertID == "" {
		f.toldOf(d)
		return
	}
	a := f.alert(d.AlertID)
	if a == nil {
		return
	}
	if d.Parent != "" {
		f.echoed(a, d)
		return
	}
	h := a.Hop(d.Mark.ItemID)
	switch {
	case h == nil:
		f.refuse("no such hop")
	case d.Child != "":
		f.childKnown(h, d)
	case d.Moved:
		f.leftBehind(h, d)
	case d.Blocked != "":
		f.nobodyToAsk(a, h, d)
	case d.Content == "": // the config has a party for it now
		f.unblocked(a, h)
	case h.Told == d.Content, d.StateAt.Before(h.Noted.Time): // the latter of an owner that was stopped
		f.repeat()
	default:
		f.noted(h, d)
	}
}

// toldOf takes in what a partner found at an account, or that it is elsewhere.
func (f *fold) toldOf(d caselog.FollowedData) {
	if d.Moved {
		f.movedOff(d)
		return
	}
	f.fact(d)
}

// noted notes on the parent what the child was told.
func (f *fold) noted(h *Hop, d caselog.FollowedData) {
	if d.Fold >= onwardSince && d.Mark.Account != h.Account { // of an owner that was stopped
		h.knows(d.ChildKey)
		f.applied()
		return
	}
	if h.ChildKey != d.ChildKey {
		h.Child, h.Own, h.Asked, h.Answer, h.Passed = "", false, "", "", false
		if c := h.child(d.ChildKey); c != nil { // it was faster than this note
			h.Child, h.Own, c.Left = c.Alert, c.Own, false
		}
	}
	h.To, h.ChildKey, h.Told, h.Lead, h.Noted, h.Decided, h.Waits = d.To, d.ChildKey, d.Content, d.Mark.Account, d.StateAt, false, ""
	if h.Answer == "" || d.Consent == caselog.ConsentGranted {
		h.Consent = d.Consent
	}
	f.applied()
}

// childKnown notes on the parent which alert the child is. The child, which lies in
// another partition, may say so before our own note of what it was told is there.
func (f *fold) childKnown(h *Hop, d caselog.FollowedData) {
	if d.Fold >= onwardSince {
		f.childHeard(h, d)
		return
	}
	if h.ChildKey == "" && h.due() {
		h.ChildKey = d.ChildKey
	}
	if h.ChildKey != d.ChildKey || h.Child == d.Child && h.Own == d.Own {
		f.repeat()
		return
	}
	h.Child, h.Own = d.Child, d.Own
	f.applied()
}

// echoed notes on the child that the parent knows it.
func (f *fold) echoed(a *Alert, d caselog.FollowedData) {
	_, x := a.fact(d.Parent, d.Mark.ItemID)
	if x == nil || x.Heard && x.HeardOwn == d.Own {
		f.repeat()
		return
	}
	x.Heard, x.HeardOwn = true, d.Own
	f.applied()
}
