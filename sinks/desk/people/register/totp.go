package register

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Step is how long one code lasts (RFC 6238). A code of the step before or after
// the present one is taken too: clocks differ, and people type.
const Step = 30 * time.Second

const (
	secretSize = 20 // bytes, as RFC 4226 recommends
	sealed     = "A256GCM."
)

// Vault seals secrets of one-time codes. Safe for concurrent use.
type Vault struct{ aead cipher.AEAD }

// NewVault returns the vault of a case log's root key.
func NewVault(root *caselog.Root) (*Vault, error) {
	key, err := root.Derive("secrets of one-time codes")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make vault: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make vault: %w", err)
	}
	return &Vault{aead}, nil
}

// Enrol makes a new secret for a person: sealed for the file, and as the otpauth
// URL that an authenticator app reads, once.
func (v *Vault) Enrol(id, issuer string) (forFile, uri string) {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	text := encoding().EncodeToString(secret)
	forFile = sealed + base64.RawURLEncoding.EncodeToString(v.aead.Seal(nil, nil, []byte(text), []byte(id)))
	q := url.Values{"secret": {text}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + id, RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")}
	return forFile, u.String()
}

// Fit returns the step whose code this is: the present one, the one before or the
// one after. The error says that the secret of the file cannot be read; a code that
// fits none gives 0. Whoever calls refuses a step that was used.
func (v *Vault) Fit(id, fromFile, code string, now time.Time) (step int64, err error) {
	secret, err := v.open(id, fromFile)
	if err != nil {
		return 0, err
	}
	for _, n := range []int64{StepOf(now) - 1, StepOf(now), StepOf(now) + 1} { // all of them, whichever fits
		want, err := Code(secret, n)
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = n
		}
	}
	return step, nil
}

// StepOf returns the number of the step at a time.
func StepOf(at time.Time) int64 { return at.Unix() / int64(Step/time.Second) }

// Code returns the code of a base32 secret in a step.
func Code(secret string, step int64) (string, error) {
	at := time.Unix(step*int64(Step/time.Second), 0)
	code, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: uint(Step / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", errors.New("make one-time code: the secret is not base32")
	}
	return code, nil
}

func (v *Vault) open(id, fromFile string) (string, error) {
	text, ok := strings.CutPrefix(fromFile, sealed)
	box, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil {
		return "", errors.New("open secret of one-time codes: not sealed by haltwire")
	}
	secret, err := v.aead.Open(nil, nil, box, []byte(id))
	if err != nil {
		return "", errors.New("open secret of one-time codes: sealed for another person or under another keys.log")
	}
	return string(secret), nil
}

func encoding() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }
