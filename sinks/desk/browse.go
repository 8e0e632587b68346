package desk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/index"
	"github.com/haltwire/haltwire/sinks/desk/live"
)

// listeners is how many clients may follow the changes of one instance: a desk of
// people, with a few windows each.
const listeners = 200

// Filter narrows a list of alerts; empty members do not.
type Filter struct {
	Direction, State, Party, Severity string
	Task                              string // alerts with an open task of this kind; "any" = of any
	Since                             int64  // opened then or later, Unix ms
	After                             string // Page.Next of the page before
	Limit                             int    // newest first; 0 = all
}

// Page is a part of a list.
type Page struct {
	Alerts []View `json:"alerts"`
	Next   string `json:"next,omitempty"` // Filter.After of the next page; "" = there is none
}

// TaskView is a task with the alert that it belongs to.
type TaskView struct {
	AlertID   string `json:"alert_id"`
	Direction string `json:"direction"`
	Party     string `json:"party"`
	State     string `json:"state"`
	Severity  string `json:"severity,omitempty"`
	apply.Task
}

// ErrCursor says that Filter.After is no Page.Next.
var ErrCursor = errors.New("after: want the member next of the page before")

// List returns the alerts that the filter lets through, newest first.
func (d *Desk) List(f Filter) []View {
	p, err := d.Browse(f)
	if err != nil {
		return []View{}
	}
	return p.Alerts
}

// Browse returns a page of the alerts that the filter lets through, newest first. A
// page costs what it shows where state or task narrow; what else narrows is looked
// at alert by alert in the index, 40 ns each.
func (d *Desk) Browse(f Filter) (Page, error) {
	after, err := placed(f.After)
	if err != nil {
		return Page{}, err
	}
	narrow := index.Filter{Direction: f.Direction, State: f.State, Party: f.Party, Severity: f.Severity, Task: f.Task, Since: f.Since}
	entries, more := d.fold.index.Page(narrow, after, f.Limit)
	out := Page{Alerts: make([]View, 0, len(entries))}
	for _, e := range entries {
		d.fold.with(e.Key, func(s *apply.Subject) { out.Alerts = append(out.Alerts, view(s.Alert(e.ID))) })
	}
	if more {
		out.Next = placeOf(entries[len(entries)-1])
	}
	return out, nil
}

// placeOf is what Page.Next says: moment of opening, direction, party, id.
func placeOf(e index.Entry) string {
	return fmt.Sprintf("%d.%s.%s.%s", e.Opened, e.Direction, e.Party, e.ID)
}

func placed(text string) (*index.Entry, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no place is the beginning
	}
	opened, rest, _ := strings.Cut(text, ".")
	direction, rest, _ := strings.Cut(rest, ".")
	dot := strings.LastIndexByte(rest, '.') // a party's id may have dots
	at, err := strconv.ParseInt(opened, 10, 64)
	if err != nil || dot < 0 {
		return nil, ErrCursor
	}
	return &index.Entry{Opened: at, Direction: direction, Party: rest[:dot], ID: rest[dot+1:]}, nil
}

// Tasks returns the open tasks of all alerts, those of the oldest alert first; limit
// 0 = all.
func (d *Desk) Tasks(limit int) []TaskView {
	out, waiting := []TaskView{}, []index.Entry{}
	n := 0
	d.fold.index.Oldest(func(e index.Entry) bool {
		waiting = append(waiting, e)
		n += len(e.Tasks)
		return limit == 0 || n < limit
	})
	for _, e := range waiting {
		d.fold.with(e.Key, func(s *apply.Subject) {
			for _, t := range s.Alert(e.ID).Tasks {
				if t.Done == "" && (limit == 0 || len(out) < limit) {
					out = append(out, TaskView{AlertID: e.ID, Direction: e.Direction, Party: e.Party, State: e.State, Severity: e.Severity, Task: t})
				}
			}
		})
	}
	return out
}

// Listen follows the changes of alerts. last is the name of the last one that the
// client knows, "" for none; ErrFull says that too many listen.
func (d *Desk) Listen(last string) (*live.Client, error) { return d.fold.feed.Listen(last) }

// NameOf returns the name of a change, for Listen.
func (d *Desk) NameOf(c live.Change) string { return d.fold.feed.Name(c) }

// Latest returns the name of the latest change.
func (d *Desk) Latest() string { return d.fold.feed.Now() }

// locate returns the key of the alert with that id or with an id that begins so,
// if there is exactly one. An id may be that of an outbound and an inbound alert
// only where we are our own partner.
func (d *Desk) locate(id string) (caselog.Key, string, error) {
	if id == "" {
		return "", "", fmt.Errorf("%w: %q", ErrNoAlert, id)
	}
	switch found := d.fold.index.Begins(id); len(found) {
	case 0:
		return "", "", fmt.Errorf("%w: %q", ErrNoAlert, id)
	case 1:
		return found[0].Key, found[0].ID, nil
	}
	return "", "", fmt.Errorf("%w: %q begins several ids, give more of it", ErrNoAlert, id)
}

// listed keeps the lists true after an event that counts, and tells who listens. It
// needs the lock of the partition.
func (f *fold) listed(p *part, s *apply.Subject, r apply.Record, v apply.Verdict) {
	f.pulse.beat(r)
	for _, a := range s.Alerts { // an event may touch an episode other than its own
		f.index.Put(index.Entry{
			Key: r.Key, ID: a.ID, Direction: a.Direction, Party: a.Party, State: string(a.State), Severity: a.Severity, Opened: a.At.Opened, Tasks: a.OpenTasks(),
		})
	}
	if v.AlertID == "" {
		return
	}
	path := index.Path(r.Key.Direction(), r.Key.Party(), v.AlertID)
	p.events[path] = append(p.events[path], r.Offset)
	f.feed.Tell(live.Change{ID: v.AlertID, Direction: r.Key.Direction(), Party: r.Key.Party(), State: string(v.After), Version: r.Offset})
}
