package register_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

// cheap is the least cost that a file may have.
func cheap() register.Cost { return register.Cost{Memory: 19 << 10, Passes: 1, Threads: 1} }

func officer(id string) register.Person {
	return register.Person{ID: id, Name: "Officer " + id, Roles: []caselog.Role{caselog.RoleOfficer}}
}

func vault(t *testing.T, seed byte) *register.Vault {
	t.Helper()
	root, err := caselog.NewRoot(bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	v, err := register.NewVault(root)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMistakesInTheFileAreNamed(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	good := "people:\n  - {id: O1, name: A, roles: [officer]}\n"
	token := func(members string) string {
		return good + "tokens:\n  - {name: t, sha256: " + hash + ", expires: 2027-01-01T00:00:00Z, " + members + "}\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":            {"", ""},
		"good":             {good + "  - {id: H1, name: Größe 李, roles: [officer, head]}\n", ""},
		"token":            {token("person: O1, scopes: [read, act]"), ""},
		"machine":          {token("machine: true, scopes: [read, reload]"), ""},
		"unknown member":   {"people:\n  - {id: O1, name: A, roles: [officer], admin: true}\n", "admin"},
		"id with a path":   {"people:\n  - {id: ../O1, name: A, roles: [officer]}\n", "id: want"},
		"id with a line":   {"people:\n  - {id: \"O1\\nO2\", name: A, roles: [officer]}\n", "id: want"},
		"same id":          {good + "  - {id: o1, name: B, roles: [officer]}\n", "stands twice"},
		"name with escape": {"people:\n  - {id: O1, name: \"a\\e[31m\", roles: [officer]}\n", "cannot be printed"},
		"name with line":   {"people:\n  - {id: O1, name: \"a\\nlevel=ERROR\", roles: [officer]}\n", "cannot be printed"},
		"name turned":      {"people:\n  - {id: O1, name: \"a\\u202Eb\", roles: [officer]}\n", "cannot be printed"},
		"no role":          {"people:\n  - {id: O1, name: A, roles: []}\n", "at least one"},
		"strange role":     {"people:\n  - {id: O1, name: A, roles: [root]}\n", "root"},
		"admin decides":    {"people:\n  - {id: O1, name: A, roles: [admin, officer]}\n", "stand alone"},
		"auditor is admin": {"people:\n  - {id: O1, name: A, roles: [admin, auditor]}\n", "stand alone"},
		"plain password":   {"people:\n  - {id: O1, name: A, roles: [officer], password: hunter2hunter2}\n", "PHC"},
		"token of nobody":  {token("person: O2, scopes: [read]"), "nobody is called"},
		"token of both":    {token("person: O1, machine: true, scopes: [read]"), "either person or machine"},
		"machine acts":     {token("machine: true, scopes: [act]"), "a machine decides nothing"},
		"strange scope":    {token("person: O1, scopes: [all]"), "\"all\" is none"},
		"no scope":         {token("person: O1, scopes: []"), "scopes: want"},
		"no end":           {strings.ReplaceAll(token("person: O1, scopes: [read]"), "expires: 2027-01-01T00:00:00Z, ", ""), "expires: required"},
		"short hash":       {strings.ReplaceAll(token("person: O1, scopes: [read]"), hash, "abab"), "64 hexadecimal"},
		"hash twice":       {token("person: O1, scopes: [read]") + "  - {name: u, sha256: " + hash + ", expires: 2027-01-01T00:00:00Z, machine: true, scopes: [read]}\n", "stands twice"},
	} {
		_, err := register.Parse([]byte(c.text))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

func TestUpdateIsWholeOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "people.yaml")
	add := func(id string) error {
		return register.Update(path, func(f *register.File) error {
			f.People = append(f.People, officer(id))
			return nil
		})
	}
	if err := add("O1"); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	if err := add("O1"); err == nil {
		t.Error("a person stands twice")
	}
	stop := errors.New("stop")
	if err := register.Update(path, func(f *register.File) error { f.People = nil; return stop }); !errors.Is(err, stop) {
		t.Errorf("error = %v", err)
	}
	after, _ := os.ReadFile(path)
	info, err := os.Stat(path)
	if err != nil || !bytes.Equal(before, after) || info.Mode().Perm() != 0o600 {
		t.Errorf("after refused changes: %v, mode %v, %s", err, info.Mode(), after)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := add(fmt.Sprintf("P%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f, err := register.Load(path)
	if err != nil || len(f.People) != 21 {
		t.Errorf("%v, %d people: writers side by side lost some", err, len(f.People))
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if len(left) != 2 { // the file and its lock
		t.Errorf("files left: %v", left)
	}
}

func TestReaderFollowsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.yaml")
	if _, err := register.NewReader(path, slog.New(slog.DiscardHandler)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no file: %v", err)
	}
	write := func(text string, mode fs.FileMode) {
		t.Helper()
		temp := path + ".new"
		if err := errors.Join(os.WriteFile(temp, []byte(text), mode), os.Chmod(temp, mode), os.Rename(temp, path)); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	write("people:\n  - {id: O1, name: A, roles: [officer]}\n", 0o644)
	r, err := register.NewReader(path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "make it 0600") {
		t.Errorf("a file that others may read is not said: %s", &log)
	}
	if p, ok := r.Person("o1"); !ok || p.ID != "O1" {
		t.Errorf("o1 = %+v, %v; want O1", p, ok)
	}
	write("people:\n  - {id: O2, name: A, roles: [officer]}\n", 0o600)
	if _, ok := r.Person("O1"); ok {
		t.Error("who was taken out is still there")
	}
	log.Reset()
	write("people: [{]", 0o600)
	for range 3 {
		if _, ok := r.Person("O2"); !ok {
			t.Error("a broken file put everybody out")
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("a broken file is said %d times: %s", n, &log)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r.Person("O2")
	write("people:\n  - {id: O3, name: A, roles: [officer]}\n", 0o600)
	if _, ok := r.Person("O3"); !ok {
		t.Error("a file that came back is not read")
	}
}

func TestPasswords(t *testing.T) {
	hash := register.Hash("correct horse battery", cheap())
	for password, want := range map[string]bool{
		"correct horse battery": true, "correct horse batterz": false, "": false,
		"correct horse battery ": false, strings.Repeat("x", 5000): false,
	} {
		if got := register.Verify(password, hash); got != want {
			t.Errorf("%.30q fits: %v", password, got)
		}
	}
	if again := register.Hash("correct horse battery", cheap()); again == hash {
		t.Error("two hashes have one salt")
	}
	long := strings.Repeat("y", 1024)
	if h := register.Hash(long, cheap()); !register.Verify(long, h) || register.Verify(long+"z", h) {
		t.Error("what is cut off counts as fitting")
	}
	composed, apart := "Gr\u00f6\u00dfe passt gut", "Gro\u0308\u00dfe passt gut"
	if !register.Verify(apart, register.Hash(composed, cheap())) {
		t.Error("two keyboards give two passwords")
	}
	decoy := register.Decoy(hash)
	if register.Verify("", decoy) || strings.Split(decoy, "$")[3] != strings.Split(hash, "$")[3] || decoy == register.Decoy(hash) {
		t.Errorf("decoy %s of %s", decoy, hash)
	}
	if !strings.HasPrefix(register.Decoy(""), "$argon2id$v=19$m=65536,t=3,p=2$") {
		t.Errorf("decoy without a model: %s", register.Decoy(""))
	}
}

// TestHashesAreBounded holds what a login may cost to bounds, whatever stands in the
// file.
func TestHashesAreBounded(t *testing.T) {
	const salt, hash = "c2FsdHNhbHRzYWx0c2FsdA", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
	with := func(params, salt, hash string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + hash }
	for text, ok := range map[string]bool{
		with("m=19456,t=1,p=1", salt, hash):                               true,
		with("m=4194304,t=1,p=1", salt, hash):                             false, // 4 GiB
		with("m=65536,t=1000,p=1", salt, hash):                            false,
		with("m=65536,t=3,p=255", salt, hash):                             false,
		with("m=65536,t=3,p=257", salt, hash):                             false,
		with("m=8,t=1,p=1", salt, hash):                                   false, // too cheap
		with("m=65536,t=0,p=1", salt, hash):                               false,
		with("m=-1,t=3,p=1", salt, hash):                                  false,
		with("m=65536,t=3,p=1,x=1", salt, hash):                           false,
		with("m=+65536,t=3,p=1", salt, hash):                              false,
		with("m=65536,t=3,p=1", "c2FsdA", hash):                           false,
		with("m=65536,t=3,p=1", salt, "MDEy"):                             false,
		with("m=65536,t=3,p=1", salt, strings.Repeat("MDEy", 1000)):       false,
		with("m=65536,t=3,p=1", salt+"==", hash):                          false,
		"$argon2i$v=19$m=65536,t=3,p=1$" + salt + "$" + hash:              false,
		"$argon2id$v=16$m=65536,t=3,p=1$" + salt + "$" + hash:             false,
		"$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234567": false,
	} {
		_, err := register.Parse([]byte("people:\n  - {id: O1, name: A, roles: [officer], password: \"" + text + "\"}\n"))
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
		if !ok && register.Verify("password", text) {
			t.Errorf("%s fits", text)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	for password, ok := range map[string]bool{
		"eleven char": false, "twelve chars": true, "ÄÖÜäöüßéèêàç": true,
		"my id is OFFICER7": false, strings.Repeat("x", 1025): false,
	} {
		if err := register.CheckPassword("officer7", password); (err == nil) != ok {
			t.Errorf("%.20q: %v", password, err)
		}
	}
}

// TestCodesAreThoseOfTheStandard takes the vectors of RFC 6238, appendix B (SHA-1),
// whose last six digits are the codes of six digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		if got, err := register.Code(secret, register.StepOf(time.Unix(at, 0))); err != nil || got != want {
			t.Errorf("code at %d = %s, %v; want %s", at, got, err, want)
		}
	}
	if _, err := register.Code("not base32!", 1); err == nil || strings.Contains(err.Error(), "not base32!") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestSecretsAreBoundToPersonAndKey(t *testing.T) {
	v := vault(t, 1)
	now := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	sealed, uri := v.Enrol("O1", "IN-FIU desk")
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Path != "/IN-FIU desk:O1" || u.Query().Get("issuer") != "IN-FIU desk" {
		t.Errorf("URL %s: %v", uri, err)
	}
	secret := u.Query().Get("secret")
	if len(secret) != 32 || strings.Contains(sealed, secret) {
		t.Errorf("secret %q in %q", secret, sealed)
	}
	for skew, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step := register.StepOf(now) + skew
		code, err := register.Code(secret, step)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Fit("O1", sealed, code, now)
		if err != nil || (got == step) != want || !want && got != 0 {
			t.Errorf("code %d steps off: step %d, %v", skew, got, err)
		}
	}
	code, _ := register.Code(secret, register.StepOf(now))
	for name, c := range map[string]struct {
		v          *register.Vault
		id, sealed string
	}{
		"another person": {v, "O2", sealed}, "another key": {vault(t, 2), "O1", sealed},
		"damaged": {v, "O1", sealed[:len(sealed)-2]}, "plain": {v, "O1", secret}, "empty": {v, "O1", ""},
	} {
		if step, err := c.v.Fit(c.id, c.sealed, code, now); err == nil || step != 0 {
			t.Errorf("%s: step %d, %v", name, step, err)
		}
	}
	for _, wrong := range []string{"", "000000", code + "0", " " + code, code[:5]} {
		if step, err := v.Fit("O1", sealed, wrong, now); err != nil || step != 0 && wrong != "000000" {
			t.Errorf("code %q: step %d, %v", wrong, step, err)
		}
	}
}

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.yaml")
	bearer, hash := register.NewToken()
	if other, _ := register.NewToken(); other == bearer || len(bearer) != len("hwt_")+43 {
		t.Errorf("tokens %s, %s", bearer, other)
	}
	err := register.Update(path, func(f *register.File) error {
		f.Tokens = append(f.Tokens, register.Token{Name: "m1", Machine: true, Scopes: []string{"read"}, SHA256: hash, Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if strings.Contains(string(text), bearer) || strings.Contains(string(text), bearer[4:]) {
		t.Error("the file has the token itself")
	}
	r, err := register.NewReader(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := r.Token(bearer); !ok || got.Name != "m1" {
		t.Errorf("token = %+v, %v", got, ok)
	}
	for _, wrong := range []string{"", bearer + "a", bearer[:len(bearer)-1], hash} {
		if _, ok := r.Token(wrong); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
}
