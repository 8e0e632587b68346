package taxii_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

// told returns the messages that a collection's objects carry, in their order.
func (w *world) told(t testing.TB, party, environment string, versions shelf.Versions) []string {
	t.Helper()
	c := taxii.CollectionID(party, environment)
	if err := w.feed.Advance(context.Background(), c, w.now); err != nil {
		t.Fatal(err)
	}
	p, err := w.store.Page(context.Background(), c, shelf.Query{Versions: versions})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range p.Entries {
		all, err := stix.Read(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range all {
			ids = append(ids, strings.TrimPrefix(m.Message.Head().MessageID, alert+"-"))
		}
		if len(ids) > 0 {
			out = append(out, e.Type+":"+strings.Join(ids, "+"))
		}
	}
	return out
}

func same(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
}

// TestLifeOfARequest follows a request through amendment, confirmation,
// withdrawal and its going on.
func TestLifeOfARequest(t *testing.T) {
	w := newWorld(t, nil)
	last := func() []string { return w.told(t, "GB-FIU", "test", shelf.Versions{}) }
	w.publish(t, message(t, "request", 1))
	same(t, last(), "report:Q001")
	w.publish(t, message(t, "amendment", 2))
	same(t, last(), "report:Q002")
	w.publish(t, message(t, "confirmation", 3))
	w.publish(t, message(t, "status_request", 4))
	same(t, last(), "report:Q002+Q003", "note:Q004")
	for _, name := range []string{"request", "confirmation", "status_request"} { // come again
		w.publish(t, message(t, name, map[string]uint32{"request": 1, "confirmation": 3, "status_request": 4}[name]))
	}
	same(t, last(), "report:Q002+Q003", "note:Q004")
	w.publish(t, message(t, "withdrawal", 5))
	same(t, last(), "note:Q004", "report:Q002+Q003+Q005")
	w.publish(t, message(t, "withdrawal", 5))
	w.publish(t, message(t, "amendment", 6)) // reopened
	same(t, last(), "note:Q004", "report:Q002+Q003+Q005", "report:Q006")
	w.publish(t, message(t, "amendment", 2))
	w.publish(t, message(t, "confirmation", 7))
	w.publish(t, message(t, "lift_request", 8))
	same(t, last(), "note:Q004", "report:Q002+Q003+Q005", "report:Q006+Q007", "note:Q008")
	same(t, w.told(t, "GB-FIU", "test", shelf.Versions{All: true}), "report:Q001", "report:Q002", "report:Q002+Q003", "note:Q004", "report:Q002+Q003+Q005",
		"report:Q006", "report:Q006+Q007", "note:Q008")
	note := w.page(t, inTest("objects/?match[type]=note")).raw
	if !strings.Contains(note, stix.ReportID("test", alert, 1)) {
		t.Error("the note of Q008 is not about the report that goes on")
	}
}

// TestOutcomesWinByTheirMoment, not by the order in which they come.
func TestOutcomesWinByTheirMoment(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "outcome-returned", 5)) // as of the next day
	w.publish(t, message(t, "outcome", 1))
	same(t, w.told(t, "GB-FIU", "test", shelf.Versions{}), "note:A005")
	w.publish(t, message(t, "outcome-returned", 6)) // the same moment, said again
	same(t, w.told(t, "GB-FIU", "test", shelf.Versions{}), "note:A006")
	w.publish(t, message(t, "outcome-returned", 6))
	same(t, w.told(t, "GB-FIU", "test", shelf.Versions{All: true}), "note:A005", "note:A006")
}

