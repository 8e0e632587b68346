package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// The results of a run stand between these lines.
const (
	beginResults = "<!-- results of `make bench`: begin -->"
	endResults   = "<!-- results of `make bench`: end -->"
)

// rewrite puts the results into the marked section of a file.
func rewrite(path string, r *results) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("rewrite results: %w", err)
	}
	head, rest, ok := bytes.Cut(text, []byte(beginResults))
	_, tail, closed := bytes.Cut(rest, []byte(endResults))
	if !ok || !closed {
		return errors.New("rewrite results: " + path + " has no section of results")
	}
	var b bytes.Buffer
	b.Write(head)
	fmt.Fprintf(&b, "%s\n\nRun of %s.\n\n```\n", beginResults, r.At.Format("2006-01-02 15:04 MST"))
	if err := writeTable(&b, r); err != nil {
		return err
	}
	fmt.Fprintf(&b, "```\n\n%s", endResults)
	b.Write(tail)
	return os.WriteFile(path, b.Bytes(), 0o644)
}
