package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/haltwire/haltwire/sinks/desk"
)

// textWidth is where the lines of a partner's texts end.
const textWidth = 100

// requestTable writes what a partner asks and why. The texts are the partner's: each is
// wrapped behind its name, so that none looks like a line of ours.
func requestTable(w io.Writer, r *desk.RequestView) {
	if r == nil {
		return
	}
	line := func(name, text string) {
		if text == "" {
			return
		}
		for _, part := range wrapped(text, textWidth) {
			fmt.Fprintf(w, "%s\t%s\n", name, part)
			name = ""
		}
	}
	line("\nasked by", r.Message+", "+r.Urgency)
	for _, a := range r.Asks {
		text := a.Kind + until(a.Until)
		if a.Amount != nil {
			text = a.Kind + " " + money(*a.Amount) + until(a.Until)
		}
		line("wants", strings.TrimSuffix(text+": "+a.Note, ": "))
	}
	if r.Provisional {
		line("provisional", "to be confirmed"+strings.Replace(until(r.ConfirmBy), "until", "by", 1))
	}
	line("decide", strings.Replace(until(&r.DecideBy), " until", "by", 1)+"; valid"+until(&r.ValidUntil))
	l := r.Legal
	line("regime", l.Regime)
	line("basis", coded(l.RequesterBasis.Code, l.RequesterBasis.Text))
	if h := l.RequestedBasis; h != nil {
		line("our basis", coded(h.Code, h.Text))
	}
	line("offence", coded(l.PredicateOffence.Code, l.PredicateOffence.Text))
	if l.MLSuspicion != nil {
		line("laundering", map[bool]string{true: "suspected", false: "not suspected"}[*l.MLSuspicion])
	}
	for _, t := range [][2]string{
		{"facts", l.Facts}, {"background", l.Background}, {"reason", l.Reason}, {"nexus", l.Nexus}, {"intended use", l.IntendedUse},
		{"at home", l.DomesticEquivalent}, {"proportionality", l.Proportionality},
	} {
		line(t[0], t[1])
	}
	if f := l.Followup; f != nil && f.MLA {
		line("follow-up", strings.TrimSpace("mutual legal assistance "+string(f.ExpectedBy)+" "+f.Authority))
	}
	for _, i := range r.Indicators {
		line("indicator", coded(i.Code, i.Text))
	}
	if h := r.Handling; h != nil {
		line("handling", "TLP "+h.TLP+", use "+h.PermittedUse+", onward "+cmp.Or(h.Onward.Mode, "-")+", customer notice "+h.CustomerNotice)
	}
}

func coded(code, text string) string { return strings.Trim(code+": "+text, ": ") }

// wrapped breaks a text into lines of at most that many characters, words that are
// longer too.
func wrapped(text string, most int) []string {
	var out []string
	line := []rune{}
	for _, word := range strings.Fields(text) {
		next := []rune(word)
		if len(line) > 0 && len(line)+1+len(next) > most {
			out, line = append(out, string(line)), nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		for line = append(line, next...); len(line) > most; line = line[most:] {
			out = append(out, string(line[:most]))
		}
	}
	return append(out, string(line))
}
