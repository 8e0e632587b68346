package caselog

import "strings"

// Misfit is one thing that an outcome says and that does not fit: neither what was
// asked, nor the payments, nor the rest of the outcome. It holds what marks hold
// already and no personal data: of an account it only says that it is another one.
type Misfit struct {
	Of    string `json:"of,omitempty"` // measure | item | hop | amounts (ID is the currency); "" = the outcome
	ID    string `json:"id,omitempty"`
	Field string `json:"field,omitempty"`
	Says  string `json:"says,omitempty"` // "" = sealed
	Why   string `json:"why"`            // what it does not fit, in words that go on after Says
}

// What Apply knows misfits by.
const (
	MisfitAmounts = "amounts" // Of: sums that are not those of the funds
	MisfitFunds   = "funds"   // Field: funds of an item in another currency than it was credited in
)

// String says in words which field does not fit, and what.
func (m Misfit) String() string {
	head := strings.TrimSpace(m.Of + " " + m.ID)
	if head != "" {
		head += ":"
	}
	words := []string{head, m.Field, m.Says, m.Why}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
