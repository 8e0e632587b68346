package people

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
	"github.com/haltwire/haltwire/sinks/desk/people/session"
)

// CSRFHeader is the header that repeats the session's token.
const CSRFHeader = "X-CSRF-Token"

// Names of the session's cookie: with TLS, and on a loopback address without.
const (
	cookieName      = "__Host-haltwire"
	plainCookieName = "haltwire"
)

// Identify implements Guard. An Authorization header decides alone: a wrong token
// is not made good by a cookie.
func (p *People) Identify(r *http.Request) (Identity, error) {
	if values := r.Header.Values("Authorization"); len(values) > 0 {
		bearer, ok := strings.CutPrefix(values[0], "Bearer ")
		if !ok || len(values) > 1 {
			return Identity{}, ErrAnonymous
		}
		return p.byToken(bearer)
	}
	id, ok := p.cookie(r)
	if !ok || !p.ours(r) {
		return Identity{}, ErrAnonymous
	}
	now := p.now()
	s, ok := p.sessions.Use(id, now)
	if !ok {
		return Identity{}, ErrExpired
	}
	person, err := p.owner(s)
	if err != nil {
		p.sessions.End(id)
		return Identity{}, err
	}
	if unsafe(r.Method) && (p.crossing.Check(r) != nil || subtle.ConstantTimeCompare([]byte(r.Header.Get(CSRFHeader)), []byte(s.CSRF)) != 1) {
		return Identity{}, ErrCSRF
	}
	return Identity{Person: person, How: s.Value.how, CSRF: s.CSRF}, nil
}

func (p *People) byToken(bearer string) (Identity, error) {
	if p.users == nil {
		return Identity{}, ErrAnonymous
	}
	t, ok := p.users.Token(bearer)
	if !ok {
		return Identity{}, ErrAnonymous
	}
	if !p.now().Before(t.Expires) {
		return Identity{}, ErrExpired
	}
	out := Identity{How: HowToken, Machine: t.Machine, Person: Person{ID: t.Name, Name: t.Name}}
	for _, s := range t.Scopes {
		out.Scopes = append(out.Scopes, Scope(s))
	}
	if t.Machine {
		return out, nil
	}
	entry, ok := p.user(t.Person)
	if !ok { // the file has just changed
		return Identity{}, ErrAnonymous
	}
	if entry.Locked {
		return Identity{}, ErrLocked
	}
	out.Person = personOf(entry)
	return out, nil
}

// owner returns whose session it is, as the users file says it now. Somebody of the
// provider who is also in the file has the file's roles and locks.
func (p *People) owner(s session.Session[login]) (Person, error) {
	entry, known := p.user(s.Owner)
	switch {
	case known && entry.Locked:
		return Person{}, ErrLocked
	case s.Value.how == HowSession && (!known || markOf(entry) != s.Value.mark):
		return Person{}, ErrExpired
	case known:
		return personOf(entry), nil
	}
	return s.Value.person, nil
}

func unsafe(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// secure reports whether the browser speaks TLS, to us or to the proxy.
func (p *People) secure(r *http.Request) bool { return r.TLS != nil || p.config.Origin != "" }

// ours reports whether the browser means us. Without TLS of our own a page of another
// site may reach us under its own name (DNS rebinding), so there only loopback names
// and the proxy's are ours.
func (p *People) ours(r *http.Request) bool {
	if r.TLS != nil || p.config.Origin == "https://"+r.Host {
		return true
	}
	u, err := url.Parse("http://" + r.Host)
	return err == nil && oidc.Loopback(u.Hostname())
}

func (p *People) cookieName(r *http.Request) string {
	if p.secure(r) {
		return cookieName
	}
	return plainCookieName
}

// cookie returns the session id of a request. Two cookies of the name are none:
// one of them may have been planted.
func (p *People) cookie(r *http.Request) (string, bool) {
	all := r.CookiesNamed(p.cookieName(r))
	if len(all) != 1 || all[0].Value == "" {
		return "", false
	}
	return all[0].Value, true
}

// setCookie hands a session to the browser; an empty id takes it away.
func (p *People) setCookie(w http.ResponseWriter, r *http.Request, id string) {
	c := &http.Cookie{Name: p.cookieName(r), Value: id, Path: "/", HttpOnly: true, Secure: p.secure(r), SameSite: http.SameSiteStrictMode}
	if id == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// address returns where a browser is, an IPv6 address cut to its /64, in which one
// host has all addresses.
func (p *People) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if hops := r.Header.Values("X-Forwarded-For"); p.config.Forwarded && len(hops) > 0 {
		last := hops[len(hops)-1]
		host = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

// begin makes a session in place of the one that the browser had, so that an id
// that somebody planted is worth nothing.
func (p *People) begin(w http.ResponseWriter, r *http.Request, owner string, l login, now time.Time) session.Session[login] {
	if old, ok := p.cookie(r); ok {
		p.sessions.End(old)
	}
	id, s := p.sessions.Begin(owner, l, now)
	p.setCookie(w, r, id)
	return s
}