// TestVersionsGrow: of every object modified grows strictly, created stays, no
// version follows a revoked one, and none repeats the one before.
func TestVersionsGrow(t *testing.T) {
	w := newWorld(t, nil)
	first := message(t, "request", 1)
	for n, name := range []string{"request", "amendment", "amendment", "confirmation", "withdrawal", "amendment", "outcome", "outcome"} {
		m := message(t, name, uint32(n+1))
		m.Head().CreatedAt = first.Head().CreatedAt // a sender whose clock stands still
		w.publish(t, m)
	}
	e := w.page(t, inTest("objects/?match[version]=all"))
	seen := map[string]object{}
	for _, o := range e.Objects {
		old, there := seen[o.ID]
		if o.Modified == "" { // has no versions
			continue
		}
		if there && (o.Modified <= old.Modified || o.Created != old.Created || old.Revoked) {
			t.Errorf("%+v follows %+v", o, old)
		}
		if o.Modified < o.Created {
			t.Errorf("%+v is older than itself", o)
		}
		seen[o.ID] = o
	}
	counts := map[string]int{}
	for _, o := range e.Objects {
		counts[o.Type]++
	}
	if counts["report"] != 6 || counts["location"] != 3 || counts["extension-definition"] != 1 || counts["incident"] != 1 || counts["observed-data"] != 2 {
		t.Error(counts)
	}
}

func TestPublishRefuses(t *testing.T) {
	w := newWorld(t, nil)
	good := publication(t, message(t, "request", 1), noon)
	for name, change := range map[string]func(*taxii.Publication){
		"another's collection": func(p *taxii.Publication) { p.Party = "AE-FIU" },
		"an unknown party":     func(p *taxii.Publication) { p.Party = "US-FIU" },
		"no message":           func(p *taxii.Publication) { p.Body = []byte("{}") },
	} {
		p := good
		change(&p)
		if err := w.feed.Publish(p); err == nil {
			t.Errorf("%s: published", name)
		}
	}
	receipt := message(t, "receipt-received", 0)
	receipt.Head().MessageID = alert + "-Q001-R1"
	p := publication(t, receipt, noon)
	if err := w.feed.Publish(p); !errors.Is(err, stix.ErrUnmapped) {
		t.Error(err)
	}
}

func TestEnvironmentsAndPartiesAreApart(t *testing.T) {
	w := newWorld(t, nil)
	live := message(t, "request", 1)
	live.Head().Environment = "live"
	w.publish(t, live)
	other := message(t, "status_request", 2)
	other.Head().Recipient.PartyID = "AE-FIU"
	w.publish(t, other)
	same(t, w.told(t, "GB-FIU", "live", shelf.Versions{}), "report:Q001")
	same(t, w.told(t, "GB-FIU", "test", shelf.Versions{}))
	same(t, w.told(t, "AE-FIU", "test", shelf.Versions{}), "note:Q002")
	if p := w.page(t, inTest("objects/")); len(p.Objects) > 0 {
		t.Error(p)
	}
}

func TestNothingIsServedBeforeItHasSettled(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.feed.Publish(publication(t, message(t, "request", 1), w.now.Add(-time.Second))); err != nil {
		t.Fatal(err)
	}
	if p := w.page(t, inTest("objects/")); p.raw != "{}" {
		t.Error(p.raw)
	}
	w.now = w.now.Add(time.Second)
	if p := w.page(t, inTest("objects/?match[type]=report")); len(p.Objects) != 1 {
		t.Error(p.raw)
	}
}

