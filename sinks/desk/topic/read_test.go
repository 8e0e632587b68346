package topic_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk/topic"
)

func TestRecordsAreReadWhereTheyStand(t *testing.T) {
	c, names := cluster(t)
	w, err := topic.NewWriter(c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var written []int64
	for i := range 40 { // 40 batches of 5, of which the larger ones fill a fetch
		var batch []topic.Message
		for j := range 5 {
			batch = append(batch, topic.Message{Topic: names.Cases, Partition: 1, Key: "k", Value: []byte(fmt.Sprintf("%d %s", 5*i+j, strings.Repeat("x", i*1000)))})
		}
		offsets, err := w.Write(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, offsets...)
	}
	tail, err := topic.Follow(c, names.Cases, nil, nil, func(topic.Entry) {})
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Close()
	for range 20 {
		var want []int64
		for _, o := range written {
			if rand.IntN(6) == 0 { //nolint:gosec // which offsets are asked for is no secret
				want = append(want, o)
			}
		}
		entries, err := tail.Read(t.Context(), 1, want)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, e := range entries {
			n := slices.Index(written, e.Offset)
			if !strings.HasPrefix(string(e.Value), fmt.Sprint(n, " ")) || e.Appended == 0 || e.Partition != 1 || e.Key != "k" {
				t.Errorf("record at %d: %.20s, %+v", e.Offset, e.Value, e.Appended)
			}
			got = append(got, e.Offset)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("read %v, want %v", got, want)
		}
	}
	checkNoRecord(t, tail, written[len(written)-1])
}

func checkNoRecord(t *testing.T, tail *topic.Tail, last int64) {
	t.Helper()
	for _, offsets := range [][]int64{{last + 1}, {last + 1000}} {
		if got, err := tail.Read(t.Context(), 1, offsets); err == nil {
			t.Errorf("read %v at %v", got, offsets)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tail.Read(gone, 1, []int64{last}); err == nil {
		t.Error("read after the context had ended")
	}
	if none, err := tail.Read(t.Context(), 1, nil); err != nil || len(none) != 0 {
		t.Errorf("read nothing: %v %v", none, err)
	}
}
