package control_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/desk/control"
)

// noise does not compress, so that it takes several records.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

func activation(content []byte) control.Activation {
	return control.Activation{
		Kind: "rules", Digest: "sha256:1", At: time.Unix(1, 0).UTC(), Content: content,
		From: []event.Position{{Topic: "bank.reports", Partition: 3, Offset: 1201}},
	}
}

func TestActivationComesBackWhole(t *testing.T) {
	for _, size := range []int{0, 10, 1 << 20, 3<<20 + 7} {
		want := activation(noise(size))
		_, records, err := control.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		var r control.Reader
		for _, record := range records {
			if len(record) > 1<<20 {
				t.Errorf("a record has %d bytes", len(record))
			}
			if err := r.Add(record); err != nil {
				t.Fatal(err)
			}
		}
		got, ok := r.Last("rules")
		if !ok || !bytes.Equal(got.Content, want.Content) || got.From[0] != want.From[0] || !got.At.Equal(want.At) {
			t.Errorf("%d bytes: %v %v", size, ok, got.From)
		}
	}
}

func TestBrokenRunsArePassedOver(t *testing.T) {
	_, broken, err := control.Encode(activation(noise(2 << 20)))
	if err != nil {
		t.Fatal(err)
	}
	other := activation([]byte("id: a"))
	other.Digest = "sha256:2"
	_, good, err := control.Encode(other)
	if err != nil {
		t.Fatal(err)
	}
	var r control.Reader
	for _, record := range [][]byte{broken[0], broken[1], good[0], good[0], broken[0]} {
		if err := r.Add(record); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok := r.Last("rules"); !ok || got.Digest != "sha256:2" {
		t.Errorf("last is %v %v", got, ok)
	}
	if _, ok := r.Last("rates"); ok {
		t.Error("rates were never activated")
	}
	if err := r.Add([]byte(`{"v":2}`)); err == nil {
		t.Error("a newer version was read")
	}
	if err := r.Add([]byte(`{`)); err == nil {
		t.Error("garbage was read")
	}
}
