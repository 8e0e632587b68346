package apply

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Acts of officers in the place of a wire. Transmitted and record are events of their
// own; strike takes back what was recorded and nobody has confirmed.
const (
	ActTransmitted = "transmitted"
	ActRecord      = "record"
	ActStrike      = "strike"
)

// Transmission is an officer's word that he has carried a message over.
type Transmission struct {
	By       string      `json:"by"`
	How      string      `json:"how,omitempty"`
	At       freeze.Time `json:"at"`
	Document string      `json:"document,omitempty"` // SHA-256 of what proves it
}

// Word is what a partner said outside the wire, as one officer typed it in. It counts
// when another one has confirmed it.
type Word struct {
	ID       string             `json:"id"`
	Type     freeze.Type        `json:"type"`
	Digest   string             `json:"digest"`
	Manual   caselog.ManualMark `json:"manual"`
	Personal string             `json:"personal,omitempty"` // sealed
}

func manualActs() []act {
	strike := act{
		name: ActStrike, least: caselog.RoleOfficer, need: always(1),
		forbids: func(a *Alert, d caselog.OfficerData) string {
			if a.Word(d.About) == nil {
				return "about: no word under that id waits for confirmation"
			}
			return ""
		},
		complete: func(f *fold, a *Alert, d caselog.OfficerData) {
			a.drop(d.About, d.By)
			f.spend(a, ActStrike)
		},
	}
	out, in := strike, strike
	out.direction, in.direction = caselog.Out, caselog.In
	return []act{out, in}
}

// Word returns the recorded word with that id that waits for confirmation, or nil.
func (a *Alert) Word(id string) *Word {
	for _, w := range a.Words {
		if w.ID == id {
			return w
		}
	}
	return nil
}

func (a *Alert) drop(id, by string) {
	a.Words = slices.DeleteFunc(a.Words, func(w *Word) bool { return w.ID == id })
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == "recorded" && t.About == id && t.Done == "" {
			t.Done = by
		}
	}
}

// exported takes in that a message lies in a folder, on a desk or in a collection from
// which people or other programs take it. It is not sent until somebody says so.
func (f *fold) exported(a *Alert) {
	var d caselog.DeliveredData
	if !f.data(&d) {
		return
	}
	m := a.Message(d.MessageID)
	switch {
	case m == nil:
		f.refuse("no such message")
	case m.Exported > 0 || m.Delivered > 0 || m.GaveUp:
		f.repeat()
	default:
		m.Exported, m.Awaiting = f.r.Appended, d.Awaiting
		m.Channel, m.Reason = d.Channel, d.Reason
		if d.Channel == "manual" || d.Channel == "goaml" { // nobody but people carries it on
			f.task(a, "transmit", m.ID)
		}
		f.applied()
	}
}

// transmitted takes in that an officer has carried a message over: it is delivered.
func (f *fold) transmitted(a *Alert) {
	var d caselog.OfficerData
	if !f.data(&d) {
		return
	}
	m := a.Message(d.About)
	switch {
	case d.By == "" || !d.Role.Covers(caselog.RoleOfficer):
		f.refuse("%s is %s: transmitted takes an officer", d.By, d.Role)
	case m == nil:
		f.refuse("about: no message of ours under that id")
	case m.Delivered > 0:
		f.refuse("the party has the message already")
	case m.Exported == 0 && !m.GaveUp:
		f.refuse("the message is still on its way by wire")
	case d.At == nil:
		f.refuse("at: needed, when it was transmitted")
	default:
		m.Transmitted = &Transmission{By: d.By, How: d.How, At: *d.At, Document: d.Document}
		m.GaveUp = false
		a.doneAbout("gave_up", m.ID)
		a.silenceMessage(m)
		if asks(m.Type) && a.State == Undeliverable {
			a.State = Approved
		}
		f.applied()
		f.handedOver(a, m)
	}
}

