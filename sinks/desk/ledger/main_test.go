package ledger_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	goleak.VerifyTestMain(m)
}
