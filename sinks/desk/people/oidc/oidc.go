// Package oidc owns the way to an OpenID Connect provider and back: the code flow
// with PKCE, state and nonce, and who somebody is by the claims of an ID token
// whose signature, issuer, audience and time have been checked.
//
// A provider signs with RS256, ES256 or EdDSA; "none" and the algorithms whose key
// is a shared secret are refused whatever the provider's metadata say. Somebody
// whose groups give no role has no access.
//
// It must not know sessions or cookies: a Flow is the caller's to keep, bound to
// the browser that began it.
package oidc

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	provider "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
)

// Config is people.oidc.
type Config struct {
	Issuer           string                  `yaml:"issuer"` // https, except on a loopback address; "" = no provider
	ClientID         string                  `yaml:"client_id"`
	ClientSecretFile string                  `yaml:"client_secret_file"` // "" = a public client, which PKCE protects
	RedirectURL      string                  `yaml:"redirect_url"`       // https://desk.example/auth/oidc/callback
	RoleClaim        string                  `yaml:"role_claim"`         // claim with groups; a.b goes into an object
	IDClaim          string                  `yaml:"id_claim"`           // claim with the staff id; "" = a pseudonym made from iss and sub
	Roles            map[string]caselog.Role `yaml:"roles"`              // group: role
}

// Options is what New needs beside the config.
type Options struct {
	Secret    conn.Secret       // of the client
	Pseudonym []byte            // key under which subjects become ids
	Transport http.RoundTripper // nil = a new one
	Now       func() time.Time
}

const (
	exchangeTimeout = 10 * time.Second // of one request to the provider
	patience        = 5 * time.Second  // between two askings of a provider that does not answer
	maxAnswer       = 1 << 20          // bytes of one answer of the provider
	pseudonymSize   = 16               // characters: 80 bits
)

// Flow is one way to the provider and back.
type Flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Client logs people in at one provider. Safe for concurrent use.
type Client struct {
	config Config
	opt    Options
	http   *http.Client

	mu     sync.Mutex
	found  *discovered // nil = not asked yet
	failed error       // of the last asking
	asked  time.Time
}

type discovered struct {
	oauth    oauth2.Config
	verifier *provider.IDTokenVerifier
}

