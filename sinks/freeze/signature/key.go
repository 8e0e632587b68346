package signature

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"regexp"

	"github.com/go-jose/go-jose/v4"
)

// Key is a private Ed25519 key with its id. It prints as its id only.
type Key struct {
	id      string
	private ed25519.PrivateKey
}

// kidForm is what a key id may look like: safe in headers, logs and file names.
var kidForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)

// NewKey makes a fresh key with that id.
func NewKey(kid string) (Key, error) {
	if !kidForm.MatchString(kid) {
		return Key{}, fmt.Errorf("make key: key id %q must match %s", kid, kidForm)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make key %s: %w", kid, err)
	}
	return Key{id: kid, private: private}, nil
}

// ParseKey reads a private key from a JWK (RFC 8037, kty OKP, crv Ed25519).
func ParseKey(data []byte) (Key, error) {
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(data, &jwk); err != nil {
		return Key{}, fmt.Errorf("read private key: %w", err)
	}
	private, ok := jwk.Key.(ed25519.PrivateKey)
	if !ok || !jwk.Valid() {
		return Key{}, fmt.Errorf("read private key %q: not an Ed25519 private key (kty OKP, crv Ed25519, x and d)", jwk.KeyID)
	}
	if !kidForm.MatchString(jwk.KeyID) {
		return Key{}, fmt.Errorf("read private key: key id %q must match %s", jwk.KeyID, kidForm)
	}
	return Key{id: jwk.KeyID, private: private}, nil
}

// LoadKey reads a private key from a JWK file.
func LoadKey(path string) (Key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("load signing key: %w", err)
	}
	k, err := ParseKey(data)
	if err != nil {
		return Key{}, fmt.Errorf("load signing key %s: %w", path, err)
	}
	return k, nil
}

// ID returns the key id.
func (k Key) ID() string { return k.id }

// String returns the key id; the private part is never printed.
func (k Key) String() string { return k.id }

// GoString returns the key id; the private part is never printed.
func (k Key) GoString() string { return "signature.Key(" + k.id + ")" }

// PrivateJWK writes the whole key; it belongs into a file of mode 0600.
func (k Key) PrivateJWK() ([]byte, error) { return k.jwk(k.private) }

// PublicJWKS writes the set of the one public key, as partners are given it.
func (k Key) PublicJWKS() ([]byte, error) {
	jwk, err := k.jwk(k.private.Public())
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(map[string]any{"keys": []json.RawMessage{jwk}}, "", "  ")
}

func (k Key) jwk(key any) ([]byte, error) {
	out, err := json.MarshalIndent(jose.JSONWebKey{Key: key, KeyID: k.id, Algorithm: string(jose.EdDSA), Use: "sig"}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write key %s: %w", k.id, err)
	}
	return out, nil
}

// Set is the public keys of one party. It is immutable.
type Set struct{ keys map[string]ed25519.PublicKey }

// ParseSet reads a JWKS. It refuses private keys, keys of other kinds, keys
// without id, ids that are there twice, and an empty set.
func ParseSet(data []byte) (Set, error) {
	var jwks jose.JSONWebKeySet
	if err := json.Unmarshal(data, &jwks); err != nil {
		return Set{}, fmt.Errorf("read key set: %w", err)
	}
	s := Set{keys: map[string]ed25519.PublicKey{}}
	for _, jwk := range jwks.Keys {
		public, ok := jwk.Key.(ed25519.PublicKey)
		switch {
		case !ok || !jwk.Valid():
			return Set{}, fmt.Errorf("read key set: key %q is not a public Ed25519 key", jwk.KeyID)
		case !kidForm.MatchString(jwk.KeyID):
			return Set{}, fmt.Errorf("read key set: key id %q must match %s", jwk.KeyID, kidForm)
		case s.keys[jwk.KeyID] != nil:
			return Set{}, fmt.Errorf("read key set: key id %q is there twice", jwk.KeyID)
		}
		s.keys[jwk.KeyID] = public
	}
	if len(s.keys) == 0 {
		return Set{}, fmt.Errorf("read key set: holds no key")
	}
	return s, nil
}

// LoadSet reads a JWKS file.
func LoadSet(path string) (Set, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Set{}, fmt.Errorf("load key set: %w", err)
	}
	s, err := ParseSet(data)
	if err != nil {
		return Set{}, fmt.Errorf("load key set %s: %w", path, err)
	}
	return s, nil
}

// Ed25519 signs a message as it is (RFC 8032), for formats of their own.
func (k Key) Ed25519(message []byte) []byte { return ed25519.Sign(k.private, message) }

// Public returns the public half.
func (k Key) Public() ed25519.PublicKey {
	public, _ := k.private.Public().(ed25519.PublicKey) // it is one
	return public
}
