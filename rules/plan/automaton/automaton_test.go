package automaton_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/rules/plan/automaton"
)

// TestFind compares with strings.Contains, a pattern at a time.
func TestFind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[abcé]{1,4}`)
		patterns := rapid.SliceOfNDistinct(word, 0, 12, rapid.ID[string]).Draw(t, "patterns")
		text := rapid.StringMatching(`[abcdé]{0,30}`).Draw(t, "text")
		a, err := automaton.New(patterns)
		if err != nil {
			t.Fatal(err)
		}
		var want []int32
		for i, p := range patterns {
			if strings.Contains(text, p) {
				want = append(want, int32(i))
			}
		}
		got := a.Find([]byte(text), nil)
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Fatalf("Find(%q) over %q = %v, want %v", text, patterns, got, want)
		}
	})
}

func TestTooLarge(t *testing.T) {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	if _, err := automaton.New([]string{string(all[:])}); !errors.Is(err, automaton.ErrTooLarge) {
		t.Errorf("256 different bytes: %v", err)
	}
	if _, err := automaton.New([]string{strings.Repeat("ab", automaton.MaxCells/4)}); !errors.Is(err, automaton.ErrTooLarge) {
		t.Errorf("too many states: %v", err)
	}
}
