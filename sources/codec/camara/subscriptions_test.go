package camara_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sources/codec/camara"
)

func TestPhoneAsOf(t *testing.T) {
	s, err := camara.ReadSubscriptions([]byte("\ufeffsubscription_id,phone,from,until\nS-1,+910000000001,,2026-03-01T00:00:00Z\nS-1,+910000000002,2026-03-01T00:00:00Z,\nS-2,+910000000003,,\n"))
	if err != nil || s.Len() != 2 {
		t.Fatalf("%d subscriptions, %v", s.Len(), err)
	}
	turn := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	for _, c := range []struct {
		id   string
		at   int64
		want string
	}{{"S-1", turn - 1, "+910000000001"}, {"S-1", turn, "+910000000002"}, {"S-2", turn, "+910000000003"}, {"S-3", turn, ""}, {"", turn, ""}} {
		if got := s.Phone(c.id, c.at); got != c.want {
			t.Errorf("%s at %d: %q, want %q", c.id, c.at, got, c.want)
		}
	}
	if (*camara.Subscriptions)(nil).Phone("S-1", turn) != "" {
		t.Error("no table knows a phone")
	}
}

func TestTableIsRefusedByLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "header",
		"id,phone\n":                        "line 1",
		"subscription_id,phone,since\n":     "line 1",
		"subscription_id,phone\nS-1,0123\n": "line 2: phone",
		"subscription_id,phone\n,+910000000001\n":                                                         "line 2: subscription_id",
		"subscription_id,phone\nS-1,+910000000001\nS-1,+910000000002\n":                                   "line 3: subscription \"S-1\" has two phones",
		"subscription_id,phone,from,until\nS-1,+910000000001,yesterday,\n":                                "line 2: from",
		"subscription_id,phone,from,until\nS-1,+910000000001,,later\n":                                    "line 2: until",
		"subscription_id,phone,from,until\nS-1,+910000000001,2026-03-02T00:00:00Z,2026-03-02T00:00:00Z\n": "not after from",
		"subscription_id,phone\nS-1\n":                                                                    "line 2",
	} {
		if _, err := camara.ReadSubscriptions([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestKind(t *testing.T) {
	for text, want := range map[string]string{
		"org.camaraproject.sim-swap-subscriptions.v0.swapped":                                             "telecom.sim_swap",
		"org.camaraproject.sim-swap.v1.swapped":                                                           "telecom.sim_swap",
		"org.camaraproject.device-swap-subscriptions.v0.swapped":                                          "telecom.device_change",
		"org.camaraproject.call-forwarding-signal-subscriptions.v0.conditional-call-forwarding-activated": "telecom.call_forwarding",
		"org.camaraproject.sim-swap-subscriptions.v0.subscription-started":                                "",
		"org.camaraproject.sim-swap-subscriptions.swapped":                                                "",
		"org.camaraproject.sim-swap.x0.swapped":                                                           "",
		"com.example.sim-swap.v0.swapped":                                                                 "",
		"swapped":                                                                                         "",
		"":                                                                                                "",
	} {
		if got := camara.Kind(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
