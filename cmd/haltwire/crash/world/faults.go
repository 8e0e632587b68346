package world

import (
	"net/http"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// Status answers with an HTTP status, and with Retry-After unless after is 0.
func Status(code int, after time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ Arrival) bool {
		if after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
		}
		w.WriteHeader(code)
		return true
	}
}

// Hang never answers: it waits until the sender has gone or the test ends.
func (p *Partner) Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ Arrival) bool {
		select {
		case <-r.Context().Done():
		case <-p.ctx.Done():
		}
		return true
	}
}

// Forged answers with a receipt under the partner's key id whose signature was
// made with another key.
func (p *Partner) Forged() Fault {
	other, err := signature.NewKey(p.key.ID())
	p.w.must(err)
	return p.receipt(other, func(a Arrival) freeze.Digest { return freeze.DigestOf(a.Body) })
}

// Foreign answers with a well-signed receipt for another body.
func (p *Partner) Foreign() Fault {
	return p.receipt(p.key, func(a Arrival) freeze.Digest { return freeze.DigestOf(append(a.Body, ' ')) })
}

func (p *Partner) receipt(key signature.Key, digest func(Arrival) freeze.Digest) Fault {
	return func(w http.ResponseWriter, _ *http.Request, a Arrival) bool {
		r := delivery.NewReceipt(freeze.LevelReceived, a.Message, digest(a), nil, p.self, p.client, "test", time.Now())
		jws, err := delivery.SealReceipt(key, r)
		if err != nil {
			p.w.t.Errorf("seal receipt: %v", err)
			return false
		}
		w.Header().Set("Content-Type", "application/jose")
		_, _ = w.Write(jws) // the sender may have gone
		return true
	}
}
