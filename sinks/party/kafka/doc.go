// Package kafka owns the channel of kind kafka (FREEZE 2.4): a topic to the
// party and one from it. A record's value is the frozen bytes, its headers are
// a CloudEvent's (ce_id = message id) and signature, a detached JWS over the
// value. Receipts travel back on the other topic as records of their own.
//
// It must not know alerts or the desk: Sender hands a message to the topic,
// Receiver hands what it verified to the same door as HTTP does.
//
// A record has no nonce and no expiry: a log is read again after every crash, so
// repetition is normal, and the message id makes it harmless. Whoever can write
// to the topic can repeat a message, and cannot change one.
package kafka
