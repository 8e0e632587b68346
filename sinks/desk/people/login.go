package people

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

const (
	// 4 KiB: an id, a password and a code.
	maxBody = 4 << 10
	// 5 s is how long a login waits for a place.
	placeTimeout = 5 * time.Second
	// nobody is the id of the decoy; no person has it.
	nobody = ""
)

// Handler returns the handler of logins; see the package's comment for its paths.
func (p *People) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/login", p.serveLogin)
	mux.HandleFunc("GET /api/v1/session", p.serveSession)
	mux.HandleFunc("POST /api/v1/logout", p.serveLogout)
	mux.HandleFunc("GET /auth/oidc/start", p.throughProvider(p.serveStart))
	mux.HandleFunc("GET /auth/oidc/callback", p.throughProvider(p.serveCallback))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer") // a callback's address has a code
		if !p.ours(r) {
			problem(w, http.StatusMisdirectedRequest, "host", "without TLS the desk answers loopback names and people.origin only")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Credentials is the body of a login.
type Credentials struct {
	ID       string `json:"id"`
	Password string `json:"password"`
	Code     string `json:"code"` // of the authenticator app, six digits that are good once
}

// SessionView is the answer of a login, and who the caller is.
type SessionView struct {
	Person  Person     `json:"person"`
	How     string     `json:"how"`               // session | oidc | token
	CSRF    string     `json:"csrf,omitempty"`    // X-CSRF-Token of whatever changes something
	Machine bool       `json:"machine,omitempty"` // a machine's token: it has no roles and decides nothing
	Scopes  []Scope    `json:"scopes,omitempty"`  // of a token; a session has all that the roles allow
	Expires *time.Time `json:"expires,omitempty"` // of a new session, at the latest
}

func (p *People) serveLogin(w http.ResponseWriter, r *http.Request) {
	if p.users == nil {
		problem(w, http.StatusNotFound, "not_offered", "log in at the provider: /auth/oidc/start")
		return
	}
	if p.crossing.Check(r) != nil {
		problem(w, http.StatusForbidden, "csrf", ErrCSRF.Error())
		return
	}
	c, ok := readCredentials(w, r)
	if !ok {
		return
	}
	now, address := p.now(), p.address(r)
	account := accountKey(c.ID)
	if again, ok := p.admit(account, address, now); !ok {
		tooMany(w, again.Sub(now))
		p.log.Warn("login refused", "person", p.known(c.ID), "reason", "too many failures", "address", address)
		return
	}
	if !p.place(r.Context()) {
		p.accounts.Back(account, now)
		p.addresses.Back(address, now)
		w.Header().Set("Retry-After", "5")
		problem(w, http.StatusServiceUnavailable, "busy", "too many logins at once; try again")
		return
	}
	entry, reason := p.check(c, now)
	<-p.trying
	if reason != "" {
		p.log.Warn("login refused", "person", p.known(c.ID), "reason", reason, "address", address)
		problem(w, http.StatusUnauthorized, "wrong", "the id, the password or the code is wrong")
		return
	}
	p.accounts.Reset(account)
	p.addresses.Back(address, now) // not Reset: one's own account shall not buy guesses at others
	s := p.begin(w, r, entry.ID, login{how: HowSession, mark: markOf(entry)}, now)
	p.log.Info("login", "person", entry.ID, "how", HowSession, "address", address)
	answer(w, SessionView{Person: personOf(entry), How: HowSession, CSRF: s.CSRF, Expires: &s.Expires})
}

// check tries credentials and returns why they are refused, for the log alone. It
// does the same work whoever is asked for, and whatever is wrong.
func (p *People) check(c Credentials, now time.Time) (register.Person, string) {
	entry, known := p.user(c.ID)
	encoded, id, secret := entry.Password, entry.ID, entry.TOTP
	if encoded == "" {
		encoded = register.Decoy(p.users.Sample())
	}
	if secret == "" {
		id, secret = nobody, p.decoyTOTP
	}
	right := p.verify(c.Password, encoded)
	step, err := p.vault.Fit(id, secret, c.Code, now)
	switch {
	case !known:
		return entry, "unknown"
	case entry.Password == "" || entry.TOTP == "":
		return entry, "not enrolled"
	case err != nil:
		return entry, "secret cannot be read"
	case !right:
		return entry, "password"
	case entry.Locked:
		return entry, "locked"
	case step == 0:
		return entry, "code"
	case !p.take(entry.ID, step):
		return entry, "code used before"
	}
	return entry, ""
}

// admit counts a try of an account from an address as failed until it succeeds.
func (p *People) admit(account, address string, now time.Time) (again time.Time, ok bool) {
	if again, ok = p.addresses.Try(address, now); !ok {
		return again, false
	}
	return p.accounts.Try(account, now)
}

// place waits for a place to try a password in; false when there is none in time.
func (p *People) place(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, placeTimeout)
	defer cancel()
	select {
	case p.trying <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// known returns an id for the log: what somebody typed who is not one of us may be
// a password.
func (p *People) known(id string) string {
	if entry, ok := p.user(id); ok {
		return entry.ID
	}
	return "unknown"
}

// accountKey bounds what a counter keeps of what somebody typed; O1 and o1 are one.
func accountKey(id string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(id)))
	return string(sum[:])
}

func (p *People) serveSession(w http.ResponseWriter, r *http.Request) {
	i, err := p.Identify(r)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, SessionView{Person: i.Person, How: i.How, CSRF: i.CSRF, Machine: i.Machine, Scopes: i.Scopes})
}

func (p *People) serveLogout(w http.ResponseWriter, r *http.Request) {
	i, err := p.Identify(r)
	if err != nil {
		refuse(w, err)
		return
	}
	if id, ok := p.cookie(r); ok && i.How != HowToken {
		p.sessions.End(id)
		p.setCookie(w, r, "")
		p.log.Info("logout", "person", i.Person.ID)
	}
	w.WriteHeader(http.StatusNoContent)
}

// readCredentials reads a small JSON body; a form of another site cannot send one.
func readCredentials(w http.ResponseWriter, r *http.Request) (c Credentials, ok bool) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		problem(w, http.StatusUnsupportedMediaType, "media_type", "want application/json")
		return c, false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(&c)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return c, true
		}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		problem(w, http.StatusRequestEntityTooLarge, "too_large", "the body is larger than 4 KiB")
		return c, false
	}
	problem(w, http.StatusBadRequest, "body", `want {"id":…,"password":…,"code":…}`)
	return c, false
}

func tooMany(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	problem(w, http.StatusTooManyRequests, "locked_out", "too many failed logins; try again later")
}

func refuse(w http.ResponseWriter, err error) {
	status, code := Status(err)
	problem(w, status, code, err.Error())
}

// problem answers as RFC 9457 has it.
func problem(w http.ResponseWriter, status int, code, detail string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client is gone otherwise
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail,
	})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client is gone otherwise
}
