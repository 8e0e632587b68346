package conn

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

const masked = "***"

// Secret is a text that must not reach a log, an error or a dump: every way of
// printing or encoding it gives three stars. Reveal gives the text.
type Secret string

// Reveal returns the secret itself, for the one call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String returns three stars.
func (Secret) String() string { return masked }

// GoString returns three stars, so that %#v hides the secret too.
func (Secret) GoString() string { return masked }

// Format writes three stars for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// MarshalText returns three stars, which serves JSON and YAML encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// LogValue returns three stars as the value of a log attribute.
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// ReadSecret reads a secret from a file. Line ends at its end are dropped,
// because editors add them; an empty secret is an error.
func ReadSecret(path string) (Secret, error) {
	if path == "" {
		return "", errors.New("read secret: no file is given")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" {
		return "", fmt.Errorf("read secret: %s is empty", path)
	}
	return Secret(secret), nil
}
