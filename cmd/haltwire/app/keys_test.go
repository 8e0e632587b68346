package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "signing.jwk")
	public, err := app.NewSigningKey(path, "in-fiu-1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.LoadKey(path)
	if err != nil || key.ID() != "in-fiu-1" {
		t.Fatalf("LoadKey: %q, %v", key.ID(), err)
	}
	set, err := signature.LoadSet(public)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signature.SignJWS(key, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, kid, err := set.VerifyJWS(jws); err != nil || kid != "in-fiu-1" {
		t.Fatalf("the public half does not verify the private one: %q, %v", kid, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("private key has mode %v, %v", info.Mode(), err)
	}
	if _, err := app.NewSigningKey(path, "in-fiu-2"); err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("an existing key: %v", err)
	}
	log := filepath.Join(dir, "log.jwk")
	if err := app.NewLogKey(log); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := caselog.ParseRoot(text); err != nil {
		t.Errorf("the case log refuses its key: %v", err)
	}
}
