package apply

import (
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/recall"
)

// sent is the code by which officers say that the bank has sent the camt.056.
const sent = "SENT"

func recallActs() []act {
	return []act{
		{
			name: ActRecall, direction: caselog.Out, least: caselog.RoleOfficer, need: always(1),
			forbids: forbidRecall, complete: wantRecall,
		},
		{
			name: ActRecallAnswer, direction: caselog.Out, least: caselog.RoleOfficer, need: always(1),
			forbids: forbidRecallAnswer, complete: officersWord,
		},
	}
}

func forbidRecall(a *Alert, d caselog.OfficerData) string {
	switch {
	case a.instructs():
		return "this is the instruction to the bank: recall on the alert that it serves"
	case a.State == Closed || a.State == AwaitingConsent:
		return a.impossible(d)
	case d.Code != "" && !isISO(d.Code):
		return "code: want a reason of ISO 20022 in four characters, as DUPL, FRAD, TECH"
	case d.About != "" && !slices.ContainsFunc(a.Items, func(i *Item) bool { return i.ID == d.About && i.Hop == 0 }):
		return "no payment " + d.About + " that our own bank paid out"
	case d.About == "" && !slices.ContainsFunc(a.Items, func(i *Item) bool { return i.Hop == 0 }):
		return "no payment of it was paid out by our own bank"
	}
	return ""
}

// isISO reports whether s has the form of a code of ISO 20022.
func isISO(s string) bool {
	return len(s) == 4 && !slices.ContainsFunc([]byte(s), func(c byte) bool { return (c < 'A' || c > 'Z') && (c < '0' || c > '9') })
}

// wantRecall takes in that an officer wants payments recalled, or once more where the
// bank could not apply the first try.
func wantRecall(f *fold, a *Alert, d caselog.OfficerData) {
	if a.Recall == nil {
		a.Recall = &Recall{}
	}
	r := a.Recall
	r.By, r.Reason = union(r.By, []string{d.By}), d.Code
	if d.About == "" {
		r.All = true
	} else {
		r.Items = union(r.Items, []string{d.About})
	}
	for _, l := range a.Legs {
		if (d.About == "" || d.About == l.Item) && l.State == "rejected" {
			r.Resend = union(r.Resend, []string{l.Item})
		}
	}
	f.spend(a, ActRecall)
}

// only returns the leg that an officer's word is about: the named one, or the only
// one.
func (a *Alert) only(item string) *Leg {
	if item == "" && len(a.Legs) == 1 {
		return a.Legs[0]
	}
	return a.leg(item)
}

func forbidRecallAnswer(a *Alert, d caselog.OfficerData) string {
	l := a.only(d.About)
	code := strings.ToUpper(d.Code)
	switch {
	case !a.instructs():
		if l != nil && l.Child != "" {
			return "the bank's answer belongs to the instruction " + l.Child
		}
		return "this alert is no instruction to recall payments"
	case l == nil:
		return "about: name one of the payments"
	case returns(code) && d.Amount == nil:
		return "amount: needed, how much came back"
	case code != sent && !returns(code) && recall.ClassOf(code) == recall.Unknown:
		return "code: want SENT, or one of camt.029 (CNCL, PECR, PDCR, FTNA, RJCR, LEGL, NOOR, …), or FOCR or FR01 for money that came back"
	}
	return ""
}

// returns reports whether a code is one by which money comes back (pacs.004).
func returns(code string) bool { return code == "FOCR" || code == "FR01" }

// officersWord takes in what an officer heard from the bank.
func officersWord(f *fold, a *Alert, d caselog.OfficerData) {
	l, code := a.only(d.About), strings.ToUpper(d.Code)
	w := caselog.RecallWord{Ref: f.r.ID, At: freeze.At(time.UnixMilli(f.r.Appended)), Codes: []string{code}, Amount: d.Amount}
	switch {
	case code == sent:
		w.State, w.Codes = "initiated", nil
	case returns(code):
		w.State = "returned"
	default:
		w.State = recall.StateOf(recall.ClassOf(code))
	}
	f.spend(a, ActRecallAnswer)
	f.recallWord(a, l, w)
	f.recallMoves(a)
}

// recallOutcome takes in what an outcome of our own bank says of recalls: what came
// back, what is coming back, and its decision for the rest.
func (f *fold) recallOutcome(a *Alert, d *caselog.OutcomeData) {
	if !a.instructs() {
		return
	}
	for _, l := range a.Legs {
		w := caselog.RecallWord{Ref: d.MessageID, At: d.AsOf}
		if d.ISO != "" {
			w.Codes = []string{d.ISO}
		}
		if slices.Contains(l.Heard, w.Ref) {
			continue
		}
		if i := slices.IndexFunc(d.Returns, func(r caselog.ReturnMark) bool { return r.ItemID == l.Item }); i >= 0 {
			f.returnTold(a, l, w, d.Returns[i])
			continue
		}
		w.State = stateOf(&d.OutcomeMark, l)
		if w.State == "accepted" || w.State == "partly_accepted" {
			w.Codes = nil // the code is of the payments that were refused
		}
		if w.State != "" && w.State != l.State {
			f.recallWord(a, l, w)
		}
	}
}

// returnTold takes in a return of an outcome. An outcome tells all again that came
// back, so only the rest is new.
func (f *fold) returnTold(a *Alert, l *Leg, w caselog.RecallWord, r caselog.ReturnMark) {
	if l.Returned != nil && l.Returned.Currency == r.Money.Currency && l.Returned.Amount.Cmp(r.Money.Amount) >= 0 {
		return
	}
	l.Returned, l.Costs = nil, nil
	w.State, w.Codes, w.Amount, w.Costs = "returned", []string{r.ISO}, &r.Money, r.Costs
	f.recallWord(a, l, w)
}

// stateOf returns the state that an outcome says the recall of an item is in, or
// nothing.
func stateOf(o *caselog.OutcomeMark, l *Leg) string {
	for _, fund := range o.Funds {
		if fund.ItemID == l.Item && (fund.Disposition == "returning" || fund.Disposition == "returned") {
			return map[bool]string{true: "accepted", false: "partly_accepted"}[o.Decision == "granted"]
		}
	}
	switch o.Decision {
	case "granted":
		return "accepted"
	case "partly", "refused":
		return "rejected"
	case "pending":
		if s := recall.StateOf(recall.ClassOf(o.ISO)); s == "pending" || s == "forwarded" {
			return s
		}
		return "initiated"
	}
	return ""
}
