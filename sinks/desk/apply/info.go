package apply

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts of direction out about what the partner needs to know, and what came of it.
const (
	ActInfo     = "info"     // answer what the partner asked
	ActFeedback = "feedback" // tell the partner what came of its help
)

// Codes of ActFeedback.
const (
	Useful    = "useful"
	NotUseful = "not_useful"
)

// Info is one field that somebody needs to know: in direction in we of the partner, in
// direction out the partner of us. Times are Unix ms, 0 = not yet.
type Info struct {
	Field string `json:"field"`
	// Message is the one that asks: an outcome, or the receipt of a desk. Empty = ours is
	// not made yet.
	Message string `json:"message,omitempty"`
	By      string `json:"by,omitempty"` // the officer of ours who asks
	Asked   int64  `json:"asked,omitempty"`
	Given   int64  `json:"given,omitempty"`
	Answer  string `json:"answer,omitempty"` // the message that told it
	// Code is a refusal code that says what is wrong: pooled_account needs a sub_account.
	Code     string `json:"code,omitempty"`
	Personal string `json:"personal,omitempty"` // OfficerPersonal: why, by field
}

// Reply is our answer to what the partner needs to know: approved, and not sent yet.
type Reply struct {
	Fields   []string `json:"fields"`
	By       []string `json:"by"`
	To       string   `json:"to"`       // the message that asked
	Personal string   `json:"personal"` // OfficerPersonal: values, by field
}

// Praise is feedback: what the help was good for.
type Praise struct {
	Useful    bool           `json:"useful"`
	Recovered []freeze.Money `json:"recovered,omitempty"`
	By        string         `json:"by,omitempty"`       // of ours
	Message   string         `json:"message,omitempty"`  // that told it; empty = ours is not made yet
	Personal  string         `json:"personal,omitempty"` // OfficerPersonal: prosecuted
}

func infoActs() []act {
	return []act{
		{
			name: ActAskInfo, direction: caselog.In, least: caselog.RoleOfficer, need: always(1), forbids: forbidAskInfo, terms: sameCode,
			complete: func(f *fold, a *Alert, d caselog.OfficerData) {
				f.spend(a, ActAskInfo)
				f.need(a, d, "")
				if slices.Contains([]State{Accepted, Assessing}, a.State) {
					a.State = InfoNeeded
					f.pause(a)
				}
			},
		},
		{name: ActInfo, direction: caselog.Out, least: caselog.RoleOfficer, need: needInfo, forbids: forbidInfo, terms: sameCode, complete: (*fold).reply},
		{name: ActFeedback, direction: caselog.Out, least: caselog.RoleOfficer, need: always(1), forbids: forbidFeedback, terms: sameCode, complete: (*fold).praise},
	}
}

// forbidAskInfo allows to ask while people assess, and while the bank holds the money
// first because it would be gone otherwise.
func forbidAskInfo(a *Alert, d caselog.OfficerData) string {
	if len(d.Fields) == 0 {
		return "say which fields are needed and why"
	}
	return forbidIn(Accepted, Assessing, InfoNeeded, Authorised, Instructed)(a, d)
}

// need notes which fields an officer of ours needs to know; message is the one that
// asks the partner, if it is known already.
func (f *fold) need(a *Alert, d caselog.OfficerData, message string) {
	for _, field := range d.Fields {
		a.Infos = append(a.Infos, &Info{Field: field, Message: message, By: d.By, Code: d.Code, Asked: f.r.Appended, Personal: d.Personal})
	}
}

// unanswered lists the fields that are not told yet.
func (a *Alert) unanswered() []*Info {
	var out []*Info
	for _, i := range a.Infos {
		if i.Given == 0 {
			out = append(out, i)
		}
	}
	return out
}

// asking reports whether a question of ours is not made yet.
func (a *Alert) asking() bool {
	return slices.ContainsFunc(a.Infos, func(i *Info) bool { return i.Message == "" })
}

