package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Guard names accounts that are never suspended, whatever is on them, because many
// people's money is (FREEZE 1.7). Empty members match anything, but one of account,
// bic and clearing_id is there.
type Guard struct {
	Kind           string `yaml:"kind"`    // nostro | pooled | safeguarding | government | payroll
	Account        string `yaml:"account"` // normalised id; a * at its end stands for any rest
	BIC            string `yaml:"bic"`     // the first 8 characters count unless all 11 are given
	ClearingSystem string `yaml:"clearing_system"`
	ClearingID     string `yaml:"clearing_id"` // a * at its end stands for any rest
	Note           string `yaml:"note"`
}

// Guards returns a book that guards these accounts.
func (b *Book) Guards(guard []Guard) (*Book, error) {
	kinds := []string{"nostro", "pooled", "safeguarding", "government", "payroll"}
	for i, g := range guard {
		if !slices.Contains(kinds, g.Kind) {
			return nil, fmt.Errorf("guard[%d].kind: %q is not one of %s", i, g.Kind, strings.Join(kinds, ", "))
		}
		if g.Account == "" && g.BIC == "" && g.ClearingID == "" {
			return nil, fmt.Errorf("guard[%d]: needs account, bic or clearing_id", i)
		}
	}
	out := *b
	out.guard = guard
	return &out, nil
}

// Guarded reports whether the account is one that is never suspended, and why.
func (b *Book) Guarded(s freeze.Subject) (reason string, guarded bool) {
	for _, g := range b.guard {
		if g.matches(s) {
			return g.Kind + " account of the guard list", true
		}
	}
	if s.Account.Type == "pooled" {
		return "pooled account", true
	}
	return "", false
}

func (g Guard) matches(s freeze.Subject) bool {
	servicer := Servicer{BIC: g.BIC}
	return like(g.Account, s.Account.ID) && like(g.ClearingID, s.Servicer.ClearingID) &&
		(g.ClearingSystem == "" || g.ClearingSystem == s.Servicer.ClearingSystem) &&
		(g.BIC == "" || servicer.keeps(s.Servicer.BIC, "", ""))
}

// like reports whether v is what the pattern says; an empty pattern is anything.
func like(pattern, v string) bool {
	head, open := strings.CutSuffix(pattern, "*")
	return pattern == "" || v == pattern || open && strings.HasPrefix(v, head)
}
