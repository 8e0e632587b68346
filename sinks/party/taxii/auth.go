package taxii

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// maxReads bounds the pages that one party may fetch at the same time.
const maxReads = 4

// account is an Account of which the secret is no longer known.
type account struct {
	party        string
	user, secret [sha256.Size]byte
	bucket       *rate.Limiter
	reads        chan struct{}
}

// newAccounts checks accounts and forgets their secrets.
func newAccounts(list []Account, c Config) ([]*account, error) {
	var out []*account
	for _, a := range list {
		n := len(a.Secret.Reveal())
		switch {
		case a.Party == "":
			return nil, fmt.Errorf("taxii account %q: has no party", a.User)
		case a.User == "" || len(a.User) > maxSecret || strings.Contains(a.User, ":"):
			return nil, fmt.Errorf("taxii account of %s: want a user without a colon", a.Party)
		case n < minSecret || n > maxSecret:
			return nil, fmt.Errorf("taxii account of %s: want a secret of %d to %d characters", a.Party, minSecret, maxSecret)
		}
		one := &account{
			party: a.Party, user: sha256.Sum256([]byte(a.User)), secret: sha256.Sum256([]byte(a.Secret.Reveal())),
			bucket: rate.NewLimiter(rate.Limit(c.PerSecond), c.Burst), reads: make(chan struct{}, maxReads),
		}
		for _, other := range out {
			if other.user == one.user || other.secret == one.secret {
				return nil, fmt.Errorf("taxii account of %s: user or secret is that of %s, too", a.Party, other.party)
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// identify returns the account that a request shows, or nil. It takes as long
// for every answer.
func identify(all []*account, r *http.Request) *account {
	user, secret, basic := r.BasicAuth()
	if !basic {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil
		}
		secret = strings.TrimSpace(token)
	}
	if len(user) > maxSecret || len(secret) > maxSecret {
		return nil
	}
	u, s := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(secret))
	var found *account
	for _, a := range all {
		same := subtle.ConstantTimeCompare(s[:], a.secret[:])
		if basic {
			same &= subtle.ConstantTimeCompare(u[:], a.user[:])
		}
		if same == 1 {
			found = a
		}
	}
	return found
}

// wait returns 0 when the party may go on, else how long it should wait.
func (a *account) wait(now time.Time) time.Duration {
	r := a.bucket.ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d > 0 {
		r.CancelAt(now)
	}
	return d
}
