// Package signature owns the keys and signatures of the messages that cross the
// border: Ed25519 keys as JWK and JWKS files, HTTP message signatures (RFC 9421
// with Content-Digest of RFC 9530), and JSON Web Signatures for receipts and
// for the Kafka channel. FREEZE 2.4 fixes what is covered.
//
// It must not know what a message means, nor what a channel does with a refusal.
//
// Only Ed25519 is known, so there is no algorithm to confuse. A key id belongs
// to one party; a signature speaks for the party whose set holds its key id.
//
// 2026-10-02: nonces are remembered per process, not on the log. After a restart
// a captured request may be played once more within its 300 s; the idempotency
// key then gives the same receipt and nothing changes.
package signature
