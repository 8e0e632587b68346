package webhook

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
)

// defaultTimeout bounds an attempt: a partner must receipt within 5 s.
const defaultTimeout = 10 * time.Second

// Config is a channel of kind webhook as the user writes it.
type Config struct {
	// URL is where the party's messages endpoint is, https unless AllowPrivate.
	URL string `yaml:"url"`
	// AllowPrivate permits plain http and addresses that are not public.
	AllowPrivate bool `yaml:"allow_private"`
	TLS          TLS  `yaml:"tls"`
	// Timeout bounds one attempt, 10s by default.
	Timeout conn.Duration `yaml:"timeout"`
}

// TLS names PEM files: CA to trust instead of the system's authorities, Cert
// and Key to show ourselves (mTLS).
type TLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Under returns the config with relative paths resolved against dir.
func (c Config) Under(dir string) Config {
	t := c.TLS.conn().Under(dir)
	c.TLS = TLS{CA: t.CA, Cert: t.Cert, Key: t.Key}
	return c
}

func (t TLS) conn() conn.TLS {
	return conn.TLS{Enabled: true, CA: t.CA, Cert: t.Cert, Key: t.Key}
}

// Validate reports what is wrong with the config. It opens nothing.
func (c Config) Validate() error {
	_, err := c.endpoint()
	if err != nil {
		return err
	}
	if c.Timeout < 0 {
		return errors.New("webhook.timeout: must not be negative")
	}
	return c.TLS.conn().Validate()
}

func (c Config) endpoint() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("webhook.url: %w", err)
	case u.Host == "" || u.Hostname() == "":
		return nil, fmt.Errorf("webhook.url %q: give an absolute URL", c.URL)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("webhook.url %q: want https", c.URL)
	case u.Scheme == "http" && !c.AllowPrivate:
		return nil, fmt.Errorf("webhook.url %q: http only with allow_private: true", c.URL)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("webhook.url: must not hold a user, a query or a fragment")
	}
	return u, nil
}

func (c Config) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout.Std()
	}
	return defaultTimeout
}
