package caselog

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Key is the key of an event: direction/party/H(subject). Events of one key lie
// in one partition, in order.
type Key string

// Directions of an alert.
const (
	Out = "out" // we ask
	In  = "in"  // a partner asks us
)

// Nobody is the party of a key that no party could be found for.
const Nobody = "-"

// Split returns the parts of the key; a malformed one gives empty parts.
func (k Key) Split() (direction, party, subject string) {
	direction, rest, _ := strings.Cut(string(k), "/")
	party, subject, _ = strings.Cut(rest, "/")
	return direction, party, subject
}

// Direction returns "in" or "out".
func (k Key) Direction() string { d, _, _ := k.Split(); return d }

// Party returns the party of the key, Nobody where none was found.
func (k Key) Party() string { _, p, _ := k.Split(); return p }

// Root is keys.log: the secret under which subjects are hashed and data keys
// are wrapped. Losing it loses the personal data of the log. Immutable.
type Root struct {
	secret []byte
	wrap   []byte
	hits   []byte
}

const (
	rootSize = 32 // bytes of the secret and of every key made from it
	wrapInfo = "haltwire case log: wrapping of data keys, 1"
	hitsInfo = "haltwire hits: sealing of hits that cannot alert, 1"
)

// NewRoot makes a root from at least 32 random bytes.
func NewRoot(secret []byte) (*Root, error) {
	if len(secret) < rootSize {
		return nil, fmt.Errorf("log key has %d bytes: want at least %d", len(secret), rootSize)
	}
	wrap, err := hkdf.Key(sha256.New, secret, nil, wrapInfo, rootSize)
	if err != nil {
		return nil, fmt.Errorf("derive wrapping key: %w", err)
	}
	hits, err := hkdf.Key(sha256.New, secret, nil, hitsInfo, rootSize)
	if err != nil {
		return nil, fmt.Errorf("derive key of hits: %w", err)
	}
	return &Root{secret: append([]byte(nil), secret...), wrap: wrap, hits: hits}, nil
}

// ParseRoot reads a JWK of type oct.
func ParseRoot(text []byte) (*Root, error) {
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(text, &jwk); err != nil {
		return nil, fmt.Errorf("read log key: %w", err)
	}
	secret, ok := jwk.Key.([]byte)
	if !ok {
		return nil, errors.New("read log key: want a JWK with kty oct (haltwire keys new writes one)")
	}
	return NewRoot(secret)
}

// Derive returns a key of 32 bytes for another purpose than the log's own, the same
// for the same purpose. It says nothing about the root or about other purposes.
func (r *Root) Derive(purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, r.secret, nil, "haltwire derived key, 1: "+purpose, rootSize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return key, nil
}

// Text returns the first n characters of the base32 HMAC-SHA-256 of the parts,
// each preceded by its length.
func (r *Root) text(n int, parts ...string) string {
	mac := hmac.New(sha256.New, r.secret)
	for _, p := range parts {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(p)))
		mac.Write(size[:])
		mac.Write([]byte(p))
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil))[:n]
}

// Key returns the key of a subject: direction/party/H(subject), H = base32 of
// the first 16 bytes of HMAC-SHA-256 (DESIGN 6). subject is a uid, with
// "#" + sub-account where it is known.
func (r *Root) Key(direction, party, subject string) Key {
	mac := hmac.New(sha256.New, r.secret)
	mac.Write([]byte(subject))
	h := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16])
	return Key(direction + "/" + party + "/" + h)
}

// AlertID returns the id of an episode of a key: 26 characters.
func (r *Root) AlertID(key Key, episode uint32) string {
	return r.text(26, "alert", string(key), fmt.Sprint(episode))
}

// PaperID returns the id of an alert that a document opens which names none: of the
// party, the SHA-256 of the document and the subject. 26 characters.
func (r *Root) PaperID(party, document, subject string) string {
	return r.text(26, "paper", party, document, subject)
}

// CaseID returns the id of the case that a hit opens, from its evidence key.
func (r *Root) CaseID(evidence string) string { return r.text(26, "case", evidence) }

// Ref returns the mark of one reference of a payment, by which payments are
// compared without being known: 20 characters.
func (r *Root) Ref(kind string, values ...string) string {
	return r.text(20, append([]string{"ref", kind}, values...)...)
}
