package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

// ruleSet is one compiled version of the rules.
type ruleSet struct {
	set  *lang.Set
	plan *plan.Plan
}

// loadRules reads, checks and compiles the rules of dir. A set with an error is
// refused as a whole, with all its errors in the text.
func (r *reports) loadRules(dir string, now time.Time) (*ruleSet, error) {
	set, findings, err := lang.Load(dir, lang.Options{Schema: r.schema, Kinds: r.kinds, Now: now})
	if err != nil {
		return nil, err
	}
	if findings.Errors() > 0 {
		var text strings.Builder
		if err := findings.WriteText(&text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("rules.dir: %d errors, nothing is changed:\n%s", findings.Errors(), text.String())
	}
	if len(set.Rules) == 0 {
		return nil, fmt.Errorf("rules.dir: no rule in %s", dir)
	}
	p, err := plan.New(set, nil)
	if err != nil {
		return nil, fmt.Errorf("compile rules: %w", err)
	}
	if err := notYet(p); err != nil {
		return nil, err
	}
	return &ruleSet{set: set, plan: p}, nil
}

// judge returns a judge by s for one goroutine.
func (r *reports) judge(s *ruleSet) *plan.Judge {
	digests := hit.Digests{Lists: digestOf(""), Rates: digestOf(r.rates.Digest())}
	return plan.NewJudge(s.plan, r.decoder(r.schema.Whole()).Decode, digests)
}

// digestOf names a digest's algorithm; without a file the digest is that of
// nothing, so that a hit always says what it was judged by.
func digestOf(hex string) string {
	if hex == "" {
		return "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	}
	return "sha256:" + strings.TrimPrefix(hex, "sha256:")
}

// count returns how many rules of s have status.
func (s *ruleSet) count(status lang.Status) int64 {
	var n int64
	for _, r := range s.set.Rules {
		if r.Status == status {
			n++
		}
	}
	return n
}
