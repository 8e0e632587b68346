package people

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk/people/oidc"
)

// Config is people in haltwire.yaml.
type Config struct {
	File string `yaml:"file"` // users file; `haltwire people add` makes it; "" = nobody logs in with a password
	// Origin is where browsers reach the desk when a proxy speaks TLS for it, such as
	// https://desk.example; "" = nothing stands before it.
	Origin    string      `yaml:"origin"`
	Forwarded bool        `yaml:"forwarded"` // the proxy puts the browser's address last into X-Forwarded-For
	OIDC      oidc.Config `yaml:"oidc"`
	Session   Session     `yaml:"session"`
	Lockout   Lockout     `yaml:"lockout"`
}

// Session bounds how long one stays logged in.
type Session struct {
	Idle    conn.Duration `yaml:"idle"`    // without a request
	Longest conn.Duration `yaml:"longest"` // at all
}

// Lockout bounds guessing.
type Lockout struct {
	After int           `yaml:"after"` // failed logins of an account; ten times as many of an address
	For   conn.Duration `yaml:"for"`   // the first time; then twice as long each time, up to 32 times
}

// Defaults returns the settings that hold where the file is silent: nobody is
// configured.
func Defaults() Config {
	return Config{
		Session: Session{Idle: conn.Duration(15 * time.Minute), Longest: conn.Duration(12 * time.Hour)},
		Lockout: Lockout{After: 5, For: conn.Duration(15 * time.Minute)},
	}
}

// Configured reports whether people have logins.
func (c Config) Configured() bool { return c.File != "" || c.OIDC.Issuer != "" }

// Under returns c with paths that start at dir.
func (c Config) Under(dir string) Config {
	for _, p := range []*string{&c.File, &c.OIDC.ClientSecretFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c
}

// Validate reports everything that New would not work with.
func (c Config) Validate() error {
	if !c.Configured() {
		return nil
	}
	errs := []error{c.OIDC.Validate()}
	if s := c.Session; s.Idle.Std() < time.Minute || s.Longest < s.Idle || s.Longest.Std() > 24*time.Hour {
		errs = append(errs, errors.New("people.session: want 1m <= idle <= longest <= 24h"))
	}
	if l := c.Lockout; l.After < 1 || l.After > 100 || l.For.Std() < time.Minute || l.For.Std() > 24*time.Hour {
		errs = append(errs, errors.New("people.lockout: want after of 1 to 100 and for of 1m to 24h"))
	}
	if c.Origin != "" {
		u, err := url.Parse(c.Origin)
		if err != nil || u.Host == "" || c.Origin != "https://"+u.Host {
			errs = append(errs, fmt.Errorf("people.origin: %q: want https://HOST, without a path", c.Origin))
		}
	}
	if c.Forwarded && c.Origin == "" {
		errs = append(errs, errors.New("people.forwarded: only a proxy forwards; set people.origin too"))
	}
	return errors.Join(errs...)
}
