package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

func peopleCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "people",
		Short: "Keep the users file: who works at the desk, with which role",
		Long: `Writes the users file that people.file in the config names. A running haltwire
reads it again by itself; whoever may write it is the administrator of the desk.

People log in with a password and the code of an authenticator app. Nobody is ever
taken out, because the case log names ids: who leaves is locked.

Exit code: 0; 1 when nobody has that id or what you gave is refused; 2 when a file
cannot be read or written.`,
	}
	c.AddCommand(peopleAdd(), peopleList(), peoplePasswd(), peopleTOTP(), peopleToken(), peopleLock())
	return c
}

func peopleAdd() *cobra.Command {
	var p register.Person
	var role string
	var stdin bool
	c := &cobra.Command{
		Use: "add ID --name NAME --role ROLE", Short: "Add somebody: asks for a password and shows the secret for the authenticator app", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := peopleConfig(c)
			if err != nil {
				return err
			}
			p.ID, p.Roles = args[0], []caselog.Role{caselog.Role(role)}
			if err := errors.Join(register.CheckName(p.Name), register.CheckRoles(p.Roles)); err != nil {
				return exit(1, err)
			}
			if p.Password, err = askPassword(c, p.ID, stdin); err != nil {
				return err
			}
			var uri string
			if p.TOTP, uri, err = enrol(cfg, p.ID); err != nil {
				return err
			}
			if err := updatePeople(cfg, func(f *register.File) error { f.People = append(f.People, p); return nil }); err != nil {
				return err
			}
			return showSecret(c, uri)
		},
	}
	c.Flags().StringVar(&p.Name, "name", "", "`NAME` that colleagues see")
	c.Flags().StringVar(&role, "role", string(caselog.RoleOfficer), "officer, supervisor, head, auditor or admin")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	_ = c.MarkFlagRequired("name")
	return c
}

func peopleList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List people and tokens, without secrets", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := peopleConfig(c)
			if err != nil {
				return err
			}
			f, err := register.Load(cfg.People.File)
			if err != nil {
				return exit(2, err)
			}
			return listPeople(c.OutOrStdout(), f)
		},
	}
}

func listPeople(to io.Writer, f *register.File) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tROLES\tLOGIN")
	for _, p := range f.People {
		login := "password and code"
		switch {
		case p.Locked:
			login = "locked"
		case p.Password == "" && p.TOTP == "":
			login = "none"
		case p.Password == "":
			login = "no password"
		case p.TOTP == "":
			login = "no code"
		}
		var roles []string
		for _, r := range p.Roles {
			roles = append(roles, string(r))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.ID, p.Name, strings.Join(roles, ", "), login)
	}
	if len(f.Tokens) > 0 {
		fmt.Fprintln(w, "\nTOKEN\tOF\tSCOPES\tEXPIRES")
	}
	for _, t := range f.Tokens {
		of := t.Person
		if t.Machine {
			of = "a machine"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Name, of, strings.Join(t.Scopes, ", "), clock(t.Expires.UnixMilli()))
	}
	return w.Flush()
}

func peoplePasswd() *cobra.Command {
	var stdin bool
	c := &cobra.Command{
		Use: "passwd ID", Short: "Give somebody another password; ends his sessions", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := peopleConfig(c)
			if err != nil {
				return err
			}
			hash, err := askPassword(c, args[0], stdin)
			if err != nil {
				return err
			}
			return changePerson(cfg, args[0], func(p *register.Person) { p.Password = hash })
		},
	}
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	return c
}

func peopleTOTP() *cobra.Command {
	return &cobra.Command{
		Use: "totp ID", Short: "Give somebody another secret for the authenticator app and show it once; ends his sessions", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := peopleConfig(c)
			if err != nil {
				return err
			}
			sealed, uri, err := enrol(cfg, args[0])
			if err != nil {
				return err
			}
			if err := changePerson(cfg, args[0], func(p *register.Person) { p.TOTP = sealed }); err != nil {
				return err
			}
			return showSecret(c, uri)
		},
	}
}

func peopleLock() *cobra.Command {
	var off bool
	c := &cobra.Command{
		Use: "lock ID", Short: "Keep somebody out, sessions and tokens too; --off lets him in again", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := peopleConfig(c)
			if err != nil {
				return err
			}
			return changePerson(cfg, args[0], func(p *register.Person) { p.Locked = !off })
		},
	}
	c.Flags().BoolVar(&off, "off", false, "unlock")
	return c
}

// peopleConfig reads the config, which must name a users file.
func peopleConfig(c *cobra.Command) (*config.Config, error) {
	cfg, err := readConfig(c)
	if err != nil {
		return nil, exit(2, err)
	}
	if cfg.People.File == "" {
		return nil, exit(2, errors.New("people.file: the config names no users file; write people: {file: keys/people.yaml}"))
	}
	return cfg, nil
}

// updatePeople changes the users file; what the change or the file's rules refuse
// ends with 1.
func updatePeople(cfg *config.Config, change func(*register.File) error) error {
	err := register.Update(cfg.People.File, change)
	var path *os.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &path):
		return exit(2, err)
	}
	return exit(1, err)
}

func changePerson(cfg *config.Config, id string, change func(*register.Person)) error {
	return updatePeople(cfg, func(f *register.File) error {
		p := f.Person(id)
		if p == nil {
			return fmt.Errorf("nobody has the id %q", id)
		}
		change(p)
		return nil
	})
}

// enrol makes a secret of one-time codes under the key of the case log.
func enrol(cfg *config.Config, id string) (sealed, uri string, err error) {
	text, err := os.ReadFile(cfg.Keys.Log)
	if err != nil {
		return "", "", exit(2, fmt.Errorf("keys.log: %w", err))
	}
	root, err := caselog.ParseRoot(text)
	if err != nil {
		return "", "", exit(2, fmt.Errorf("keys.log: %w", err))
	}
	vault, err := register.NewVault(root)
	if err != nil {
		return "", "", exit(2, err)
	}
	sealed, uri = vault.Enrol(id, "haltwire "+cfg.Party.ID)
	return sealed, uri, nil
}

func showSecret(c *cobra.Command, uri string) error {
	fmt.Fprintln(c.ErrOrStderr(), "for the authenticator app; it is not shown again:")
	_, err := fmt.Fprintln(c.OutOrStdout(), uri)
	return err
}

// askPassword reads a password, twice from a terminal, and returns its hash.
func askPassword(c *cobra.Command, id string, stdin bool) (string, error) {
	password, err := readPassword(c, stdin)
	if err != nil {
		return "", exit(2, fmt.Errorf("read password: %w", err))
	}
	if err := register.CheckPassword(id, password); err != nil {
		return "", exit(1, err)
	}
	return register.Hash(password, register.DefaultCost()), nil
}

func readPassword(c *cobra.Command, stdin bool) (string, error) {
	if stdin {
		line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 64<<10)).ReadString('\n')
		if errors.Is(err, io.EOF) && line != "" {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	}
	in, ok := c.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New("standard input is no terminal; use --password-stdin")
	}
	var both [2]string
	for n, ask := range []string{"password: ", "again: "} {
		fmt.Fprint(c.ErrOrStderr(), ask)
		typed, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(c.ErrOrStderr())
		if err != nil {
			return "", err
		}
		both[n] = string(typed)
	}
	if both[0] != both[1] {
		return "", errors.New("the two differ")
	}
	return both[0], nil
}
