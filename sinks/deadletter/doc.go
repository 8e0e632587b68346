// Package deadletter owns the dead-letter topic: it keeps every input that could
// not be used, with all that is needed to send it again after a fix, and sends
// it again.
//
// A letter is one record: key topic/partition/offset, so that a letter written
// twice is one input; value JSON {topic, partition, offset, time, codec, reason,
// field, message, raw} with raw_base64 instead of raw where the bytes are not
// UTF-8.
//
// It must not know why an input could not be used.
package deadletter
