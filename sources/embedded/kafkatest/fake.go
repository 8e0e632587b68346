package kafkatest

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/haltwire/haltwire/sources/embedded"
)

// Fake starts an in-process cluster of so many brokers, without disk,
// corrected as the embedded broker is, and stops it when the test ends. Topics must be created; kfake's faults and controls are
// there for failures that a real broker cannot be made to show.
func Fake(t testing.TB, brokers int, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(brokers)}, options...)...)
	if err != nil {
		t.Fatalf("start fake kafka: %v", err)
	}
	embedded.Correct(cluster)
	t.Cleanup(cluster.Close)
	return cluster
}
