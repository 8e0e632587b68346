package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/index"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// EventView is one event of an alert, without what is sealed in it.
type EventView struct {
	ID     string `json:"id"`
	Type   string `json:"type"` // without haltwire.case.
	Offset int64  `json:"offset"`
	// Time is the writer's clock, Appended the log's.
	Time     freeze.Time    `json:"time"`
	Appended freeze.Time    `json:"appended"`
	By       string         `json:"by,omitempty"` // the officer
	Data     map[string]any `json:"data"`
}

// Events returns at most limit events of an alert that count, oldest first, those
// behind the offset after; -1 = from the first on. It reads them from the log.
func (d *Desk) Events(ctx context.Context, id string, after int64, limit int) ([]EventView, error) {
	key, full, err := d.locate(id)
	if err != nil {
		return nil, err
	}
	partition := d.fold.partition(key)
	p := d.fold.parts[partition]
	p.mu.Lock()
	offsets := p.events[index.Path(key.Direction(), key.Party(), full)]
	first, found := slices.BinarySearch(offsets, after)
	if found {
		first++
	}
	offsets = slices.Clone(offsets[first:min(first+limit, len(offsets))])
	p.mu.Unlock()
	entries, err := d.cases.Read(ctx, partition, offsets)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	out := make([]EventView, 0, len(entries))
	for _, e := range entries {
		v, err := eventView(e)
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		out = append(out, v)
	}
	return out, nil
}

func eventView(e topic.Entry) (EventView, error) {
	event, err := caselog.Decode(e.Value)
	if err != nil {
		return EventView{}, err
	}
	v := EventView{ID: event.ID, Type: string(event.Type), Offset: e.Offset, Time: freeze.At(event.Time), Appended: freeze.At(time.UnixMilli(e.Appended))}
	if err := json.Unmarshal(event.Data, &v.Data); err != nil {
		return EventView{}, err
	}
	v.By, _ = v.Data["by"].(string)
	strip(v.Data)
	return v, nil
}

// strip takes out what is sealed: nobody can read it, and it says how long it is.
func strip(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "personal")
		for _, x := range v {
			strip(x)
		}
	case []any:
		for _, x := range v {
			strip(x)
		}
	}
}
