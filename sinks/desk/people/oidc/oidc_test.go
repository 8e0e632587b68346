package oidc_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
)

func now() time.Time { return time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC) }

// issuer is a provider that signs whatever the test wants.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	keys   map[jose.SignatureAlgorithm]crypto.Signer
	meta   func(map[string]any) // changes the metadata
	token  func(map[string]any) // changes the claims
	sign   func(claims []byte) string
	asked  int        // for the metadata
	form   url.Values // of the last exchange
	user   string     // of its basic authentication
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, keys: map[jose.SignatureAlgorithm]crypto.Signer{jose.RS256: rsaKey, jose.ES256: ecKey, jose.EdDSA: edKey}}
	i.sign = i.with(jose.RS256)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.serveMeta)
	mux.HandleFunc("GET /jwks", i.serveKeys)
	mux.HandleFunc("POST /token", i.serveToken)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) serveMeta(w http.ResponseWriter, _ *http.Request) {
	i.asked++
	u := i.server.URL
	meta := map[string]any{
		"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/jwks",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	if i.meta != nil {
		i.meta(meta)
	}
	_ = json.NewEncoder(w).Encode(meta)
}

func (i *issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	var set jose.JSONWebKeySet
	for alg, key := range i.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: string(alg), Use: "sig"})
	}
	_ = json.NewEncoder(w).Encode(set)
}

