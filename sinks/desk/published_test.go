package desk_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
	"github.com/haltwire/haltwire/sinks/policy"
)

// fetchable is a TAXII server that a desk fills, and the channel to it.
type fetchable struct {
	feed   *taxii.Feed
	server *httptest.Server
}

func newFetchable(t *testing.T) *fetchable {
	t.Helper()
	c := taxii.Config{PerSecond: 1e6, Burst: 1e6}
	feed, err := taxii.NewFeed(taxii.FeedOptions{Config: c, Store: shelf.New(shelf.Bounds{}), Parties: []string{"GB-FIU"}})
	must(t, err)
	h, err := taxii.New(taxii.Options{
		Config: c, Feed: feed, Accounts: []taxii.Account{{Party: "GB-FIU", User: "gb", Secret: "a secret of the British desk"}},
		Now: func() time.Time { return time.Now().Add(time.Hour) }, // all has settled
	})
	must(t, err)
	f := &fetchable{feed: feed, server: httptest.NewServer(h)}
	t.Cleanup(f.server.Close)
	return f
}

func (f *fetchable) over(t *testing.T) func(*desk.Options) {
	sender, err := taxii.NewSender(taxii.SenderOptions{Party: "GB-FIU", Feed: f.feed})
	must(t, err)
	return func(o *desk.Options) {
		o.Channels = map[string][]desk.Channel{"GB-FIU": {{Kind: taxii.Channel, Sender: sender}}}
		o.Published = func(party string, body []byte, at time.Time) {
			if err := f.feed.Publish(taxii.Publication{Party: party, Body: body, At: at}); err != nil {
				t.Error(err)
			}
		}
	}
}

// objects fetches what the party's collection of test messages holds.
func (f *fetchable) objects(t *testing.T) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+"/taxii2/freeze/collections/"+taxii.CollectionID("GB-FIU", "test")+"/objects/", nil)
	must(t, err)
	r.SetBasicAuth("gb", "a secret of the British desk")
	r.Header.Set("Accept", "application/taxii+json;version=2.1")
	resp, err := f.server.Client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("fetch objects: %s %s", resp.Status, text)
	}
	return string(text)
}

// TestPartyFetchesItsRequest publishes a request, has its receipt recorded, and takes
// it back: the report is then revoked. A restart publishes the same once more.
func TestPartyFetchesItsRequest(t *testing.T) {
	t.Parallel()
	in, gb, brokers := newEnd(t, indiaSelf()), newEnd(t, ukSelf()), fake(t)
	first := newFetchable(t)
	stop := in.start(t, setup{brokers: brokers, change: first.over(t)}, []policy.Party{gb.party(agreement())}, gb)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the request can be fetched", func() bool { return strings.Contains(first.objects(t), "report--") })
	v := one(t, in.desk)
	if v.State != "approved" || strings.Contains(first.objects(t), "Victim") {
		t.Errorf("published is not sent: %s", v.State)
	}
	act(t, in.desk, v.ID, desk.Action{Do: "record", As: "O1", Code: "received"})
	if s := one(t, in.desk).State; s != "received" {
		t.Errorf("after the receipt: %s", s)
	}
	act(t, in.desk, v.ID, desk.Action{Do: "withdraw", As: "O1"})
	act(t, in.desk, v.ID, desk.Action{Do: "withdraw", As: "O2"})
	eventually(t, "the report is revoked", func() bool { return strings.Contains(first.objects(t), `"revoked":true`) })
	before := first.objects(t)
	stop()

	again := newFetchable(t)
	in.start(t, setup{brokers: brokers, change: again.over(t)}, []policy.Party{gb.party(agreement())}, gb)
	if after := again.objects(t); after != before {
		t.Errorf("a restart published\n%s\nbefore\n%s", after, before)
	}
}
