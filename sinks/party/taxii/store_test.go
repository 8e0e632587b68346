package taxii_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

var errStore = errors.New("the store is away")

// flaky is a store of which every call may fail, by a countdown.
type flaky struct {
	*shelf.Shelf
	left int // calls until the one that fails; negative never fails
}

func (f *flaky) fail() error {
	f.left--
	if f.left == -1 {
		return errStore
	}
	return nil
}

func (f *flaky) Append(ctx context.Context, c string, at time.Time, entries []shelf.Entry) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Shelf.Append(ctx, c, at, entries)
}

func (f *flaky) Last(ctx context.Context, c, id string) (shelf.Entry, bool, error) {
	if err := f.fail(); err != nil {
		return shelf.Entry{}, false, err
	}
	return f.Shelf.Last(ctx, c, id)
}

// TestAStoreThatFailsLosesNothing: whichever call fails, the next Advance goes
// on, and what is there in the end is what a good store would hold.
func TestAStoreThatFailsLosesNothing(t *testing.T) {
	var all []taxii.Publication
	for n, name := range []string{"request", "amendment", "status_request", "withdrawal", "amendment", "outcome"} {
		all = append(all, publication(t, message(t, name, uint32(n+1)), noon.Add(time.Duration(n)*time.Second-time.Hour)))
	}
	c := taxii.CollectionID("GB-FIU", "test")
	run := func(countdown int) (failed bool, told []shelf.Entry) {
		store := &flaky{Shelf: shelf.New(shelf.Bounds{}), left: countdown}
		feed, err := taxii.NewFeed(taxii.FeedOptions{Store: store, Parties: []string{"GB-FIU"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if err := feed.Publish(p); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			err := feed.Advance(context.Background(), c, noon)
			if err != nil && !errors.Is(err, errStore) {
				t.Fatal(err)
			}
			if stuck := feed.Stuck("GB-FIU", "test"); !errors.Is(stuck, err) {
				t.Fatalf("stuck by %v, failed by %v", stuck, err)
			}
			failed = failed || err != nil
		}
		p, err := store.Page(context.Background(), c, shelf.Query{Versions: shelf.Versions{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		return failed, p.Entries
	}
	_, want := run(-1)
	calls := 0
	for ; ; calls += 7 { // each of them would take seconds
		failed, got := run(calls)
		if len(got) != len(want) {
			t.Fatalf("after the failure of call %d: %d entries, want %d", calls, len(got), len(want))
		}
		for i := range got {
			if got[i].ID != want[i].ID || !got[i].Added.Equal(want[i].Added) || string(got[i].Body) != string(want[i].Body) {
				t.Fatalf("after the failure of call %d entry %d differs", calls, i)
			}
		}
		if !failed {
			break
		}
	}
	if calls < 100 {
		t.Errorf("only %d calls failed", calls)
	}
}

// TestAMessageFromBeforeOurs: objects that never change are as old as the first
// haltwire, and a message may be older.
func TestAMessageFromBeforeOurs(t *testing.T) {
	w := newWorld(t, nil)
	m := message(t, "request", 1)
	m.Head().CreatedAt = freeze.At(time.Date(2025, 5, 5, 0, 0, 0, 0, time.UTC))
	w.publish(t, m)
	for _, o := range w.page(t, inTest("objects/")).Objects {
		if o.Modified != "" && o.Modified < o.Created {
			t.Errorf("%+v", o)
		}
	}
	if r := w.page(t, inTest("objects/"+stix.ReportID("test", alert, 0)+"/")); r.Objects[0].Created != "2025-05-05T00:00:00.000Z" {
		t.Error(r.raw)
	}
}

// TestEntriesSayWhatObjectsSay: what the shelf is asked by is what is in the
// bodies.
func TestEntriesSayWhatObjectsSay(t *testing.T) {
	w := newWorld(t, nil)
	w.publish(t, message(t, "request", 1))
	w.publish(t, message(t, "withdrawal", 2))
	e := w.page(t, inTest("objects/?match[version]=all"))
	m := w.page(t, inTest("manifest/?match[version]=all"))
	if len(e.Objects) != len(m.Objects) || len(e.Objects) < 30 {
		t.Fatalf("%d objects, %d records", len(e.Objects), len(m.Objects))
	}
	for i, o := range e.Objects {
		r := m.Objects[i]
		want := o.Modified
		if want == "" {
			want = o.Created
		}
		if want == "" {
			want = r.DateAdded
		}
		if o.ID != r.ID || r.Version != want {
			t.Errorf("%+v is recorded as %+v", o, r)
		}
		entry, found, err := w.store.Last(context.Background(), taxii.CollectionID("GB-FIU", "test"), o.ID)
		if err != nil || !found || entry.Type != o.Type || entry.Spec != "2.1" {
			t.Errorf("%s: %+v, %v", o.ID, entry, err)
		}
	}
}
