package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// TestWay reads everything once: every record is judged and archived.
func TestWay(t *testing.T) {
	brokers := kafkatest.Fake(t, 3).ListenAddrs()
	createTopic(t, brokers, "way", 4)
	produce(t, brokers, "way", "r", 20000, 4)
	produce(t, brokers, "way", "bad", 100, 4)
	r := newRig(t, brokers, "way", &hitLog{}, &store{}, &letters{}, nil)
	r.start(t)
	eventually(t, 20*time.Second, func() string { return r.state() }, func() bool {
		return r.log.count() == 20000 && r.store.count() == 20000 && r.letters.count() == 100
	})
	r.stop(t)
	if r.log.back != 0 {
		t.Errorf("%d hits were appended out of order", r.log.back)
	}
	if used := r.detect.Used() + r.archive.Used(); used != 0 {
		t.Errorf("%d bytes are still lent", used)
	}

	// A second instance goes on behind everything.
	again := newRig(t, brokers, "way", &hitLog{}, &store{}, &letters{}, nil)
	again.start(t)
	produce(t, brokers, "way", "more", 10, 4)
	eventually(t, 20*time.Second, func() string { return again.state() }, func() bool {
		return again.log.count() >= 10 && again.store.count() >= 10
	})
	if again.log.count() != 10 || again.store.count() != 10 {
		t.Error("read again what was done:", again.state())
	}
}

func (r *rig) state() string {
	return fmt.Sprintf("judged %d, stored %d, dead %d", r.log.count(), r.store.count(), r.letters.count())
}
