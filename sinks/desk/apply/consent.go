package apply

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts about a partner's facts.
const (
	ActFollow  = "follow"  // out: a hop that is not followed by itself gets a child alert
	ActConsent = "consent" // out: ask again · in: answer a partner, all | part | none
)

// The effects of trail and consent.
const (
	Follow        Kind = "follow"         // tell the child alert of a hop
	Leave         Kind = "leave"          // tell a child that the hop leads to another account
	Echo          Kind = "echo"           // tell the parent which alert the child is
	AskConsent    Kind = "ask_consent"    // ask the partner, about hops to one country
	PassConsent   Kind = "pass_consent"   // tell the child what the partner answered
	AnswerConsent Kind = "answer_consent" // tell the partner what officers decided
)

// Consent is one question for consent to use facts: ours to the partner, of an
// outbound alert, or the partner's to us.
type Consent struct {
	Message string   `json:"message"` // the consent_request
	Facts   []string `json:"facts"`   // items of the trail
	To      []string `json:"to"`      // countries or parties
	At      int64    `json:"at"`
	Answer  string   `json:"answer,omitempty"` // the consent_response
	Code    string   `json:"code,omitempty"`   // all | part | none
	By      []string `json:"by,omitempty"`     // officers who answered
	Texts   string   `json:"texts,omitempty"`  // of ours, sealed
	Unknown bool     `json:"unknown,omitempty"`
}

// Consent returns the question with that message id, or nil.
func (a *Alert) Consent(message string) *Consent {
	for _, c := range a.Consents {
		if c.Message == message {
			return c
		}
	}
	return nil
}

func consentActs() []act {
	same := func(caselog.OfficerData) string { return "" }
	return []act{
		{
			name: ActFollow, direction: caselog.Out, least: caselog.RoleOfficer, need: always(1), forbids: forbidFollow,
			complete: func(_ *fold, a *Alert, d caselog.OfficerData) {
				for _, h := range a.chosen(d) {
					a.want(h)
				}
				a.spendAbout(d)
			},
		},
		{
			name: ActConsent, direction: caselog.Out, least: caselog.RoleOfficer, need: always(1), forbids: forbidAskAgain, terms: same,
			complete: func(_ *fold, a *Alert, d caselog.OfficerData) {
				h := a.Hop(d.About)
				h.Asked, h.Purpose = "", d.Personal
				a.spendAbout(d)
			},
		},
		{
			name: ActConsent, direction: caselog.In, least: caselog.RoleOfficer, need: always(2), forbids: forbidAnswer,
			terms: func(d caselog.OfficerData) string { return d.Code },
			complete: func(_ *fold, a *Alert, d caselog.OfficerData) {
				c := a.Consent(d.About)
				c.Code, c.Texts, c.By = d.Code, d.Personal, a.officers(ActConsent, d.About)
				a.spendAbout(d)
			},
		},
	}
}

func forbidAskAgain(a *Alert, d caselog.OfficerData) string {
	h := a.Hop(d.About)
	switch {
	case h == nil || h.Gone:
		return "the partner tells of no such movement: about is the item_id of one on the trail"
	case h.ChildKey == "":
		return "this movement has no alert that consent is for: follow it"
	case h.Consent == caselog.ConsentGranted:
		return "the partner has consented"
	case h.Asked == "":
		return "the partner is about to be asked"
	}
	return ""
}

func forbidAnswer(a *Alert, d caselog.OfficerData) string {
	c := a.Consent(d.About)
	switch {
	case c == nil:
		return "the partner asks nothing of the kind: about is the message_id of its consent_request"
	case c.Code != "":
		return "this is answered"
	case !slices.Contains([]string{"all", "part", "none"}, d.Code):
		return "code is all, part or none"
	case c.Unknown && d.Code != "none":
		return "it is about facts that we did not tell: answer none"
	}
	return ""
}

// spendAbout uses the approvals of an act about something up.
func (a *Alert) spendAbout(d caselog.OfficerData) {
	a.Approvals = slices.DeleteFunc(a.Approvals, func(p Approval) bool { return p.Act == d.Act && p.About == d.About })
}

// consentEvent takes in the events of consent and of the trail that name an alert. It
// reports whether the event is one of them.
func (f *fold) consentEvent(a *Alert) bool {
	if f.r.Type != caselog.ConsentGiven && f.r.Type != caselog.ConsentRefused {
		return false
	}
	var d caselog.ConsentData
	if !f.data(&d) {
		return true
	}
	h := a.Hop(d.ItemID)
	switch {
	case h == nil || h.Answer != d.Message:
		f.refuse("no such answer")
	case h.Passed:
		f.repeat()
	default:
		h.Passed = true
		f.applied()
	}
	return true
}

// answer takes in consent.given and consent.refused: on the child's key the partner's
// answer, with an alert_id the note that the child knows.
func (f *fold) answer() {
	var d caselog.ConsentData
	if !f.data(&d) {
		return
	}
	if d.AlertID == "" {
		f.consented(d, f.r.Type == caselog.ConsentGiven)
		return
	}
	f.ours()
}

// consentQueued notes that a question of ours, or an answer, is frozen.
func (f *fold) consentQueued(a *Alert, d caselog.QueuedData) {
	switch d.Type {
	case freeze.TypeConsentRequest:
		a.Consents = append(a.Consents, &Consent{Message: d.MessageID, Facts: d.Facts, To: d.To, At: f.r.Appended})
		for _, h := range a.Trail {
			if slices.Contains(d.Facts, h.ItemID) {
				h.Asked = d.MessageID
			}
		}
	case freeze.TypeConsentResponse:
		if c := a.Consent(d.InReplyTo); c != nil {
			c.Answer = d.MessageID
			a.doneAbout("consent", c.Message)
			a.doneAbout("overdue", "T9"+c.Message)
		}
	case freeze.TypeOutcome:
		a.tell(d)
	}
}

