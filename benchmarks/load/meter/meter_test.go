package meter_test

import (
	"os"
	"testing"
	"time"

	"github.com/haltwire/haltwire/benchmarks/load/meter"
)

func TestSelfAndOfAgree(t *testing.T) {
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); { // something to count
	}
	other, err := meter.Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	self, err := meter.Self()
	if err != nil {
		t.Fatal(err)
	}
	if d := self.CPU() - other.CPU(); d < -30*time.Millisecond || d > 100*time.Millisecond {
		t.Errorf("getrusage says %s, /proc %s", self.CPU(), other.CPU())
	}
	if self.Peak < 1<<20 || other.Peak < 1<<20 {
		t.Errorf("peaks %d and %d", self.Peak, other.Peak)
	}
	if sum := self.Add(other).Sub(other); sum.CPU() != self.CPU() {
		t.Errorf("add and subtract: %s of %s", sum.CPU(), self.CPU())
	}
}

func TestOfNobody(t *testing.T) {
	if _, err := meter.Of(1 << 30); err == nil {
		t.Error("a process that cannot be has a usage")
	}
}

func TestHere(t *testing.T) {
	if m := meter.Here(); m.Cores < 1 || m.Memory < 1<<20 || m.Kernel == "" || m.Go == "" {
		t.Errorf("machine %+v", m)
	}
}
