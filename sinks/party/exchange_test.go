// Package party_test lets the sending and the receiving side of each channel
// meet; neither knows the other outside tests.
package party_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
	"github.com/haltwire/haltwire/sinks/party/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const messageID = "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001"

// desk keeps what it accepted, as the case log would.
type desk struct {
	mu    sync.Mutex
	known map[string]delivery.Known
}

func (d *desk) Lookup(_ context.Context, party, id string) (delivery.Known, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, ok := d.known[party+id]
	return k, ok, nil
}

func (d *desk) Accept(_ context.Context, in delivery.Inbound) (delivery.Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := delivery.Answer{JWS: in.Receipt}
	d.known[in.Party+in.MessageID] = delivery.Known{Digest: in.Digest, Answer: a}
	return a, nil
}

// side is one haltwire: its key, its desk and its endpoint.
type side struct {
	party freeze.Party
	key   signature.Key
	desk  *desk
	url   string
}

func newSide(t *testing.T, id string) *side {
	t.Helper()
	k, err := signature.NewKey(id + "-1")
	if err != nil {
		t.Fatal(err)
	}
	return &side{party: freeze.Party{PartyID: id, Kind: "fiu", Country: id[:2]}, key: k, desk: &desk{known: map[string]delivery.Known{}}}
}

func rings(t *testing.T, sides ...*side) *signature.Ring {
	t.Helper()
	sets := map[string]signature.Set{}
	for _, s := range sides {
		data, err := s.key.PublicJWKS()
		if err != nil {
			t.Fatal(err)
		}
		if sets[s.party.PartyID], err = signature.ParseSet(data); err != nil {
			t.Fatal(err)
		}
	}
	ring, err := signature.NewRing(sets)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// open serves the endpoint of s, which knows the other.
func (s *side) open(t *testing.T, other *side) {
	t.Helper()
	ring := rings(t, other)
	door, err := inbound.NewDoor(inbound.Options{
		Self: s.party, Environment: "test", Key: s.key, Ring: ring, Desk: s.desk,
		Party: func(string) (freeze.Party, bool) { return other.party, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(inbound.Path, inbound.NewHandler(door, &signature.Verifier{Ring: ring, Nonces: signature.NewNonces(signature.NonceShare)}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL + inbound.Path
}

func (s *side) sender(t *testing.T, to *side) *webhook.Sender {
	t.Helper()
	w, err := webhook.New(webhook.Config{URL: to.url, AllowPrivate: true, Timeout: conn.Duration(5 * time.Second)},
		webhook.Options{Party: to.party.PartyID, Key: s.key, Ring: rings(t, to)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// TestRequestReceiptAndAcceptance: the request goes out and is receipted, a
// second attempt gets the same receipt, the desk's acceptance comes back.
func TestRequestReceiptAndAcceptance(t *testing.T) {
	in, gb := newSide(t, "IN-FIU"), newSide(t, "GB-FIU")
	in.open(t, gb)
	gb.open(t, in)
	body, err := os.ReadFile("../freeze/testdata/messages/request.json")
	if err != nil {
		t.Fatal(err)
	}
	out := in.sender(t, gb)
	send := func() delivery.Result {
		return out.Send(context.Background(), delivery.Attempt{MessageID: messageID, Type: freeze.TypeRequest, Body: body})
	}
	first, again := send(), send()
	if first.Verdict != delivery.Delivered || first.Receipt.Level != freeze.LevelReceived || string(first.JWS) != string(again.JWS) {
		t.Fatalf("got %+v, then %+v", first, again)
	}
	r := delivery.NewReceipt(freeze.LevelAccepted, messageID, freeze.DigestOf(body), nil, gb.party, in.party, "test", time.Now())
	by := freeze.At(time.Now().Add(time.Hour))
	r.RecipientRef, r.DeskContact, r.DecideBy = "UK-77", &freeze.Contact{Desk: "Night desk"}, &by
	jws, err := delivery.SealReceipt(gb.key, r)
	if err != nil {
		t.Fatal(err)
	}
	back := gb.sender(t, in).Send(context.Background(), delivery.Attempt{MessageID: r.MessageID, Type: freeze.TypeReceipt, Body: jws})
	if back.Verdict != delivery.Delivered || back.Fault {
		t.Fatalf("acceptance: %+v", back)
	}
	if _, found, _ := in.desk.Lookup(context.Background(), "GB-FIU", messageID+"-R2"); !found {
		t.Fatal("the acceptance did not reach the desk")
	}
}