// TestAnyOrderGivesTheSameCollection: instances fold the log in different
// orders, with repetitions, and serve the same bytes at the same moments.
func TestAnyOrderGivesTheSameCollection(t *testing.T) {
	var all []taxii.Publication
	for n, name := range []string{"request", "amendment", "confirmation", "status_request", "withdrawal", "feedback", "outcome", "outcome-refused"} {
		all = append(all, publication(t, message(t, name, uint32(n+1)), noon.Add(time.Duration(n/2)*time.Millisecond-time.Hour)))
	}
	whole := func(w *world) []shelf.Entry {
		if err := w.feed.AdvanceAll(context.Background(), w.now); err != nil {
			t.Fatal(err)
		}
		p, _ := w.store.Page(context.Background(), taxii.CollectionID("GB-FIU", "test"), shelf.Query{Versions: shelf.Versions{All: true}})
		return p.Entries
	}
	take := func(w *world, list []taxii.Publication) {
		for _, p := range list {
			if err := w.feed.Publish(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := newWorld(t, nil)
	take(first, all)
	want := whole(first)
	if len(want) < 45 {
		t.Fatalf("only %d entries", len(want))
	}
	for seed := range uint64(20) { // each of them costs many messages, too many for rapid
		random := rand.New(rand.NewPCG(seed, 1))
		order := append(slices.Clone(all), all[random.IntN(len(all))])
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		w := newWorld(t, nil)
		take(w, order)
		if got := whole(w); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %d entries, want %d", seed, len(got), len(want))
		}
		take(w, all) // once more, after all was added
		if got := whole(w); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: what comes again changes the collection", seed)
		}
	}
}

// TestAFullCollectionWaits and hinders no other.
func TestAFullCollectionWaits(t *testing.T) {
	probe := newWorld(t, nil)
	probe.publish(t, message(t, "request", 1))
	w := bounded(t, shelf.Bounds{Objects: len(probe.page(t, inTest("objects/")).Objects) + 2}, nil)
	w.publish(t, message(t, "request", 1))
	w.publish(t, message(t, "amendment", 2))
	if p := w.page(t, inTest("objects/?match[type]=report")); len(p.Objects) != 1 {
		t.Fatalf("what is there can be read: %s", p.raw)
	}
	if err := w.feed.Stuck("GB-FIU", "test"); !errors.Is(err, shelf.ErrFull) {
		t.Fatal(err)
	}
	s, err := taxii.NewSender(taxii.SenderOptions{Party: "GB-FIU", Feed: w.feed})
	if err != nil {
		t.Fatal(err)
	}
	p := publication(t, message(t, "amendment", 3), noon)
	if r := s.Send(context.Background(), delivery.Attempt{Type: freeze.TypeAmendment, Body: p.Body}); r.Verdict != delivery.Retry || r.Reason != "full" {
		t.Errorf("%+v", r)
	}
	live := message(t, "status_request", 1)
	live.Head().Environment = "live"
	w.publish(t, live)
	same(t, w.told(t, "GB-FIU", "live", shelf.Versions{}), "note:Q001")
	if err := w.feed.AdvanceAll(context.Background(), w.now); !errors.Is(err, shelf.ErrFull) {
		t.Error(err)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.feed.Advance(stopped, taxii.CollectionID("GB-FIU", "test"), w.now); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestWhatCannotBeSaidHindersNobody: more confirmations than a report holds.
func TestWhatCannotBeSaidHindersNobody(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "request", 1))
	for n := range uint32(70) {
		w.publish(t, message(t, "confirmation", n+2))
	}
	w.publish(t, message(t, "status_request", 90))
	got := w.told(t, "GB-FIU", "test", shelf.Versions{})
	if len(got) != 2 || strings.Count(got[0], "+") != 63 || got[1] != "note:Q090" {
		t.Error(got)
	}
}

func TestSend(t *testing.T) {
	w := newWorld(t, nil)
	s, err := taxii.NewSender(taxii.SenderOptions{Party: "GB-FIU", Feed: w.feed})
	if err != nil {
		t.Fatal(err)
	}
	request := publication(t, message(t, "request", 1), noon).Body
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		ctx     context.Context
		attempt delivery.Attempt
		verdict delivery.Verdict
		reason  string
	}{
		"a request": {context.Background(), delivery.Attempt{Type: freeze.TypeRequest, Body: request}, delivery.Delivered, "published"},
		"a receipt": {context.Background(), delivery.Attempt{Type: freeze.TypeReceipt, Body: []byte("e30.e30.e30")}, delivery.Permanent, "unmappable"},
		"no message": {context.Background(), delivery.Attempt{Type: freeze.TypeRequest, Body: []byte("{}")},
			delivery.Permanent, "request"},
		"another's": {context.Background(), delivery.Attempt{Type: freeze.TypeRequest, Body: bytes.ReplaceAll(request, []byte("GB-FIU"), []byte("AE-FIU"))},
			delivery.Permanent, "request"},
		"at the end": {stopped, delivery.Attempt{Type: freeze.TypeRequest, Body: request}, delivery.Retry, "stopping"},
	} {
		r := s.Send(c.ctx, c.attempt)
		if r.Verdict != c.verdict || r.Reason != c.reason || r.Awaiting != (r.Verdict == delivery.Delivered) || r.Receipt != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if p := w.page(t, inTest("objects/")); p.raw != "{}" {
		t.Error("sending alone publishes")
	}
	if _, err := taxii.NewSender(taxii.SenderOptions{}); err == nil {
		t.Error("a sender to nobody")
	}
}
