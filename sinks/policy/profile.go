package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Profile is an agreement's shape as data (FREEZE 4). The texts of the law are
// the user's, in the config.
type Profile struct {
	Name     string
	Regime   string
	Asks     []string
	Auto     []string // asks for which auto_provisional may be switched on
	Mode     string   // approval of people: one | two
	Texts    []string // texts that the config must give
	Handling freeze.Handling
	// Accept and Decide are what is asked of the partner's desk.
	Accept, Decide time.Duration
	// Extra are members that may go out beyond those of every profile, and Never
	// those of them that may not.
	Extra, Never []string
	// DomesticFollowup says that no request for legal assistance follows.
	MLA bool
}

const valid = 72 * time.Hour // T6, a request's validity

// ProfileOf returns a shipped profile. Those of FREEZE 4 that are not shipped
// yet are refused by name.
func ProfileOf(name string) (*Profile, error) {
	later := []string{"egmont", "eu_amld6", "cets198", "ffkc", "igrip"}
	switch {
	case name == "bilateral":
		return bilateral(), nil
	case name == "own_bank":
		return ownBank(), nil
	case slices.Contains(later, name):
		return nil, fmt.Errorf("%q is not shipped yet: use bilateral or own_bank", name)
	}
	return nil, fmt.Errorf("unknown profile %q: use bilateral or own_bank", name)
}

func bilateral() *Profile {
	return &Profile{
		Name: "bilateral", Regime: "bilateral", Mode: "two", MLA: true,
		Asks:   []string{"hold_amount", "suspend_transaction", "suspend_account", "recall", "return_funds", "trace", "identify_holder", "preserve_records", "monitor", "informational"},
		Auto:   []string{"hold_amount"},
		Texts:  []string{"requester_basis.code", "requester_basis.text", "reason", "nexus", "intended_use"},
		Accept: time.Hour, Decide: 24 * time.Hour,
		Handling: freeze.Handling{TLP: "red", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
	}
}

func ownBank() *Profile {
	return &Profile{
		Name: "own_bank", Regime: "domestic", Mode: "two",
		Asks:   []string{"recall", "hold_amount", "suspend_transaction", "suspend_account", "preserve_records", "trace"},
		Auto:   []string{"hold_amount"},
		Accept: 15 * time.Minute, Decide: 30 * time.Minute,
		Extra:    []string{"payments.debtor.account.*"},
		Never:    []string{"legal.facts", "legal.background", "legal.reason", "legal.nexus", "legal.intended_use"},
		Handling: freeze.Handling{TLP: "amber+strict", PermittedUse: "postponement", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"},
	}
}
