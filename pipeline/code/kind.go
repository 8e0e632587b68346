package code

import (
	"fmt"
	"slices"
	"strings"
)

// builtinKinds are the kinds of DESIGN §3, sorted.
var builtinKinds = []string{ //nolint:gochecknoglobals // a table that nobody writes
	"bank.account_opened", "bank.beneficiary_added", "bank.complaint", "bank.credential_reset", "bank.hold",
	"bank.login", "bank.mule_account", "bank.payee_check", "bank.recall", "bank.transfer", "bank.withdrawal",
	"crypto.transfer", "police.complaint",
	"telecom.call", "telecom.call_forwarding", "telecom.device_change", "telecom.disconnected", "telecom.message",
	"telecom.number_report", "telecom.port_out", "telecom.sim_box", "telecom.sim_swap",
}

// Kinds is the list of kinds that a report may have; immutable. The zero value is
// the list of DESIGN §3.
type Kinds struct{ all []string }

// NewKinds returns the built-in kinds and more. A kind is two or more words of
// a-z, 0-9 and _ with dots between them.
func NewKinds(more ...string) (Kinds, error) {
	all := slices.Clone(builtinKinds)
	for _, k := range more {
		if !kindShaped(k) {
			return Kinds{}, fmt.Errorf("kind %q: write lower-case words with a dot between them, as in bank.cheque", k)
		}
		all = append(all, k)
	}
	slices.Sort(all)
	return Kinds{all: slices.Compact(all)}, nil
}

func kindShaped(s string) bool {
	words := strings.Split(s, ".")
	for _, w := range words {
		if w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return false
		}
	}
	return len(words) > 1
}

// List returns all kinds in order.
func (k Kinds) List() []string {
	if k.all == nil {
		return slices.Clone(builtinKinds)
	}
	return slices.Clone(k.all)
}

// Has reports whether s is a kind.
func (k Kinds) Has(s []byte) bool {
	all := k.all
	if all == nil {
		all = builtinKinds
	}
	lo, hi := 0, len(all)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if all[mid] < string(s) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(all) && all[lo] == string(s)
}

// Expand returns the kinds that pattern stands for, in order: itself, all below
// "bank.*", or all for "*". None means that the pattern is wrong.
func (k Kinds) Expand(pattern string) []string {
	prefix, wild := strings.CutSuffix(pattern, "*")
	if wild && prefix != "" && !strings.HasSuffix(prefix, ".") {
		return nil
	}
	var out []string
	for _, s := range k.List() {
		if s == pattern || wild && strings.HasPrefix(s, prefix) {
			out = append(out, s)
		}
	}
	return out
}
