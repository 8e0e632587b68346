package ruleset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/lookup"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/ruletest"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sources/codec"
)

// Set is one compiled version of everything that judges. Immutable.
type Set struct {
	Rules   *lang.Set
	Plan    *plan.Plan
	Lookups *lookup.Set
	Rates   codec.Rates
	// Digests are those of hits: of the rules, of all lists and tables together, and
	// of the rates.
	Digests hit.Digests
	Text    *Text

	language lang.Options
	suites   []*ruletest.Suite
	tests    map[string]string // digest of the file that a rule and its tests stand in, by the rule's id
}

// Compile checks and compiles t. A text with an error is refused as a whole, with
// all its errors in the error.
func (s *Sources) Compile(t *Text, now time.Time) (*Set, error) {
	out := &Set{Text: t, language: s.Language, tests: map[string]string{}}
	out.language.Now = now
	lists, tables := t.specs()
	declare(&out.language, lists, tables)
	tree, findings := spec.Parse(t.files())
	var more, wrong lang.Diagnostics
	out.Rules, more = lang.Check(tree, out.language)
	out.suites, wrong = ruletest.Parse(tree, out.Rules.Schema)
	findings = slices.Concat(findings, t.findings, more, wrong)
	if err := refusal(findings); err != nil {
		return nil, err
	}
	if len(out.Rules.Rules) == 0 {
		return nil, fmt.Errorf("rules.dir: no rule in %s", s.Rules)
	}
	texts := map[*spec.File]string{} // many rules may stand in one file
	for _, r := range tree.Rules {
		f := r.Span.File
		if texts[f] == "" {
			texts[f] = digest(string(f.Source))
		}
		out.tests[r.ID.Text] = texts[f]
	}
	var err error
	if out.Lookups, err = lookup.LoadFrom(lists, tables, t.open); err != nil {
		return nil, err
	}
	if t.rates.File != "" {
		if out.Rates, err = codec.LoadRates(t.rates.Base, strings.NewReader(t.rates.CSV)); err != nil {
			return nil, fmt.Errorf("rates.file: %s: %w", t.rates.File, err)
		}
	}
	if out.Plan, err = plan.New(out.Rules, out.Lookups); err != nil {
		return nil, fmt.Errorf("compile rules: %w", err)
	}
	out.Digests = hit.Digests{Rules: named(out.Rules.Digest), Lists: named(LookupsDigest(out.Lookups)), Rates: named(out.Rates.Digest())}
	return out, nil
}

// refusal returns the errors among findings as one error.
func refusal(findings lang.Diagnostics) error {
	n := findings.Errors()
	if n == 0 {
		return nil
	}
	var bad lang.Diagnostics
	for _, d := range findings {
		if d.Level == spec.Error {
			bad = append(bad, d)
		}
	}
	bad.Sort()
	var text strings.Builder
	if err := bad.WriteText(&text); err != nil {
		return err
	}
	return fmt.Errorf("rules.dir: %d errors, nothing is changed:\n%s", n, text.String())
}

// LookupsDigest returns the digest of all lists and tables, lower-case hex, ""
// without any.
func LookupsDigest(s *lookup.Set) string {
	if s == nil || len(s.Lists())+len(s.Tables()) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, part := range []struct {
		what string
		all  map[string]string
	}{{"list", s.Lists()}, {"table", s.Tables()}} {
		for _, name := range slices.Sorted(maps.Keys(part.all)) {
			io.WriteString(sum, part.what+" "+name+" "+part.all[name]+"\n") //nolint:errcheck // a hash takes everything
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// named names a digest's algorithm; without a file the digest is that of nothing, so
// that a hit always says what it was judged by.
func named(hex string) string {
	if hex == "" {
		hex = digest("")
	}
	return "sha256:" + strings.TrimPrefix(hex, "sha256:")
}

// Digest returns the digest by which an activation of a kind is known.
func (s *Set) Digest(kind string) string {
	switch kind {
	case Lists:
		return s.Digests.Lists
	case Rates:
		return s.Digests.Rates
	}
	return s.Rules.Digest
}

// Same reports whether s and t judge alike.
func (s *Set) Same(t *Set) bool { return s.Digests == t.Digests }

// Count returns how many rules of s have status.
func (s *Set) Count(status lang.Status) int64 {
	var n int64
	for _, r := range s.Rules.Rules {
		if r.Status == status {
			n++
		}
	}
	return n
}

// ErrTests says that tests of rules failed.
var ErrTests = errors.New("tests failed")