func (i *issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	i.form = r.PostForm
	i.user, _, _ = r.BasicAuth()
	if r.PostForm.Get("code") != "good-code" {
		http.Error(w, `{"error":"invalid_grant","error_description":"`+r.PostForm.Get("code")+`"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{
		"iss": i.server.URL, "sub": "subject-1", "aud": "desk", "exp": now().Add(time.Hour).Unix(), "iat": now().Unix(),
		"nonce": i.form.Get("test_nonce"), "name": "Duty Officer", "groups": []string{"freeze-desk", "canteen"},
	}
	if i.token != nil {
		i.token(claims)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": i.sign(text)})
}

// with signs with a key of the issuer.
func (i *issuer) with(alg jose.SignatureAlgorithm) func([]byte) string {
	return func(claims []byte) string { return i.jws(alg, i.keys[alg], string(alg), claims) }
}

func (i *issuer) jws(alg jose.SignatureAlgorithm, key any, kid string, claims []byte) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := s.Sign(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *issuer) config() oidc.Config {
	return oidc.Config{
		Issuer: i.server.URL, ClientID: "desk", RedirectURL: "https://desk.example/auth/oidc/callback", RoleClaim: "groups",
		Roles: map[string]caselog.Role{"freeze-desk": caselog.RoleOfficer, "freeze-head": caselog.RoleHead, "audit": caselog.RoleAuditor},
	}
}

func (i *issuer) client(c oidc.Config) *oidc.Client {
	return oidc.New(c, oidc.Options{Secret: "s3cret", Pseudonym: []byte("0123456789abcdef"), Now: now})
}

// login goes to the issuer and back; change may spoil what comes back.
func (i *issuer) login(c *oidc.Client, change func(*oidc.Flow, url.Values)) (oidc.Claims, error) {
	_, f, err := c.Start(context.Background())
	if err != nil {
		return oidc.Claims{}, err
	}
	nonce, token := f.Nonce, i.token
	i.token = func(claims map[string]any) {
		claims["nonce"] = nonce
		if token != nil {
			token(claims)
		}
	}
	defer func() { i.token = token }()
	back := url.Values{"state": {f.State}, "code": {"good-code"}}
	if change != nil {
		change(&f, back)
	}
	return c.Finish(context.Background(), f, back)
}

func TestLogin(t *testing.T) {
	i := newIssuer(t)
	c := i.client(i.config())
	to, f, err := c.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(f.Verifier))
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "desk", "redirect_uri": "https://desk.example/auth/oidc/callback", "scope": "openid profile",
		"state": f.State, "nonce": f.Nonce, "code_challenge_method": "S256", "code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]),
	} {
		if got := u.Query().Get(name); got != want || want == "" {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA} {
		i.sign = i.with(alg)
		got, err := i.login(c, nil)
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		if got.Name != "Duty Officer" || !slices.Equal(got.Roles, []caselog.Role{caselog.RoleOfficer}) || !strings.HasPrefix(got.ID, "P-") || len(got.ID) != 18 {
			t.Errorf("%s: %+v", alg, got)
		}
		if i.form.Get("code_verifier") == "" || i.user != "desk" {
			t.Errorf("exchange without verifier or secret: %v", slices.Collect(maps.Keys(i.form)))
		}
	}
	if i.asked != 1 {
		t.Errorf("metadata asked %d times", i.asked)
	}
}

// TestTokensThatAreNotOurs plays a provider's ID token against every check.
func TestTokensThatAreNotOurs(t *testing.T) {
	set := func(name string, v any) func(map[string]any) {
		return func(c map[string]any) { c[name] = v }
	}
	for name, c := range map[string]struct {
		token func(map[string]any)
		want  string
	}{
		"issuer":            {set("iss", "https://evil.example"), "different provider"},
		"audience":          {set("aud", "other"), "expected audience"},
		"expired":           {set("exp", now().Add(-time.Second).Unix()), "expired"},
		"no expiry":         {func(c map[string]any) { delete(c, "exp") }, "expired"},
		"not yet":           {set("nbf", now().Add(time.Hour).Unix()), "before the nbf"},
		"nonce":             {set("nonce", "another"), "nonce"},
		"no nonce":          {func(c map[string]any) { delete(c, "nonce") }, "nonce"},
		"other party":       {set("azp", "other"), "another client"},
		"many, no party":    {set("aud", []string{"desk", "other"}), "another client"},
		"party is no text":  {set("azp", []string{"desk"}), "another client"},
		"nobody":            {set("sub", ""), "names nobody"},
		"no group":          {set("groups", []string{"canteen"}), "no role"},
		"groups are absent": {func(c map[string]any) { delete(c, "groups") }, "no role"},
		"groups an object":  {set("groups", map[string]any{"freeze-desk": true}), "no role"},
		"roles that clash":  {set("groups", []string{"freeze-desk", "audit"}), "no role"},
		"role by its name":  {set("groups", []string{"head"}), "no role"},
	} {
		i := newIssuer(t)
		i.token = c.token
		if got, err := i.login(i.client(i.config()), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", name, got, err, c.want)
		}
	}
	i := newIssuer(t)
	i.token = set("groups", "freeze-desk")
	if _, err := i.login(i.client(i.config()), nil); err != nil {
		t.Errorf("one group as a text: %v", err)
	}
	i.token = set("aud", []string{"desk"})
	if _, err := i.login(i.client(i.config()), nil); err != nil {
		t.Errorf("one audience as a list: %v", err)
	}
}

// TestAlgorithmConfusion signs with what an attacker has: nothing, or the public
// keys of the provider.
func TestAlgorithmConfusion(t *testing.T) {
	i := newIssuer(t)
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	unsigned := func(alg string) func([]byte) string {
		return func(claims []byte) string {
			return part(map[string]string{"alg": alg, "typ": "JWT"}) + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
		}
	}
	der, err := x509.MarshalPKIXPublicKey(i.keys[jose.RS256].Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, sign := range map[string]func([]byte) string{
		"none": unsigned("none"), "None": unsigned("None"), "NONE": unsigned("nOnE"), "no algorithm": unsigned(""),
		"HS256 with the public key": func(c []byte) string { return i.jws(jose.HS256, public, "RS256", c) },
		"HS256 with the DER":        func(c []byte) string { return i.jws(jose.HS256, der, "RS256", c) },
		"HS256 with the secret":     func(c []byte) string { return i.jws(jose.HS256, []byte(strings.Repeat("s3cret", 6)), "", c) },
		"RS512":                     func(c []byte) string { return i.jws(jose.RS512, i.keys[jose.RS256], "RS256", c) },
		"PS256":                     func(c []byte) string { return i.jws(jose.PS256, i.keys[jose.RS256], "RS256", c) },
		"another's RSA key":         func(c []byte) string { return i.jws(jose.RS256, foreign, "RS256", c) },
		"another's, unknown kid":    func(c []byte) string { return i.jws(jose.RS256, foreign, "x", c) },
		"own key in the header": func(c []byte) string {
			s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: foreign}, &jose.SignerOptions{EmbedJWK: true})
			if err != nil {
				t.Fatal(err)
			}
			signed, err := s.Sign(c)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := signed.CompactSerialize()
			return text
		},
		"claims changed": func(c []byte) string {
			parts := strings.Split(i.jws(jose.RS256, i.keys[jose.RS256], "RS256", []byte("{}")), ".")
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(c) + "." + parts[2]
		},
		"no token": func([]byte) string { return "" }, "no JWT": func([]byte) string { return "a.b" },
	} {
		i.sign = sign
		if got, err := i.login(i.client(i.config()), nil); err == nil {
			t.Errorf("%s: taken as %+v", name, got)
		}
	}
}

// TestWayBack plays with what the browser brings back.
func TestWayBack(t *testing.T) {
	i := newIssuer(t)
	for name, change := range map[string]func(*oidc.Flow, url.Values){
		"another state":      func(_ *oidc.Flow, v url.Values) { v.Set("state", "x") },
		"no state":           func(_ *oidc.Flow, v url.Values) { v.Del("state") },
		"no state, no flow":  func(f *oidc.Flow, v url.Values) { *f = oidc.Flow{}; v.Del("state") },
		"the provider's no":  func(_ *oidc.Flow, v url.Values) { v.Set("error", "access_denied\nlevel=INFO") },
		"another provider":   func(_ *oidc.Flow, v url.Values) { v.Set("iss", "https://evil.example") },
		"another code":       func(_ *oidc.Flow, v url.Values) { v.Set("code", "stolen-code") },
		"nonce of another":   func(f *oidc.Flow, _ url.Values) { f.Nonce = "x" },
		"no code":            func(_ *oidc.Flow, v url.Values) { v.Del("code") },
		"code with controls": func(_ *oidc.Flow, v url.Values) { v.Set("code", "a\nb") },
	} {
		_, err := i.login(i.client(i.config()), change)
		if err == nil || strings.Contains(name, "state") != strings.Contains(err.Error(), "the state is not") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, word := range []string{"stolen-code", "good-code", "s3cret", "\n"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s: the error has %q: %v", name, word, err)
			}
		}
	}
	if _, err := i.login(i.client(i.config()), func(_ *oidc.Flow, v url.Values) { v.Set("iss", i.server.URL) }); err != nil {
		t.Errorf("our own issuer is refused: %v", err)
	}
}

func TestIDs(t *testing.T) {
	i := newIssuer(t)
	c := i.config()
	first, err := i.login(i.client(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := i.login(i.client(c), nil)
	i.token = func(m map[string]any) { m["sub"], m["name"] = "subject-2", "a\x1b[31m" }
	other, err := i.login(i.client(c), nil)
	if err != nil || first.ID != again.ID || first.ID == other.ID || other.Name != other.ID {
		t.Errorf("%+v, %+v, %+v, %v", first, again, other, err)
	}
	if strings.Contains(first.ID, "subject") {
		t.Error("the pseudonym tells the subject")
	}
	c.IDClaim = "staff"
	for id, ok := range map[string]bool{"O7": true, "o.seven-7_a": true, "": false, "a@b.example": false, "../O1": false, "O1\n": false, strings.Repeat("a", 33): false} {
		i.token = func(m map[string]any) { m["staff"] = id }
		if got, err := i.login(i.client(c), nil); (err == nil) != ok || ok && got.ID != id {
			t.Errorf("staff id %q: %+v, %v", id, got, err)
		}
	}
	c.RoleClaim = "realm.access.roles"
	i.token = func(m map[string]any) {
		m["staff"], m["realm"] = "O7", map[string]any{"access": map[string]any{"roles": []any{"freeze-head", 7, "freeze-desk"}}}
	}
	got, err := i.login(i.client(c), nil)
	if err != nil || !slices.Equal(got.Roles, []caselog.Role{caselog.RoleHead, caselog.RoleOfficer}) {
		t.Errorf("roles in an object: %+v, %v", got, err)
	}
	i.token = func(m map[string]any) {
		m["staff"], m["realm.access.roles"], m["realm"] = "O7", "freeze-desk", "x"
	}
	if got, err = i.login(i.client(c), nil); err != nil || len(got.Roles) != 1 {
		t.Errorf("a claim with dots in its name: %+v, %v", got, err)
	}
}

func TestProvidersThatAreNone(t *testing.T) {
	for name, meta := range map[string]func(map[string]any){
		"another issuer":   func(m map[string]any) { m["issuer"] = "https://evil.example" },
		"keys without TLS": func(m map[string]any) { m["jwks_uri"] = "http://keys.example/jwks" },
		"token by file":    func(m map[string]any) { m["token_endpoint"] = "file:///etc/passwd" },
		"script":           func(m map[string]any) { m["authorization_endpoint"] = "javascript:alert(1)" },
		"endless":          func(m map[string]any) { m["padding"] = strings.Repeat("x", 2<<20) },
	} {
		i := newIssuer(t)
		i.meta = meta
		if to, _, err := i.client(i.config()).Start(t.Context()); err == nil {
			t.Errorf("%s: sends browsers to %s", name, to)
		}
	}
	i := newIssuer(t)
	i.meta = func(m map[string]any) { m["issuer"] = "x" }
	clock := now()
	c := oidc.New(i.config(), oidc.Options{Now: func() time.Time { return clock }})
	for range 3 {
		_, _, _ = c.Start(t.Context())
	}
	if i.asked != 1 {
		t.Errorf("a provider that is down was asked %d times in a moment", i.asked)
	}
	i.meta, clock = nil, clock.Add(5*time.Second)
	if _, _, err := c.Start(t.Context()); err != nil {
		t.Errorf("a provider that came back: %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	i := newIssuer(t)
	moved := httptest.NewServer(http.RedirectHandler(i.server.URL+"/.well-known/openid-configuration", http.StatusFound))
	defer moved.Close()
	c := i.config()
	c.Issuer = moved.URL
	if _, _, err := i.client(c).Start(t.Context()); err == nil || i.asked != 0 {
		t.Errorf("error %v, asked %d times", err, i.asked)
	}
}

func TestConfig(t *testing.T) {
	if err := (oidc.Config{}).Validate(); err != nil {
		t.Errorf("no provider: %v", err)
	}
	for u, ok := range map[string]bool{
		"https://id.example": true, "https://id.example/realms/a": true, "http://127.0.0.1:9": true, "http://[::1]:9": true, "http://localhost": true,
		"http://id.example": false, "http://localhost.example": false, "http://127.0.0.1.example": false, "ftp://id.example": false,
		"https://": false, "id.example": false, "https://a:b@id.example": false, "https://id.example#x": false, "javascript:alert(1)": false, "": false,
	} {
		if err := oidc.CheckURL(u); (err == nil) != ok {
			t.Errorf("%q: %v", u, err)
		}
	}
}
