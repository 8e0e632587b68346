package ruleset

import (
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/sinks/desk/control"
)

// Edition is what was in force from some offsets of the sources on, as activations
// recorded it. Activations of one time are one edition.
type Edition struct {
	At   time.Time
	From []event.Position

	digests  map[string]string
	contents map[string][]byte
}

// Editions returns what activations, oldest first, put in force one after another.
// What came before the first activation of rules is not an edition.
func Editions(all []control.Activation) []Edition {
	var out []Edition
	now := Edition{digests: map[string]string{}, contents: map[string][]byte{}}
	for i, a := range all {
		next := Edition{At: a.At, From: a.From, digests: map[string]string{}, contents: map[string][]byte{}}
		for _, kind := range kinds() {
			next.digests[kind], next.contents[kind] = now.digests[kind], now.contents[kind]
		}
		next.digests[a.Kind], next.contents[a.Kind] = a.Digest, a.Content
		now = next
		switch {
		case now.digests[Rules] == "":
		case i > 0 && all[i-1].At.Equal(a.At) && len(out) > 0:
			out[len(out)-1] = now
		default:
			out = append(out, now)
		}
	}
	return out
}

// kinds returns the kinds in the order in which they are recorded. The rules come
// last: without them there is no edition, so that a process which ends between the
// records of the first one leaves none that judges without lists or rates.
func kinds() []string { return []string{Lists, Rates, Rules} }

// Digest returns the digest of a kind in e; nil is the edition before all.
func (e *Edition) Digest(kind string) string {
	switch {
	case e != nil && e.digests[kind] != "":
		return e.digests[kind]
	case kind == Rules:
		return ""
	}
	return named("")
}

// CompileEdition compiles e again. Bounds of windows are not judged: what was in force was
// within the bounds of its day.
func (s *Sources) CompileEdition(e *Edition) (*Set, error) {
	text, err := Parse(e.contents)
	if err != nil {
		return nil, err
	}
	then := *s
	then.Language.Budget = lang.Budget{}
	return then.Compile(text, e.At)
}

// Changed returns the kinds in which s differs from e; nil is the edition before
// all.
func (s *Set) Changed(e *Edition) []string {
	var out []string
	for _, kind := range kinds() {
		if s.Digest(kind) != e.Digest(kind) {
			out = append(out, kind)
		}
	}
	return out
}

// Activations returns what to record before s is put in force in place of e, from
// the given offsets on.
func (s *Set) Activations(e *Edition, at time.Time, from []event.Position) ([]control.Activation, error) {
	var out []control.Activation
	for _, kind := range s.Changed(e) {
		content, err := s.Text.Content(kind)
		if err != nil {
			return nil, err
		}
		out = append(out, control.Activation{Kind: kind, Digest: s.Digest(kind), At: at, From: from, Content: content})
	}
	return out, nil
}

// Edition returns s as an edition.
func (s *Set) Edition(at time.Time, from []event.Position) *Edition {
	e := &Edition{At: at, From: from, digests: map[string]string{}}
	for _, kind := range kinds() {
		e.digests[kind] = s.Digest(kind)
	}
	return e
}