// tell keeps what an outcome of ours says of onward movements: a partner may ask to
// use it.
func (a *Alert) tell(d caselog.QueuedData) {
	if a.Direction != caselog.In || d.Outcome == nil {
		return
	}
	for i, m := range d.Outcome.Trail {
		h := a.Hop(m.ItemID)
		if h == nil {
			h = &Hop{}
			a.Trail = append(a.Trail, h)
		}
		h.HopMark, h.Index, h.Outcome = m, i, d.MessageID
	}
}

// consentMessage takes in a partner's consent_request or consent_response. It reports
// whether the message is one of them.
func (f *fold) consentMessage(a *Alert, in *Inbound) bool {
	switch in.Type {
	case freeze.TypeConsentRequest:
		c := &Consent{Message: in.ID, At: f.r.Appended}
		if m := in.data.Consent; m != nil {
			c.Facts, c.To = m.Facts, m.To
		}
		c.Unknown = len(c.Facts) == 0 || slices.ContainsFunc(c.Facts, func(id string) bool { return a.Hop(id) == nil })
		a.Consents = append(a.Consents, c)
		f.task(a, "consent", in.ID)
		if c.Unknown {
			f.task(a, "contradiction", in.ID)
		}
	case freeze.TypeConsentResponse:
		f.responded(a, in)
	default:
		return false
	}
	return true
}

// responded takes in the partner's answer to a question of ours. A later answer to
// the same question counts.
func (f *fold) responded(a *Alert, in *Inbound) {
	c := a.Consent(in.data.InReplyTo)
	if c == nil || in.data.Grant == nil {
		f.task(a, "contradiction", in.ID)
		return
	}
	if m := a.Message(c.Message); m != nil && m.Receipt == "" { // an answer implies a receipt
		m.Receipt = freeze.LevelReceived
		first(&m.Delivered, f.r.Appended)
	}
	c.Answer, c.Code = in.ID, in.data.Grant.Granted
	a.doneAbout("overdue", "T9"+c.Message)
	for _, h := range a.Trail {
		if !slices.Contains(c.Facts, h.ItemID) || c.At <= h.Moved { // asked of another account
			continue
		}
		to := in.data.Grant.To
		h.Answer, h.Passed, h.Consent = in.ID, false, caselog.ConsentNone
		if c.Code != "none" && (slices.Contains(to, h.Country) || slices.Contains(to, h.To)) {
			h.Consent = caselog.ConsentGranted
		}
	}
}

func dueConsents(a *Alert, add func(Effect)) {
	if a.Direction == caselog.In {
		for _, c := range a.Consents {
			if c.Code != "" && c.Answer == "" {
				add(Effect{Kind: AnswerConsent, About: c.Message})
			}
		}
		return
	}
	a.dueFollows(add)
	for _, h := range a.Trail {
		if h.Answer != "" && !h.Passed && h.ChildKey != "" {
			add(Effect{Kind: PassConsent, About: h.ItemID, Hop: h})
		}
	}
	for _, country := range a.unasked() {
		add(Effect{Kind: AskConsent, About: country})
	}
	for _, i := range slices.Concat(a.Items, a.Held) {
		for _, x := range i.Facts {
			if own := a.proven(i); !x.Heard || own != x.HeardOwn {
				add(Effect{Kind: Echo, About: x.Item, Fact: x, Own: own})
			}
		}
	}
}

// Unasked lists the hops to a country that the partner is to be asked about.
func (a *Alert) Unasked(country string) []*Hop {
	var out []*Hop
	for _, h := range a.Trail {
		if h.Country == country && h.Consent != "" && h.Consent != caselog.ConsentGranted && h.Child != "" && !h.Own && h.Asked == "" && !h.Gone {
			out = append(out, h)
		}
	}
	return out
}

// unasked lists the countries that consent is to be asked for, once every child has
// said whether reports of ours prove its hop.
func (a *Alert) unasked() []string {
	var out []string
	for _, h := range a.Trail {
		if h.due() || h.ChildKey != "" && h.Child == "" {
			return nil
		}
		if !slices.Contains(out, h.Country) && len(a.Unasked(h.Country)) > 0 {
			out = union(out, []string{h.Country})
		}
	}
	return out
}

// timersOfConsents lets T9 run for what is not answered: at the alert that asked or
// was asked, and at the child that waits.
func timersOfConsents(a *Alert, by Schedule) []Timer {
	var out []Timer
	for _, c := range a.Consents {
		if c.Answer == "" && (a.Direction == caselog.In || a.wants(c)) {
			out = append(out, Timer{Alert: a.ID, Name: "T9", About: c.Message, Due: by.After(a.Party, "T9", a.Urgency, c.At)})
		}
	}
	for _, i := range a.Held {
		for _, x := range i.Facts {
			if a.Open() && x.Consent == caselog.ConsentNeeded {
				out = append(out, Timer{Alert: a.ID, Name: "T9", About: x.Item, Due: by.After(x.Party, "T9", x.Urgency, x.At)})
			}
		}
	}
	return out
}

// wants reports whether the answer still matters: reports of ours may have proven
// everything since, and nobody waits for the answer to a question that was asked
// again.
func (a *Alert) wants(c *Consent) bool {
	return slices.ContainsFunc(a.Trail, func(h *Hop) bool { return h.Asked == c.Message && !h.Own && !h.Gone })
}