// New returns a client of a valid config. It asks the provider nothing.
func New(c Config, o Options) *Client {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	return &Client{config: c, opt: o, http: &http.Client{
		Transport: bounded{o.Transport}, Timeout: exchangeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Start begins a flow and returns where the browser goes. It asks the provider for
// its metadata the first time.
func (c *Client) Start(ctx context.Context) (to string, f Flow, err error) {
	d, err := c.discover(ctx)
	if err != nil {
		return "", Flow{}, err
	}
	f = Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return d.oauth.AuthCodeURL(f.State, provider.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), f, nil
}

// Finish ends a flow with what the browser brought back, and returns who it is. No
// error contains a code or a token.
func (c *Client) Finish(ctx context.Context, f Flow, back url.Values) (Claims, error) {
	if f.State == "" || subtle.ConstantTimeCompare([]byte(f.State), []byte(back.Get("state"))) != 1 {
		return Claims{}, errors.New("finish login: the state is not that of this browser")
	}
	if back.Has("error") {
		return Claims{}, errors.New("finish login: the provider refused")
	}
	if iss := back.Get("iss"); iss != "" && iss != c.config.Issuer { // RFC 9207
		return Claims{}, errors.New("finish login: the answer is another provider's")
	}
	d, err := c.discover(ctx)
	if err != nil {
		return Claims{}, err
	}
	token, err := d.oauth.Exchange(provider.ClientContext(ctx, c.http), back.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Claims{}, fmt.Errorf("finish login: exchange code: %w", plain(err))
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Claims{}, errors.New("finish login: the provider sent no ID token")
	}
	id, err := d.verifier.Verify(provider.ClientContext(ctx, c.http), raw)
	if err != nil {
		return Claims{}, fmt.Errorf("finish login: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return Claims{}, errors.New("finish login: the nonce is not that of this login")
	}
	return c.claims(id)
}

// plain leaves out the body of the provider's answer, which may repeat the code.
func plain(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("the provider answered %d", refused.Response.StatusCode)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return errors.New("the provider's answer is none of a token endpoint")
}

// discover returns the provider's metadata, asked once. An error stands for a
// moment, so that those who waited for it do not wait one after the other; then the
// next login asks again.
func (c *Client) discover(ctx context.Context) (*discovered, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found != nil || c.failed != nil && c.opt.Now().Sub(c.asked) < patience {
		return c.found, c.failed
	}
	c.found, c.failed = c.ask(context.WithoutCancel(ctx)) // for everybody, not for this browser alone
	c.asked = c.opt.Now()
	return c.found, c.failed
}

func (c *Client) ask(ctx context.Context) (*discovered, error) {
	p, err := provider.NewProvider(provider.ClientContext(ctx, c.http), c.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("ask provider for its metadata: %w", err)
	}
	var keys struct {
		URL string `json:"jwks_uri"`
	}
	if err := p.Claims(&keys); err != nil {
		return nil, fmt.Errorf("ask provider for its metadata: %w", err)
	}
	for _, u := range []string{p.Endpoint().AuthURL, p.Endpoint().TokenURL, keys.URL} {
		if err := CheckURL(u); err != nil {
			return nil, fmt.Errorf("ask provider for its metadata: %w", err)
		}
	}
	return &discovered{
		oauth: oauth2.Config{
			ClientID: c.config.ClientID, ClientSecret: c.opt.Secret.Reveal(), Endpoint: p.Endpoint(),
			RedirectURL: c.config.RedirectURL, Scopes: []string{provider.ScopeOpenID, "profile"},
		},
		verifier: p.Verifier(&provider.Config{
			ClientID: c.config.ClientID, Now: c.opt.Now,
			SupportedSigningAlgs: []string{provider.RS256, provider.ES256, provider.EdDSA},
		}),
	}, nil
}

// pseudonym returns the id of a subject: nobody can tell whose it is without the
// key.
func (c *Client) pseudonym(issuer, subject string) string {
	mac := hmac.New(sha256.New, c.opt.Pseudonym)
	for _, s := range []string{issuer, subject} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		mac.Write([]byte(s))
	}
	return "P-" + base32.StdEncoding.EncodeToString(mac.Sum(nil))[:pseudonymSize]
}

// CheckURL says why a URL cannot be trusted with a login: want https, or http on a
// loopback address.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is no URL of a server", s)
	}
	if u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%q: want https, or http on a loopback address", s)
}

// Loopback reports whether a host is this machine by name or address.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Validate reports what is wrong with the config; a config without an issuer is
// one without a provider.
func (c Config) Validate() error {
	if c.Issuer == "" {
		return nil
	}
	var errs []error
	if err := CheckURL(c.Issuer); err != nil {
		errs = append(errs, fmt.Errorf("people.oidc.issuer: %w", err))
	}
	if err := CheckURL(c.RedirectURL); err != nil {
		errs = append(errs, fmt.Errorf("people.oidc.redirect_url: %w", err))
	}
	if c.ClientID == "" || c.RoleClaim == "" || len(c.Roles) == 0 {
		errs = append(errs, errors.New("people.oidc: client_id, role_claim and roles are required"))
	}
	known := []caselog.Role{caselog.RoleOfficer, caselog.RoleSupervisor, caselog.RoleHead, caselog.RoleAuditor, caselog.RoleAdmin}
	for group, role := range c.Roles {
		if !slices.Contains(known, role) {
			errs = append(errs, fmt.Errorf("people.oidc.roles: %s: %q is none of officer, supervisor, head, auditor, admin", group, role))
		}
	}
	return errors.Join(errs...)
}

// bounded cuts answers off that are larger than any provider's.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}
