//go:build crash

package crash_test

import "time"

const (
	kills = 200
	rate  = 120 // reports a second
	away  = time.Minute
)
