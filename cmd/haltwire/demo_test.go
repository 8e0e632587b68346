package main

import (
	"context"
	"testing"
	"time"
)

// TestDemoRefusesFlags: a length below zero would never end.
func TestDemoRefusesFlags(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, args := range [][]string{{"--for", "-5s"}, {"--rate", "0"}, {"-o", "xml"}} {
		if code := execute(ctx, append([]string{"demo"}, args...)); code != 2 {
			t.Errorf("demo %v: exit %d", args, code)
		}
	}
}
