package app

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/policy"
)

// TestBacktestParties routes alerts as the desk does, where the configuration has
// parties, and measures the time that was asked for.
func TestBacktestParties(t *testing.T) {
	conf := config.Default()
	o := BacktestOptions{EvalOptions: EvalOptions{conf: conf}, From: time.UnixMilli(5), To: time.UnixMilli(9), Episode: time.Hour, Strict: true}
	m, err := o.measuring(nil)
	if err != nil || m.Party != nil || m.From != 5 || m.To != 9 || m.Episode != time.Hour || !m.Unlabelled {
		t.Errorf("without parties: %+v, %v", m, err)
	}
	conf.Party = policy.Self{ID: "fiu-in", Country: "IN"}
	texts := policy.Texts{RequesterBasis: policy.Basis{Code: "MOU", Text: "article 4"}, Reason: "reason", Nexus: "nexus", IntendedUse: "use", Background: "background"}
	conf.Parties = []policy.Party{{ID: "fiu-gb", Kind: "fiu", Country: "GB", Policy: policy.Policy{Profile: "bilateral", Asks: []string{"hold_amount"}, Texts: texts}}}
	if m, err = o.measuring(&backtest.Labels{}); err != nil || m.Party == nil || m.Labels == nil {
		t.Fatalf("with parties: %+v, %v", m, err)
	}
	for _, c := range []struct{ country, ask, want string }{{"GB", "hold_amount", "fiu-gb"}, {"GB", "paint_it_red", ""}, {"AE", "hold_amount", ""}, {"IN", "hold_amount", ""}, {"", "hold_amount", ""}} {
		if got := m.Party(hit.Subject{Country: c.country}, []string{c.ask}); got != c.want {
			t.Errorf("%s of %q goes to %q, want %q", c.ask, c.country, got, c.want)
		}
	}
	conf.Parties = append(conf.Parties, conf.Parties[0])
	if _, err := o.measuring(nil); err == nil {
		t.Error("a party was there twice")
	}
}
