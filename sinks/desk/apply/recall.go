package apply

// Leg is the recall of one item, between our debtor bank and the next agents.
type Leg struct {
	Item  string `json:"item"`
	State string `json:"state"`
}

func recallActs() []act { return nil }

// recallEvent takes in the events of the recall machine. It reports whether the event
// is one of them.
func (f *fold) recallEvent(*Alert) bool { return false }

func dueRecalls(*Alert, func(Effect)) {}

func timersOfRecalls(*Alert, Schedule) []Timer { return nil }
