package webhook_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// TestHeadersOfRequestsCannotBeSplit gives the sender ids that would begin a header of
// their own: nothing that was not one of ours reaches the partner.
func TestHeadersOfRequestsCannotBeSplit(t *testing.T) {
	k := keys(t)
	var seen []http.Header
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	s := sender(t, k, local(url), nil)
	for _, evil := range []string{"A\r\nX-Evil: 1", "A\nX-Evil: 1", "A\r\n\r\nGET / HTTP/1.1\r\nX-Evil: 1\r\n\r\n", "A\x00", "A\u010d\u010aX-Evil: 1"} {
		for _, a := range []delivery.Attempt{{MessageID: evil, Body: message(t)}, {MessageID: messageID, Nonce: evil, Body: message(t)}} {
			if r := s.Send(context.Background(), a); r.Verdict == delivery.Delivered {
				t.Errorf("%q: %+v", evil, r)
			}
		}
	}
	for _, h := range seen {
		for name, values := range h {
			if strings.Contains(name, "Evil") || strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
				t.Errorf("header %s: %q", name, values)
			}
		}
	}
}
