package signature

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dunglas/httpsfv"
)

const (
	// Lifetime is how long a signature is valid, the most that FREEZE 2.4 allows.
	Lifetime = 300 * time.Second
	// Skew is how far a partner's clock may run ahead of ours.
	Skew = 60 * time.Second
	// Tag marks the one signature of a request that is meant for haltwire.
	Tag = "haltwire"

	label = "haltwire"
)

// Sign adds Content-Digest, Signature-Input and Signature to a request whose
// method, URL, Content-Type and Idempotency-Key are final. An empty nonce is
// replaced by a random one.
func Sign(r *http.Request, body []byte, key Key, created time.Time, nonce string) error {
	digest, err := contentDigest(body)
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	r.Header.Set("Content-Digest", digest)
	if nonce == "" {
		nonce = rand.Text()
	}
	list := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, name := range covered() {
		list.Items = append(list.Items, httpsfv.NewItem(name))
	}
	list.Params.Add("created", created.Unix())
	list.Params.Add("expires", created.Add(Lifetime).Unix())
	list.Params.Add("nonce", nonce)
	list.Params.Add("keyid", key.id)
	list.Params.Add("tag", Tag)
	text, err := base(r, list)
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	return setHeaders(r, list, ed25519.Sign(key.private, text))
}

func setHeaders(r *http.Request, list httpsfv.InnerList, sig []byte) error {
	input, output := httpsfv.NewDictionary(), httpsfv.NewDictionary()
	input.Add(label, list)
	output.Add(label, httpsfv.NewItem(sig))
	for name, d := range map[string]*httpsfv.Dictionary{"Signature-Input": input, "Signature": output} {
		text, err := httpsfv.Marshal(d)
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		r.Header.Set(name, text)
	}
	return nil
}

// ErrFull says that a party used more nonces than are kept; it may come back
// later. The request was not refused for what it is.
var ErrFull = errors.New("too many live nonces of this key")

// ErrEarlier says that a request was signed before the nonces are remembered, so that
// nobody can tell whether it was used before. Signed anew it is taken.
var ErrEarlier = errors.New("signed before this process began: sign it anew")

// Refused is the error of a request whose signature does not hold. Reason is a
// stable word: malformed, missing, components, key, time, nonce, signature,
// digest, authority.
type Refused struct {
	Reason string
	Err    error
}

// Error says what was refused and why.
func (e *Refused) Error() string { return "verify signature: " + e.Reason + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Refused) Unwrap() error { return e.Err }

