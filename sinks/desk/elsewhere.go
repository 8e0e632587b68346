package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/intake"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/policy"
)

// elsewhere makes what sends an alert to another party: its hits that stand, as they
// came, under the key of that party, and the end of the alert here. Without a party
// there is only a word that there is none.
func (t *tenure) elsewhere(ctx context.Context, key caselog.Key, a *apply.Alert) (move, error) {
	m := move{data: &caselog.ReroutedData{AlertID: a.ID}}
	party, why := t.desk.other(a)
	m.data.Why = why
	for _, h := range a.Hits {
		if h.Gone || party == nil {
			continue
		}
		data, personal, err := t.desk.told(ctx, key, h)
		if errors.Is(err, caselog.ErrErased) {
			m.data.Why = "erased"
			break
		}
		if err != nil {
			return m, fmt.Errorf("send alert %s elsewhere: %w", a.ID, err)
		}
		x := t.desk.hits.Again(data, &personal, party.ID, a.Trace)
		m.hits = append(m.hits, x)
		m.data.To, m.data.ToKey = party.ID, x.Key
	}
	if m.data.Why != "" {
		m.hits, m.data.To, m.data.ToKey = nil, "", ""
	}
	m.end = intake.Draft{
		ID: hit.Text32("rerouted", a.ID, string(m.data.ToKey), fmt.Sprint(a.At.Updated)), Key: key, Type: caselog.Rerouted, Trace: a.Trace, Alerts: true, Data: m.data,
	}
	return m, nil
}

// other returns the party that officers send an alert to, or why there is none.
func (d *Desk) other(a *apply.Alert) (party *policy.Party, why string) {
	if a.Rerouting != apply.NextParty {
		p := d.opt.Book.Party(a.Rerouting)
		switch {
		case p == nil:
			return nil, "no party " + a.Rerouting
		case p.ID == a.Party:
			return nil, p.ID + " is where it is"
		case len(p.Allowed(a.Asks)) == 0:
			return nil, "the agreement with " + p.ID + " covers nothing of what is asked"
		}
		return p, ""
	}
	now := d.opt.Book.Party(a.Party)
	after := false
	for i := range d.opt.Book.Parties() {
		p := &d.opt.Book.Parties()[i]
		if after && now != nil && p.Country == now.Country && p.Kind != "bank" && now.Kind != "bank" && len(p.Allowed(a.Asks)) > 0 {
			return p, ""
		}
		after = after || p.ID == a.Party
	}
	return nil, "no other party of the country in the config whose agreement covers what is asked"
}

// told reads a hit again as it came.
func (d *Desk) told(ctx context.Context, key caselog.Key, h *apply.Hit) (data caselog.HitData, personal caselog.HitPersonal, err error) {
	entry, err := topic.ReadAt(ctx, d.opt.Kafka, d.opt.Layout.Names.Cases, d.fold.partition(key), h.Offset)
	if err != nil {
		return data, personal, err
	}
	event, err := caselog.Decode(entry.Value)
	if err != nil {
		return data, personal, err
	}
	if !slices.Contains([]caselog.Type{caselog.Hit, caselog.HitChanged, caselog.HitOverturned}, event.Type) || event.Key != key {
		return data, personal, errors.New("the record is no hit of the alert")
	}
	if err := event.Into(&data); err != nil {
		return data, personal, err
	}
	data.Overturns, data.Stands, data.Blocked = "", false, ""
	return data, personal, d.open(ctx, data.Personal, &personal)
}
