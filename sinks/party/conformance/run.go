package conformance

import (
	"bytes"
	"context"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// prompt bounds how long an attempt may take after its context has ended, and an
// attempt that cannot succeed: a lane waits for it.
const prompt = 2 * time.Second

// suite is one run over a fresh world.
type suite struct {
	t       *testing.T
	w       *World
	request []byte
}

// Run checks a channel: every check gets a world of its own. request is a request that
// the channel has a form for.
func Run(t *testing.T, request []byte, open func(t *testing.T) *World) {
	for name, check := range map[string]func(*suite){
		"delivers":   (*suite).delivers,
		"repeats":    (*suite).repeats,
		"at once":    (*suite).atOnce,
		"stops":      (*suite).stops,
		"hangs":      (*suite).hangs,
		"away":       (*suite).away,
		"asks":       (*suite).asks,
		"forged":     (*suite).forged,
		"rejected":   (*suite).rejected,
		"formless":   (*suite).formless,
		"oversize":   (*suite).oversize,
		"test":       (*suite).test,
		"other body": (*suite).otherBody,
	} {
		t.Run(name, func(t *testing.T) { check(&suite{t: t, w: open(t), request: request}) })
	}
}

// message returns the n-th message that the channel carries.
func (s *suite) message(n int) delivery.Attempt {
	if s.w.Live {
		return Message(s.t, s.request, "live", n)
	}
	return Message(s.t, s.request, "test", n)
}

// send makes an attempt and checks what holds for every result.
func (s *suite) send(ctx context.Context, a delivery.Attempt) delivery.Result {
	s.t.Helper()
	before := bytes.Clone(a.Body)
	r := s.w.Sender.Send(ctx, a)
	if !bytes.Equal(before, a.Body) {
		s.t.Error("the sender has changed the body")
	}
	if r.Reason == "" || strings.ContainsAny(r.Reason, " \n") || r.Elapsed < 0 {
		s.t.Errorf("a result without a reason or time: %+v", r)
	}
	said := ""
	if s.w.Said != nil {
		said = s.w.Said()
	}
	if strings.Contains(r.Detail+r.Reason+said, Secret) || strings.Contains(r.Detail+said, "Zebrafish") {
		s.t.Errorf("the result or the log tells what the message says: %s", r.Detail)
	}
	if (r.Receipt != nil) != (r.JWS != nil) || r.Receipt != nil && delivery.CheckReceipt(r.Receipt, a.MessageID, freeze.DigestOf(a.Body)) != nil {
		s.t.Errorf("a receipt that is not for the message: %+v", r.Receipt)
	}
	if r.Receipt != nil && r.Verdict != delivery.Delivered && r.Verdict != delivery.Rejected {
		s.t.Errorf("%s with a receipt", r.Verdict)
	}
	return r
}

func (s *suite) delivered(r delivery.Result) {
	s.t.Helper()
	if r.Verdict != delivery.Delivered {
		s.t.Fatalf("not delivered: %s %s %s", r.Verdict, r.Reason, r.Detail)
	}
	if (r.Receipt != nil) != (s.w.Word == Now) || r.Awaiting != (s.w.Word != Now) || r.Exported != (s.w.Word == Exported) || r.Published != (s.w.Word == Published) {
		s.t.Errorf("how its receipt comes: %+v", r)
	}
}

func (s *suite) arrived() map[string][]byte {
	if s.w.Arrived == nil {
		return nil
	}
	return s.w.Arrived()
}

func (s *suite) delivers() {
	for n := range 3 {
		a := s.message(n)
		before := len(s.arrived())
		s.delivered(s.send(s.t.Context(), a))
		if s.w.Arrived != nil && len(s.arrived()) <= before {
			s.t.Error("nothing has arrived")
		}
		if s.w.Exact != nil && !bytes.Equal(s.w.Exact(a.MessageID), a.Body) {
			s.t.Errorf("what arrived is not the frozen bytes:\n%s", s.w.Exact(a.MessageID))
		}
	}
}

// repeats sends a message again: with another nonce it is the same message.
func (s *suite) repeats() {
	a := s.message(1)
	var first map[string][]byte
	for n := range 3 {
		a.Nonce = strings.Repeat(string(rune('a'+n)), 20)
		s.delivered(s.send(s.t.Context(), a))
		switch now := s.arrived(); {
		case first == nil:
			first = now
		case !maps.EqualFunc(first, now, bytes.Equal):
			s.t.Errorf("a repetition changed what the party has: %d, then %d", len(first), len(now))
		}
	}
}

func (s *suite) atOnce() {
	a := s.message(1)
	var done sync.WaitGroup
	results := make([]delivery.Result, 8)
	for i := range results {
		done.Add(1)
		go func() {
			defer done.Done()
			results[i] = s.w.Sender.Send(s.t.Context(), a)
		}()
	}
	done.Wait()
	for _, r := range results {
		s.delivered(r)
	}
}

// stops ends the context before an attempt: nothing goes out, and nothing is lost.
func (s *suite) stops() {
	ctx, cancel := context.WithCancel(s.t.Context())
	cancel()
	r := s.send(ctx, s.message(1))
	if r.Verdict != delivery.Retry {
		s.t.Errorf("stopping is %s: it must be tried again", r.Verdict)
	}
	if n := len(s.arrived()); n != 0 {
		s.t.Errorf("%d messages went out", n)
	}
	s.delivered(s.send(s.t.Context(), s.message(1)))
}

// hangs ends the context while the party does not answer.
func (s *suite) hangs() {
	if s.w.Hangs == nil {
		return
	}
	back := s.w.Hangs()
	ctx, cancel := context.WithTimeout(s.t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if r := s.send(ctx, s.message(1)); r.Verdict != delivery.Retry || time.Since(began) > prompt {
		s.t.Errorf("a hanging party: %s %s after %s", r.Verdict, r.Reason, time.Since(began))
	}
	back()
	s.delivered(s.send(s.t.Context(), s.message(1)))
}

func (s *suite) away() {
	if s.w.Away == nil {
		return
	}
	back := s.w.Away()
	if r := s.send(s.t.Context(), s.message(1)); r.Verdict != delivery.Retry {
		s.t.Errorf("an absent party: %s %s", r.Verdict, r.Reason)
	}
	back()
	s.delivered(s.send(s.t.Context(), s.message(1)))
}

func (s *suite) asks() {
	if s.w.Asks == nil {
		return
	}
	back := s.w.Asks()
	if r := s.send(s.t.Context(), s.message(1)); r.Verdict != delivery.Retry || r.RetryAfter != time.Second {
		s.t.Errorf("a party that wants a second: %s after %s", r.Verdict, r.RetryAfter)
	}
	back()
	s.delivered(s.send(s.t.Context(), s.message(1)))
}

func (s *suite) forged() {
	for i, forge := range s.w.Forges {
		back := forge()
		if r := s.send(s.t.Context(), s.message(1)); r.Verdict == delivery.Delivered || r.Verdict == delivery.Rejected || !r.Fault {
			s.t.Errorf("forgery %d: %s %s", i, r.Verdict, r.Reason)
		}
		back()
	}
}

func (s *suite) rejected() {
	if s.w.Rejects == nil {
		return
	}
	back := s.w.Rejects()
	if r := s.send(s.t.Context(), s.message(1)); r.Verdict != delivery.Rejected || r.Receipt == nil || r.Receipt.Reject == nil {
		s.t.Errorf("a rejection: %+v", r)
	}
	back()
}

// formless sends what is no message: another try cannot help.
func (s *suite) formless() {
	if s.w.Blind {
		return
	}
	for _, body := range []string{"", "{}", "not JSON", strings.Repeat("[", 100_000)} {
		a := s.message(1)
		a.Body = []byte(body)
		if r := s.send(s.t.Context(), a); r.Verdict != delivery.Permanent {
			s.t.Errorf("%.20q: %s %s", body, r.Verdict, r.Reason)
		}
	}
	if n := len(s.arrived()); n != 0 {
		s.t.Errorf("%d of them arrived", n)
	}
}

func (s *suite) oversize() {
	a := s.message(1)
	a.Body = append(bytes.Clone(a.Body), bytes.Repeat([]byte(" "), freeze.MaxSize)...)
	began := time.Now()
	if r := s.send(s.t.Context(), a); r.Verdict != delivery.Permanent || time.Since(began) > prompt {
		s.t.Errorf("an oversize body: %s %s after %s", r.Verdict, r.Reason, time.Since(began))
	}
	if n := len(s.arrived()); n != 0 {
		s.t.Errorf("%d messages arrived", n)
	}
}

// test sends a test message over a channel that ends at a person.
func (s *suite) test() {
	r := s.send(s.t.Context(), Message(s.t, s.request, "test", 1))
	switch {
	case !s.w.Live:
		s.delivered(r)
	case r.Verdict != delivery.Permanent || r.Reason != "test_refused" || len(s.arrived()) != 0:
		s.t.Errorf("a test message: %s %s, %d arrived", r.Verdict, r.Reason, len(s.arrived()))
	}
}

// otherBody sends another body under an id that is taken: the first one stays.
func (s *suite) otherBody() {
	if s.w.Word != Exported {
		return // the party refuses it (409), or people see both
	}
	a := s.message(1)
	s.delivered(s.send(s.t.Context(), a))
	first := s.arrived()
	m, err := freeze.Parse(a.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, _ := m.(*freeze.Request)
	r.Urgency = "normal"
	for i := range r.Payments {
		r.Payments[i].Refs.UETR = "00000000-0000-4000-8000-000000000000"
	}
	if a.Body, err = freeze.Encode(r); err != nil {
		s.t.Fatal(err)
	}
	if r := s.send(s.t.Context(), a); r.Verdict != delivery.Permanent || r.Reason != "conflict" {
		s.t.Errorf("another body under the same id: %s %s", r.Verdict, r.Reason)
	}
	for name, data := range first {
		if !bytes.Equal(s.arrived()[name], data) {
			s.t.Errorf("%s was replaced", name)
		}
	}
}
