package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
)

func keysCmd() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Make keys"}
	c.AddCommand(keysNewCmd())
	return c
}

func keysNewCmd() *cobra.Command {
	var kid string
	c := &cobra.Command{
		Use:   "new DIR",
		Short: "Make the signing key, the case log's key and the desk's token in DIR, overwriting nothing",
		Long: `Makes four files in DIR:
  signing.jwk   our Ed25519 key (keys.signing); stays here
  signing.jwks  its public half; give it to your partners
  log.jwk       root key of the case log (keys.log); keep a copy in a safe place
  desk.token    bearer token of the desk's API (listen.desk.token_file)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := args[0]
			public, err := app.NewSigningKey(filepath.Join(dir, "signing.jwk"), kid)
			if err != nil {
				return exit(2, err)
			}
			if err := app.NewLogKey(filepath.Join(dir, "log.jwk")); err != nil {
				return exit(2, err)
			}
			if err := app.NewToken(filepath.Join(dir, "desk.token")); err != nil {
				return exit(2, err)
			}
			fmt.Fprintf(os.Stderr, "keys made in %s; give %s to your partners\n", dir, public)
			return nil
		},
	}
	c.Flags().StringVar(&kid, "kid", "", "key id that partners see, such as in-fiu-2026-1")
	if err := c.MarkFlagRequired("kid"); err != nil {
		panic(err) // invariant: the flag is defined one line above
	}
	return c
}
