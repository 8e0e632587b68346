package apply

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Record is an event with its place on the log.
type Record struct {
	caselog.Event
	Partition int32
	Offset    int64
	Appended  int64 // Unix ms, LogAppendTime
}

// Verdict is what an event came to. An event that is neither applied nor a
// repeat is an error to its writer, who finds Reason.
type Verdict struct {
	Applied bool   `json:"applied"`
	Repeat  bool   `json:"repeat,omitempty"`
	Reason  string `json:"reason,omitempty"`
	AlertID string `json:"alert_id,omitempty"`
	Before  State  `json:"before,omitempty"`
	After   State  `json:"after,omitempty"`
}

// Machine makes ids; it is the only thing that Apply needs beside its arguments.
type Machine struct{ Root *caselog.Root }

// fold is one application: the subject, the event, and the verdict in the
// making.
type fold struct {
	Machine
	s *Subject
	r Record
	v Verdict
}

// Apply folds r into s, which it changes and returns, and returns what the event
// came to and what is due then. s may be nil for a key without events.
func (m Machine) Apply(s *Subject, r Record) (*Subject, Verdict, []Effect) {
	s, v := m.Fold(s, r)
	return s, v, Due(s)
}

// Fold is Apply for who asks for what is due later, if at all.
func (m Machine) Fold(s *Subject, r Record) (*Subject, Verdict) {
	if s == nil {
		s = &Subject{Key: r.Key, Evidence: map[string]string{}}
	}
	f := &fold{Machine: m, s: s, r: r}
	f.run()
	s.Offset = r.Offset
	if a := s.Alert(f.v.AlertID); a != nil {
		if f.v.Applied {
			f.retreat(a)
			f.finish(a)
		}
		f.v.After = a.State
		if f.v.Applied {
			a.At.Updated = max(a.At.Updated, r.Appended) // the clock of another broker may be behind
		}
	}
	return s, f.v
}

func (f *fold) run() {
	if out := f.s.Key.Direction() == caselog.Out; !out && ourQuestion(f.r.Type) {
		f.refuse("%s is not for an inbound alert", f.r.Type)
		return
	}
	switch f.r.Type {
	case caselog.Hit, caselog.HitChanged, caselog.HitOverturned:
		f.evidence()
	case caselog.Amended:
		f.amended()
	case caselog.Received, caselog.Receipt, caselog.Outcome:
		f.partnersWord()
	case caselog.Recorded:
		f.recorded()
	case caselog.TrailFollowed:
		f.followed()
	case caselog.ConsentGiven, caselog.ConsentRefused:
		f.answer()
	default:
		f.ours()
	}
}

// ourQuestion reports whether an event is about what we ask.
func ourQuestion(t caselog.Type) bool {
	switch t {
	case caselog.Hit, caselog.HitChanged, caselog.HitOverturned, caselog.Amended, caselog.Rerouted, caselog.TrailFollowed, caselog.ConsentGiven, caselog.ConsentRefused:
		return true
	}
	return false
}

// ours handles the events that our desk alone writes, all of an existing alert.
func (f *fold) ours() {
	var head struct {
		AlertID string `json:"alert_id"`
	}
	if err := json.Unmarshal(f.r.Data, &head); err != nil {
		f.refuse("unreadable data")
		return
	}
	a := f.alert(head.AlertID)
	if a == nil {
		return
	}
	switch f.r.Type {
	case caselog.Blocked:
		f.blocked(a)
	case caselog.Rerouted:
		f.rerouted(a)
	case caselog.MessageQueued, caselog.Attempt, caselog.Delivered, caselog.GaveUp, caselog.Exported, caselog.Published, caselog.Transmitted:
		f.message(a)
	case caselog.Instructed:
		f.instructed(a)
	case caselog.Overdue:
		f.overdue(a)
	case caselog.Erased:
		f.erased(a)
	case caselog.ApprovalGiven, caselog.ApprovalRefused, caselog.Confirmed, caselog.Withdrawn, caselog.Reviewed, caselog.TaskClosed:
		f.officer(a)
	default:
		if !f.requestEvent(a) && !f.recallEvent(a) && !f.consentEvent(a) && !f.inboundEvent(a) {
			f.refuse("unknown event type")
		}
	}
}

// message handles what happens to a message of ours.
func (f *fold) message(a *Alert) {
	switch f.r.Type {
	case caselog.MessageQueued:
		f.queued(a)
	case caselog.Attempt:
		f.attempt(a)
	case caselog.Exported, caselog.Published:
		f.exported(a)
	case caselog.Transmitted:
		f.transmitted(a)
	default:
		f.delivered(a)
	}
}

// alert makes the alert with that id the one of the verdict and returns it; without one
// it refuses the event and returns nil.
func (f *fold) alert(id string) *Alert {
	a := f.s.Alert(id)
	if a == nil {
		f.refuse("no such alert")
		return nil
	}
	f.on(a)
	return a
}

// on makes a the alert of the verdict.
func (f *fold) on(a *Alert) { f.v.AlertID, f.v.Before = a.ID, a.State }

func (f *fold) refuse(format string, args ...any) { f.v.Reason = fmt.Sprintf(format, args...) }

func (f *fold) repeat() { f.v.Repeat = true }

func (f *fold) applied() { f.v.Applied = true }

// data decodes the data of the event and reports whether it could.
func (f *fold) data(into any) bool {
	if err := json.Unmarshal(f.r.Data, into); err != nil {
		f.refuse("unreadable data")
		return false
	}
	return true
}

// task opens a task unless one of the kind about the same is there, which then says
// why as well.
func (f *fold) task(a *Alert, kind, about string, why ...string) {
	if i := slices.IndexFunc(a.Tasks, func(t Task) bool { return t.Kind == kind && t.About == about && t.Done == "" }); i >= 0 {
		a.Tasks[i].Why = union(a.Tasks[i].Why, why)
		return
	}
	a.Tasks = append(a.Tasks, Task{ID: fmt.Sprintf("T%d", len(a.Tasks)+1), Kind: kind, About: about, At: f.r.Appended, Why: why})
}

// done closes the tasks of a kind.
func (a *Alert) done(kind, by string) {
	for i := range a.Tasks {
		if t := &a.Tasks[i]; t.Kind == kind && t.Done == "" {
			t.Done = by
		}
	}
}

// first sets a moment that is not set yet.
func first(at *int64, now int64) {
	if *at == 0 {
		*at = now
	}
}

// close ends an alert.
func (f *fold) close(a *Alert, why string) {
	a.State, a.Ending = Closed, why
	first(&a.At.Closed, f.r.Appended)
	f.praiseDue(a)
}

// open starts an episode.
func (f *fold) open(id, caseID string) *Alert {
	a := &Alert{
		ID: id, Episode: uint32(len(f.s.Alerts) + 1), CaseID: caseID, State: Proposed,
		Direction: f.s.Key.Direction(), Party: f.s.Key.Party(), Trace: f.r.Trace,
	}
	a.At.Opened = f.r.Appended
	f.s.Alerts = append(f.s.Alerts, a)
	return a
}
