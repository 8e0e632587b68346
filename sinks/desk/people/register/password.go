package register

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is what one try of a password costs (RFC 9106).
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// DefaultCost is 64 MiB, 3 passes, 2 threads: about a tenth of a second.
func DefaultCost() Cost { return Cost{Memory: 64 << 10, Passes: 3, Threads: 2} }

const (
	// 19 MiB is the least that OWASP recommends; 256 MiB, 10 passes and 16 threads
	// bound what a damaged file can make a login cost.
	minMemory, maxMemory   = 19 << 10, 256 << 10
	maxPasses, maxThreads  = 10, 16
	saltSize, hashSize     = 16, 32
	minPassword            = 12   // characters
	maxPassword            = 1024 // bytes: more is no password
	maxSalt, maxHash       = 64, 64
	identifier, phcVersion = "argon2id", "v=19"
)

// CheckPassword says why a text is no password for a person.
func CheckPassword(id, password string) error {
	switch {
	case len([]rune(password)) < minPassword:
		return fmt.Errorf("the password has fewer than %d characters", minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("the password has more than %d bytes", maxPassword)
	case len(id) > 3 && strings.Contains(strings.ToLower(password), strings.ToLower(id)):
		return errors.New("the password contains the person's id")
	}
	return nil
}

// Hash returns the PHC string of a password under a random salt.
func Hash(password string, c Cost) string {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	return phc{c, salt, derive(password, phc{c, salt, make([]byte, hashSize)})}.String()
}

// Decoy returns a PHC string that no password fits and that costs as much as the
// one given, or as the default where that is none.
func Decoy(like string) string {
	h, err := parseHash(like)
	if err != nil {
		h = phc{Cost: DefaultCost(), salt: make([]byte, saltSize), hash: make([]byte, hashSize)}
	}
	salt, hash := make([]byte, len(h.salt)), make([]byte, len(h.hash))
	_, _ = rand.Read(salt)
	_, _ = rand.Read(hash)
	return phc{h.Cost, salt, hash}.String()
}

// Verify reports whether a password fits a PHC string. It takes as long for a wrong
// password as for the right one; one that is too long costs the same too.
func Verify(password, encoded string) bool {
	h, err := parseHash(encoded)
	if err != nil {
		return false
	}
	long := len(password) > maxPassword
	if long {
		password = password[:maxPassword]
	}
	return subtle.ConstantTimeCompare(derive(password, h), h.hash) == 1 && !long
}

// derive takes the password in Unicode's form NFKC, so that keyboards that compose
// differently give the same.
func derive(password string, h phc) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(password)), h.salt, h.Passes, h.Memory, h.Threads, uint32(len(h.hash)))
}

type phc struct {
	Cost
	salt, hash []byte
}

// String returns the PHC string.
func (h phc) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$%s$%s$m=%d,t=%d,p=%d$%s$%s", identifier, phcVersion, h.Memory, h.Passes, h.Threads, b64(h.salt), b64(h.hash))
}

// parseHash reads a PHC string and holds it to the bounds above.
func parseHash(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != identifier || parts[2] != phcVersion {
		return phc{}, errors.New("want a PHC string $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	}
	var h phc
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.Memory, &h.Passes, &h.Threads); n != 3 || err != nil {
		return phc{}, errors.New("want the parameters m=…,t=…,p=…")
	}
	var saltErr, hashErr error
	h.salt, saltErr = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.hash, hashErr = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if saltErr != nil || hashErr != nil {
		return phc{}, errors.New("salt or hash is not base64 without padding")
	}
	if h.String() != s {
		return phc{}, errors.New("the parameters are not in their plain form")
	}
	return h, h.bounds()
}

// bounds says what is beyond what a login may cost, or too cheap.
func (h phc) bounds() error {
	within := func(n, least, most int) bool { return n >= least && n <= most }
	if !within(int(h.Memory), minMemory, maxMemory) || !within(int(h.Passes), 1, maxPasses) || !within(int(h.Threads), 1, maxThreads) {
		return fmt.Errorf("want m of %d to %d, t of 1 to %d, p of 1 to %d", minMemory, maxMemory, maxPasses, maxThreads)
	}
	if !within(len(h.salt), saltSize, maxSalt) || !within(len(h.hash), hashSize, maxHash) {
		return errors.New("salt or hash is too short or too long")
	}
	return nil
}
