package app

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
)

// everything is a judge whose rule fires on every record.
type everything struct {
	rule    string
	columns []bool
}

func (e everything) Columns() []bool { return e.columns }

func (e everything) Judge(_ *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	var hits []*hit.Hit
	for _, o := range recs.Offsets {
		hits = append(hits, &hit.Hit{Rule: e.rule, Position: event.Position{Offset: o}})
	}
	return &hit.Judgement{Hits: hits}, nil
}

func TestSuccession(t *testing.T) {
	s := succession{
		before: everything{"old", []bool{true, false}}, after: everything{"new", []bool{false, false}},
		from: map[event.Partition]int64{{Topic: "t", ID: 1}: 12},
	}
	if c := s.Columns(); !c[0] || c[1] {
		t.Errorf("Columns = %v, want those of either", c)
	}
	for name, c := range map[string]struct {
		partition int32
		offsets   []int64
		want      []string
	}{
		"before":         {1, []int64{10, 11}, []string{"old", "old"}},
		"after":          {1, []int64{12, 13}, []string{"new", "new"}},
		"across":         {1, []int64{11, 12}, []string{"old", "new"}},
		"not listed":     {2, []int64{0, 1}, []string{"new", "new"}},
		"nothing at all": {1, nil, nil},
	} {
		said, err := s.Judge(nil, &event.Records{Topic: "t", Partition: c.partition, Offsets: c.offsets})
		if err != nil {
			t.Fatal(err)
		}
		hits := said.Hits
		if len(hits) != len(c.want) {
			t.Fatalf("%s: %d hits", name, len(hits))
		}
		for i, h := range hits {
			if h.Rule != c.want[i] || h.Position.Offset != c.offsets[i] {
				t.Errorf("%s: hit %d is of %s at %d, want %s at %d", name, i, h.Rule, h.Position.Offset, c.want[i], c.offsets[i])
			}
		}
	}
}

// remembering is everything with a memory of what it was asked.
type remembering struct {
	everything
	asked *[]string
	hold  map[event.Partition]int64
}

func (r remembering) say(what string, offsets ...int64) (*hit.Judgement, error) {
	*r.asked = append(*r.asked, r.rule+" "+what)
	out := &hit.Judgement{Hold: r.hold}
	for _, o := range offsets {
		pos := event.Position{Topic: "t", Partition: 1, Offset: o}
		out.Hits = append(out.Hits, &hit.Hit{Rule: r.rule, Position: pos})
		out.Overturned = append(out.Overturned, hit.Overturned{Rule: r.rule, Position: pos})
	}
	return out, nil
}

func (r remembering) Judge(_ *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	return r.say("judge", append([]int64{3, 30}, recs.Offsets...)...) // late evidence about two earlier ones
}

func (r remembering) Tick(int64) (*hit.Judgement, error) { return r.say("tick", 3, 30) }

func (r remembering) Recent(event.Partition, int64) (*hit.Judgement, error) {
	return r.say("recent", 3, 30)
}

func (r remembering) Keep(map[event.Partition]int64) error { _, err := r.say("keep"); return err }

func (r remembering) Committed(map[event.Partition]int64) { _, _ = r.say("committed") }

func (r remembering) Warm(*event.Batch) error { _, err := r.say("warm"); return err }

// TestHeirs lets the rules before speak about reports below the activation, whatever
// report makes them speak, until all of those are committed.
func TestHeirs(t *testing.T) {
	p, q := event.Partition{Topic: "t", ID: 1}, event.Partition{Topic: "t", ID: 2}
	for _, c := range []struct {
		name           string
		old, new       bool // remember
		run            []int64
		hits, ticked   string
		overturned     string
		asked, askedOf string
	}{
		{"both", true, true, []int64{11, 12}, "old 3 old 11 new 30 new 12", "old 3 new 30", "old 3 old 11 new 30 new 12", "new judge,old judge", "old tick,new tick,new committed,new keep,old warm,new warm"},
		{"only the old", true, false, []int64{11, 12}, "old 3 old 11 new 12", "old 3", "old 3 old 11", "old judge", "old tick,old warm"},
		{"only the new", false, true, []int64{11, 12}, "old 11 new 30 new 12", "new 30", "new 30 new 12", "new judge", "new tick,new committed,new keep,new warm"},
	} {
		var asked []string
		judge := func(rule string, remembers bool, hold map[event.Partition]int64) pipeline.Judge {
			e := everything{rule, []bool{rule == "old", rule == "new"}}
			if !remembers {
				return placed{e}
			}
			return remembering{e, &asked, hold}
		}
		h := &heirs{
			before: judge("old", c.old, map[event.Partition]int64{p: 5, q: 9}), after: judge("new", c.new, map[event.Partition]int64{p: 7}),
			from: map[event.Partition]int64{p: 12, q: 4},
		}
		if both := h.Columns(); !both[0] || !both[1] {
			t.Errorf("%s: columns %v", c.name, both)
		}
		said, err := h.Judge(nil, &event.Records{Topic: "t", Partition: 1, Offsets: c.run})
		if err != nil {
			t.Fatal(err)
		}
		if got := told(said.Hits); got != c.hits {
			t.Errorf("%s: hits %q, want %q", c.name, got, c.hits)
		}
		var over []*hit.Hit
		for _, o := range said.Overturned {
			over = append(over, &hit.Hit{Rule: o.Rule, Position: o.Position})
		}
		if got := told(over); got != c.overturned {
			t.Errorf("%s: overturned %q, want %q", c.name, got, c.overturned)
		}
		if c.old && (said.Hold[p] != 5 || said.Hold[q] != 9) || !c.old && said.Hold[p] != 7 {
			t.Errorf("%s: hold %v", c.name, said.Hold)
		}
		if got := strings.Join(asked, ","); got != c.asked {
			t.Errorf("%s: asked %q, want %q", c.name, got, c.asked)
		}
		asked = nil
		tick, err := h.Tick(0)
		if err != nil || told(tick.Hits) != c.ticked {
			t.Errorf("%s: tick %q, error %v", c.name, told(tick.Hits), err)
		}
		h.Committed(map[event.Partition]int64{p: 11, q: 4})
		if err := errors.Join(h.Keep(nil), h.Warm(nil)); err != nil || h.done.Load() {
			t.Errorf("%s: done %v, error %v", c.name, h.done.Load(), err)
		}
		if got := strings.Join(asked, ","); got != c.askedOf {
			t.Errorf("%s: asked %q, want %q", c.name, got, c.askedOf)
		}
		h.Committed(map[event.Partition]int64{p: 12, q: 5})
		asked = nil
		said, err = h.Judge(nil, &event.Records{Topic: "t", Partition: 1, Offsets: c.run})
		again, more := h.Recent(p, 12)
		if err = errors.Join(err, more, h.Warm(nil)); err != nil || strings.Contains(told(said.Hits)+told(again.Hits)+strings.Join(asked, ","), "old") {
			t.Errorf("%s: afterwards %q and %q by %q, error %v", c.name, told(said.Hits), told(again.Hits), asked, err)
		}
	}
}

// placed gives everything the place of the run.
type placed struct{ everything }

func (p placed) Judge(b *event.Batch, recs *event.Records) (*hit.Judgement, error) {
	said, err := p.everything.Judge(b, recs)
	for _, h := range said.Hits {
		h.Position.Topic, h.Position.Partition = recs.Topic, recs.Partition
	}
	return said, err
}

func told(hits []*hit.Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, fmt.Sprint(h.Rule, " ", h.Position.Offset))
	}
	return strings.Join(out, " ")
}
