package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/people"
)

// openPeople reads who may log in. In the development form there is nobody to read.
func (a *App) openPeople() error {
	if !a.config.People.Configured() {
		return nil
	}
	p, err := people.New(people.Options{Config: a.config.People, Root: a.border.root, Log: a.log})
	if err != nil {
		return err
	}
	a.people = p
	return nil
}

// role returns what a person may do. In the development form everybody on the list
// is a head.
func (a *App) role(person string) (caselog.Role, bool) {
	if a.people != nil {
		return a.people.Role(person)
	}
	return caselog.RoleHead, slices.Contains(a.config.Officers, person)
}

// doorkeeper returns how the API knows who asks: by login and token of a person, or
// in the development form by the one token.
func (a *App) doorkeeper() (api.Options, error) {
	if a.people != nil {
		return api.Options{Guard: a.people, Login: a.people.Handler()}, nil
	}
	token, err := conn.ReadSecret(a.config.Listen.Desk.TokenFile)
	if err != nil {
		return api.Options{}, fmt.Errorf("listen.desk.token_file: %w", err)
	}
	return api.Options{Token: token}, nil
}

// overTLS speaks TLS on l where a certificate is configured; an error closes l.
func overTLS(l net.Listener, pair config.KeyPair) (net.Listener, error) {
	if pair.Cert == "" {
		return l, nil
	}
	cert, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}), nil
}
