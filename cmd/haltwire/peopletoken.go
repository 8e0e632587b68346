package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

// maxTokenLife is a year: a token that nobody renews is one that nobody misses.
const maxTokenLife = 366 * 24 * time.Hour

// tokenOptions are the flags of people token.
type tokenOptions struct {
	token  register.Token
	life   string
	out    string
	revoke bool
}

func peopleToken() *cobra.Command {
	var o tokenOptions
	c := &cobra.Command{
		Use: "token NAME", Short: "Make a token of a person or a machine and show it once, or take one back", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.token.Name = args[0]
			if o.revoke {
				return revokeToken(c, o.token.Name)
			}
			return makeToken(c, o)
		},
	}
	c.Flags().StringVar(&o.token.Person, "person", "", "`ID` of whose token it is")
	c.Flags().BoolVar(&o.token.Machine, "machine", false, "it is a machine's, which decides nothing")
	c.Flags().StringSliceVar(&o.token.Scopes, "scope", []string{"read"}, "read, act or reload")
	c.Flags().StringVar(&o.life, "for", "90d", "how long it is valid, 366d at most")
	c.Flags().StringVar(&o.out, "out", "", "write it to a new `FILE` instead of showing it")
	c.Flags().BoolVar(&o.revoke, "revoke", false, "take the token back")
	return c
}

func makeToken(c *cobra.Command, o tokenOptions) error {
	cfg, err := peopleConfig(c)
	if err != nil {
		return err
	}
	life, err := conn.ParseDuration(o.life)
	if err != nil || life <= 0 || life > maxTokenLife {
		return exit(1, fmt.Errorf("--for %s: want a duration up to 366d", o.life))
	}
	bearer, hash := register.NewToken()
	o.token.SHA256, o.token.Expires = hash, time.Now().Add(life).UTC().Truncate(time.Second)
	add := func(f *register.File) error { f.Tokens = append(f.Tokens, o.token); return nil }
	if o.out == "" {
		if err := updatePeople(cfg, add); err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.OutOrStdout(), bearer)
		return err
	}
	f, err := os.OpenFile(o.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exit(2, fmt.Errorf("write token: %w", err))
	}
	_, err = f.WriteString(bearer + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return exit(2, fmt.Errorf("write token: %w", err))
	}
	if err := updatePeople(cfg, add); err != nil {
		return errors.Join(err, os.Remove(o.out))
	}
	return nil
}

func revokeToken(c *cobra.Command, name string) error {
	cfg, err := peopleConfig(c)
	if err != nil {
		return err
	}
	return updatePeople(cfg, func(f *register.File) error {
		n := len(f.Tokens)
		f.Tokens = slices.DeleteFunc(f.Tokens, func(t register.Token) bool { return t.Name == name })
		if len(f.Tokens) == n {
			return fmt.Errorf("no token has the name %q", name)
		}
		return nil
	})
}
