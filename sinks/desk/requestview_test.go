package desk_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// TestWhoAuthorisesReadsWhatIsAskedAndWhy shows a partner's request with its legal text
// from its first moment on, and its amendment after that; lists and events have none of
// it.
func TestWhoAuthorisesReadsWhatIsAskedAndWhy(t *testing.T) {
	t.Parallel()
	c := newCountries(t, fake(t), fake(t))
	id := arrives(t, c)
	v := show(t, c.gb.desk, id)
	sent := message[*freeze.Request](t, v.Inbox)
	if v.Request == nil || asJSON(v.Request.Legal) != asJSON(sent.Legal) || asJSON(v.Request.Asks) != asJSON(sent.Asks) || v.Request.Message != sent.MessageID || v.Request.DecideBy != sent.AnswerBy.Decide {
		t.Fatalf("shown %s\nasked %s", asJSON(v.Request), asJSON(sent))
	}
	if sent.Legal.Facts == "" || sent.Legal.Reason == "" || sent.Legal.Nexus == "" || sent.Legal.IntendedUse == "" || sent.Legal.RequesterBasis.Text == "" {
		t.Fatalf("the request says too little to test with: %s", asJSON(sent.Legal))
	}
	events, err := c.gb.desk.Events(t.Context(), id, -1, 100)
	must(t, err)
	for _, text := range []string{sent.Legal.Facts, sent.Legal.Nexus, sent.Legal.RequesterBasis.Text} {
		if all := asJSON(c.gb.desk.List(desk.Filter{})) + asJSON(events); strings.Contains(all, text) {
			t.Errorf("%q is in a list", text)
		}
	}
	act(t, c.gb.desk, id, desk.Action{Do: "accept", As: "O1"})
	other := c.again(t, id, func(r *freeze.Request) { r.Legal.Proportionality = "the account takes in nothing but this" })
	eventually(t, "the other request", func() bool { _, err := c.gb.desk.Show(t.Context(), other); return err == nil })
	if got := show(t, c.gb.desk, other); got.Request == nil || got.Request.Legal.Proportionality != "the account takes in nothing but this" {
		t.Errorf("shown %s", asJSON(got.Request))
	}
	if out := show(t, c.in.desk, id); out.Request != nil {
		t.Errorf("our own alert has a request of a partner: %s", asJSON(out.Request))
	}
}
