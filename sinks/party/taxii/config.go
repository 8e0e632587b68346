package taxii

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
)

// Channel is the name of the channel in events, metrics and policies.
const Channel = "taxii"

const (
	// defaultSettle is how long a message waits until it is served: longer than
	// an instance needs to fold what another one wrote.
	defaultSettle = 2 * time.Second
	// defaultPage is the number of objects in a page of which the reader does not
	// say how long it may be.
	defaultPage = 1000
	// maxPageBytes bounds the objects of a page, 8 MiB; see the package.
	maxPageBytes = 8 << 20
	// minSecret is the least length of a secret in characters.
	minSecret = 20
	// maxSecret bounds what is compared, in bytes.
	maxSecret = 512
)

// Config is the server as the user writes it.
type Config struct {
	Title       string `yaml:"title"`
	Description string `yaml:"description"`
	Contact     string `yaml:"contact"`
	// URL is what parties reach us by, https://host[:port]; without it the API
	// root is told by its path.
	URL string `yaml:"url"`
	// Settle is how long a message waits until it is served, 2s by default. It
	// must be the same in all instances.
	Settle conn.Duration `yaml:"settle"`
	// Page is the most objects of a page, 1000 by default.
	Page int `yaml:"page"`
	// PerSecond and Burst bound the requests of one party, 10 and 50 by default.
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

// Validate reports what is wrong with the config.
func (c Config) Validate() error {
	var all []error
	if !isBase(c.URL) {
		all = append(all, fmt.Errorf("taxii.url %q: want https://host[:port]", c.URL))
	}
	if c.Settle < 0 || c.Settle.Std() > time.Minute {
		all = append(all, errors.New("taxii.settle: want at most 1m"))
	}
	if c.Page < 0 || c.Page > 10_000 {
		all = append(all, errors.New("taxii.page: want 1 to 10000"))
	}
	if c.PerSecond < 0 || c.Burst < 0 {
		all = append(all, errors.New("taxii.per_second, taxii.burst: must not be negative"))
	}
	return errors.Join(all...)
}

// isBase reports whether a URL is a bare https host, or empty.
func isBase(s string) bool {
	u, err := url.Parse(s)
	return s == "" || err == nil && u.Scheme == "https" && u.Host != "" && *u == url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path} && (u.Path == "" || u.Path == "/")
}

// withDefaults returns the config with the defaults in the place of zeros.
func (c Config) withDefaults() Config {
	if c.Title == "" {
		c.Title = "haltwire"
	}
	if c.Settle == 0 {
		c.Settle = conn.Duration(defaultSettle)
	}
	if c.Page == 0 {
		c.Page = defaultPage
	}
	if c.PerSecond == 0 {
		c.PerSecond = 10
	}
	if c.Burst == 0 {
		c.Burst = 50
	}
	return c
}

// Account is how a party shows who it is: by HTTP Basic with User and Secret,
// or with Secret as a bearer token.
type Account struct {
	Party  string
	User   string
	Secret conn.Secret
}
