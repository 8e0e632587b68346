package signature

import (
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxJWS bounds a compact JWS in bytes: a message of 1 MiB in base64 and two
// short parts.
const maxJWS = 3 << 19

// SignJWS returns the compact JWS (EdDSA) of a payload. The same key and
// payload give the same bytes.
func SignJWS(key Key, payload []byte) ([]byte, error) {
	jws, err := sign(key, payload)
	if err != nil {
		return nil, err
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("sign JWS: %w", err)
	}
	return []byte(text), nil
}

// SignDetached returns the compact JWS of a payload without the payload
// (RFC 7515, appendix F).
func SignDetached(key Key, payload []byte) ([]byte, error) {
	jws, err := sign(key, payload)
	if err != nil {
		return nil, err
	}
	text, err := jws.DetachedCompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("sign detached JWS: %w", err)
	}
	return []byte(text), nil
}

func sign(key Key, payload []byte) (*jose.JSONWebSignature, error) {
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.EdDSA,
		Key:       jose.JSONWebKey{Key: key.private, KeyID: key.id},
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("sign JWS with key %s: %w", key.id, err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign JWS with key %s: %w", key.id, err)
	}
	return jws, nil
}

// VerifyJWS verifies a compact JWS against the keys of one party and returns
// its payload and key id. Any algorithm but EdDSA, a key inside the header, a
// key id that is not in the set, and headers that we do not use are refused.
// The error is a *Refused.
func (s Set) VerifyJWS(compact []byte) (payload []byte, kid string, err error) {
	if !plain(compact) {
		return nil, "", refused("malformed", "not a compact JWS")
	}
	jws, err := jose.ParseSignedCompact(string(compact), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, "", refused("malformed", "read JWS: %w", err)
	}
	key, kid, err := s.keyOf(jws)
	if err != nil {
		return nil, "", err
	}
	payload, err = jws.Verify(key)
	if err != nil {
		return nil, "", refused("signature", "JWS does not fit key %q", kid)
	}
	return payload, kid, nil
}

// VerifyDetached verifies a detached JWS over payload as VerifyJWS does.
func (s Set) VerifyDetached(detached, payload []byte) (kid string, err error) {
	if !plain(detached) {
		return "", refused("malformed", "not a detached JWS")
	}
	jws, err := jose.ParseDetached(string(detached), payload, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return "", refused("malformed", "read detached JWS: %w", err)
	}
	key, kid, err := s.keyOf(jws)
	if err != nil {
		return "", err
	}
	if err := jws.DetachedVerify(payload, key); err != nil {
		return "", refused("signature", "detached JWS does not fit key %q", kid)
	}
	return kid, nil
}

// keyOf finds the key that a JWS names, after looking at its headers.
func (s Set) keyOf(jws *jose.JSONWebSignature) (any, string, error) {
	if len(jws.Signatures) != 1 {
		return nil, "", refused("malformed", "%d signatures, want one", len(jws.Signatures))
	}
	h := jws.Signatures[0].Protected
	if h.JSONWebKey != nil {
		return nil, "", refused("key", "a key inside the header is never used")
	}
	for name := range h.ExtraHeaders {
		if name != "typ" && name != "cty" {
			return nil, "", refused("malformed", "header %s is not supported", name)
		}
	}
	key, ok := s.keys[h.KeyID]
	if !ok {
		return nil, "", refused("key", "key id %q is not of this party", h.KeyID)
	}
	return key, h.KeyID, nil
}

// plain reports whether b looks like base64url parts with two dots, so that no
// white space and no other alphabet gives a second text for the same JWS.
func plain(b []byte) bool {
	if len(b) > maxJWS || strings.Count(string(b), ".") != 2 {
		return false
	}
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
