package pipeline_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sources/kafka"
)

func TestMain(m *testing.M) {
	kafka.Bound(0)
	if os.Getenv(memberEnv) != "" {
		runMember()
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}
