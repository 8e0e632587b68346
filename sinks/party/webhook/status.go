package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// maxRetryAfter bounds what a partner may ask us to wait, so that a mistake of
// its does not park a critical message.
const maxRetryAfter = time.Hour

// action says what an HTTP status means. A receipt in the body is read when
// receipt is set; then the receipt decides and verdict does not.
type action struct {
	receipt bool
	verdict delivery.Verdict
	reason  string
	fault   bool
}

// act is the one table of HTTP status → what to do.
func act(status int, t freeze.Type) action {
	isReceipt := t == freeze.TypeReceipt
	switch {
	case isReceipt && status >= 200 && status < 300:
		return action{verdict: delivery.Delivered, reason: "taken", fault: status != http.StatusNoContent}
	case status == http.StatusOK:
		return action{receipt: true}
	case status == http.StatusUnprocessableEntity && !isReceipt:
		return action{receipt: true}
	case status >= 200 && status < 300: // taken, it says, but without its word
		return action{verdict: delivery.Retry, reason: "no_receipt", fault: true}
	case status >= 300 && status < 400:
		return action{verdict: delivery.Retry, reason: "redirect", fault: true}
	case status == http.StatusUnauthorized: // clocks, nonces and key changes pass
		return action{verdict: delivery.Retry, reason: "unauthorized"}
	}
	return other(status)
}

// other judges what holds for all messages, and statuses that the contract does
// not name: 403, 404, 408, 421 and 425 come from gateways that people repair;
// the remaining 4xx repeat for ever.
func other(status int) action {
	reason := "http_" + strconv.Itoa(status)
	switch status {
	case http.StatusConflict:
		return action{verdict: delivery.Permanent, reason: "conflict"}
	case http.StatusRequestEntityTooLarge:
		return action{verdict: delivery.Permanent, reason: "too_large"}
	case http.StatusTooManyRequests:
		return action{verdict: delivery.Retry, reason: "busy"}
	case http.StatusServiceUnavailable:
		return action{verdict: delivery.Retry, reason: "unavailable"}
	case http.StatusForbidden, http.StatusNotFound, http.StatusRequestTimeout,
		http.StatusMisdirectedRequest, http.StatusTooEarly:
		return action{verdict: delivery.Retry, reason: reason}
	}
	if status >= 400 && status < 500 {
		return action{verdict: delivery.Permanent, reason: reason}
	}
	return action{verdict: delivery.Retry, reason: reason, fault: status < 500}
}

// retryAfter reads the header in both forms of RFC 9110, section 10.2.3.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	var wait time.Duration
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, maxRetryAfter))
}

func detail(status int, text string) string { return fmt.Sprintf("HTTP %d: %s", status, text) }
