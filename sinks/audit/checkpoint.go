package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what a partition's log was at one moment.
type Checkpoint struct {
	Log       string // id of the party that keeps the log
	Partition int32
	Size      int64 // records
	Root      tlog.Hash
	Time      time.Time
	Next      int64  // offset after the last record
	Previous  string // Digest of an earlier checkpoint of the partition, "-" = the first
}

// originHead is how the origin line of a checkpoint begins.
const originHead = "haltwire/"

// maxCheckpoint bounds the text of a signed checkpoint: ten times a usual one.
const maxCheckpoint = 4 << 10

// Text returns the text that is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s%s/cases/%d\n%d\n%s\ntime %s\noffset %d\nprevious %s\n", originHead, c.Log, c.Partition, c.Size,
		base64.StdEncoding.EncodeToString(c.Root[:]), c.Time.UTC().Format("2006-01-02T15:04:05.000Z"), c.Next, c.Previous)
}

// Digest names a signed checkpoint: SHA-256 of its bytes in base64.
func Digest(signed []byte) string {
	sum := sha256.Sum256(signed)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Key signs checkpoints: an Ed25519 key of the party.
type Key interface {
	// Ed25519 signs the message as it is.
	Ed25519(message []byte) []byte
	Public() ed25519.PublicKey
}

// signer is a Key as golang.org/x/mod/sumdb/note wants it.
type signer struct {
	note.Verifier
	key Key
}

func (s signer) Sign(message []byte) ([]byte, error) { return s.key.Ed25519(message), nil }

// VerifierKey returns the public half of a party's key as note wants it.
func VerifierKey(party string, public ed25519.PublicKey) (string, error) {
	text, err := note.NewEd25519VerifierKey(originHead+party, public)
	if err != nil {
		return "", fmt.Errorf("make verifier key: %w", err)
	}
	return text, nil
}

// Sign signs c as its party.
func (c Checkpoint) Sign(key Key) ([]byte, error) {
	text, err := VerifierKey(c.Log, key.Public())
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, signer{v, key})
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// OpenCheckpoint verifies a signed checkpoint by any of the verifier keys and reads
// it.
func OpenCheckpoint(signed []byte, verifiers ...string) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("open checkpoint: larger than %d bytes", maxCheckpoint)
	}
	var known []note.Verifier
	for _, text := range verifiers {
		v, err := note.NewVerifier(text)
		if err != nil {
			return Checkpoint{}, fmt.Errorf("open checkpoint: verifier key %q: %w", text, err)
		}
		known = append(known, v)
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open checkpoint: none of the keys given has signed it: %w", err)
	}
	c, err := parse(n.Text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %w", err)
	}
	if n.Sigs[0].Name != originHead+c.Log {
		return Checkpoint{}, fmt.Errorf("open checkpoint: signed by %s, not by %s", n.Sigs[0].Name, originHead+c.Log)
	}
	return c, nil
}

func parse(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || lines[6] != "" {
		return c, fmt.Errorf("has %d lines, want 6", len(lines)-1)
	}
	origin := strings.Split(strings.TrimPrefix(lines[0], originHead), "/")
	if !strings.HasPrefix(lines[0], originHead) || len(origin) != 3 || origin[1] != "cases" {
		return c, fmt.Errorf("origin %q is none of a case log", lines[0])
	}
	partition, err := strconv.ParseInt(origin[2], 10, 32)
	if err != nil {
		return c, fmt.Errorf("origin %q: %w", lines[0], err)
	}
	c.Log, c.Partition = origin[0], int32(partition)
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return c, fmt.Errorf("size %q is no count", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("root %q is no hash", lines[2])
	}
	copy(c.Root[:], root)
	if c.Time, err = time.Parse("time 2006-01-02T15:04:05.000Z", lines[3]); err != nil {
		return c, fmt.Errorf("line 4: %w", err)
	}
	if c.Next, err = strconv.ParseInt(strings.TrimPrefix(lines[4], "offset "), 10, 64); err != nil {
		return c, fmt.Errorf("line 5: %w", err)
	}
	c.Previous = strings.TrimPrefix(lines[5], "previous ")
	if c.Text() != text {
		return c, fmt.Errorf("is not written as a checkpoint is")
	}
	return c, nil
}