// needInfo asks for two officers where the answer names people: a holder, the victim.
func needInfo(_ *Alert, d caselog.OfficerData) int {
	if slices.ContainsFunc(d.Fields, namesPeople) {
		return 2
	}
	return 1
}

// namesPeople reports whether the value of a field tells of people. A name that is not
// known to be harmless is taken to do.
func namesPeople(field string) bool {
	harmless := []string{
		"subject.account.sub_account", "subject.account.type", "subject.account.currency", "subject.account.id", "subject.servicer", "subject.account_country",
		"sub_account", "legal", "payments.refs", "payments.rail", "payments.executed_at", "payments.settled_on", "payments.settled", "payments.credited", "payments.instructed",
		"payments.disputed", "payments.authorisation", "payments.complaint_ref", "payments.recall", "asks", "totals", "valid_until", "indicators", "case.complaint_refs", "parallel",
	}
	return !slices.ContainsFunc(harmless, func(h string) bool { return field == h || strings.HasPrefix(field, h+".") })
}

func forbidInfo(a *Alert, d caselog.OfficerData) string {
	if why := a.unless(a.Open() && len(a.unanswered()) > 0 && a.Reply == nil, d); why != "" {
		return why
	}
	written := slices.ContainsFunc(a.Approvals, func(p Approval) bool { return p.Act == ActInfo })
	switch {
	case !written && len(d.Fields) == 0:
		return "say what is asked: a text for each field"
	}
	for _, field := range d.Fields {
		if !slices.ContainsFunc(a.unanswered(), func(i *Info) bool { return i.Field == field }) {
			return field + " is not asked"
		}
	}
	return ""
}

func (f *fold) reply(a *Alert, d caselog.OfficerData) {
	a.agreedOn(d)
	r := &Reply{By: a.Officers(ActInfo), Fields: d.Fields, Personal: d.Personal}
	for _, i := range a.unanswered() {
		if slices.Contains(r.Fields, i.Field) {
			r.To = i.Message
		}
	}
	a.Reply = r
	f.spend(a, ActInfo)
}

// forbidFeedback allows to say once what the help was good for, when money was held
// or it is over.
func forbidFeedback(a *Alert, d caselog.OfficerData) string {
	if d.Code != Useful && d.Code != NotUseful {
		return "say whether it was " + Useful + " or " + NotUseful
	}
	return a.unless(a.Praise == nil && a.At.Sent > 0 && (a.State == Closed || a.State == Decided || a.State == Refused), d)
}

func (f *fold) praise(a *Alert, d caselog.OfficerData) {
	a.Praise = &Praise{Useful: d.Code == Useful, By: d.By, Personal: d.Personal}
	if d.Amount != nil {
		a.Praise.Recovered = []freeze.Money{*d.Amount}
	}
	f.spend(a, ActFeedback)
	a.done("feedback", d.By)
}

// praiseDue asks people for feedback where the partner's help stopped money. A bank of
// ours that only serves others gets none.
func (f *fold) praiseDue(a *Alert) {
	if a.Direction != caselog.Out || a.Praise != nil || len(a.Parents) > 0 || a.Outcome == nil {
		return
	}
	stopped := slices.ContainsFunc(a.Outcome.Funds, func(x freeze.Fund) bool {
		return slices.Contains([]string{"held", "returned", "returning"}, x.Disposition)
	})
	if stopped || len(a.Outcome.Measures) > 0 {
		f.task(a, "feedback", "")
	}
}

// infoMessage takes in a partner's info_response or feedback. It reports whether the
// message is one of them.
func (f *fold) infoMessage(a *Alert, in *Inbound) bool {
	switch in.Type {
	case freeze.TypeInfoResponse:
		if in.data.Info != nil {
			f.toldUs(a, in.ID, in.data.Info.Fields)
		}
	case freeze.TypeFeedback:
		if m := in.data.Feedback; m != nil && a.Direction == caselog.In {
			a.Praise = &Praise{Useful: m.Useful, Recovered: m.Recovered, Message: in.ID}
		}
	default:
		return false
	}
	f.task(a, string(in.Type), in.ID)
	return true
}