func refused(reason, format string, args ...any) *Refused {
	return &Refused{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Verified says who signed a request.
type Verified struct {
	Party, KeyID, Nonce string
	Created             time.Time

	expires time.Time
}

// Verifier verifies the signatures of requests. It is safe for concurrent use.
type Verifier struct {
	Ring   *Ring
	Nonces *Nonces
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Since is the moment from which on Nonces remembers, zero = for ever. What was
	// signed before it may have been used already: ErrEarlier.
	Since time.Time
	// Authorities, unless empty, are the names under which partners reach us;
	// a request that was signed for another host is refused.
	Authorities []string
}

// params are the checked parameters of a signature.
type params struct {
	list             httpsfv.InnerList
	sig              []byte
	keyID, nonce     string
	created, expires time.Time
}

// Verify checks a request whole: Head, then Body.
func (v *Verifier) Verify(r *http.Request, body []byte) (Verified, error) {
	got, err := v.Head(r)
	if err != nil {
		return Verified{}, err
	}
	return got, v.Body(r, got, body)
}

// Head checks the one signature with our tag, before the body is read:
// components, algorithm, times, authority, key and signature. The error is a
// *Refused or ErrEarlier.
func (v *Verifier) Head(r *http.Request) (Verified, error) {
	p, err := parse(r)
	if err != nil {
		return Verified{}, err
	}
	if err := p.checkTimes(v.now()); err != nil {
		return Verified{}, err
	}
	if a := Authority(r); len(v.Authorities) > 0 && !slices.Contains(v.Authorities, a) {
		return Verified{}, refused("authority", "signed for %q", a)
	}
	party, key, ok := v.Ring.find(p.keyID)
	if !ok {
		return Verified{}, refused("key", "unknown key id %q", p.keyID)
	}
	text, err := base(r, p.list)
	if err != nil {
		return Verified{}, &Refused{"components", err}
	}
	if !ed25519.Verify(key, text, p.sig) {
		return Verified{}, refused("signature", "does not fit the request and key %q", p.keyID)
	}
	if !v.Since.IsZero() && !p.created.After(v.Since) { // created has whole seconds
		return Verified{Party: party, KeyID: p.keyID}, ErrEarlier
	}
	return Verified{Party: party, KeyID: p.keyID, Nonce: p.nonce, Created: p.created, expires: p.expires}, nil
}

// Body checks what Head could not: the digest over the body, and last the
// nonce, which is then used up. The error is a *Refused or ErrFull.
func (v *Verifier) Body(r *http.Request, got Verified, body []byte) error {
	if err := checkDigest(r.Header.Get("Content-Digest"), body); err != nil {
		return &Refused{"digest", err}
	}
	fresh, full := v.Nonces.Use(got.KeyID, got.Nonce, got.expires, v.now())
	switch {
	case full:
		return ErrFull
	case !fresh:
		return refused("nonce", "was used before")
	}
	return nil
}

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}

// parse finds the signature with our tag and checks its form.
func parse(r *http.Request) (params, error) {
	input, err := dictionary(r, "Signature-Input")
	if err != nil {
		return params{}, err
	}
	output, err := dictionary(r, "Signature")
	if err != nil {
		return params{}, err
	}
	name, list, err := ours(input)
	if err != nil {
		return params{}, err
	}
	member, _ := output.Get(name)
	item, _ := member.(httpsfv.Item)
	sig, ok := item.Value.([]byte)
	if !ok || len(sig) != ed25519.SignatureSize {
		return params{}, refused("malformed", "signature %q is not %d bytes", name, ed25519.SignatureSize)
	}
	return read(list, sig)
}

func dictionary(r *http.Request, name string) (*httpsfv.Dictionary, error) {
	values := r.Header.Values(name)
	if len(values) == 0 {
		return nil, refused("missing", "no header %s", name)
	}
	size := 0
	for _, v := range values {
		size += len(v)
	}
	if size > maxHeader {
		return nil, refused("malformed", "%s is longer than %d bytes", name, maxHeader)
	}
	d, err := httpsfv.UnmarshalDictionary(values)
	if err != nil {
		return nil, refused("malformed", "read %s: %w", name, err)
	}
	return d, nil
}

func ours(input *httpsfv.Dictionary) (string, httpsfv.InnerList, error) {
	var name string
	var found httpsfv.InnerList
	for _, n := range input.Names() {
		m, _ := input.Get(n)
		list, ok := m.(httpsfv.InnerList)
		if !ok {
			continue
		}
		if tag, _ := list.Params.Get("tag"); tag != Tag {
			continue
		}
		if name != "" {
			return "", found, refused("malformed", "two signatures with tag %s", Tag)
		}
		name, found = n, list
	}
	if name == "" {
		return "", found, refused("missing", "no signature with tag %s", Tag)
	}
	return name, found, nil
}

func read(list httpsfv.InnerList, sig []byte) (params, error) {
	p := params{list: list, sig: sig}
	var have []string
	for _, item := range list.Items {
		if s, ok := item.Value.(string); ok {
			have = append(have, s)
		}
	}
	for _, name := range covered() {
		if !slices.Contains(have, name) {
			return p, refused("components", "%q is not covered", name)
		}
	}
	if alg, there := list.Params.Get("alg"); there && alg != "ed25519" {
		return p, refused("key", "algorithm %v, want ed25519", alg)
	}
	get := func(name string) any { v, _ := list.Params.Get(name); return v }
	created, ok1 := get("created").(int64)
	expires, ok2 := get("expires").(int64)
	if !ok1 || !ok2 {
		return p, refused("time", "created and expires are needed")
	}
	p.created, p.expires = time.Unix(created, 0), time.Unix(expires, 0)
	p.keyID, _ = get("keyid").(string)
	p.nonce, _ = get("nonce").(string)
	if n := len(p.nonce); n < 16 || n > 64 {
		return p, refused("nonce", "%d characters, want 16 to 64", n)
	}
	return p, nil
}

func (p params) checkTimes(now time.Time) error {
	life := p.expires.Sub(p.created)
	switch {
	case p.created.After(now.Add(Skew)):
		return refused("time", "created %s in the future", p.created.Sub(now).Round(time.Second))
	case life <= 0 || life > Lifetime:
		return refused("time", "valid for %s, want at most %s", life, Lifetime)
	case !now.Before(p.expires):
		return refused("time", "expired %s ago", now.Sub(p.expires).Round(time.Second))
	}
	return nil
}
