package desk

import (
	"sync"

	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/lane"
)

// PartyView is a party with what is known about the way to it. Moments are Unix ms
// on the clock of the log.
type PartyView struct {
	ID       string   `json:"party_id"`
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Country  string   `json:"country"`
	Profile  string   `json:"profile"`
	Channels []string `json:"channels"` // in order of preference
	// Waiting counts the messages that this instance has still to bring to the
	// party: those of the partitions that it owns.
	Waiting int `json:"waiting"`
	// Oldest is when the message was queued that waits longest; 0 = none waits.
	Oldest int64     `json:"oldest_waiting,omitempty"`
	Ways   []WayView `json:"ways"` // the channels, as this instance finds them
	Pulse
}

// WayView is a channel to a party and how it is doing.
type WayView struct {
	Kind string `json:"kind"`
	lane.State
}

// turned returns what tells that a way ceased or began to work.
func (d *Desk) turned(party, kind string) func(bool) {
	return func(works bool) {
		if works {
			d.opt.Log.Info("a way to a party works again", telemetry.Party, party, telemetry.Channel, kind)
			return
		}
		d.opt.Log.Warn("a way to a party does not work", telemetry.Party, party, telemetry.Channel, kind)
	}
}

// nextTry returns when a message is tried again, Unix ms; 0 = now, or it is not on a
// lane here.
func (d *Desk) nextTry(party, message string) int64 {
	if l := d.lanes[party]; l != nil {
		if at, _ := l.Next(message); !at.IsZero() {
			return at.UnixMilli()
		}
	}
	return 0
}

// Pulse is what was last heard of a party.
type Pulse struct {
	Attempted int64  `json:"attempted_at,omitempty"` // an attempt began
	Delivered int64  `json:"delivered_at,omitempty"` // a message was handed over
	GaveUp    int64  `json:"gave_up_at,omitempty"`   // a message could not be brought there
	Receipt   int64  `json:"receipt_at,omitempty"`   // the party said that it has a message
	Heard     int64  `json:"heard_at,omitempty"`     // any word of the party
	Failures  uint32 `json:"failures,omitempty"`     // attempts since a message was last handed over
}

// pulse keeps the Pulse of every party.
type pulse struct {
	mu sync.Mutex
	of map[string]*Pulse
}

func newPulse() *pulse { return &pulse{of: map[string]*Pulse{}} }

// beat takes in an event that counts.
func (p *pulse) beat(r apply.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	party := r.Key.Party()
	x := p.of[party]
	if x == nil {
		x = &Pulse{}
		p.of[party] = x
	}
	switch r.Type {
	case caselog.Attempt:
		x.Attempted, x.Failures = max(x.Attempted, r.Appended), x.Failures+1
	case caselog.Delivered:
		x.Delivered, x.Failures = max(x.Delivered, r.Appended), 0
	case caselog.GaveUp:
		x.GaveUp = max(x.GaveUp, r.Appended)
	case caselog.Receipt:
		x.Receipt, x.Heard = max(x.Receipt, r.Appended), max(x.Heard, r.Appended)
	case caselog.Received, caselog.Outcome:
		x.Heard = max(x.Heard, r.Appended)
	}
}

func (p *pulse) get(party string) Pulse {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.of[party]; x != nil {
		return *x
	}
	return Pulse{}
}

// Parties returns the parties in the order of the config.
func (d *Desk) Parties() []PartyView {
	out := []PartyView{}
	for _, p := range d.opt.Book.Parties() {
		v := PartyView{ID: p.ID, Name: p.Name, Kind: p.Kind, Country: p.Country, Profile: p.Policy.Profile, Channels: []string{}, Ways: []WayView{}, Pulse: d.fold.pulse.get(p.ID)}
		for _, c := range d.opt.Channels[p.ID] {
			v.Channels = append(v.Channels, c.Kind)
		}
		for i, w := range d.ways[p.ID] {
			v.Ways = append(v.Ways, WayView{Kind: v.Channels[i], State: w.State()})
		}
		if l := d.lanes[p.ID]; l != nil {
			v.Waiting = l.Depth()
			if oldest := l.Oldest(); !oldest.IsZero() {
				v.Oldest = oldest.UnixMilli()
			}
		}
		out = append(out, v)
	}
	return out
}
