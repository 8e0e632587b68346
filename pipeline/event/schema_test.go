package event_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
)

func TestSchema(t *testing.T) {
	s := event.Default()
	var required, derived []string
	for i, c := range s.Columns {
		if at, ok := s.Index(c.Name); !ok || at != i {
			t.Errorf("Index(%s) = %d, %v; want %d", c.Name, at, ok, i)
		}
		if c.List == event.Closed && len(c.Values) == 0 || c.List != event.Free && c.Type != event.Symbol {
			t.Errorf("%s: list %d of type %s with values %v", c.Name, c.List, c.Type, c.Values)
		}
		if c.Required {
			required = append(required, c.Name)
		}
		if c.Derived {
			derived = append(derived, c.Name)
		}
	}
	if want := []string{"report_id", "reporter", "kind", "occurred_at"}; !slices.Equal(required, want) {
		t.Errorf("required %v, want %v", required, want)
	}
	if want := []string{"base_amount", "payment.key", "debtor.account_country", "debtor.uid", "creditor.account_country", "creditor.uid"}; !slices.Equal(derived, want) {
		t.Errorf("derived %v, want %v", derived, want)
	}
	if _, err := event.NewSchema(event.Column{Name: "amount"}); err == nil {
		t.Error("a second amount is accepted")
	}
	if _, ok := s.Index("colour"); ok {
		t.Error("colour is a column")
	}
	p := s.Projection("amount", "colour")
	n := 0
	for _, on := range p {
		if on {
			n++
		}
	}
	if n != 6 || !p[s.Must("amount")] || !p[s.Must("revision")] || p[s.Must("currency")] {
		t.Errorf("a projection of %d columns, want 6", n)
	}
	if slices.Contains(s.Whole(), false) {
		t.Error("the whole projection lacks a column")
	}
}

// TestDict compares with a map, across restarts.
func TestDict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := event.NewDict()
		codes := map[string]uint32{"": 0}
		for range rapid.IntRange(1, 400).Draw(t, "values") {
			s := fmt.Sprintf(rapid.SampledFrom([]string{"%d", "HWB%dINBB", "a value of many bytes %d", "%d and a tail"}).Draw(t, "form"), rapid.IntRange(0, 300).Draw(t, "n"))
			if c := d.Find([]byte(s)); c != codes[s] {
				t.Fatalf("Find(%q) = %d, want %d", s, c, codes[s])
			}
			c := d.Code([]byte(s))
			if want, ok := codes[s]; ok && c != want || !ok && int(c) != len(codes) {
				t.Fatalf("Code(%q) = %d", s, c)
			}
			codes[s] = c
			if d.Value(c) != s {
				t.Fatalf("Value(%d) = %q, want %q", c, d.Value(c), s)
			}
		}
		if d.Code(nil) != 0 || d.Find([]byte("never")) != 0 {
			t.Fatalf("missing has code %d", d.Code(nil))
		}
	})
}

func TestDictRestart(t *testing.T) {
	d := event.NewDict()
	var before, after event.Vector
	for i := range event.MaxDict {
		d.Code(fmt.Append(nil, i))
	}
	d.Bind(&before)
	if !d.NextBatch() {
		t.Fatal("a full dictionary goes on")
	}
	if c := d.Code([]byte("0")); c != 1 {
		t.Errorf("the first value of a generation has code %d", c)
	}
	d.Bind(&after)
	for i := range 17 {
		d.Code(bytes.Repeat([]byte{byte('a' + i)}, 1<<20))
	}
	if !d.NextBatch() {
		t.Error("a dictionary of 17 MiB goes on")
	}
	d.NextBatch()
	if d.NextBatch() || before.Generation == after.Generation || before.Values[event.MaxDict] != fmt.Sprint(event.MaxDict-1) {
		t.Error("generations are mixed up")
	}
}
