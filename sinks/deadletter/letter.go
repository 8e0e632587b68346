package deadletter

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/event"
)

// letter is the value of a record of the topic.
type letter struct {
	Topic     string       `json:"topic"`
	Partition int32        `json:"partition"`
	Offset    int64        `json:"offset"`
	Time      string       `json:"time"` // Kafka record time
	Codec     string       `json:"codec"`
	Reason    event.Reason `json:"reason"`
	Field     string       `json:"field"`
	Message   string       `json:"message"`
	Raw       *string      `json:"raw,omitempty"`
	RawBase64 []byte       `json:"raw_base64,omitempty"`
}

// Key returns the key of the record of d.
func Key(d event.Dead) string {
	return fmt.Sprintf("%s/%d/%d", d.Topic, d.Partition, d.Offset)
}

// Encode returns the value of the record of d.
func Encode(d event.Dead) ([]byte, error) {
	l := letter{
		Topic: d.Topic, Partition: d.Partition, Offset: d.Offset, Time: event.FormatTime(d.Time),
		Codec: d.Codec, Reason: d.Reason, Field: d.Field, Message: d.Message,
	}
	if utf8.Valid(d.Raw) {
		raw := string(d.Raw)
		l.Raw = &raw
	} else {
		l.RawBase64 = d.Raw
	}
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("encode dead letter: %w", err)
	}
	return b, nil
}

// Decode returns the dead letter of the value of a record.
func Decode(value []byte) (event.Dead, error) {
	var l letter
	if err := json.Unmarshal(value, &l); err != nil {
		return event.Dead{}, fmt.Errorf("decode dead letter: %w", err)
	}
	at, err := parseTime(l.Time)
	if err != nil {
		return event.Dead{}, fmt.Errorf("decode dead letter: time: %w", err)
	}
	d := event.Dead{
		Position: event.Position{Topic: l.Topic, Partition: l.Partition, Offset: l.Offset},
		Time:     at, Codec: l.Codec, Reason: l.Reason, Field: l.Field, Message: l.Message, Raw: l.RawBase64,
	}
	if l.Raw != nil {
		d.Raw = []byte(*l.Raw)
	}
	return d, nil
}
