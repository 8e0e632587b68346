package app

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// NewSigningKey writes a new Ed25519 key to path (mode 0600) and its public half,
// for partners, beside it as path with the ending .jwks, whose name it returns.
// It overwrites nothing.
func NewSigningKey(path, kid string) (public string, err error) {
	key, err := signature.NewKey(kid)
	if err != nil {
		return "", fmt.Errorf("make key: %w", err)
	}
	private, err := key.PrivateJWK()
	if err != nil {
		return "", fmt.Errorf("encode key: %w", err)
	}
	set, err := key.PublicJWKS()
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	public = strings.TrimSuffix(path, filepath.Ext(path)) + ".jwks"
	if err := writeNew(path, private, 0o600); err != nil {
		return "", err
	}
	return public, writeNew(public, set, 0o644)
}

// NewLogKey writes a new root key of the case log to path (mode 0600): an octet
// JWK of 32 random bytes. Whoever loses it cannot read the log's personal data
// any more, and nobody else can either.
func NewLogKey(path string) error {
	secret := make([]byte, 32)
	rand.Read(secret)
	text, err := json.Marshal(map[string]string{"kty": "oct", "k": base64.RawURLEncoding.EncodeToString(secret)})
	if err != nil {
		return fmt.Errorf("encode key: %w", err)
	}
	return writeNew(path, text, 0o600)
}

// NewToken writes a random bearer token to path (mode 0600).
func NewToken(path string) error { return writeNew(path, []byte(rand.Text()+rand.Text()+"\n"), 0o600) }

// writeNew writes text to a file that must not exist, making its folder.
func writeNew(path string, text []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make folder of key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists; a key is never overwritten: move it away first", path)
	} else if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
