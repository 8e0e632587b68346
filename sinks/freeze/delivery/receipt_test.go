package delivery_test

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

const messageID = "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001"

var (
	in   = freeze.Party{PartyID: "IN-FIU", Kind: "fiu", Country: "IN"}
	gb   = freeze.Party{PartyID: "GB-FIU", Kind: "fiu", Country: "GB"}
	body = []byte("the body")
	at   = time.Date(2026, 3, 2, 4, 21, 1, 123456789, time.UTC)
)

func keyOf(t *testing.T) (signature.Key, signature.Set) {
	t.Helper()
	k, err := signature.NewKey("gb-1")
	if err != nil {
		t.Fatal(err)
	}
	data, err := k.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.ParseSet(data)
	if err != nil {
		t.Fatal(err)
	}
	return k, s
}

func TestReceiptTravelsSealed(t *testing.T) {
	k, keys := keyOf(t)
	about := &freeze.Envelope{Case: &freeze.Case{ID: "C1", ComplaintRefs: []string{"not told back"}}}
	r := delivery.NewReceipt(freeze.LevelReceived, messageID, freeze.DigestOf(body), about, gb, in, "test", at)
	jws, err := delivery.SealReceipt(k, r)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := delivery.SealReceipt(k, r); !bytes.Equal(jws, again) {
		t.Fatal("sealing twice gave two texts")
	}
	got, err := delivery.OpenReceipt(keys, "GB-FIU", jws)
	if err != nil {
		t.Fatal(err)
	}
	if got.MessageID != messageID+"-R1" || got.AlertID != messageID[:26] || got.At.String() != "2026-03-02T04:21:01.123Z" ||
		got.Case.ID != "C1" || got.Case.ComplaintRefs != nil || got.Recipient.PartyID != "IN-FIU" {
		t.Fatalf("got %+v", got)
	}
	if err := delivery.CheckReceipt(got, messageID, freeze.DigestOf(body)); err != nil {
		t.Fatal(err)
	}
	if delivery.CheckReceipt(got, messageID, freeze.DigestOf([]byte("other"))) == nil ||
		delivery.CheckReceipt(got, "U3A5VHP66CSQRGMDHUPYCP5QKM-Q002", freeze.DigestOf(body)) == nil {
		t.Fatal("a receipt for something else fits")
	}
}

func TestOpenReceiptRefuses(t *testing.T) {
	k, keys := keyOf(t)
	seal := func(payload []byte) []byte {
		jws, err := signature.SignJWS(k, payload)
		if err != nil {
			t.Fatal(err)
		}
		return jws
	}
	request, err := os.ReadFile("../testdata/messages/request.json")
	if err != nil {
		t.Fatal(err)
	}
	good, err := delivery.SealReceipt(k, delivery.NewReceipt(freeze.LevelReceived, messageID, freeze.DigestOf(body), nil, gb, in, "test", at))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		party string
		jws   []byte
	}{
		"another message": {"IN-FIU", seal(request)},
		"no message":      {"GB-FIU", seal([]byte("{}"))},
		"another party":   {"AE-FIU", good},
		"too large":       {"GB-FIU", seal(make([]byte, delivery.MaxReceipt))},
	} {
		var invalid *freeze.Invalid
		if _, err := delivery.OpenReceipt(keys, c.party, c.jws); !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var refused *signature.Refused
	if _, err := delivery.OpenReceipt(signature.Set{}, "GB-FIU", good); !errors.As(err, &refused) {
		t.Errorf("unknown key: %v", err)
	}
}

func TestSealReceiptRefusesWhatIsInvalid(t *testing.T) {
	k, _ := keyOf(t)
	r := delivery.NewReceipt(freeze.LevelRejected, messageID, freeze.DigestOf(body), nil, gb, in, "test", at)
	if _, err := delivery.SealReceipt(k, r); err == nil {
		t.Fatal("a rejection without a reason was sealed")
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	got := ""
	for _, v := range []delivery.Verdict{delivery.Retry, delivery.Delivered, delivery.Rejected, delivery.Permanent} {
		got += v.String() + " "
	}
	if got != "retry delivered rejected permanent " {
		t.Fatal(got)
	}
}
