package caselog_test

import (
	"encoding/json"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// TestEventsAreCloudEvents lets the CloudEvents SDK read the events of the log.
func TestEventsAreCloudEvents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kind := caselog.Type(rapid.SampledFrom([]string{"hit", "message.queued", "recall.answered"}).Draw(rt, "type"))
		reason := rapid.String().Draw(rt, "reason")
		at := rapid.Int64Range(0, 4e12).Draw(rt, "at")
		event, err := caselog.New(rapid.StringMatching(`[A-Z2-7]{26}`).Draw(rt, "id"), kind, "out/GB-FIU/AAAA", time.UnixMilli(at), caselog.OfficerData{AlertID: "A", Reason: reason})
		if err != nil {
			rt.Fatal(err)
		}
		event.Source, event.Trace = "/IN-FIU", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
		text, err := event.Encode()
		if err != nil {
			rt.Fatal(err)
		}
		var e cloudevents.Event
		if err := json.Unmarshal(text, &e); err != nil {
			rt.Fatal(err)
		}
		if err := e.Validate(); err != nil {
			rt.Fatal(err)
		}
		if e.Type() != "haltwire.case."+string(kind) || e.Source() != "/IN-FIU" || e.Subject() != "out/GB-FIU/AAAA" || e.Time().UnixMilli() != at || e.DataSchema() != caselog.Schema {
			rt.Fatalf("got %s", e)
		}
	})
}
