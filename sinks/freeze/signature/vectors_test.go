//go:build vectors

package signature_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

// TestVectorRFC9421B26 checks the signature base and the Ed25519 signature of
// RFC 9421, appendix B.2.6.
func TestVectorRFC9421B26(t *testing.T) {
	dir := filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "rfc9421", "remitly")
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal("set HALTWIRE_VECTORS to the folder of vectors: ", err)
		}
		return data
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(read("b26_request_signed.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Length", "18") // net/http keeps it apart
	base, sig, err := signature.Base(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(read("b26_request_sigbase.txt"))); string(base) != want {
		t.Fatalf("signature base:\n%s\nwant:\n%s", base, want)
	}
	block, _ := pem.Decode(read("test-key-ed25519.pub"))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(key.(ed25519.PublicKey), base, sig) {
		t.Fatal("the signature of the appendix does not verify")
	}
	if ed25519.Verify(key.(ed25519.PublicKey), append(base, ' '), sig) {
		t.Fatal("a changed base verifies")
	}
}
