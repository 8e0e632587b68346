package people

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
)

const (
	flowCookie      = "__Host-haltwire-oidc"
	plainFlowCookie = "haltwire-oidc"
	// 10 minutes to log in at the provider.
	flowTimeout = 10 * time.Minute
)

// landing is where a callback ends. It is a page and not a redirect, because a
// browser that follows a redirect from another site sends no SameSite=Strict cookie.
const landing = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>haltwire</title><a href="/">Go on</a>`

// flows seals the way to the provider into a cookie of the browser that goes it:
// nothing is kept here, so nobody can fill or empty it.
type flows struct{ aead cipher.AEAD }

type sealedFlow struct {
	oidc.Flow
	Until time.Time `json:"until"`
}

// newFlows makes a key that lives as long as the process.
func newFlows() (flows, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	block, err := aes.NewCipher(key)
	if err != nil {
		return flows{}, fmt.Errorf("make key of flows: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return flows{}, fmt.Errorf("make key of flows: %w", err)
	}
	return flows{aead}, nil
}

func (f flows) seal(flow oidc.Flow, until time.Time) (string, error) {
	text, err := json.Marshal(sealedFlow{flow, until})
	if err != nil {
		return "", fmt.Errorf("seal flow: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(f.aead.Seal(nil, nil, text, nil)), nil
}

func (f flows) open(cookie string, now time.Time) (oidc.Flow, error) {
	box, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return oidc.Flow{}, errors.New("open flow: not ours")
	}
	text, err := f.aead.Open(nil, nil, box, nil)
	if err != nil {
		return oidc.Flow{}, errors.New("open flow: not ours, or of a process before this one")
	}
	var s sealedFlow
	if err := json.Unmarshal(text, &s); err != nil {
		return oidc.Flow{}, fmt.Errorf("open flow: %w", err)
	}
	if !now.Before(s.Until) {
		return oidc.Flow{}, errors.New("open flow: too old")
	}
	return s.Flow, nil
}

// throughProvider serves h where there is a provider.
func (p *People) throughProvider(h http.HandlerFunc) http.HandlerFunc {
	if p.provider != nil {
		return h
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusNotFound, "not_offered", "there is no provider here: log in with password and code, POST /api/v1/login")
	}
}

func (p *People) serveStart(w http.ResponseWriter, r *http.Request) {
	to, flow, err := p.provider.Start(r.Context())
	if err != nil {
		p.log.Error("login at the provider cannot begin", "error", err)
		problem(w, http.StatusBadGateway, "provider", "the provider does not answer")
		return
	}
	sealed, err := p.flows.seal(flow, p.now().Add(flowTimeout))
	if err != nil {
		problem(w, http.StatusInternalServerError, "internal", "the login cannot begin")
		return
	}
	p.setFlow(w, r, sealed)
	w.Header().Set("Location", to) // nothing to read, unlike http.Redirect
	w.WriteHeader(http.StatusFound)
}

func (p *People) serveCallback(w http.ResponseWriter, r *http.Request) {
	now, address := p.now(), p.address(r)
	claims, err := p.finish(r, now)
	if errors.Is(err, oidc.ErrNoRole) {
		p.log.Warn("login refused", "reason", err, "address", address)
		problem(w, http.StatusForbidden, "no_role", oidc.ErrNoRole.Error())
		return
	}
	if err != nil {
		p.log.Warn("login refused", "reason", err, "address", address)
		problem(w, http.StatusUnauthorized, "provider", "the login at the provider did not succeed; begin again at /auth/oidc/start")
		return
	}
	if entry, ok := p.user(claims.ID); ok {
		claims.ID = entry.ID
		if entry.Locked {
			p.log.Warn("login refused", "person", claims.ID, "reason", "locked", "address", address)
			refuse(w, ErrLocked)
			return
		}
	}
	p.setFlow(w, r, "")
	person := Person{ID: claims.ID, Name: claims.Name, Roles: claims.Roles}
	p.begin(w, r, claims.ID, login{how: HowOIDC, person: person}, now)
	p.log.Info("login", "person", claims.ID, "how", HowOIDC, "address", address)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	_, _ = w.Write([]byte(landing)) // the client is gone otherwise
}

func (p *People) finish(r *http.Request, now time.Time) (oidc.Claims, error) {
	all := r.CookiesNamed(p.flowName(r))
	if len(all) != 1 {
		return oidc.Claims{}, errors.New("this browser did not begin a login")
	}
	flow, err := p.flows.open(all[0].Value, now)
	if err != nil {
		return oidc.Claims{}, err
	}
	return p.provider.Finish(r.Context(), flow, r.URL.Query())
}

func (p *People) flowName(r *http.Request) string {
	if p.secure(r) {
		return flowCookie
	}
	return plainFlowCookie
}

// setFlow hands a flow to the browser; an empty one takes it away. The cookie is
// SameSite=Lax, because the provider sends the browser back.
func (p *People) setFlow(w http.ResponseWriter, r *http.Request, sealed string) {
	c := &http.Cookie{Name: p.flowName(r), Value: sealed, Path: "/", HttpOnly: true, Secure: p.secure(r), SameSite: http.SameSiteLaxMode, MaxAge: int(flowTimeout / time.Second)}
	if sealed == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
