package apply

import "github.com/haltwire/haltwire/sinks/caselog"

// Hop is one onward movement that a partner found.
type Hop struct {
	caselog.HopMark
	Index   int    `json:"index"` // in the trail of the outcome
	Outcome string `json:"outcome"`
}

// Consent is one question for consent to use a partner's facts.
type Consent struct {
	Message string `json:"message"`
}

func consentActs() []act { return nil }

// consentEvent takes in the events of consent and of the trail. It reports whether the
// event is one of them.
func (f *fold) consentEvent(*Alert) bool { return false }

// trail takes in what an outcome that counts says of onward movements.
func (f *fold) trail(*Alert, *caselog.OutcomeMark) {}

// consentMessage takes in a partner's consent_request or consent_response. It reports
// whether the message is one of them.
func (f *fold) consentMessage(*Alert, *Inbound) bool { return false }

func dueConsents(*Alert, func(Effect)) {}

func timersOfConsents(*Alert, Schedule) []Timer { return nil }
