package apply

import (
	"github.com/haltwire/haltwire/sinks/caselog"
)

// Measure is one measure_id, in the words of the latest outcome that tells of it.
type Measure struct {
	caselog.MeasureMark
}

func measureActs() []act { return nil }

// measureEvent takes in the events of the measure machine. It reports whether the
// event is one of them.
func (f *fold) measureEvent(*Alert) bool { return false }

// measures takes in what an outcome that counts says of measures.
func (f *fold) measures(*Alert, *caselog.OutcomeMark) {}

// measureMessage takes in a partner's extension_request, lift_request or
// status_request. It reports whether the message is one of them.
func (f *fold) measureMessage(*Alert, *Inbound) bool { return false }

func dueMeasures(*Alert, func(Effect)) {}

func timersOfMeasures(*Alert, Schedule) []Timer { return nil }
