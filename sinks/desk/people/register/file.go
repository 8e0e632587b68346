package register

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// File is the users file.
type File struct {
	People []Person `yaml:"people"`
	Tokens []Token  `yaml:"tokens,omitempty"`
}

// Person is one who may log in.
type Person struct {
	ID       string         `yaml:"id"`
	Name     string         `yaml:"name"`
	Roles    []caselog.Role `yaml:"roles,flow"`
	Password string         `yaml:"password,omitempty"` // PHC string of argon2id; "" = nobody gets in with one
	TOTP     string         `yaml:"totp,omitempty"`     // sealed; "" = not enrolled
	Locked   bool           `yaml:"locked,omitempty"`
}

// Token is a bearer token of a person or a machine.
type Token struct {
	Name    string    `yaml:"name"`
	Person  string    `yaml:"person,omitempty"`
	Machine bool      `yaml:"machine,omitempty"`
	Scopes  []string  `yaml:"scopes,flow"`
	SHA256  string    `yaml:"sha256"`
	Expires time.Time `yaml:"expires"`
}

const (
	maxFile   = 4 << 20 // bytes: about ten thousand people
	maxPeople = 10_000
	maxName   = 140 // characters of a name
	maxID     = 32
	head      = "# Written by `haltwire people`, which drops comments. Keep it readable by haltwire alone.\n"
)

// Parse reads and validates the text of a users file; unknown members are errors.
func Parse(text []byte) (*File, error) {
	if len(text) > maxFile {
		return nil, errors.New("larger than 4 MiB")
	}
	f := &File{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return f, f.Validate()
}

// Person returns the person of an id, nil where there is none.
func (f *File) Person(id string) *Person {
	for i := range f.People {
		if f.People[i].ID == id {
			return &f.People[i]
		}
	}
	return nil
}

// Validate reports everything that is wrong. Secrets do not appear in the error.
func (f *File) Validate() error {
	if len(f.People) > maxPeople || len(f.Tokens) > maxPeople {
		return fmt.Errorf("more than %d people or tokens", maxPeople)
	}
	var errs []error
	ids, names, hashes := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, p := range f.People {
		if err := p.validate(); err != nil {
			errs = append(errs, fmt.Errorf("people: %q: %w", p.ID, err))
		}
		if low := strings.ToLower(p.ID); ids[low] {
			errs = append(errs, fmt.Errorf("people: %q stands twice; four eyes take two people", p.ID))
		} else {
			ids[low] = true
		}
	}
	for _, t := range f.Tokens {
		if err := f.token(t); err != nil {
			errs = append(errs, fmt.Errorf("tokens: %q: %w", t.Name, err))
		}
		if names[t.Name] || hashes[t.SHA256] {
			errs = append(errs, fmt.Errorf("tokens: %q: its name or hash stands twice", t.Name))
		}
		names[t.Name], hashes[t.SHA256] = true, true
	}
	return errors.Join(errs...)
}

func (p Person) validate() error {
	if !IsID(p.ID) {
		return errors.New("id: want 1 to 32 letters, digits, dots, dashes or underscores")
	}
	if err := CheckName(p.Name); err != nil {
		return err
	}
	if err := CheckRoles(p.Roles); err != nil {
		return err
	}
	if p.Password != "" {
		if _, err := parseHash(p.Password); err != nil {
			return fmt.Errorf("password: %w", err)
		}
	}
	return nil
}

func (f *File) token(t Token) error {
	hash, err := hex.DecodeString(t.SHA256)
	switch {
	case !IsID(t.Name):
		return errors.New("name: want 1 to 32 letters, digits, dots, dashes or underscores")
	case t.Machine == (t.Person != ""):
		return errors.New("want either person or machine")
	case !t.Machine && f.Person(t.Person) == nil:
		return fmt.Errorf("person: nobody is called %q", t.Person)
	case len(t.Scopes) == 0:
		return errors.New("scopes: want read, act or reload")
	case t.Machine && slices.Contains(t.Scopes, "act"):
		return errors.New("scopes: a machine decides nothing; act is a person's")
	case err != nil || len(hash) != 32:
		return errors.New("sha256: want 64 hexadecimal digits")
	case t.Expires.IsZero():
		return errors.New("expires: required")
	}
	for _, s := range t.Scopes {
		if !slices.Contains([]string{"read", "act", "reload"}, s) {
			return fmt.Errorf("scopes: %q is none of read, act, reload", s)
		}
	}
	return nil
}

// IsID reports whether a text can be the id of a person or the name of a token.
func IsID(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	return s != "" && len(s) <= maxID && strings.Contains(letters, s[:1]) && strings.Trim(s, letters+"._-") == ""
}

// CheckName says what is wrong with the name of a person. A name ends in pages and
// tables, so it has no control or direction characters.
func CheckName(name string) error {
	if name == "" || name != strings.TrimSpace(name) || len([]rune(name)) > maxName {
		return fmt.Errorf("name: want 1 to %d characters without blanks around them", maxName)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return errors.New("name: has a character that cannot be printed")
		}
	}
	return nil
}

// CheckRoles says why nobody can have these roles together. An auditor reads and
// never acts, an admin keeps people and keys and sees no alert: neither is also a
// member of the desk.
func CheckRoles(roles []caselog.Role) error {
	if len(roles) == 0 {
		return errors.New("roles: want at least one")
	}
	kinds := map[string]bool{}
	for _, r := range roles {
		switch r {
		case caselog.RoleOfficer, caselog.RoleSupervisor, caselog.RoleHead:
			kinds["desk"] = true
		case caselog.RoleAuditor, caselog.RoleAdmin:
			kinds[string(r)] = true
		default:
			return fmt.Errorf("roles: %q is none of officer, supervisor, head, auditor, admin", r)
		}
	}
	if len(kinds) > 1 {
		return errors.New("roles: auditor and admin stand alone; nobody is both that and of the desk")
	}
	return nil
}
