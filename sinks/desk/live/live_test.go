package live_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk/live"
)

func listen(t *testing.T, f *live.Feed, last string) *live.Client {
	t.Helper()
	c, err := f.Listen(last)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Leave)
	return c
}

func tell(f *live.Feed, n int) {
	for i := range n {
		f.Tell(live.Change{ID: fmt.Sprint("A", i), State: "sent", Version: int64(i)})
	}
}

func TestWhoWasAwayHearsWhatItMissed(t *testing.T) {
	f := live.New(10)
	c := listen(t, f, "")
	tell(f, 3)
	first := <-c.C
	if c.Reset || len(c.Missed) != 0 || first.ID != "A0" {
		t.Fatalf("%+v %+v", c, first)
	}
	back := listen(t, f, f.Name(first))
	if back.Reset || len(back.Missed) != 2 || back.Missed[0].ID != "A1" || back.Missed[1].Seq != 3 {
		t.Errorf("missed %+v", back.Missed)
	}
	if now := listen(t, f, f.Now()); now.Reset || len(now.Missed) != 0 {
		t.Errorf("who knows all missed %+v", now.Missed)
	}
}

func TestWhoWasAwayForTooLongBeginsAnew(t *testing.T) {
	f, other := live.New(10), live.New(10)
	start := f.Now()
	tell(f, 4095)
	if c := listen(t, f, start); c.Reset || len(c.Missed) != 4095 {
		t.Errorf("reset %t after %d changes", c.Reset, len(c.Missed))
	}
	tell(f, 1)
	for _, last := range []string{start, other.Now(), "x", "x-1", f.Now() + "9", "-1", f.Now() + "-1"} {
		if c := listen(t, f, last); !c.Reset || c.Missed != nil {
			t.Errorf("%q: reset %t, missed %d", last, c.Reset, len(c.Missed))
		}
	}
}

func TestTheSlowAreDroppedAndTheOthersHearAll(t *testing.T) {
	f := live.New(2)
	slow, quick := listen(t, f, ""), listen(t, f, "")
	if _, err := f.Listen(""); !errors.Is(err, live.ErrFull) {
		t.Errorf("a third of two listened: %v", err)
	}
	heard := 0
	for range 300 {
		tell(f, 1)
		<-quick.C
		heard++
	}
	var last live.Change
	n := 0
	for c := range slow.C {
		last, n = c, n+1
	}
	if n != 256 || last.Seq != 256 || heard != 300 || f.Listeners() != 1 {
		t.Errorf("the slow one heard %d, the last %d; the other %d; %d listen", n, last.Seq, heard, f.Listeners())
	}
	slow.Leave() // a second time
	f.Close()
	if _, open := <-quick.C; open {
		t.Error("the feed has ended, and a client waits")
	}
	if _, err := f.Listen(""); err == nil {
		t.Error("somebody listens to a feed that has ended")
	}
}
