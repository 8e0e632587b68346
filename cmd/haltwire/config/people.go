package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// officers checks who works at the desk: people with logins, or the development
// form, a list of names and one token for all. In the list two names are two people
// as far as a file can say it.
func (c *Config) officers() error {
	switch {
	case c.People.Configured() && len(c.Officers) > 0:
		return errors.Join(c.People.Validate(), errors.New("officers: people are configured, and only who logs in decides; drop the list"))
	case c.People.Configured():
		return c.People.Validate()
	case c.Environment == "live":
		return errors.New("officers: refused in environment live, because one token is whoever it says; configure people (haltwire people add)")
	case len(c.Officers) < 2:
		return errors.New("officers: name at least two; a withdrawal takes two different ones")
	}
	var errs []error
	seen := map[string]bool{}
	for _, name := range c.Officers {
		switch {
		case name == "" || name != strings.TrimSpace(name):
			errs = append(errs, fmt.Errorf("officers: %q is no name, or has blanks around it", name))
		case seen[strings.ToLower(name)]:
			errs = append(errs, fmt.Errorf("officers: %q stands twice; four eyes take two people", name))
		}
		seen[strings.ToLower(name)] = true
	}
	return errors.Join(errs...)
}

// desk checks that passwords and personal data leave this machine over TLS alone.
func (c *Config) desk() error {
	var errs []error
	d := c.Listen.Desk
	host, _, err := net.SplitHostPort(d.Address)
	ip := net.ParseIP(host)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("listen.desk.address: %w", err))
	case (d.TLS.Cert == "") != (d.TLS.Key == ""):
		errs = append(errs, errors.New("listen.desk.tls: cert and key belong together"))
	case host == "localhost" || ip != nil && ip.IsLoopback():
	case d.TLS.Cert == "" || !c.People.Configured():
		errs = append(errs, fmt.Errorf("listen.desk.address: %s is not a loopback address; beyond loopback the desk takes listen.desk.tls and people", host))
	}
	if d.TokenFile == "" && !c.People.Configured() {
		errs = append(errs, errors.New("listen.desk.token_file: required; put a long random text into the file"))
	}
	return errors.Join(errs...)
}