// partnersWord takes in a partner's word. One that an officer typed in is believed when the
// officer may do that, and what it says of money or consent when another one has
// looked, too.
func (f *fold) partnersWord() {
	var mark caselog.MessageMark
	if !f.data(&mark) {
		return
	}
	if mark.Manual != nil && !f.believed(mark) {
		return
	}
	switch f.r.Type {
	case caselog.Received:
		f.received()
	case caselog.Receipt:
		f.receipt()
	case caselog.Outcome:
		f.outcome()
	}
}

// believed reports whether a word that an officer typed in counts now.
func (f *fold) believed(mark caselog.MessageMark) bool {
	if mark.Manual.Paper {
		return f.onPaper(mark)
	}
	a, by := f.s.Alert(mark.AlertID), mark.Manual
	if a == nil {
		f.refuse("no such alert")
		return false
	}
	f.on(a)
	w := a.Word(mark.MessageID)
	switch {
	case by.By == "" || !by.Role.Covers(caselog.RoleOfficer):
		f.refuse("%s is %s: record takes an officer", by.By, by.Role)
	case !strings.HasPrefix(mark.MessageID, a.ID+"-M"):
		f.refuse("a recorded word has an id of its own")
	case by.Document == "" && f.r.Type != caselog.Receipt:
		f.refuse("document: needed, the SHA-256 of what it was said in")
	case a.Inbound(mark.MessageID) != nil, w == nil && !f.weighs():
		return true // whether it is a repeat is seen there
	case w == nil:
		a.Words = append(a.Words, &Word{ID: mark.MessageID, Type: mark.Type, Digest: mark.Digest.Value, Manual: *by, Personal: f.personal()})
		f.task(a, "recorded", mark.MessageID)
		f.applied()
	case w.Digest != mark.Digest.Value:
		f.refuse("conflict: another word was recorded under that id: record it again")
	case w.Manual.By == by.By:
		f.refuse("%s has recorded this: somebody else confirms it", by.By)
	default:
		a.drop(w.ID, by.By)
		return true
	}
	return false
}

// onPaper reports whether what a partner asks of us on paper counts. One officer is
// enough: nothing is done about it before two others have looked.
func (f *fold) onPaper(mark caselog.MessageMark) bool {
	by := mark.Manual
	switch {
	case f.r.Type != caselog.Received || f.s.Key.Direction() != caselog.In || !asks(mark.Type):
		f.refuse("only what a partner asks of us is taken in from paper like this")
	case by.By == "" || !by.Role.Covers(caselog.RoleOfficer):
		f.refuse("%s is %s: receive takes an officer", by.By, by.Role)
	case by.How == "" || by.Document == "":
		f.refuse("how and document: needed, the way it came and the SHA-256 of what it stands in")
	default:
		return true
	}
	return false
}

// OnPaper reports whether the partner's latest request or amendment came by no wire, so
// that its answers are carried over by hand, too.
func (a *Alert) OnPaper() bool {
	for i := len(a.Inbox) - 1; i >= 0; i-- {
		if in := a.Inbox[i]; asks(in.Type) {
			return in.Manual != nil
		}
	}
	return false
}

// typedIn says that the officer has typed in what he would decide about, or nothing.
func (a *Alert) typedIn(by, what string) string {
	if slices.ContainsFunc(a.Inbox, func(in *Inbound) bool { return in.Manual != nil && in.Manual.By == by }) {
		return by + " has typed this in: somebody else " + what + " it"
	}
	return ""
}

// weighs reports whether a recorded word takes two people: it says something of money,
// or is more than a receipt or a decision.
func (f *fold) weighs() bool {
	switch f.r.Type {
	case caselog.Receipt:
		return false
	case caselog.Outcome:
		var d caselog.OutcomeMark
		return f.r.Into(&d) != nil || len(d.Measures)+len(d.Funds)+len(d.Trail)+len(d.Returns) > 0
	}
	return true
}

// personal returns the sealed part of a partner's word.
func (f *fold) personal() string {
	var d struct {
		Personal string `json:"personal"`
	}
	if f.r.Into(&d) != nil {
		return ""
	}
	return d.Personal
}
