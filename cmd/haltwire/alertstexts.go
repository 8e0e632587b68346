package main

import (
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/haltwire/haltwire/sinks/desk"
)

// verbTexts are the texts that a verb takes about alerts of some direction.
type verbTexts struct {
	when  string // "" = always, else of which alerts
	texts []desk.Text
}

// takes lists the texts of a verb, those of our own requests first.
func (v verb) takes() []verbTexts {
	doIn := v.do
	if v.doIn != "" {
		doIn = v.doIn
	}
	out, in := desk.TextsOf("out", v.do), desk.TextsOf("in", doIn)
	if slices.Equal(out, in) {
		if len(out) == 0 {
			return nil
		}
		return []verbTexts{{"", out}}
	}
	var all []verbTexts
	for _, x := range []verbTexts{{"of ours", out}, {"of a partner", in}} {
		if len(x.texts) > 0 {
			all = append(all, x)
		}
	}
	return all
}

// long is the help of a verb: what it does, and the names that --text takes.
func (v verb) long() string {
	var b strings.Builder
	b.WriteString(v.short + ".")
	for _, x := range v.takes() {
		b.WriteString("\n\nTexts (--text NAME=TEXT")
		if x.when != "" {
			b.WriteString("), of an alert " + x.when + ":\n")
		} else {
			b.WriteString("):\n")
		}
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, t := range x.texts {
			_, _ = w.Write([]byte("  " + t.Name + "\t" + t.About + "\n")) // into memory
		}
		_ = w.Flush()
	}
	return strings.TrimRight(b.String(), "\n")
}
