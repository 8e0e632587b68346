package ruleset

import (
	"fmt"
	"math/rand/v2"

	"github.com/haltwire/haltwire/pipeline/code"
)

// Rule is one rule: it is true of a report of one of its kinds that meets all
// conditions.
type Rule struct {
	ID         string
	Kinds      []string
	Conditions []Condition
	Draft      bool // not judged
	Alert      bool // sends a request by itself
}

// Op is how a condition compares.
type Op uint8

// The comparisons.
const (
	Equal      Op = iota // column == value
	In                   // column is one of the values
	AtLeast              // column >= value
	Contains             // column contains value
	StartsWith           // column starts with value
)

// Condition compares one column with literals.
type Condition struct {
	Column string
	Op     Op
	Values []string
	Number bool // values are numbers
}

// New returns n rules, always the same ones for the same n, of which the first
// alerts on the frauds that the generator tells.
func New(n int) []Rule {
	m := &maker{rng: rand.New(rand.NewPCG(uint64(n), 0x72756c6573)), countries: code.Countries()} //nolint:gosec // n is a size
	rules := make([]Rule, 0, n)
	for i := range n {
		r := stolen()
		if i > 0 {
			r = m.rule()
		}
		r.ID = fmt.Sprintf("load-%05d", i)
		rules = append(rules, r)
	}
	return rules
}

func stolen() Rule {
	return Rule{
		Kinds: []string{"bank.transfer", "bank.complaint"}, Alert: true,
		Conditions: []Condition{equal("authorisation", "unauthorised"), equal("debtor.account_country", "IN"), equal("creditor.account_country", "GB"), atLeast("settled_amount", "500.00")},
	}
}

type maker struct {
	rng       *rand.Rand
	countries []string
}

func (m *maker) rule() Rule {
	switch p := m.rng.IntN(100); {
	case p < 35:
		return m.corridor()
	case p < 55:
		return m.accounts()
	case p < 70:
		return m.words()
	case p < 80:
		return m.servicer()
	case p < 90:
		return m.caller()
	default:
		return m.device()
	}
}

// corridor is a large payment from one country to another.
func (m *maker) corridor() Rule {
	return transfer(equal("debtor.account_country", "IN"), equal("creditor.account_country", m.countries[m.rng.IntN(len(m.countries))]),
		equal("currency", "INR"), atLeast("amount", m.amount(39_000, 20_000_000)))
}

// accounts is a payment to one of some accounts that somebody has noted.
func (m *maker) accounts() Rule {
	c := Condition{Column: "creditor.account", Op: In}
	for range 5 + m.rng.IntN(20) {
		c.Values = append(c.Values, fmt.Sprintf("%012d", 3_000_000+m.rng.IntN(900_000_000)))
	}
	return transfer(c, atLeast("amount", m.amount(10, 30_000)))
}

// words is a payment with a phrase in its text.
func (m *maker) words() Rule {
	first := []string{"crypto", "gift", "urgent", "customs", "lottery", "loan", "invest", "refund", "bond", "forex"}
	second := []string{"wallet", "card", "release", "fee", "prize", "advance", "plan", "desk", "account", "bonus"}
	phrase := first[m.rng.IntN(len(first))] + " " + second[m.rng.IntN(len(second))]
	return transfer(Condition{Column: "payment.remittance", Op: Contains, Values: []string{fmt.Sprintf("%s %d", phrase, m.rng.IntN(1000))}}, atLeast("amount", m.amount(10, 30_000)))
}

// servicer is a large payment over one rail to one bank.
func (m *maker) servicer() Rule {
	return transfer(equal("creditor.bic", fmt.Sprintf("HW%02dGB%dL", m.rng.IntN(100), m.rng.IntN(10))), equal("rail", []string{"swift", "fps", "imps", "upi"}[m.rng.IntN(4)]),
		Condition{Column: "status", Op: In, Values: []string{"accepted", "settled", "pending"}}, atLeast("settled_amount", m.amount(1_000, 100_000)))
}

// caller is a long call with a range of numbers.
func (m *maker) caller() Rule {
	return Rule{Kinds: []string{"telecom.call"}, Conditions: []Condition{
		equal("direction", "in"), {Column: "peer.phone", Op: StartsWith, Values: []string{fmt.Sprintf("+9100%05d", m.rng.IntN(100_000))}},
		atLeast("duration_s", fmt.Sprint(900+m.rng.IntN(900)))}}
}

// device is a login from a device or network that somebody has noted.
func (m *maker) device() Rule {
	c := Condition{Column: "debtor.device", Op: In}
	for range 3 + m.rng.IntN(6) {
		c.Values = append(c.Values, fmt.Sprintf("dev-%d", 200_000+m.rng.IntN(1_000_000)))
	}
	return Rule{Kinds: []string{"bank.login"}, Conditions: []Condition{c, {Column: "debtor.ip", Op: StartsWith, Values: []string{fmt.Sprintf("192.0.%d.", m.rng.IntN(255))}}}}
}

func (m *maker) amount(from, to int) string {
	return fmt.Sprintf("%d.%02d", from+m.rng.IntN(to-from), m.rng.IntN(100))
}

func transfer(conditions ...Condition) Rule {
	return Rule{Kinds: []string{"bank.transfer"}, Conditions: conditions}
}

func equal(column, value string) Condition {
	return Condition{Column: column, Op: Equal, Values: []string{value}}
}

func atLeast(column, value string) Condition {
	return Condition{Column: column, Op: AtLeast, Values: []string{value}, Number: true}
}
