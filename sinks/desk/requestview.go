package desk

import "github.com/haltwire/haltwire/sinks/freeze"

// RequestView is what a partner asks of us and why, in the words of its latest request
// or amendment: who authorises it has read them.
type RequestView struct {
	Message     string             `json:"message_id"`
	Urgency     string             `json:"urgency"`
	Legal       freeze.Legal       `json:"legal"`
	Asks        []freeze.Ask       `json:"asks"`
	Indicators  []freeze.Indicator `json:"indicators,omitempty"`
	Handling    *freeze.Handling   `json:"handling,omitempty"` // what may be done with it
	ValidUntil  freeze.Time        `json:"valid_until"`
	DecideBy    freeze.Time        `json:"decide_by"`
	Provisional bool               `json:"provisional"`
	ConfirmBy   *freeze.Time       `json:"confirm_by,omitempty"`
}

func requestView(r *freeze.Request) *RequestView {
	return &RequestView{
		Message: r.MessageID, Urgency: r.Urgency, Legal: r.Legal, Asks: r.Asks, Indicators: r.Indicators, Handling: r.Handling,
		ValidUntil: r.ValidUntil, DecideBy: r.AnswerBy.Decide, Provisional: r.Provisional, ConfirmBy: r.ConfirmBy,
	}
}
