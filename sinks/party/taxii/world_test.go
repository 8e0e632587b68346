package taxii_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	gbSecret = "a secret of the British desk"
	aeSecret = "a secret of the Emirati desk"
	root     = "/taxii2/freeze/"
	alert    = "U3A5VHP66CSQRGMDHUPYCP5QKM"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// world is a server with a clock that stands still.
type world struct {
	feed    *taxii.Feed
	store   *shelf.Shelf
	handler *taxii.Handler
	now     time.Time
	unready bool
	reads   []taxii.Reading
}

func newWorld(t testing.TB, change func(*taxii.Options)) *world {
	t.Helper()
	return bounded(t, shelf.Bounds{}, change)
}

func bounded(t testing.TB, b shelf.Bounds, change func(*taxii.Options)) *world {
	t.Helper()
	w := &world{now: noon, store: shelf.New(b)}
	c := taxii.Config{PerSecond: 1e6, Burst: 1e6, Title: "Freeze desk of IN"}
	var err error
	if w.feed, err = taxii.NewFeed(taxii.FeedOptions{Config: c, Store: w.store, Parties: []string{"GB-FIU", "AE-FIU", "IN-FIU"}}); err != nil {
		t.Fatal(err)
	}
	opt := taxii.Options{
		Config: c, Feed: w.feed, Now: func() time.Time { return w.now }, Ready: func() bool { return !w.unready },
		Accounts: []taxii.Account{{Party: "GB-FIU", User: "gb", Secret: gbSecret}, {Party: "AE-FIU", User: "ae", Secret: aeSecret}},
		Read:     func(_ context.Context, r taxii.Reading) { w.reads = append(w.reads, r) },
	}
	if change != nil {
		change(&opt)
	}
	if w.handler, err = taxii.New(opt); err != nil {
		t.Fatal(err)
	}
	return w
}

// publish gives a message to the feed as if it had settled long ago.
func (w *world) publish(t testing.TB, m freeze.Message) {
	t.Helper()
	if err := w.feed.Publish(publication(t, m, w.now.Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
}

func publication(t testing.TB, m freeze.Message, at time.Time) taxii.Publication {
	t.Helper()
	body, err := freeze.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return taxii.Publication{Party: m.Head().Recipient.PartyID, Body: body, At: at}
}

// message returns a sample as the nth message of its sender to GB-FIU.
func message(t testing.TB, name string, n uint32) freeze.Message {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("../../freeze/testdata/messages", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := freeze.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	e := m.Head()
	if e.Recipient.PartyID != "GB-FIU" {
		e.Sender, e.Recipient = e.Recipient, e.Sender
	}
	e.Sequence, e.AlertID, e.MessageID = n, alert, freeze.RequesterID(alert, n)
	if e.Type == freeze.TypeOutcome || e.Type == freeze.TypeConsentResponse {
		e.MessageID = freeze.ResponderID(alert, n)
	}
	return m
}

// get asks as GB-FIU.
func (w *world) get(path string, header ...string) *httptest.ResponseRecorder {
	return w.do(http.MethodGet, path, "gb", gbSecret, header...)
}

func (w *world) do(method, path, user, secret string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, http.NoBody)
	if user != "" {
		r.SetBasicAuth(user, secret)
	}
	r.Header.Set("Accept", taxii.MediaType)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	out := httptest.NewRecorder()
	w.handler.ServeHTTP(out, r)
	return out
}

// object is what the tests look at.
type object struct {
	Type, ID, Created, Modified, Name string
	Revoked                           bool
	DateAdded                         string `json:"date_added"`
	Version                           string
	MediaType                         string `json:"media_type"`
}

type envelope struct {
	More     bool
	Next     string
	Objects  []object
	Versions []string
	raw      string
}

// page asks for a page as GB-FIU.
func (w *world) page(t testing.TB, path string) envelope {
	t.Helper()
	r := w.get(path)
	return decode(t, r)
}

func decode(t testing.TB, r *httptest.ResponseRecorder) envelope {
	t.Helper()
	if r.Code != http.StatusOK || r.Header().Get("Content-Type") != taxii.MediaType {
		t.Fatalf("%d %s: %s", r.Code, r.Header(), r.Body)
	}
	e := envelope{raw: r.Body.String()}
	if err := json.Unmarshal(r.Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func inTest(rest string) string {
	return fmt.Sprintf("%scollections/%s/%s", root, taxii.CollectionID("GB-FIU", "test"), rest)
}

// byType counts objects.
func byType(e envelope) string {
	var out []string
	counts := map[string]int{}
	for _, o := range e.Objects {
		if counts[o.Type]++; counts[o.Type] == 1 {
			out = append(out, o.Type)
		}
	}
	for i, name := range out {
		out[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return strings.Join(out, ", ")
}
