package oidc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	provider "github.com/coreos/go-oidc/v3/oidc"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/people/register"
)

// ErrNoRole says that somebody's groups give no role at this desk, or roles that
// nobody has together.
var ErrNoRole = errors.New("this person has no role at this desk")

// Claims is who somebody is.
type Claims struct {
	ID    string
	Name  string
	Roles []caselog.Role // sorted, at least one
}

func (c *Client) claims(id *provider.IDToken) (Claims, error) {
	all := map[string]any{}
	if err := id.Claims(&all); err != nil {
		return Claims{}, errors.New("finish login: the claims are no object")
	}
	if azp, ok := all["azp"]; (ok || len(id.Audience) > 1) && azp != c.config.ClientID { // Core, 3.1.3.7
		return Claims{}, errors.New("finish login: the token was issued to another client")
	}
	if id.Subject == "" || id.Expiry.IsZero() {
		return Claims{}, errors.New("finish login: the token names nobody or has no end")
	}
	out := Claims{ID: c.pseudonym(id.Issuer, id.Subject)}
	if c.config.IDClaim != "" {
		out.ID, _ = all[c.config.IDClaim].(string)
		if !register.IsID(out.ID) {
			return Claims{}, fmt.Errorf("finish login: claim %s holds no staff id", c.config.IDClaim)
		}
	}
	if out.Name, _ = all["name"].(string); register.CheckName(out.Name) != nil {
		out.Name = out.ID
	}
	for _, group := range groups(all, c.config.RoleClaim) {
		if role, ok := c.config.Roles[group]; ok && !slices.Contains(out.Roles, role) {
			out.Roles = append(out.Roles, role)
		}
	}
	if register.CheckRoles(out.Roles) != nil {
		return Claims{}, fmt.Errorf("finish login: %s: %w", out.ID, ErrNoRole)
	}
	slices.Sort(out.Roles)
	return out, nil
}

// groups returns the texts of a claim: one text or a list, by its whole name, else
// by a path through objects.
func groups(all map[string]any, claim string) []string {
	value, ok := all[claim]
	if !ok {
		value = any(all)
		for part := range strings.SplitSeq(claim, ".") {
			object, _ := value.(map[string]any)
			value = object[part]
		}
	}
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
