package signature_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

var now = time.Date(2026, 3, 2, 4, 21, 0, 0, time.UTC)

const (
	body  = `{"schema":"haltwire.freeze/1"}`
	nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func newKey(t testing.TB, kid string) signature.Key {
	t.Helper()
	k, err := signature.NewKey(kid)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func setOf(t testing.TB, k signature.Key) signature.Set {
	t.Helper()
	data, err := k.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.ParseSet(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func verifier(t testing.TB, keys map[string]signature.Key) *signature.Verifier {
	t.Helper()
	sets := map[string]signature.Set{}
	for party, k := range keys {
		sets[party] = setOf(t, k)
	}
	ring, err := signature.NewRing(sets)
	if err != nil {
		t.Fatal(err)
	}
	return &signature.Verifier{Ring: ring, Nonces: signature.NewNonces(1000), Now: func() time.Time { return now }}
}

func post(text string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://gb.example/partner/v1/messages", strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "U3A5VHP66CSQRGMDHUPYCP5QKM-Q001")
	return r
}

func signed(t testing.TB, k signature.Key, created time.Time, nonce string) *http.Request {
	t.Helper()
	r := post(body)
	if err := signature.Sign(r, []byte(body), k, created, nonce); err != nil {
		t.Fatal(err)
	}
	return r
}

func wantReason(t *testing.T, err error, reason string) {
	t.Helper()
	var refused *signature.Refused
	if !errors.As(err, &refused) || refused.Reason != reason {
		t.Fatalf("got %v, want reason %q", err, reason)
	}
}

func TestVerifyAcceptsOnceAndNamesTheParty(t *testing.T) {
	k := newKey(t, "gb-1")
	v := verifier(t, map[string]signature.Key{"GB-FIU": k})
	r := signed(t, k, now, nonce)
	got, err := v.Verify(r, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got.Party != "GB-FIU" || got.KeyID != "gb-1" || got.Nonce != nonce || !got.Created.Equal(now) {
		t.Fatalf("got %+v", got)
	}
	_, err = v.Verify(r, []byte(body))
	wantReason(t, err, "nonce")
}

func TestVerifyRefuses(t *testing.T) {
	k, other := newKey(t, "gb-1"), newKey(t, "gb-1")
	replace := func(name, old, new string) func(*http.Request) {
		return func(r *http.Request) {
			before := r.Header.Get(name)
			after := strings.Replace(before, old, new, 1)
			if before == after {
				panic("nothing replaced in " + before)
			}
			r.Header.Set(name, after)
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	in := "Signature-Input"
	cases := []struct {
		name    string
		key     signature.Key
		created time.Time
		change  func(*http.Request)
		body    string
		reason  string
	}{
		{"other key under the same id", other, now, nil, body, "signature"},
		{"unknown key", newKey(t, "xx"), now, nil, body, "key"},
		{"created 61 s ahead", k, now.Add(61 * time.Second), nil, body, "time"},
		{"expired", k, now.Add(-300 * time.Second), nil, body, "time"},
		{"valid too long", k, now, replace(in, fmt.Sprintf("expires=%d", now.Unix()+300), fmt.Sprintf("expires=%d", now.Unix()+301)), body, "time"},
		{"no expires", k, now, replace(in, fmt.Sprintf(";expires=%d", now.Unix()+300), ""), body, "time"},
		{"created as text", k, now, replace(in, fmt.Sprintf("created=%d", now.Unix()), `created="1"`), body, "time"},
		{"expires moved", k, now, replace(in, fmt.Sprintf("expires=%d", now.Unix()+300), fmt.Sprintf("expires=%d", now.Unix()+299)), body, "signature"},
		{"nonce changed", k, now, replace(in, nonce, nonce+"B"), body, "signature"},
		{"nonce short", k, now, replace(in, nonce, "AAA"), body, "nonce"},
		{"foreign tag", k, now, replace(in, `tag="haltwire"`, `tag="other"`), body, "missing"},
		{"alg of another kind", k, now, replace(in, `;keyid=`, `;alg="hmac-sha256";keyid=`), body, "key"},
		{"alg none", k, now, replace(in, `;keyid=`, `;alg="none";keyid=`), body, "key"},
		{"component not covered", k, now, replace(in, ` "idempotency-key"`, ""), body, "components"},
		{"digest not covered", k, now, replace(in, ` "content-digest"`, ""), body, "components"},
		{"component twice", k, now, replace(in, `"@method"`, `"@method" "@method"`), body, "components"},
		{"component with parameter", k, now, replace(in, `"@path"`, `"@path";req`), body, "components"},
		{"another derived component", k, now, replace(in, `"@path"`, `"@path" "@query"`), body, "components"},
		{"idempotency key changed", k, now, set("Idempotency-Key", "OTHER"), body, "signature"},
		{"content type changed", k, now, set("Content-Type", "application/jose"), body, "signature"},
		{"method changed", k, now, func(r *http.Request) { r.Method = "PUT" }, body, "signature"},
		{"path changed", k, now, func(r *http.Request) { r.URL.Path = "/else" }, body, "signature"},
		{"host changed", k, now, func(r *http.Request) { r.Host = "evil.example" }, body, "signature"},
		{"header twice", k, now, func(r *http.Request) { r.Header.Add("Idempotency-Key", "x") }, body, "components"},
		{"body changed", k, now, nil, body + " ", "digest"},
		{"digest changed", k, now, set("Content-Digest", "sha-256=:AAAA:"), body, "signature"},
		{"no signature", k, now, func(r *http.Request) { r.Header.Del("Signature") }, body, "missing"},
		{"no input", k, now, func(r *http.Request) { r.Header.Del(in) }, body, "missing"},
		{"garbage", k, now, set(in, "((("), body, "malformed"},
		{"too long", k, now, set(in, strings.Repeat("a", 5000)), body, "malformed"},
		{"short signature", k, now, set("Signature", "haltwire=:AAAA:"), body, "malformed"},
		{"two of ours", k, now, func(r *http.Request) {
			r.Header.Set(in, r.Header.Get(in)+", b"+strings.TrimPrefix(r.Header.Get(in), "haltwire"))
		}, body, "malformed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := verifier(t, map[string]signature.Key{"GB-FIU": k, "AE-FIU": newKey(t, "ae-1")})
			r := signed(t, c.key, c.created, nonce)
			if c.change != nil {
				c.change(r)
			}
			_, err := v.Verify(r, []byte(c.body))
			wantReason(t, err, c.reason)
			// A refused request uses up nothing: the true one still passes.
			if _, err := v.Verify(signed(t, k, now, nonce), []byte(body)); err != nil {
				t.Fatalf("after the refusal: %v", err)
			}
		})
	}
}

func TestVerifyLooksAtTheNamedAuthoritiesOnly(t *testing.T) {
	k := newKey(t, "gb-1")
	v := verifier(t, map[string]signature.Key{"GB-FIU": k})
	v.Authorities = []string{"in.example"}
	_, err := v.Verify(signed(t, k, now, nonce), []byte(body))
	wantReason(t, err, "authority")
	v.Authorities = []string{"in.example", "gb.example"}
	if _, err := v.Verify(signed(t, k, now, nonce), []byte(body)); err != nil {
		t.Fatal(err)
	}
}

func TestNoncesRefuseWhenFullAndForgetWhatExpired(t *testing.T) {
	n := signature.NewNonces(2)
	for _, s := range []string{"a", "b"} {
		if fresh, _ := n.Use("k", s, now.Add(time.Minute), now); !fresh {
			t.Fatal(s)
		}
	}
	if _, full := n.Use("k", "c", now.Add(time.Minute), now); !full {
		t.Fatal("a third nonce was taken")
	}
	if fresh, _ := n.Use("other", "a", now.Add(time.Minute), now); !fresh {
		t.Fatal("keys share their nonces")
	}
	if fresh, full := n.Use("k", "a", now.Add(time.Minute), now); fresh || full {
		t.Fatal("a live nonce was forgotten")
	}
	if fresh, _ := n.Use("k", "c", now.Add(3*time.Minute), now.Add(2*time.Minute)); !fresh {
		t.Fatal("expired nonces still fill the store")
	}
	k := newKey(t, "gb-1")
	v := verifier(t, map[string]signature.Key{"GB-FIU": k})
	v.Nonces = signature.NewNonces(0)
	if _, err := v.Verify(signed(t, k, now, nonce), []byte(body)); !errors.Is(err, signature.ErrFull) {
		t.Fatalf("got %v", err)
	}
}

func TestKeysTravelThroughFiles(t *testing.T) {
	dir := t.TempDir()
	k := newKey(t, "in-fiu-2026")
	private, err := k.PrivateJWK()
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicJWKS()
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "key.jwk", private)
	write(t, dir, "set.jwks", public)
	loaded, err := signature.LoadKey(filepath.Join(dir, "key.jwk"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := signature.LoadSet(filepath.Join(dir, "set.jwks"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signature.SignJWS(loaded, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if payload, kid, err := set.VerifyJWS(jws); err != nil || string(payload) != "x" || kid != "in-fiu-2026" {
		t.Fatal(string(payload), kid, err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(s, "private") || len(s) > 80 {
		t.Fatalf("a key prints as %s", s)
	}
	leaked := []byte(`{"keys":[` + string(private) + `]}`)
	if _, err := signature.ParseSet(leaked); err == nil {
		t.Fatal("a set with a private key was read")
	}
	if _, err := signature.ParseKey(public); err == nil {
		t.Fatal("a set was read as a private key")
	}
	for _, bad := range []string{`{}`, `{"keys":[]}`, `[`, `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`} {
		if _, err := signature.ParseSet([]byte(bad)); err == nil {
			t.Fatalf("%s was read", bad)
		}
	}
	if _, err := signature.NewKey("../evil"); err == nil {
		t.Fatal("a key id with a path was taken")
	}
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRingRefusesAnIdOfTwoPartiesAndKeepsTheOldSets(t *testing.T) {
	a, b := newKey(t, "k"), newKey(t, "k")
	ring, err := signature.NewRing(map[string]signature.Set{"A": setOf(t, a)})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Replace(map[string]signature.Set{"A": setOf(t, a), "B": setOf(t, b)}); err == nil {
		t.Fatal("one key id of two parties was taken")
	}
	jws, _ := signature.SignJWS(a, []byte("x"))
	if _, _, err := ring.Party("A").VerifyJWS(jws); err != nil {
		t.Fatal("the old set is gone:", err)
	}
	if _, _, err := ring.Party("B").VerifyJWS(jws); err == nil {
		t.Fatal("a party without keys verified something")
	}
}

func TestJWSRefuses(t *testing.T) {
	k, foreign := newKey(t, "gb-1"), newKey(t, "ae-1")
	set := setOf(t, k)
	good, err := signature.SignJWS(k, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := signature.SignJWS(k, []byte(body))
	if !bytes.Equal(good, again) {
		t.Fatal("the same payload gave two receipts")
	}
	parts := strings.Split(string(good), ".")
	header := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + "." + parts[1] + "." + parts[2]
	}
	private, _ := foreign.PrivateJWK()
	var jwk map[string]any
	if err := json.Unmarshal(private, &jwk); err != nil {
		t.Fatal(err)
	}
	other, _ := signature.SignJWS(foreign, []byte(body))
	cases := map[string]string{
		"foreign kid":     string(other),
		"alg none":        header(`{"alg":"none","kid":"gb-1"}`),
		"alg HS256":       header(`{"alg":"HS256","kid":"gb-1"}`),
		"alg ES256":       header(`{"alg":"ES256","kid":"gb-1"}`),
		"embedded jwk":    header(fmt.Sprintf(`{"alg":"EdDSA","kid":"gb-1","jwk":{"kty":"OKP","crv":"Ed25519","x":%q}}`, jwk["x"])),
		"jku":             header(`{"alg":"EdDSA","kid":"gb-1","jku":"http://127.0.0.1/"}`),
		"crit":            header(`{"alg":"EdDSA","kid":"gb-1","crit":["exp"],"exp":1}`),
		"no kid":          header(`{"alg":"EdDSA"}`),
		"payload changed": parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("{}")) + "." + parts[2],
		"no signature":    parts[0] + "." + parts[1] + ".",
		"line feed":       string(good) + "\n",
		"two parts":       parts[0] + "." + parts[1],
		"JSON form":       `{"payload":"","signatures":[]}`,
		"empty":           "",
		"no payload":      parts[0] + ".." + parts[2],
	}
	for name, text := range cases {
		if payload, kid, err := set.VerifyJWS([]byte(text)); err == nil {
			t.Errorf("%s: verified %q by %s", name, payload, kid)
		}
	}
}

func TestDetachedJWS(t *testing.T) {
	k := newKey(t, "gb-1")
	set := setOf(t, k)
	sig, err := signature.SignDetached(k, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if kid, err := set.VerifyDetached(sig, []byte(body)); err != nil || kid != "gb-1" {
		t.Fatal(kid, err)
	}
	if _, err := set.VerifyDetached(sig, []byte(body+" ")); err == nil {
		t.Fatal("another body was verified")
	}
	if _, err := setOf(t, newKey(t, "ae-1")).VerifyDetached(sig, []byte(body)); err == nil {
		t.Fatal("a foreign key id was verified")
	}
	whole, _ := signature.SignJWS(k, []byte("else"))
	if _, err := set.VerifyDetached(whole, []byte(body)); err == nil {
		t.Fatal("a JWS with a payload was taken as detached")
	}
}

// FuzzHeaders feeds signature headers of any form to the verifier: it must
// refuse or accept, never panic, and never accept what it did not sign.
func FuzzHeaders(f *testing.F) {
	k := newKey(f, "gb-1")
	v := verifier(f, map[string]signature.Key{"GB-FIU": k})
	r := signed(f, k, now, nonce)
	f.Add(r.Header.Get("Signature-Input"), r.Header.Get("Signature"), r.Header.Get("Content-Digest"))
	f.Add(`haltwire=("@method";req "@path");created=1;expires=2;tag="haltwire"`, `haltwire=:AAAA:`, `sha-256=:AAAA:`)
	f.Add(`a=(), b=1`, `a`, ``)
	f.Fuzz(func(t *testing.T, input, sig, digest string) {
		r := post(body)
		r.Header["Signature-Input"] = []string{input}
		r.Header["Signature"] = []string{sig}
		r.Header["Content-Digest"] = []string{digest}
		if got, err := v.Verify(r, []byte(body)); err == nil && got.Nonce != nonce {
			t.Fatalf("accepted %q", input)
		}
	})
}

// FuzzJWS feeds any text to the JWS parsers.
func FuzzJWS(f *testing.F) {
	set := setOf(f, newKey(f, "gb-1"))
	f.Add("eyJhbGciOiJFZERTQSIsImtpZCI6ImdiLTEifQ.e30.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if _, _, err := set.VerifyJWS([]byte(text)); err == nil {
			t.Fatalf("verified %q", text)
		}
		if _, err := set.VerifyDetached([]byte(text), []byte(body)); err == nil {
			t.Fatalf("verified detached %q", text)
		}
	})
}

func BenchmarkSignAndVerify(b *testing.B) {
	k := newKey(b, "gb-1")
	v := verifier(b, map[string]signature.Key{"GB-FIU": k})
	v.Nonces = signature.NewNonces(1 << 30)
	for b.Loop() {
		if _, err := v.Verify(signed(b, k, now, ""), []byte(body)); err != nil {
			b.Fatal(err)
		}
	}
}
