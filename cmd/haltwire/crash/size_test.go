//go:build !crash

package crash_test

import "time"

// What a plain test run can afford; `make crash` does more.
const (
	kills = 20
	rate  = 120 // reports a second
	away  = 20 * time.Second
)