// toldUs notes that a message tells fields; nil = every one. People go on assessing.
func (f *fold) toldUs(a *Alert, message string, fields []string) {
	for _, i := range a.unanswered() {
		if i.Message != "" && (fields == nil || slices.Contains(fields, i.Field)) {
			i.Given, i.Answer = f.r.Appended, message
		}
	}
	if a.State == InfoNeeded && a.Direction == caselog.In {
		a.State = Assessing
		f.resume(a)
	}
}

// wanted notes what the partner's outcome needs to know of us.
func (f *fold) wanted(a *Alert, d caselog.OutcomeData) {
	for _, field := range d.Needs {
		if !slices.ContainsFunc(a.unanswered(), func(i *Info) bool { return i.Field == field }) {
			a.Infos = append(a.Infos, &Info{Field: field, Message: d.MessageID, Asked: f.r.Appended})
		}
	}
}

// informed notes that our message tells fields; nil = every one.
func (f *fold) informed(a *Alert, message string, fields []string) {
	for _, i := range a.unanswered() {
		if fields == nil || slices.Contains(fields, i.Field) {
			i.Given, i.Answer = f.r.Appended, message
		}
	}
	a.silence("info")
	if len(a.unanswered()) == 0 {
		a.done("info_needed", "desk")
	}
}

// goOn lets the partner's clock go on: it has what it needed to know.
func (f *fold) goOn(a *Alert) {
	if a.State == InfoNeeded && a.Direction == caselog.Out {
		a.State = Accepted
		f.resume(a)
	}
}

// infoQueued takes in a message of ours that asks, answers or gives feedback. It
// reports whether it is one and nothing else.
func (f *fold) infoQueued(a *Alert, m *Message, d caselog.QueuedData) bool {
	switch d.Type {
	case freeze.TypeInfoResponse:
		if a.Reply != nil {
			f.informed(a, m.ID, a.Reply.Fields)
			a.Reply = nil
		}
		return true
	case freeze.TypeAmendment:
		f.informed(a, m.ID, nil)
	case freeze.TypeFeedback:
		if a.Praise != nil {
			a.Praise.Message = m.ID
		}
		return true
	case freeze.TypeReceipt:
		if d.Level == freeze.LevelRejected {
			a.Released = false
			f.spend(a, ActRefuse)
		}
	case freeze.TypeOutcome:
		return f.outcomeQueued(a, m, d)
	}
	return false
}

// outcomeQueued takes in an outcome of ours. It reports whether it only asks: then the
// answer is still to come.
func (f *fold) outcomeQueued(a *Alert, m *Message, d caselog.QueuedData) bool {
	if d.Outcome == nil || d.Fold < peopleSince || d.About != "" {
		return false
	}
	m.Decision, m.Tells = d.Outcome.Decision, a.OutcomeID
	a.Told = max(a.Told, d.Outcome.AsOf.UnixMilli())
	if m.Decision == "more_info" && a.asking() {
		m.Question = true
		for _, i := range a.Infos {
			if i.Message == "" {
				i.Message = m.ID
			}
		}
		return true
	}
	for _, field := range d.Outcome.Needs { // the bank's question
		a.Infos = append(a.Infos, &Info{Field: field, Message: m.ID, Asked: f.r.Appended})
	}
	m.Closes = m.Closes || a.State == Duplicate || a.State == BankAnswered && d.Outcome.Final && !inForce(d.Outcome.Measures) && !a.Lifting
	f.spend(a, ActDuplicate)
	a.silence("T4in", "release")
	return false
}

func dueInfo(a *Alert, add func(Effect)) {
	if a.Direction == caselog.In && a.asking() && a.State != Closed {
		add(Effect{Kind: AskInfo})
	}
	if a.Reply != nil {
		add(Effect{Kind: Inform})
	}
	if a.Direction == caselog.Out && a.Praise != nil && a.Praise.Message == "" {
		add(Effect{Kind: GiveFeedback})
	}
}
