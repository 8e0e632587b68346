package conn_test

import (
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/pipeline/conn"
)

func TestUnits(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"7d": 168 * time.Hour, "72h": 72 * time.Hour, "5m": 5 * time.Minute, "1s": time.Second, "250ms": 250 * time.Millisecond, "0s": 0,
	} {
		if d, err := conn.ParseDuration(in); err != nil || d != want {
			t.Errorf("ParseDuration(%q) = %v, %v", in, d, err)
		}
	}
	for in, want := range map[string]int64{"1MiB": 1 << 20, "64KiB": 64 << 10, "2GiB": 2 << 30, "12B": 12} {
		if n, err := conn.ParseSize(in); err != nil || n != want {
			t.Errorf("ParseSize(%q) = %v, %v", in, n, err)
		}
	}
	for _, in := range []string{"", "7", "d", "1.5h", "-1s", "1w", "1MB", "1 h"} {
		if _, err := conn.ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) gave no error", in)
		}
		if _, err := conn.ParseSize(in); err == nil {
			t.Errorf("ParseSize(%q) gave no error", in)
		}
	}
	var v struct {
		D conn.Duration
		S conn.Size
	}
	if err := yaml.Unmarshal([]byte("d: 730d\ns: 16MiB\n"), &v); err != nil || v.D.String() != "730d" || v.S != 16<<20 {
		t.Errorf("yaml gave %v %v, %v", v.D, v.S, err)
	}
}
