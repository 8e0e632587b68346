package taxii_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii"
)

// nowhere is a writer that counts.
type nowhere struct {
	header http.Header
	n      int64
}

func (n *nowhere) Header() http.Header { return n.header }
func (n *nowhere) WriteHeader(int)     {}
func (n *nowhere) Write(b []byte) (int, error) {
	n.n += int64(len(b))
	return len(b), nil
}

// BenchmarkPage serves 1,000 objects of a collection of 12,000, through
// everything but the network.
func BenchmarkPage(b *testing.B) {
	w := newWorld(b, nil)
	for n := range 1000 {
		w.publish(b, numbered(b, n))
	}
	if err := w.feed.AdvanceAll(context.Background(), w.now); err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"objects/", "manifest/", "objects/?match[type]=report&limit=1000"} {
		b.Run(strings.NewReplacer("/", "", "?", " ").Replace(kind), func(b *testing.B) {
			out := &nowhere{header: http.Header{}}
			r, err := http.NewRequest(http.MethodGet, inTest(kind), http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			r.SetBasicAuth("gb", gbSecret)
			b.ReportAllocs()
			for b.Loop() {
				w.handler.ServeHTTP(out, r)
			}
			b.SetBytes(out.n / int64(b.N))
		})
	}
}

// numbered returns the request of another alert.
func numbered(b *testing.B, n int) freeze.Message {
	m := message(b, "request", 1)
	m.Head().AlertID = "A" + strings.Map(letter, fmt.Sprintf("%025d", n))
	m.Head().MessageID = freeze.RequesterID(m.Head().AlertID, 1)
	for i := range m.(*freeze.Request).Payments {
		m.(*freeze.Request).Payments[i].ItemID = freeze.ItemID(m.Head().AlertID, i+1)
	}
	return m
}

func letter(r rune) rune { return 'A' + r - '0' }

// BenchmarkFeed says one request of two payments as objects and adds them.
func BenchmarkFeed(b *testing.B) {
	w := newWorld(b, nil)
	c := taxii.CollectionID("GB-FIU", "test")
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		w.publish(b, numbered(b, n))
		if err := w.feed.Advance(context.Background(), c, w.now); err != nil {
			b.Fatal(err)
		}
	}
}
