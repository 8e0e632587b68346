package register

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// tokenMark begins every token, so that scanners of repositories and logs know one.
const tokenMark = "hwt_"

// NewToken returns a bearer token of 256 random bits and its hash for the file.
func NewToken() (bearer, hash string) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	bearer = tokenMark + base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(bearer))
	return bearer, hex.EncodeToString(sum[:])
}
