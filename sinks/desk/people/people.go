package people

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people/lockout"
	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
	"github.com/haltwire/haltwire/sinks/desk/people/session"
)

// Options is what New needs.
type Options struct {
	Config    Config            // Configured and valid
	Root      *caselog.Root     // keys are derived from it
	Log       *slog.Logger      // nil discards
	Now       func() time.Time  // nil = time.Now
	Transport http.RoundTripper // to the provider; nil = the default
}

// People knows who works at the desk. Safe for concurrent use.
type People struct {
	config Config
	log    *slog.Logger
	now    func() time.Time

	users     *register.Reader // nil = no users file
	vault     *register.Vault
	provider  *oidc.Client // nil = none
	flows     flows
	sessions  *session.Store[login]
	accounts  *lockout.Counter
	addresses *lockout.Counter
	crossing  *http.CrossOriginProtection
	trying    chan struct{} // a place a password that is being tried
	verify    func(password, encoded string) bool

	decoyTOTP string
	mu        sync.Mutex
	used      map[string]int64 // person → step of the last one-time code
	begun     int64            // no code of this step or before is taken: a process before this one may have taken it
}

// login is what a session keeps.
type login struct {
	how    string
	person Person            // of the provider
	mark   [sha256.Size]byte // of password and secret at the login; a change ends the session
}

const (
	// 2 passwords are tried at a time: 128 MiB, and as many cores as two.
	maxTrying = 2
	// 10 times as many failures as of an account lock an address, because people
	// share addresses.
	addressShare = 10
	// 10,000 sessions, accounts or addresses are a few MiB.
	maxHeld = 10_000
)

// New reads the users file and returns the people of a valid config. The provider
// is asked at the first login, not here.
func New(o Options) (*People, error) {
	if err := errors.Join(o.Config.Validate()); err != nil {
		return nil, err
	}
	if !o.Config.Configured() || o.Root == nil {
		return nil, errors.New("make people: want a users file or a provider, and keys.log")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := o.Config
	p := &People{
		config: c, log: o.Log, now: o.Now, verify: register.Verify, crossing: http.NewCrossOriginProtection(),
		sessions:  session.New[login](session.Limits{Idle: c.Session.Idle.Std(), Longest: c.Session.Longest.Std(), Most: maxHeld}),
		accounts:  lockout.New(lockout.Limits{After: c.Lockout.After, For: c.Lockout.For.Std(), Keys: maxHeld}),
		addresses: lockout.New(lockout.Limits{After: addressShare * c.Lockout.After, For: c.Lockout.For.Std(), Keys: maxHeld}),
		trying:    make(chan struct{}, maxTrying), used: map[string]int64{}, begun: register.StepOf(o.Now()),
	}
	if c.Origin != "" {
		if err := p.crossing.AddTrustedOrigin(c.Origin); err != nil {
			return nil, fmt.Errorf("people.origin: %w", err)
		}
	}
	return p, errors.Join(p.openUsers(o), p.openProvider(o))
}

func (p *People) openUsers(o Options) (err error) {
	if p.config.File == "" {
		return nil
	}
	if p.vault, err = register.NewVault(o.Root); err != nil {
		return err
	}
	p.decoyTOTP, _ = p.vault.Enrol(nobody, "")
	p.users, err = register.NewReader(p.config.File, o.Log)
	return err
}

func (p *People) openProvider(o Options) (err error) {
	c := p.config.OIDC
	if c.Issuer == "" {
		return nil
	}
	var secret conn.Secret
	if c.ClientSecretFile != "" {
		if secret, err = conn.ReadSecret(c.ClientSecretFile); err != nil {
			return fmt.Errorf("people.oidc.client_secret_file: %w", err)
		}
	}
	pseudonym, err := o.Root.Derive("ids of people of a provider")
	if err != nil {
		return err
	}
	if p.flows, err = newFlows(); err != nil {
		return err
	}
	p.provider = oidc.New(c, oidc.Options{Secret: secret, Pseudonym: pseudonym, Transport: o.Transport, Now: o.Now})
	return nil
}

// Role returns the role of a person who may work now: somebody of the users file
// who is not locked, or somebody of the provider with a session. It fits
// desk.Options.Role.
func (p *People) Role(id string) (caselog.Role, bool) {
	if entry, ok := p.user(id); ok {
		return deciding(entry.Roles), !entry.Locked
	}
	if s, ok := p.sessions.Of(id, p.now()); ok && s.Value.how == HowOIDC {
		return s.Value.person.Role(), true
	}
	return "", false
}

func (p *People) user(id string) (register.Person, bool) {
	if p.users == nil {
		return register.Person{}, false
	}
	return p.users.Person(id)
}

func personOf(e register.Person) Person { return Person{ID: e.ID, Name: e.Name, Roles: e.Roles} }

func markOf(e register.Person) [sha256.Size]byte {
	return sha256.Sum256([]byte(e.Password + "\x00" + e.TOTP))
}

// take uses up a one-time code of a person; false where its step was used already,
// or may have been before this process began.
func (p *People) take(id string, step int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if step <= max(p.used[id], p.begun) {
		return false
	}
	p.used[id] = step
	return true
}
