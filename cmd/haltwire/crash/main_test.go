package crash_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/cmd/haltwire/crash/world"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	os.Exit(run(m))
}

// binary is where run built haltwire; tests only read it.
var binary string

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "haltwire-crash-")
	if err == nil {
		defer os.RemoveAll(dir)
		binary, err = world.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
