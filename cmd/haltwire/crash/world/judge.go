package world

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Asked waits until partner p has a request for every account that must have
// one, and then checks what no crash may break.
func (w *World) Asked(p *Partner, e Expectation, d time.Duration) {
	w.t.Helper()
	Eventually(w.t, d, "requests at "+p.ID, func() string {
		var got []string
		seen := map[string]bool{}
		for _, a := range p.Arrivals() {
			if a.Type == freeze.TypeRequest && !a.Fault && e.Requested[a.Account] && !seen[a.Account] {
				seen[a.Account] = true
				got = append(got, a.Account)
			}
		}
		return Difference(got, e.Requested)
	})
	p.Once(w.t, e)
}

// Once checks that the partner got each message under one id and with one body,
// one request and one confirmation an alert, and no attempt that repeats a nonce.
func (p *Partner) Once(t testing.TB, e Expectation) {
	t.Helper()
	digest, id, nonces := map[string]string{}, map[string]string{}, map[string]bool{}
	first := map[string]string{} // alert and type → message
	for _, a := range p.Arrivals() {
		if old := digest[a.Message]; old != "" && old != a.Digest {
			t.Errorf("message %s has two bodies", a.Message)
		}
		if old := id[a.Digest]; old != "" && old != a.Message {
			t.Errorf("one body as %s and %s", old, a.Message)
		}
		digest[a.Message], id[a.Digest] = a.Digest, a.Message
		if nonces[a.Nonce] {
			t.Errorf("nonce %s of %s was used twice", a.Nonce, a.Message)
		}
		nonces[a.Nonce] = true
		if a.Type == freeze.TypeAmendment {
			t.Errorf("amendment %s: nobody approved one", a.Message)
			continue
		}
		key := a.Alert + " " + string(a.Type)
		if old := first[key]; old != "" && old != a.Message {
			t.Errorf("alert %s: %s as %s and %s", a.Alert, a.Type, old, a.Message)
		}
		first[key] = a.Message
		if a.Type == freeze.TypeRequest && !e.Abroad[a.Account] {
			t.Errorf("request %s is about an account that no hit names", a.Message)
		}
	}
}

// Requests returns the message ids of requests about an account.
func (p *Partner) Requests(account string) map[string]bool {
	out := map[string]bool{}
	for _, a := range p.Arrivals() {
		if a.Account == account {
			out[a.Message] = true
		}
	}
	return out
}
