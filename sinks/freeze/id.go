package freeze

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxSequence is the last sequence whose message id leaves room for the suffix
// of a receipt within 35 characters.
const MaxSequence = 9999

// RequesterID returns the id of the requester's message with that sequence.
func RequesterID(alertID string, sequence uint32) string {
	return fmt.Sprintf("%s-Q%03d", alertID, sequence)
}

// ResponderID returns the id of the responder's message with that sequence.
func ResponderID(alertID string, sequence uint32) string {
	return fmt.Sprintf("%s-A%03d", alertID, sequence)
}

// ItemID returns the id of the n-th payment of an alert, n from 1.
func ItemID(alertID string, n int) string { return fmt.Sprintf("%s-P%02d", alertID, n) }

// ReceiptID returns the id of the receipt of that level for a message.
func ReceiptID(messageID string, level Level) string {
	switch level {
	case LevelAccepted:
		return messageID + "-R2"
	case LevelRejected:
		return messageID + "-R3"
	}
	return messageID + "-R1"
}

// ID is a message id taken apart.
type ID struct {
	AlertID string
	// Side is 'Q' for the requester's messages and 'A' for the responder's.
	Side     byte
	Sequence uint32
	// Receipt is 0, or the digit of a receipt's suffix, 1 to 3.
	Receipt int
}

// ParseID takes a message id apart and reports whether it is one.
func ParseID(s string) (ID, bool) {
	alert, rest, ok := strings.Cut(s, "-")
	if !ok || !isAlert(alert) || len(rest) < 4 || rest[0] != 'Q' && rest[0] != 'A' {
		return ID{}, false
	}
	id := ID{AlertID: alert, Side: rest[0]}
	number, suffix, receipt := strings.Cut(rest[1:], "-")
	if receipt {
		if len(suffix) != 2 || suffix[0] != 'R' || suffix[1] < '1' || suffix[1] > '3' {
			return ID{}, false
		}
		id.Receipt = int(suffix[1] - '0')
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n == 0 || n > MaxSequence || number != fmt.Sprintf("%03d", n) {
		return ID{}, false
	}
	id.Sequence = uint32(n)
	return id, true
}

func isAlert(s string) bool {
	if len(s) != 26 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
