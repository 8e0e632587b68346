package caselog

import (
	"crypto/hmac"
	"crypto/sha256"
)

// saltSize is that of a salt, 16 bytes: nobody guesses 2^128 of them.
const saltSize = 16

// Salt returns the salt of something in an audit log, named by its parts, which hold
// no NUL. Whoever has the root can make it again, nobody else can guess it.
func (r *Root) Salt(parts ...string) []byte {
	mac := hmac.New(sha256.New, r.secret)
	mac.Write([]byte("haltwire audit: salts, 1"))
	for _, p := range parts {
		mac.Write([]byte{0})
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)[:saltSize]
}
