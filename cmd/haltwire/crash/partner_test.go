package crash_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
	"github.com/haltwire/haltwire/sinks/desk"
)

// pause429 is what the partner that is too busy asks for.
const pause429 = 3 * time.Second

// ibans are accounts of the countries of TestPartnerAway, without check digits.
func ibans() map[string]string {
	return map[string]string{
		"FR": "20041010050500013M02606", "DE": "370400440532013000", "NL": "ABNA0417164300", "ES": "21000418450200051332",
		"IT": "X0542811101000000123456", "IE": "AIBK93115212345678", "AE": "0331234567890123456",
	}
}

// TestPartnerAway has each partner fail in its own way, all at the same time.
func TestPartnerAway(t *testing.T) {
	w := world.New(t, world.Options{Binary: binary, Partners: []string{"FR", "DE", "NL", "ES", "IT", "IE", "AE"}})
	in := w.Instance("in")
	for _, p := range w.Partners {
		p.ReplyTo(in.PartnerURL)
	}
	w.Partners["FR"].Refuse("in")
	w.Partners["DE"].Break(w.Partners["DE"].Hang())
	w.Partners["NL"].Break(world.Status(http.StatusInternalServerError, 0))
	w.Partners["ES"].Break(world.Status(http.StatusTooManyRequests, pause429))
	w.Partners["IT"].Break(w.Partners["IT"].Forged())
	w.Partners["IE"].Break(w.Partners["IE"].Foreign())
	in.Start()
	in.WaitReady()

	f := w.Traffic(1, 0)
	for country, number := range ibans() {
		f.Send(t.Context(), world.Complaint("first-"+country, world.IBAN(country, number)))
	}
	served(t, in, 1)
	world.Eventually(t, time.Minute, "every partner that is away was tried twice", func() string {
		for country := range w.Partners {
			if n := attempts(t, in, country); country != "AE" && n < 2 {
				return fmt.Sprintf("%s: %d attempts", country, n)
			}
		}
		return ""
	})
	f.Send(t.Context(), world.Complaint("second-AE", world.IBAN("AE", "0331234567890123457")))
	served(t, in, 2)

	w.Partners["FR"].Listen("in")
	for country, p := range w.Partners {
		if country != "FR" {
			p.Break(nil)
		}
	}
	world.Eventually(t, time.Minute, "every alert is answered", func() string {
		for _, a := range alerts(t, in, desk.Filter{Direction: "out"}) {
			if a.State != "decided" && a.State != "closed" {
				return a.Party + " " + a.State
			}
		}
		return ""
	})
	for country, p := range w.Partners {
		if country != "AE" {
			tried(t, p)
		}
	}
	w.Stored(f.Expect(), time.Minute)
	if got, err := w.Query("SELECT party, countIf(attempt = 1) FROM deliveries FINAL GROUP BY party ORDER BY party"); err != nil || len(got) < 14 {
		t.Errorf("deliveries: %v %v", got, err)
	}
}

// served checks that AE has n requests, none of which waited for the others.
func served(t *testing.T, in *world.Instance, n int) {
	t.Helper()
	var got []desk.View
	world.Eventually(t, 10*time.Second, "AE is served", func() string {
		got = alerts(t, in, desk.Filter{Direction: "out", Party: "AE-FIU"})
		for _, a := range got {
			if a.At.Received == 0 {
				return a.State
			}
		}
		if len(got) != n {
			return fmt.Sprintf("%d alerts", len(got))
		}
		return ""
	})
	for _, a := range got {
		if took := time.Duration(a.At.Received-a.At.Record) * time.Millisecond; took > 3*time.Second {
			t.Errorf("AE waited %s while others were away", took)
		}
	}
}

// attempts returns how often the request to a country was tried.
func attempts(t *testing.T, in *world.Instance, country string) uint32 {
	t.Helper()
	for _, a := range alerts(t, in, desk.Filter{Direction: "out", Party: country + "-FIU"}) {
		d, err := in.Officers.Show(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Messages) > 0 {
			return d.Messages[0].Attempts
		}
	}
	return 0
}

// tried checks what a partner saw that was away: one message, one body, a fresh
// nonce each time, taken once.
func tried(t *testing.T, p *world.Partner) {
	t.Helper()
	all := p.Arrivals()
	nonces, taken, faults := map[string]bool{}, 0, 0
	for i, a := range all {
		if a.Message != all[0].Message || a.Digest != all[0].Digest {
			t.Errorf("%s: attempt %d is %s %s, the first was %s %s", p.ID, i, a.Message, a.Digest, all[0].Message, all[0].Digest)
		}
		if nonces[a.Nonce] || a.Nonce == "" {
			t.Errorf("%s: attempt %d repeats nonce %q", p.ID, i, a.Nonce)
		}
		nonces[a.Nonce] = true
		if a.Fault {
			faults++
		} else {
			taken++
		}
		if p.ID == "ES-FIU" && i > 0 && a.At.Sub(all[i-1].At) < pause429 {
			t.Errorf("%s: tried after %s in spite of Retry-After %s", p.ID, a.At.Sub(all[i-1].At), pause429)
		}
	}
	if taken != 1 || faults < 2 && p.ID != "FR-FIU" {
		t.Errorf("%s: taken %d times after %d faults", p.ID, taken, faults)
	}
}
