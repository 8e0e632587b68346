package desk_test

import (
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/control"
	"github.com/haltwire/haltwire/sinks/policy"
)

func TestActivationsAreKept(t *testing.T) {
	t.Parallel()
	in, gb := newEnd(t, indiaSelf()), newEnd(t, ukSelf())
	in.start(t, setup{brokers: fake(t)}, []policy.Party{gb.party(agreement())}, gb)
	for _, digest := range []string{"sha256:1", "sha256:1", "sha256:2"} {
		must(t, in.desk.Activate(t.Context(), control.Activation{Kind: "rules", Digest: digest, At: time.Now(), Content: []byte("id: " + digest)}))
	}
	list, err := in.desk.Activations(t.Context())
	must(t, err)
	if len(list) != 2 || string(list[1].Content) != "id: sha256:2" {
		t.Errorf("activations %s", asJSON(list))
	}
}
