package kafka

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/IBM/sarama"
)

// attribute is how the names of headers that are attributes of a CloudEvent begin
// (CloudEvents Kafka protocol binding 1.0 §3.2.3).
const attribute = "ce_"

// structured returns a record in CloudEvents binary mode as the JSON of structured
// mode, so that what is kept of it is the whole event. Any other record, and a
// tombstone, is returned as it is. A header that stands twice is a member that
// stands twice: the codec refuses it.
func structured(value []byte, headers []*sarama.RecordHeader) []byte {
	if value == nil || !isBinary(headers) {
		return value
	}
	var b bytes.Buffer
	b.WriteByte('{')
	member := func(text []byte) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(text)
	}
	for _, h := range headers {
		name := string(h.Key)
		if plain, ours := strings.CutPrefix(name, attribute); ours {
			member(pair(plain, h.Value))
		} else if strings.EqualFold(name, "content-type") {
			member(pair("datacontenttype", h.Value))
		}
	}
	switch {
	case len(value) == 0:
	case json.Valid(value) && utf8.Valid(value):
		member(append([]byte(`"data":`), value...))
	default:
		member(pair("data_base64", []byte(base64.StdEncoding.EncodeToString(value))))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// isBinary reports whether the headers are those of binary mode.
func isBinary(headers []*sarama.RecordHeader) bool {
	for _, h := range headers {
		if string(h.Key) == attribute+"specversion" {
			return true
		}
	}
	return false
}

// pair writes a member whose value is text. Bytes that are not UTF-8 stay, so that
// the codec refuses the record.
func pair(name string, text []byte) []byte {
	key, _ := json.Marshal(name) // a string always has a form
	var value []byte
	if utf8.Valid(text) {
		value, _ = json.Marshal(string(text))
	} else {
		value = append(append([]byte{'"'}, text...), '"')
	}
	return append(append(key, ':'), value...)
}
