package app

import (
	"testing"

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
