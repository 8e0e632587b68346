package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// openTasks writes what an alert waits for people with, and why: a reason a line.
func openTasks(w io.Writer, v *desk.View) {
	head := "\nTASK\tKIND\tABOUT\tSINCE\tFOR\tWHY\n"
	for _, t := range v.Tasks {
		if t.Done != "" {
			continue
		}
		why := whys(v.ID, t)
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%s\t%s\n", head, t.ID, t.Kind, dash(suffix(v.ID, t.About)), clock(t.At), cmp.Or(string(t.For), "officer"), dash(strings.Join(why[:min(1, len(why))], "")))
		for _, more := range why[min(1, len(why)):] {
			fmt.Fprintf(w, "\t\t\t\t\t%s\n", more)
		}
		head = ""
	}
}

// whys says why a task is there, with ids as lists show them.
func whys(alert string, t apply.Task) []string {
	var out []string
	for _, why := range t.Why {
		out = append(out, strings.Join(strings.Fields(strings.ReplaceAll(why, alert+"-", "")), " "))
	}
	return out
}

// older says of an outcome that it is of an earlier moment than the one that counts.
func older(alert string, m desk.MessageView) string {
	if m.Older == "" {
		return ""
	}
	return "older than " + suffix(alert, m.Older) + ", changed nothing"
}
