package conn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a duration of the configuration: a number and one of ms, s, m, h,
// d (24 hours), as rules write it.
type Duration time.Duration

// UnmarshalYAML reads "7d".
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*d = Duration(v)
	return nil
}

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns d as ParseDuration reads it.
func (d Duration) String() string {
	std := time.Duration(d)
	if day := 24 * time.Hour; std >= day && std%day == 0 {
		return strconv.FormatInt(int64(std/day), 10) + "d"
	}
	return std.String()
}

// ParseDuration reads a whole number and a unit: "90d", "72h", "500ms".
func ParseDuration(s string) (time.Duration, error) {
	digits := strings.TrimRight(s, "msdh")
	n, err := strconv.ParseInt(digits, 10, 32)
	unit, ok := map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}[s[len(digits):]]
	if err != nil || n < 0 || !ok {
		return 0, fmt.Errorf("%q is not a duration: write a whole number and ms, s, m, h or d, such as 7d", s)
	}
	return time.Duration(n) * unit, nil
}

// Size is a number of bytes of the configuration: "64MiB".
type Size int64

// UnmarshalYAML reads "64MiB".
func (z *Size) UnmarshalYAML(n *yaml.Node) error {
	v, err := ParseSize(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*z = Size(v)
	return nil
}

// ParseSize reads a whole number and B, KiB, MiB or GiB.
func ParseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "KMGiB")
	n, err := strconv.ParseInt(digits, 10, 32)
	shift, ok := map[string]int{"B": 0, "KiB": 10, "MiB": 20, "GiB": 30}[s[len(digits):]]
	if err != nil || n < 0 || !ok {
		return 0, fmt.Errorf("%q is not a size: write a whole number and B, KiB, MiB or GiB, such as 64MiB", s)
	}
	return n << shift, nil
}
